/**
 * By which way a proxy sends: over a channel to the service's node when there is one or one can be
 * had, else relayed by the overlay (cluster spec, 14.9). Nothing waits for a dial for longer than
 * `proxyDialPatienceMs`, and a node that could not be dialled is tried again in time, while what
 * comes meanwhile is relayed.
 *
 * Invariant: what waits does so only while a dial is under way and its patience lasts.
 */
import { limits } from '../../limits.ts'

export type Way =
  /** Nothing is known: whoever comes first dials. */
  | { readonly tag: 'unknown' }
  /** Messages wait until `untilMs`, then they are relayed although the dial goes on. */
  | { readonly tag: 'dialing'; readonly untilMs: number }
  /** The node could not be dialled; it is tried again from `dialAtMs` on. */
  | { readonly tag: 'relayed'; readonly dialAtMs: number }

export type WayStep = {
  readonly way: Way
  /** What becomes of what is to be sent. */
  readonly send: 'direct' | 'relay' | 'wait'
  /** The node is to be dialled now. */
  readonly dial: boolean
}

export const unknownWay: Way = { tag: 'unknown' }

/** Something is to be sent. `connected`: there is a channel to the service's node. */
export function stepWay(way: Way, connected: boolean, nowMs: number): WayStep {
  // The next one, should the channel be lost, dials anew.
  if (connected) {
    const kept = way.tag === 'dialing' ? way : unknownWay
    return { way: kept, send: 'direct', dial: false }
  }
  if (way.tag === 'unknown') {
    const dialing: Way = { tag: 'dialing', untilMs: nowMs + limits.proxyDialPatienceMs }
    return { way: dialing, send: 'wait', dial: true }
  }
  if (way.tag === 'dialing') {
    return { way, send: way.untilMs > nowMs ? 'wait' : 'relay', dial: false }
  }
  if (way.dialAtMs > nowMs) return { way, send: 'relay', dial: false }
  return { way: { tag: 'dialing', untilMs: nowMs }, send: 'relay', dial: true }
}

/** The dial is over. */
export function dialed(up: boolean, nowMs: number): Way {
  return up ? unknownWay : { tag: 'relayed', dialAtMs: nowMs + limits.proxyDialAgainMs }
}
