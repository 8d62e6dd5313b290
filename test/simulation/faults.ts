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
  /** How often each fault has fired, and what disks lost. */
  readonly counts: FaultCounts
  /** Nodes that lost their key: their name is refused by those who know it. */
  readonly strangers: ReadonlySet<string>
}

export type FaultHands = {
  readonly boot: (name: string, disk: DiskState) => void
  readonly crash: (name: string) => { readonly undone: number; readonly torn: number }
  /** Calls `stopped` when the node is no more. */
  readonly stop: (name: string, stopped: () => void) => void
  readonly disconnectAll: (name: string) => void
  readonly stepClock: (name: string, ms: number) => void
  /** False when there is nothing to kill. */
  readonly distCrash: (name: string) => boolean
}

/** What disks do to their files when the power goes. */
export const diskFaults: readonly string[] = ['disk undone', 'disk torn']

const downMaxMs = 4_000
const blankOneIn = 12
/**
 * The first nodes, which others may have as their only contacts, keep their keys: whoever has no
 * contact but a stranger stays alone until an operator looks at it (seed 240 showed one).
 */
const contactsMax = 3

type Below = (limit: number) => number

/** Begins to fire faults; it ends by itself when the turmoil is over. */
export function fireFaults(sim: Simulation, scenario: Scenario, hands: FaultHands): FaultPlan {
  const { random } = sim.world
  const counts: FaultCounts = {}
  const strangers = new Set<string>()
  const endMs = sim.world.nowMs + scenario.turmoilMs
  const below = (limit: number): number => Math.floor(random.unit() * limit)
  /** Up to `max`, either way. */
  const around = (max: number): number => max * (2 * random.unit() - 1)
  const count = (kind: string, times = 1): void => {
    if (times > 0) counts[kind] = (counts[kind] ?? 0) + times
  }
  const bootLater = (name: string): void => {
    const isContact = sim.names.indexOf(name) < contactsMax
    const loses = below(blankOneIn) === 0 && !isContact
    const disk = loses ? 'blank' : below(3) === 0 ? 'keysOnly' : 'kept'
    sim.after(below(downMaxMs), () => {
      if (sim.isOn(name)) return
      if (disk === 'blank') strangers.add(name)
      count(`boot ${disk}`)
      hands.boot(name, disk)
    })
  }
  const fire = (kind: FaultKind): boolean => {
    const name = sim.names[below(sim.names.length)] ?? ''
    switch (kind) {
      case 'crash': {
        const victim = victimOf(sim, name)
        if (!sim.isOn(victim)) return false
        const { undone, torn } = hands.crash(victim)
        count('disk undone', undone)
        count('disk torn', torn)
        bootLater(victim)
        return true
      }
      case 'stop':
        if (sim.node(name) === undefined) return false
        hands.stop(name, () => bootLater(name))
        return true
      case 'disconnectAll':
        if (sim.node(name) === undefined) return false
        hands.disconnectAll(name)
        return true
      case 'distCrash':
        return hands.distCrash(name)
      case 'pause':
      case 'slow':
        return troubleMachine(sim, scenario, kind, name, below)
      case 'clockStep':
        hands.stepClock(name, around(scenario.stepMaxMs))
        return true
      default:
        troubleNetwork(sim, scenario, kind, name, below)
        return true
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

/**
 * The next one from `drawn` that has something to lose, if anybody has: a crash in the right moment
 * is rare by chance.
 */
function victimOf(sim: Simulation, drawn: string): string {
  const { names } = sim
  const at = names.indexOf(drawn)
  const inTurn = [...names.slice(at), ...names.slice(0, at)]
  return inTurn.find((name) => sim.hasUnsynced(name)) ?? drawn
}

function troubleMachine(
  sim: Simulation,
  scenario: Scenario,
  kind: 'pause' | 'slow',
  name: string,
  below: Below,
): boolean {
  switch (kind) {
    case 'pause':
      return sim.pause(name, below(scenario.pauseMaxMs))
    case 'slow':
      if (!sim.isOn(name)) return false
      sim.slow(name, scenario.stepCostMaxMs)
      sim.after(below(scenario.slowMaxMs), () => sim.slow(name, 0))
      return true
  }
}

function troubleNetwork(
  sim: Simulation,
  scenario: Scenario,
  kind: 'partition' | 'oneWay' | 'mute' | 'deaf' | 'link' | 'path' | 'heal',
  name: string,
  below: Below,
): void {
  const { lossMax, neighbours } = scenario
  const unit = (): number => below(1_000) / 1_000
  const near = neighbours.get(name) ?? []
  const other = near[below(near.length)] ?? name
  switch (kind) {
    case 'partition':
      sim.partition(sim.names.filter(() => below(2) === 0))
      break
    case 'oneWay':
      if (below(2) === 0) sim.blockOneWay(name, other)
      else sim.blockOneWay(other, name)
      break
    case 'mute':
      sim.mute(name)
      break
    case 'deaf':
      sim.deafen(name)
      break
    case 'link': {
      const delayMaxMs = 2 * scenario.delayMaxMs * unit()
      sim.setLink(name, other, { loss: lossMax * unit(), delayMinMs: 0, delayMaxMs })
      break
    }
    case 'path':
      sim.setPath(lossMax * unit(), 0, 1 + scenario.delayMaxMs * unit())
      break
    case 'heal':
      sim.heal()
  }
}

function drawKind({ faults }: Scenario, chance: number): FaultKind | undefined {
  const total = faultKinds.reduce((sum, kind) => sum + faults[kind], 0)
  let left = chance * total
  return faultKinds.find((kind) => {
    left -= faults[kind]
    return left < 0
  })
}
