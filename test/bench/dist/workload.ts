/**
 * What a row of the suite does on our side: the node of this OS process, the name of the node in
 * the other one, and what can be asked of that other process beside its node.
 */
import type { Node } from '../../../src/index.ts'
import type { Sample } from '../row.ts'
import type { Target } from './target.ts'

export type Pair = {
  readonly node: Node
  /** Name of the accepting node. */
  readonly peer: string
  readonly target: Target
  /** Starts one more node of this process that knows the accepting one. */
  readonly dialer: (name: string) => Promise<Node>
}

export type Workload = (pair: Pair, operations: number) => Promise<Sample>

/** Gives the second of two runs: start-up, compilation and slow start are over by then. */
export function warmed(workload: Workload): Workload {
  return async (pair, operations) => {
    await workload(pair, operations)
    return workload(pair, operations)
  }
}
