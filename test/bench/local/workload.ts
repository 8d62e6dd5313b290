/**
 * What a row of the suite does on our side. A workload starts what it needs, times `operations` of
 * them, and counts those it has seen complete.
 */
import type { LocalNode } from '../../../runtime/index.ts'
import type { Measured } from '../sample.ts'

export type Workload = (node: LocalNode, operations: number) => Promise<Measured>

/** Times `body`, which gives the number of operations it saw complete. */
export async function timed(body: () => Promise<number>): Promise<Measured> {
  const startMs = performance.now()
  const arrived = await body()
  return { total: (performance.now() - startMs) * 1e6, arrived }
}
