/**
 * How large datagrams may be on one path: the search of RFC 8899 (Datagram Packetization Layer
 * PMTU Discovery) as a pure rule. `size-probe.ts` sends the probes and keeps the clock.
 *
 * Invariants: `size` is 1200, which QUIC demands of every path (RFC 9000, 14), or a size of which a
 * probe was answered; a size is only given up as too large when the path carried other datagrams
 * meanwhile, so that an outage is not taken for a small path; suspicion is answered by 1200 within
 * `carrierProbesMax` probes, so that a path that shrank does not stall a connection.
 *
 * Differences from the RFC: the largest size is tried first, since most paths carry an Ethernet
 * frame and the loopback anything; the search starts when there is something large to send, and
 * not before; the probe timer is shorter than a second, because probes are apart from the data and
 * their loss costs none.
 */
import { limits } from '../../limits.ts'

export const datagramBaseBytes = 1200
/** The largest packet quiche builds. */
export const datagramLargestBytes = 16_383
/** The search ends when no more than this share of the size is to be gained. */
const resolution = 1 / 64

type Mode =
  /** `probe` is on its way for the `tries`th time; `tooLarge` does not pass. */
  | {
      readonly tag: 'searching'
      readonly probe: number
      readonly tries: number
      readonly tooLarge: number
    }
  /** Is `size` still carried? `before` holds again when it is. */
  | { readonly tag: 'verifying'; readonly tries: number; readonly before: Resting }
  | Resting

type Resting = { readonly tag: 'idle' } | { readonly tag: 'settled'; readonly atMs: number }

export type SizeState = {
  readonly size: number
  readonly max: number
  readonly mode: Mode
  /** When the last probe of any kind was answered. */
  readonly provenAtMs: number
}

export type SizeEvent =
  /** A datagram was filled up to `size`. */
  | { readonly tag: 'filled' }
  /** The peer got the probe that is on its way. */
  | { readonly tag: 'answered' }
  /** Nothing came back in time. `heard`: other datagrams of the peer did. */
  | { readonly tag: 'unanswered'; readonly heard: boolean }
  /** Datagrams are being lost, perhaps for their size. */
  | { readonly tag: 'suspected' }
  /** The peer is elsewhere now. */
  | { readonly tag: 'moved' }

/** `probe`: send one of this size and wait for its answer, instead of any other. */
export type SizeAction =
  | { readonly tag: 'probe'; readonly size: number }
  | { readonly tag: 'stopWaiting' }

type Step = readonly [SizeState, readonly SizeAction[]]

/** A path of which nothing is known but that it may carry datagrams of `max` (1200 or more). */
export function unknownPath(max: number): SizeState {
  const provenAtMs = Number.NEGATIVE_INFINITY
  return { size: datagramBaseBytes, max, mode: { tag: 'idle' }, provenAtMs }
}

export function sizeStep(state: SizeState, event: SizeEvent, nowMs: number): Step {
  const { mode } = state
  switch (event.tag) {
    case 'filled':
      return mayGrow(state, nowMs) ? search(state, state.max, state.max + 1) : [state, []]
    case 'suspected':
      if (state.size === datagramBaseBytes || isWaiting(mode)) return [state, []]
      // Losses are common and a verification is not free: an answer stands for a while.
      if (nowMs - state.provenAtMs < limits.carrierProbeTimeoutMs) return [state, []]
      return verify(state, mode, 1)
    case 'moved':
      return [unknownPath(state.max), [{ tag: 'stopWaiting' }]]
    case 'answered':
      return answered(state, nowMs)
    case 'unanswered':
      return unanswered(state, event.heard, nowMs)
  }
}

function mayGrow({ size, max, mode }: SizeState, nowMs: number): boolean {
  if (size >= max || isWaiting(mode)) return false
  return mode.tag === 'idle' || nowMs - mode.atMs >= limits.carrierProbeAgainMs
}

function isWaiting(mode: Mode): mode is Extract<Mode, { tag: 'searching' | 'verifying' }> {
  return mode.tag === 'searching' || mode.tag === 'verifying'
}

function search(state: SizeState, probe: number, tooLarge: number, tries = 1): Step {
  const mode = { tag: 'searching', probe, tries, tooLarge } as const
  return [{ ...state, mode }, [{ tag: 'probe', size: probe }]]
}

function verify(state: SizeState, before: Resting, tries: number): Step {
  const mode = { tag: 'verifying', tries, before } as const
  return [{ ...state, mode }, [{ tag: 'probe', size: state.size }]]
}

/** Halves what is between the known and the impossible, until that is little. */
function narrow(state: SizeState, tooLarge: number, nowMs: number): Step {
  const gap = tooLarge - state.size
  if (gap <= state.size * resolution || state.size >= state.max) {
    return [{ ...state, mode: { tag: 'settled', atMs: nowMs } }, [{ tag: 'stopWaiting' }]]
  }
  return search(state, state.size + Math.floor(gap / 2), tooLarge)
}

function answered(state: SizeState, nowMs: number): Step {
  const { mode } = state
  if (mode.tag === 'searching') {
    return narrow({ ...state, size: mode.probe, provenAtMs: nowMs }, mode.tooLarge, nowMs)
  }
  if (mode.tag !== 'verifying') return [state, []]
  return [{ ...state, mode: mode.before, provenAtMs: nowMs }, [{ tag: 'stopWaiting' }]]
}

function unanswered(state: SizeState, heard: boolean, nowMs: number): Step {
  const { mode } = state
  if (mode.tag === 'searching') {
    if (!heard) return [{ ...state, mode: { tag: 'idle' } }, []]
    if (mode.tries < limits.carrierProbesMax) {
      return search(state, mode.probe, mode.tooLarge, mode.tries + 1)
    }
    return narrow(state, mode.probe, nowMs)
  }
  if (mode.tag !== 'verifying') return [state, []]
  if (mode.tries < limits.carrierProbesMax) return verify(state, mode.before, mode.tries + 1)
  return [unknownPath(state.max), []]
}
