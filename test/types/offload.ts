/**
 * What the compiler must refuse about offloaded tasks. `tsc` checks this file and nothing runs it:
 * a line marked as an error that compiles is itself an error.
 */
import type { LocalNode, Ref, Self } from '../../runtime/index.ts'
import {
  call,
  child,
  local,
  type OffloadPool,
  type OffloadResult,
  type OffloadStatistics,
  offload,
  offloadPool,
  type TaskContext,
} from '../../stdlib/index.ts'

type Tasks = {
  readonly square: (n: number) => number
  readonly later: (text: string, context: TaskContext) => Promise<string>
  readonly nothing: () => void
  readonly perhaps: (n?: number) => number
  readonly limit: 7
}

declare const self: Self
declare const node: LocalNode
declare const pool: Ref<OffloadPool<Tasks>>
declare const tasks: Tasks

const url = new URL('file:///tasks.js')
const Pool = offloadPool<Tasks>('pool', { url })
const Inferred = offloadPool('inferred', { url, inline: tasks })

export const fine = [
  child(Pool, undefined, { name: 'pool' }),
  offload(self, pool, 'square', 2) satisfies Promise<OffloadResult<number>>,
  offload(node, local(Pool, 'pool'), 'later', 'text') satisfies Promise<OffloadResult<string>>,
  offload(self, local(Inferred, 'pool'), 'square', 1, { timeoutMs: 5, transfer: [] }),
  offload(self, pool, 'nothing'),
  offload(self, pool, 'perhaps'),
  offload(self, pool, 'perhaps', 1),
  offload(self, pool, 'nothing', undefined, { timeoutMs: 1 }),
  call(self, pool, 'statistics') satisfies Promise<OffloadStatistics>,
]

export const refused = [
  // @ts-expect-error: no such task
  offload(self, pool, 'cube', 2),
  // @ts-expect-error: not a task
  offload(self, pool, 'limit'),
  // @ts-expect-error: a wrong argument
  offload(self, pool, 'square', '2'),
  // @ts-expect-error: a missing argument
  offload(self, pool, 'square'),
  // @ts-expect-error: an argument too many
  offload(self, pool, 'nothing', 1),
  // @ts-expect-error: a wrong result
  offload(self, pool, 'square', 2) satisfies Promise<OffloadResult<string>>,
  // @ts-expect-error: an unknown option
  offload(self, pool, 'square', 2, { timeout: 1 }),
  // @ts-expect-error: the tasks must be given by address
  offloadPool<Tasks>('pool', {}),
  // @ts-expect-error: an address, not a path
  offloadPool<Tasks>('pool', { url: './tasks.js' }),
  // @ts-expect-error: a module of other tasks
  offloadPool<Tasks>('pool', { url, inline: { cube: (n: number) => n } }),
]

export async function unchecked(): Promise<number> {
  const result = await offload(self, pool, 'square', 2)
  // @ts-expect-error: it may have failed
  return result.value
}
