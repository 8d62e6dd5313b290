/**
 * Which processes of a node wait in `self.wait` for something outside of it. In a simulation
 * nothing outside ever comes, so whoever waits when nothing can run waits for ever.
 */
import { type Process, systemOf } from '../../runtime/kernel.ts'
import type { Node } from '../node/node.ts'

/** One line per process: its pid, its module, its node. */
export function outsideWaits(node: Node): readonly string[] {
  return [...systemOf(node).outsideWaits.keys()].filter((process) => process.alive).map(describe)
}

function describe({ pid, module, node }: Process): string {
  return `${String(pid)} (${module}) of ${node}`
}
