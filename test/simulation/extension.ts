/**
 * A part of the cluster, or of the machines, that takes part in every scenario: what it adds to
 * each node, what agents do with it, and what has to come true once everything is healed. One file
 * each in `extensions/`; what it does and sees it tells the witness, for its checker to judge.
 */
import type { Node } from '../../src/node/node.ts'
import type { BootOptions, Simulation } from '../../src/testing/index.ts'
import type { NodeView } from './node-view.ts'
import type { Scenario } from './scenario.ts'
import type { Witness } from './witness.ts'
import type { Grip } from './workload/grip.ts'

export type Extension = {
  readonly name: string
  /** Added to the options of every boot of the node `name`. */
  readonly bootOptions?: (name: string) => Partial<BootOptions>
  /** A node has started. */
  readonly booted?: (node: Node, view: NodeView) => void
  /** Something for an agent to do; it may be killed while it is at it. */
  readonly act?: (grip: Grip) => void | Promise<void>
  /**
   * Everything is healed, all nodes run and reach their neighbours: drives time until what was
   * promised is true. Rejects when it does not come true.
   */
  readonly settle?: () => Promise<void>
}

export type MakeExtension = (sim: Simulation, witness: Witness, scenario: Scenario) => Extension
