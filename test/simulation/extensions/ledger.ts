/**
 * The ledger: agents write and remove numbered files through the storage port of their node, and
 * after every boot the files are read again. It shows what a machine's disk keeps over a loss of
 * power, which everything that stores anything relies on.
 */

import { systemOf } from '../../../runtime/kernel.ts'
import type { Storage } from '../../../runtime/platform/platform.ts'
import type { MakeExtension } from '../extension.ts'
import type { NodeView } from '../node-view.ts'
import type { Grip } from '../workload/grip.ts'

const files = 6
const removeOneIn = 4
/** A disk that has stored something is likely to get more: else it would hardly ever be at work. */
const restOneIn = 4
const linesMax = 200
const fileMaxBytes = 1 << 16

export const ledger: MakeExtension = (_sim, witness) => {
  /** Incarnations whose files have been read. */
  const read = new Set<string>()
  /** Files being written or removed. */
  const busy = new Set<string>()
  const readOne = async (storage: Storage, node: string, file: number): Promise<void> => {
    const content = await storage.read(pathOf(file), fileMaxBytes)
    const n = content.tag === 'ok' ? numberIn(content.bytes) : null
    witness.tell({ tag: 'found', node, file, n })
  }
  const readAll = async (storage: Storage, { name, key }: NodeView): Promise<void> => {
    await Promise.all(Array.from({ length: files }, (_, file) => readOne(storage, name, file)))
    read.add(key)
  }
  /** The agent may be gone by the time its disk gets more. */
  const store = (grip: Grip, storage: Storage, view: NodeView): void => {
    const { key, name: node } = view
    const file = grip.below(files)
    const lock = `${key} ${file}`
    if (!read.has(key) || busy.has(lock)) return
    busy.add(lock)
    const path = pathOf(file)
    const n = grip.oneIn(removeOneIn) ? null : witness.nextId()
    witness.tell({ tag: 'storing', node, file, n })
    const done =
      n === null
        ? storage.remove(path)
        : storage.write(path, contentOf(n, 1 + grip.below(linesMax)), 0o600)
    // Not awaited by the agent: what is on its way to the disk outlives it.
    void done.then(() => {
      busy.delete(lock)
      witness.tell({ tag: 'stored', node, file, n })
      if (witness.active && !grip.oneIn(restOneIn)) store(grip, storage, view)
    })
  }
  return {
    name: 'ledger',
    booted(node, view) {
      void readAll(systemOf(node).platform.storage, view)
    },
    act(grip) {
      const { storage } = systemOf(grip.self).platform
      const view = witness.viewOf(grip.self)
      for (let left = 1 + grip.below(files); left > 0; left--) store(grip, storage, view)
    },
  }
}

function pathOf(file: number): string {
  return `ledger/${file}`
}

function contentOf(n: number, lines: number): Uint8Array {
  return new TextEncoder().encode(`${lines} lines\n${`${n}\n`.repeat(lines)}`)
}

/** The number a file holds, -1 when it is not whole. */
function numberIn(bytes: Uint8Array): number {
  const [head = '', ...rest] = new TextDecoder().decode(bytes).split('\n')
  const [first = ''] = rest
  const lines = Number.parseInt(head, 10)
  const whole = rest.length === lines + 1 && rest.slice(0, -1).every((line) => line === first)
  return whole && rest.at(-1) === '' ? Number(first) : -1
}
