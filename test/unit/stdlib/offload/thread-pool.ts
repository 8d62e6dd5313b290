/** What the suites of offloading to threads share: a supervised pool, and tasks that wait. */
import type { Self } from '../../../../runtime/index.ts'
import {
  call,
  child,
  local,
  type OffloadResult,
  offloadPool,
  start,
  stopServer,
  supervisor,
} from '../../../../stdlib/index.ts'
import { oneNode } from '../../../conformance/otp/one-node.ts'
import { assert, cleanup } from '../../../support/harness.ts'
import { until } from '../../../support/until.ts'
import type * as Tasks from './fixtures/tasks.ts'

/** Starting threads that load sources takes its time on a busy machine. */
export const slow = { deadlineMs: 60_000 }

export const url = new URL('./fixtures/tasks.ts', import.meta.url)

/** A pool of one thread, for one that waits. */
export const One = offloadPool<typeof Tasks>('one', { url, threads: 1, queueMax: 1, heapMaxMb: 64 })
export const one = local(One, 'one')

const Tree = supervisor('tree', () => ({
  intensity: 5,
  children: [child(One, undefined, { name: 'one' })],
}))

/** Runs `body` beside a supervised pool of one thread. */
export async function pooled(body: (self: Self) => Promise<void>): Promise<void> {
  const node = oneNode([One, Tree])
  await node.run(async (self) => {
    const tree = await start(self, Tree)
    if (tree.tag !== 'ok') throw new Error(`the tree starts: ${JSON.stringify(tree)}`)
    await body(self)
    await stopServer(self, tree.pid, 'shutdown')
  })
}

/** Memory that a task waits on; the test sees that it began and lets it go. */
export function flags(): { readonly flags: Int32Array; begun(): Promise<void>; release(): void } {
  const shared = new Int32Array(new SharedArrayBuffer(8))
  const release = (): void => {
    Atomics.store(shared, 0, 1)
    Atomics.notify(shared, 0)
  }
  cleanup(release)
  return { flags: shared, begun: () => until('it runs', () => shared[1] === 1), release }
}

export function reasonOf(result: OffloadResult): unknown {
  if (result.tag !== 'error') throw new Error(`it fails: ${JSON.stringify(result)}`)
  return result.reason
}

export async function statisticsAre(self: Self, running: number, waiting: number): Promise<void> {
  assert.equal(await call(self, one, 'statistics'), { threads: 1, running, waiting })
}
