/**
 * The faults of a scenario, drawn one after the other while the turmoil lasts. A node that was
 * crashed or stopped boots again after a while, with its disk, with its key alone, or, rarely, with
 * nothing: such a node is a stranger under a known name, and everybody who pinned its key refuses
 * it from then on.
 */
import type { DiskState, Simulation } from '../../src/testing/index.ts'
import { type FaultKind, faultKinds, type Scenario } from './scenario.ts'

export type FaultCounts = Record<string, number>

export type FaultPlan = {
  /** How often each fault has fired, and packets lost and held. */
  readonly counts: FaultCounts
  /** Nodes that lost their key: their name is refused by those who know it. */
  readonly strangers: ReadonlySet<string>
}

export type FaultHands = {
  readonly boot: (name: string, disk: DiskState) => void
  readonly crash: (name: string) => void
  /** Calls `stopped` when the node is no more. */
  readonly stop: (name: string, stopped: () => void) => void
  readonly disconnectAll: (name: string) => void
  /** False when there is nothing to kill. */
  readonly distCrash: (name: string) => boolean
}

const downMaxMs = 4_000
const blankOneIn = 12

/** Begins to fire faults; it ends by itself when the turmoil is over. */
export function fireFaults(sim: Simulation, scenario: Scenario, hands: FaultHands): FaultPlan {
  const { random } = sim.world
  const counts: FaultCounts = {}
  const strangers = new Set<string>()
  const endMs = sim.world.nowMs + scenario.turmoilMs
  const below = (limit: number): number => Math.floor(random.unit() * limit)
  const someName = (): string => sim.names[below(sim.names.length)] ?? ''
  const count = (kind: string): void => {
    counts[kind] = (counts[kind] ?? 0) + 1
  }
  const bootLater = (name: string): void => {
    const disk = below(blankOneIn) === 0 ? 'blank' : below(2) === 0 ? 'kept' : 'keysOnly'
    sim.after(below(downMaxMs), () => {
      if (sim.isOn(name)) return
      if (disk === 'blank') strangers.add(name)
      count(`boot ${disk}`)
      hands.boot(name, disk)
    })
  }
  const fire = (kind: FaultKind): boolean => {
    const name = someName()
    const others = sim.names.filter((other) => other !== name)
    switch (kind) {
      case 'crash':
        if (!sim.isOn(name)) return false
        hands.crash(name)
        bootLater(name)
        return true
      case 'stop':
        if (sim.node(name) === undefined) return false
        hands.stop(name, () => bootLater(name))
        return true
      case 'partition':
        sim.partition(sim.names.filter(() => below(2) === 0))
        return true
      case 'oneWay':
        sim.blockOneWay(name, others[below(others.length)] ?? '')
        return true
      case 'path':
        sim.setPath(scenario.lossMax * random.unit(), 0, 1 + scenario.delayMaxMs * random.unit())
        return true
      case 'heal':
        sim.heal()
        return true
      case 'disconnectAll':
        if (sim.node(name) === undefined) return false
        hands.disconnectAll(name)
        return true
      case 'distCrash':
        return hands.distCrash(name)
    }
  }
  const next = (): void => {
    const waitMs = scenario.faultEveryMs * 2 * random.unit()
    if (sim.world.nowMs + waitMs > endMs) return
    sim.after(waitMs, () => {
      const kind = drawKind(scenario, random.unit())
      if (kind !== undefined && fire(kind)) count(kind)
      next()
    })
  }
  next()
  return { counts, strangers }
}

function drawKind({ faults }: Scenario, chance: number): FaultKind | undefined {
  const total = faultKinds.reduce((sum, kind) => sum + faults[kind], 0)
  let left = chance * total
  return faultKinds.find((kind) => {
    left -= faults[kind]
    return left < 0
  })
}
