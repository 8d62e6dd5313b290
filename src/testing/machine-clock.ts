/**
 * The clocks of a simulated machine. One crystal drives both: it may run fast or slow, within
 * bounds, against the world's time. The monotonic clock starts anywhere and only drifts; the wall
 * clock is wrong by a skew besides, and may be stepped.
 *
 * Invariant: the monotonic clock never goes back and never steps, and a timer is never early on it.
 */
import { simPlatform, type World } from '../../runtime/platform/sim.ts'

/** Milliseconds by which one second may be wrong: real crystals and slewing stay far below. */
const driftMaxPpm = 100_000
/** What rounding can take from a timer's time, in milliseconds. */
const roundingMs = 1e-6

export class MachineClock {
  readonly #world: World
  readonly #exactWallMs: () => number
  #rate = 1
  /** The two clocks met here last. */
  #worldMs: number
  #localMs: number
  #driftMs = 0
  #skewMs = 0

  constructor(world: World, originMs: number) {
    this.#world = world
    this.#exactWallMs = simPlatform(world).clock.wallMs
    this.#worldMs = world.nowMs
    this.#localMs = originMs
  }

  /** Monotonic milliseconds since this machine's origin. */
  now(): number {
    return this.#localMs + (this.#world.nowMs - this.#worldMs) * this.#rate
  }

  wallMs(): number {
    return this.#exactWallMs() + Math.floor(this.#skewMs + this.#drifted())
  }

  /** How wrong the wall clock is. */
  get errorMs(): number {
    return this.#skewMs + this.#drifted()
  }

  /** The wall clock jumps. Throws a RangeError for anything but a finite number. */
  step(ms: number): void {
    if (!Number.isFinite(ms)) throw new RangeError(`stepClock: expected milliseconds, got ${ms}`)
    this.#skewMs += ms
  }

  /** From now on a million seconds are too long by this. Throws a RangeError beyond 100,000. */
  drift(ppm: number): void {
    if (!(Math.abs(ppm) <= driftMaxPpm)) {
      throw new RangeError(`drift must be from -${driftMaxPpm} to ${driftMaxPpm} ppm, got ${ppm}`)
    }
    this.#driftMs = this.#drifted()
    this.#localMs = this.now()
    this.#worldMs = this.#world.nowMs
    this.#rate = 1 + ppm / 1e6
  }

  /** What `ms` on this clock are in the world's time: enough that no timer is early. */
  worldMs(ms: number): number {
    if (this.#rate === 1) return ms
    return ms / this.#rate + roundingMs
  }

  #drifted(): number {
    return this.#driftMs + (this.#world.nowMs - this.#worldMs) * (this.#rate - 1)
  }
}
