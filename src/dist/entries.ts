/** What the router knows of a node: a channel in use, or signals that wait for one. */
import type { Connection } from '../carrier/carrier.ts'
import type { Channel } from './channel.ts'
import { Pressure } from './pressure.ts'
import { WaitingSignals } from './waiting-signals.ts'

/** Signals that wait for a channel. */
export type Pending = {
  readonly tag: 'connecting' | 'closing'
  readonly pressure: Pressure
  readonly queue: WaitingSignals
  /** Attempts under way, ours and the peer's. */
  attempts: number
  /** This node dials it. */
  dialing: boolean
  readonly callbacks: ((up: boolean) => void)[]
}

export type Up = {
  readonly tag: 'up'
  readonly pressure: Pressure
  readonly channel: Channel
  readonly connection: Connection
}

export function queueOf(entry: Pending | Up): Channel | WaitingSignals {
  return entry.tag === 'up' ? entry.channel : entry.queue
}

export function newPending(tag: 'connecting' | 'closing'): Pending {
  return {
    tag,
    pressure: new Pressure(),
    queue: new WaitingSignals(),
    attempts: 0,
    dialing: false,
    callbacks: [],
  }
}
