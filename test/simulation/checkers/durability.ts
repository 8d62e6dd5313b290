/**
 * What a disk has confirmed is there after a loss of power: a write that succeeded, or a later one
 * that was on its way, each whole; a removal may be undone until a later write of the same machine
 * has succeeded (the contract of the storage port, `runtime/platform/platform.ts`).
 */
import type { Happening } from '../happening.ts'
import type { MakeChecker } from './checker.ts'

/** What a file may hold after a loss of power, in the order of trying; null: there is none. */
type Possible = Set<number | null>

export const durability: MakeChecker = (_facts, accuse) => {
  const disks = new Map<string, Map<number, Possible>>()
  /** Files whose removal has succeeded and is not safe yet, by node. */
  const removed = new Map<string, Set<number>>()
  const possible = (node: string, file: number): Possible => {
    const disk = disks.get(node) ?? new Map<number, Possible>()
    disks.set(node, disk)
    const known = disk.get(file) ?? new Set([null])
    disk.set(file, known)
    return known
  }
  const stored = (node: string, file: number, n: number | null): void => {
    const pending = removed.get(node) ?? new Set<number>()
    removed.set(node, pending)
    if (n === null) {
      pending.add(file)
      return
    }
    pending.delete(file)
    for (const gone of pending) {
      const known = [...possible(node, gone)]
      disks.get(node)?.set(gone, new Set(known.slice(known.indexOf(null))))
    }
    pending.clear()
    disks.get(node)?.set(file, new Set([n]))
  }
  const found = (node: string, file: number, n: number | null): void => {
    const known = possible(node, file)
    if (!known.has(n)) {
      const due = [...known].map(text).join(' or ')
      accuse(`file ${file} of ${node} holds ${text(n)}, expected ${due}`)
    }
    disks.get(node)?.set(file, new Set([n]))
  }
  return {
    name: 'durability',
    see(happening: Happening) {
      if (happening.tag === 'boots') {
        removed.delete(happening.name)
        if (happening.disk !== 'kept') disks.delete(happening.name)
      } else if (happening.tag === 'storing') {
        const known = possible(happening.node, happening.file)
        known.delete(happening.n)
        known.add(happening.n)
      } else if (happening.tag === 'stored') {
        stored(happening.node, happening.file, happening.n)
      } else if (happening.tag === 'found') found(happening.node, happening.file, happening.n)
    },
    finish: () => undefined,
  }
}

function text(n: number | null): string {
  return n === null ? 'nothing' : n < 0 ? 'a part of something' : String(n)
}
