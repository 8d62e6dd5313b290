/**
 * An overlay as the HyParView paper builds it: one contact, the others join through it one by one,
 * each join to its end, with no membership round in between; then a number of cycles. A cycle is
 * one shuffle period of virtual time, in which every node acts once. Latency is 0, as in the
 * paper's cycle-based simulator.
 *
 * Rules with quotas in time cannot be driven with the clock at rest, so a profile may ask for time
 * between the joins.
 */
import type { Random } from '../../../runtime/platform/platform.ts'
import type { MembershipOptions } from '../../../src/membership/index.ts'
import { LightEngine, type Moment } from '../light/engine.ts'
import { Flood } from '../light/flood.ts'
import { MembershipLayer } from '../light/membership-layer.ts'
import { draw, drawSome, nodeRandoms } from '../light/node-random.ts'
import type { Transport } from '../light/transport.ts'

export const contact = 0

export type Profile = {
  readonly options: MembershipOptions
  /** Virtual time from one join to the next; 0 in the paper. */
  readonly joinEveryMs: number
}

export class Overlay {
  readonly engine: LightEngine
  readonly membership: MembershipLayer
  readonly flood: Flood
  /** Chance of the experiment itself: who fails, who sends. */
  random: Random
  readonly #profile: Profile

  constructor(nodes: number, seed: number, profile: Profile, transport: Partial<Transport> = {}) {
    this.engine = new LightEngine(nodes, seed, transport)
    this.membership = new MembershipLayer(this.engine, profile.options)
    this.flood = new Flood(this.engine, this.membership)
    this.random = nodeRandoms(seed + 0x5eed, 1)[0]!
    this.#profile = profile
  }

  joinAll(): void {
    const { engine, membership } = this
    for (let node = 0; node < engine.size; node++) {
      membership.step(node, { tag: 'bootstrap' })
      if (node !== contact) membership.step(node, { tag: 'join', contact: engine.names[contact]! })
      engine.runUntil(engine.nowMs + this.#profile.joinEveryMs)
    }
  }

  runCycles(count: number): void {
    this.engine.runUntil(this.engine.nowMs + count * this.#profile.options.shufflePeriodMs)
  }

  /** Kills so many percent of the nodes at once, drawn by chance. */
  failPercent(percent: number): void {
    const count = Math.round((this.engine.size * percent) / 100)
    for (const node of drawSome(this.random, this.engine.size, count)) this.engine.kill(node)
  }

  /** The living notice that the channels of dead peers are closed, as TCP tells of a crash. */
  noticeClosedChannels(): void {
    const { engine, membership } = this
    for (const node of engine.living()) {
      for (const peer of membership.active(node)) {
        if (!engine.alive(peer)) engine.failChannel(node, peer)
      }
    }
    engine.settle()
  }

  /**
   * Broadcasts from living nodes drawn by chance: the mean part of the living reached, in percent.
   */
  reliability(messages: number): number {
    const living = this.engine.living()
    let sum = 0
    for (let at = 0; at < messages; at++) {
      sum += this.flood.reach(living[draw(this.random, living.length)]!)
    }
    return (100 * sum) / (messages * living.length)
  }

  /** The function that returns to this moment, from where chance goes the way of its seed. */
  keep(): (seed: number) => void {
    const moment: Moment = this.engine.moment()
    const restoreStates = this.membership.keep()
    return (seed) => {
      this.engine.returnTo(moment, seed)
      restoreStates()
      this.random = nodeRandoms(seed + 0x5eed, 1)[0]!
    }
  }
}
