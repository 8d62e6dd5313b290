/**
 * The Plumtree experiments (SRDS 2007, section 5) with one seed and one profile: an overlay built
 * as HyParView's paper does; then cycles, each of a failure step, one broadcast run to its end, and
 * a membership step, in which alone crashed peers are noticed. That differs from HyParView's figure
 * 2, where every crash is noticed before the first message.
 *
 * The paper's simulator has no time: there a hop takes none, and timers wait until nothing is on
 * its way. The defaults run with a hop of 10 ms, as their own timers want one.
 */
import type { Random } from '../../../runtime/platform/platform.ts'
import type { BroadcastOptions } from '../../../src/broadcast/index.ts'
import { LightEngine, type Moment } from '../light/engine.ts'
import { MembershipLayer } from '../light/membership-layer.ts'
import { draw, drawSome, nodeRandoms } from '../light/node-random.ts'
import { contact, type Profile } from './overlay.ts'
import { type BroadcastCost, BroadcastLayer } from './plumtree-layer.ts'
import { mean } from './rows.ts'

export type PlumtreeProfile = {
  readonly membership: Profile
  readonly hopMs: number
  /** Length of a cycle while nobody crashes; then a membership step changes no active view. */
  readonly calmCycleMs: number
}

export type Senders = 'one' | 'many'
export type Links = 'asIs' | 'atRest'

export type StableFigures = {
  /** By cycle, the first broadcast on. */
  readonly costs: readonly BroadcastCost[]
  /** Those after the stabilisation. */
  readonly settled: readonly BroadcastCost[]
  /** All copies that a flood of the same overlay makes. */
  readonly floodCopies: number
}

export type FailureFigures = {
  /** Percent of the living that the first broadcast after the failure reaches, nobody noticing. */
  readonly reliability: number
  readonly lastHop: number
  readonly redundancy: number
  /** Cycles until as many of the living are reached as before, less `healedPoints`. */
  readonly healing: number
  /** Cycles until bodies are redundant by less than `treeRedundancy` again. */
  readonly treeAgain: number
}

export const healedPoints = 1
export const treeRedundancy = 0.05
const healingCyclesMax = 5
/** A period as long as no run is. */
const neverMs = 1e12
/** The part of a cycle that a broadcast has before crashes are noticed. */
const broadcastPart = 0.9

/** Copies per node beyond the one each needs. */
export function redundancyOf({ payload, delivered }: BroadcastCost): number {
  return delivered < 2 ? 0 : payload / (delivered - 1) - 1
}

export class PlumtreeRun {
  readonly engine: LightEngine
  readonly #membership: MembershipLayer
  readonly #profile: PlumtreeProfile
  readonly #seed: number
  #hopMs = 0
  #random: Random
  readonly #broadcast: BroadcastLayer
  #fixed = 0

  constructor(nodes: number, seed: number, profile: PlumtreeProfile) {
    const latencyMs = (): number => this.#hopMs
    this.engine = new LightEngine(nodes, seed, { latencyMs, detection: 'never' })
    this.#membership = new MembershipLayer(this.engine, profile.membership.options)
    this.#broadcast = new BroadcastLayer(this.engine, this.#membership)
    this.#profile = profile
    this.#seed = seed
    this.#random = nodeRandoms(seed + 0x5eed, 1)[0]!
    for (let node = 0; node < nodes; node++) {
      this.#membership.step(node, { tag: 'bootstrap' })
      if (node !== contact) {
        this.#membership.step(node, { tag: 'join', contact: this.engine.names[contact]! })
      }
      this.engine.runUntil(this.engine.nowMs + profile.membership.joinEveryMs)
    }
    this.engine.settle()
    this.#hopMs = profile.hopMs
  }

  /**
   * Starts the broadcast rules on this overlay and broadcasts once in each of so many cycles. The
   * first ones, the stabilisation, are whole membership cycles, in which active views fill up.
   * `links` at rest: nodes do not change a sound link for another from time to time.
   */
  stable(
    options: BroadcastOptions,
    { senders, links = 'asIs' }: { readonly senders: Senders; readonly links?: Links },
    cycles: number,
    stabilisation: number,
  ): StableFigures {
    const { options: usual } = this.#profile.membership
    const atRest = { ...usual, rotatePeriodMs: neverMs }
    this.#membership.options = links === 'atRest' ? atRest : usual
    this.#broadcast.start(options)
    this.#fixed = this.#anyone()
    const costs: BroadcastCost[] = []
    for (let cycle = 0; cycle < cycles; cycle++) {
      const calm = cycle >= stabilisation
      costs.push(this.#cycle(senders, calm ? this.#profile.calmCycleMs : this.#periodMs))
    }
    const { targets, size } = this.#membership.graph()
    return {
      costs,
      settled: costs.slice(stabilisation + 1),
      floodCopies: targets.length - size + 1,
    }
  }

  /** From where `stable` ended: so many percent crash at once. Call `keep` before, to return. */
  fail(percent: number, senders: Senders): FailureFigures {
    const { engine } = this
    const others = engine.living().filter((node) => node !== this.#fixed)
    const count = Math.round((engine.size * percent) / 100)
    for (const at of drawSome(this.#random, others.length, count)) engine.kill(others[at]!)
    const living = engine.living().length
    const costs: BroadcastCost[] = []
    const healed = ({ delivered }: BroadcastCost): boolean =>
      (100 * delivered) / living >= 100 - healedPoints
    const tree = (cost: BroadcastCost): boolean =>
      healed(cost) && redundancyOf(cost) < treeRedundancy
    while (costs.length <= healingCyclesMax && !costs.some(tree)) {
      costs.push(this.#cycle(senders, this.#periodMs))
    }
    const cycleOf = (is: (cost: BroadcastCost) => boolean): number => {
      const at = costs.findIndex(is)
      return at < 0 ? healingCyclesMax + 1 : at
    }
    const first = costs[0]!
    return {
      reliability: (100 * first.delivered) / living,
      lastHop: first.lastHop,
      redundancy: Math.max(...costs.map(redundancyOf)),
      healing: cycleOf(healed),
      treeAgain: cycleOf(tree),
    }
  }

  /** In each of so many cycles `perCycle` nodes crash. The mean reliability and redundancy. */
  failSteadily(perCycle: number, cycles: number, senders: Senders) {
    const reliabilities: number[] = []
    const redundancies: number[] = []
    for (let cycle = 0; cycle < cycles; cycle++) {
      const others = this.engine.living().filter((node) => node !== this.#fixed)
      for (const at of drawSome(this.#random, others.length, perCycle)) {
        this.engine.kill(others[at]!)
      }
      const cost = this.#cycle(senders, this.#periodMs)
      reliabilities.push((100 * cost.delivered) / this.engine.living().length)
      redundancies.push(redundancyOf(cost))
    }
    return { reliability: mean(reliabilities), redundancy: mean(redundancies) }
  }

  /** The function that returns to this moment, from where chance goes the way of its number. */
  keep(): (number: number) => void {
    const moment: Moment = this.engine.moment()
    const restoreMembership = this.#membership.keep()
    const restoreBroadcast = this.#broadcast.keep()
    return (number) => {
      const seed = this.#seed * 1000 + number
      this.engine.returnTo(moment, seed)
      restoreMembership()
      restoreBroadcast()
      this.#random = nodeRandoms(seed + 0x5eed, 1)[0]!
    }
  }

  get #periodMs(): number {
    return this.#profile.membership.options.shufflePeriodMs
  }

  #cycle(senders: Senders, periodMs: number): BroadcastCost {
    const { engine } = this
    const beganMs = engine.nowMs
    this.#broadcast.broadcast(senders === 'one' ? this.#fixed : this.#anyone())
    engine.runUntil(beganMs + broadcastPart * periodMs)
    const { cost } = this.#broadcast
    for (const node of engine.living()) {
      for (const peer of this.#membership.active(node)) {
        if (!engine.alive(peer)) engine.failChannel(node, peer)
      }
    }
    engine.runUntil(beganMs + periodMs)
    return cost
  }

  #anyone(): number {
    const living = this.engine.living()
    return living[draw(this.#random, living.length)]!
  }
}
