/**
 * One round: `program ROW OPERATIONS` runs the row's workload on a node of this OS process and up
 * to two of others, over QUIC on loopback, and prints the sample. It starts the others itself, as
 * `program target NAME DIRECTORY CONTACT`.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Node } from '../../../src/index.ts'
import type { Measured } from '../sample.ts'
import { driverName, startOne } from './node.ts'
import { serveTarget, startTarget, type Target } from './target.ts'
import {
  lookupStrings,
  lookupTerms,
  namesBytes,
  registrations,
  syncLateness,
  syncTime,
  unregistrations,
  visibility,
  type Workload,
} from './workloads.ts'

const program = fileURLToPath(import.meta.url)

const workloads: ReadonlyMap<string, Workload> = new Map([
  ['lookup-string', lookupStrings],
  ['lookup-term', lookupTerms],
  ['register', registrations],
  ['unregister', unregistrations],
  ['visibility-p99-ms', visibility],
  ['sync-100k-ms', syncTime],
  ['sync-loop-p99-ms', syncLateness],
  ['names-bytes', namesBytes],
])

async function measured(id: string, operations: number): Promise<Measured> {
  const workload = workloads.get(id)
  if (workload === undefined) throw new Error(`no workload is named "${id}"`)
  const directory = await mkdtemp(join(tmpdir(), 'skein-bench-'))
  const targets: Target[] = []
  const node = await startOne(driverName, directory)
  const other = async (name: string, joins: boolean): Promise<Target> => {
    const contact = joins ? node.address : undefined
    const target = await startTarget(program, `${name}@127.0.0.1`, directory, contact)
    targets.push(target)
    return target
  }
  const scene = {
    node,
    others: async (): Promise<readonly [Target, Target]> => [
      await other('b', true),
      await other('c', true),
    ],
    fresh: () => other('d', false),
  }
  try {
    const sample = await workload(scene, operations)
    return { ...sample, checked: await isChecked(node) }
  } finally {
    for (const target of targets) await target.end()
    await node.stop()
    await rm(directory, { recursive: true, force: true })
  }
}

/** Checked mode freezes what is sent: seen, not assumed. */
function isChecked(node: Node): Promise<boolean> {
  return node.run((self) => Object.isFrozen(self.send(self.pid, { probe: true })))
}

const [first = '', second = '', third = '', fourth = 'null'] = process.argv.slice(2)
if (first === 'target') await serveTarget(second, third, JSON.parse(fourth))
else {
  const sample = await measured(first, Number(second))
  process.stdout.write(`${JSON.stringify(sample)}\n`)
}
