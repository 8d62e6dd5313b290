/**
 * The hybrid logical clock of one node. Invariant: each timestamp it gives is greater than all it
 * gave and all it was shown before, whatever the wall clock does; and a peer cannot bring it more
 * than `maxDriftMs` ahead of the wall clock, so that one bad peer cannot carry the cluster's clocks
 * off (the paper bounds the drift by assuming honest clocks).
 *
 * A timestamp too far ahead is refused and has no effect; its bearer decides what that means for
 * whatever was stamped with it. Where the wall clock itself was set back, the clock counts on from
 * where it was: `aheadMs` says how far that is.
 */
import { BadArgument } from '../../runtime/index.ts'
import { show } from '../../runtime/kernel.ts'
import type { Clock } from '../../runtime/platform/platform.ts'
import { limits } from '../limits.ts'
import { type Hlc, logicalMax, maxHlc, zeroHlc } from './hlc.ts'

export type HlcOptions = {
  /** How far ahead of this node's wall clock a timestamp may be. Default 3,600,000, one hour. */
  readonly maxDriftMs?: number
}

export class HlcClock {
  readonly #clock: Pick<Clock, 'wallMs'>
  readonly #maxDriftMs: number
  #last: Hlc = zeroHlc

  /** Throws `BadArgument` for a drift that is no whole number from 0 on. */
  constructor(clock: Pick<Clock, 'wallMs'>, options: HlcOptions = {}) {
    const { maxDriftMs = limits.hlcMaxDriftMs } = options
    if (!Number.isSafeInteger(maxDriftMs) || maxDriftMs < 0) {
      throw new BadArgument(
        `maxDriftMs: expected a whole number of milliseconds, got ${show(maxDriftMs)}`,
      )
    }
    this.#clock = clock
    this.#maxDriftMs = maxDriftMs
  }

  /** The last timestamp given or shown; `zeroHlc` before the first. */
  get last(): Hlc {
    return this.#last
  }

  /** How far this clock is ahead of the wall clock; 0 when it is not. */
  get aheadMs(): number {
    return Math.max(0, this.#last.wallMs - this.#wallMs())
  }

  /** A timestamp greater than all before. */
  now(): Hlc {
    const wallMs = this.#wallMs()
    this.#last = wallMs > this.#last.wallMs ? { wallMs, logical: 0 } : after(this.#last)
    return this.#last
  }

  /** True when `update` would take it. */
  accepts(remote: Hlc): boolean {
    return remote.wallMs <= Math.min(this.#wallMs() + this.#maxDriftMs, limits.hlcWallMaxMs - 1)
  }

  /**
   * A timestamp greater than `remote` and all before, as `now()` gives from here on. Undefined,
   * with nothing changed, when `remote` is too far ahead.
   */
  update(remote: Hlc): Hlc | undefined {
    return this.absorb(remote) ? this.now() : undefined
  }

  /** `update` without a timestamp of its own: for many timestamps at once. */
  absorb(remote: Hlc): boolean {
    if (!this.accepts(remote)) return false
    this.#last = maxHlc(this.#last, remote)
    return true
  }

  /**
   * The same for what this node wrote to its own disk, however far ahead: its clock may have been
   * set back since, and what it wrote must not be older than what it wrote before.
   */
  recover(own: Hlc): void {
    this.#last = maxHlc(this.#last, own)
  }

  #wallMs(): number {
    return Math.min(Math.max(Math.floor(this.#clock.wallMs()), 0), limits.hlcWallMaxMs)
  }
}

function after({ wallMs, logical }: Hlc): Hlc {
  return logical < logicalMax
    ? { wallMs, logical: logical + 1 }
    : { wallMs: wallMs + 1, logical: 0 }
}
