/** Nodes under test, stopped when their test is over, with their tables in reach. */
import { type LocalNode, type RuntimeOptions, startRuntime } from '../../../runtime/index.ts'
import { type System, systemOf } from '../../../runtime/kernel.ts'
import { type SimPlatformOptions, simPlatform, World } from '../../../runtime/platform/sim.ts'
import { cleanup } from '../../support/harness.ts'
import { turn } from '../../support/until.ts'

/** A node on the real platform. */
export function realNode(options: RuntimeOptions = {}): { node: LocalNode; system: System } {
  const node = startRuntime({ name: 'a@host', quiet: true, ...options })
  cleanup(() => node.stop())
  return { node, system: systemOf(node) }
}

export type SimNode = {
  readonly world: World
  readonly node: LocalNode
  readonly system: System
  /** Runs everything there is to run and lets virtual time pass until no timer is left. */
  readonly exhaust: () => Promise<void>
  /** The same up to a time of the world. */
  readonly runUntil: (ms: number) => Promise<void>
}

/** A node in a world of its own. */
export function simNode(
  seed = 1,
  platform: SimPlatformOptions = {},
  options: RuntimeOptions = {},
): SimNode {
  const world = new World(seed)
  const node = startRuntime({
    name: 'a@host',
    platform: simPlatform(world, platform),
    ...options,
  })
  const runUntil = async (ms: number): Promise<void> => {
    await turn()
    while (world.advance(ms)) await turn()
  }
  return {
    world,
    node,
    system: systemOf(node),
    exhaust: () => runUntil(Number.POSITIVE_INFINITY),
    runUntil,
  }
}
