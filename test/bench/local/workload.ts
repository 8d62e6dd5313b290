/**
 * What a row of the suite does on our side. A workload starts what it needs, times `operations` of
 * them, and counts those it has seen complete.
 */
import type { LocalNode } from '../../../runtime/index.ts'
import type { Sample } from '../row.ts'

export type Workload = (node: LocalNode, operations: number) => Promise<Sample>

/** Nanoseconds per operation of `body`, which gives the number it saw complete. */
export async function timed(operations: number, body: () => Promise<number>): Promise<Sample> {
  const startMs = performance.now()
  const arrived = await body()
  return { value: ((performance.now() - startMs) * 1e6) / operations, arrived }
}
