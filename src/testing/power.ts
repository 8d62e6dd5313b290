/**
 * What makes one incarnation of a node run: its platform, with a switch, a brake and a halt. All
 * that ever happens on the machine (timers, packets, disk operations) comes through `enter`, one
 * step after the other, and a step may cost virtual time during which nothing else happens there.
 *
 * Invariant: once the power is cut nothing of the node runs any more: a crash is not an orderly
 * end, so no hook and no exit signal of it is seen anywhere. Code that is awaiting something at
 * that moment stays parked for ever. What comes while the machine stands still waits, in order.
 */
import { nodePlatform } from '../../runtime/platform/node.ts'
import type { Platform } from '../../runtime/platform/platform.ts'
import { simPlatform, type World } from '../../runtime/platform/sim.ts'
import type { SimDisk } from '../../runtime/platform/sim-storage.ts'
import { Disk, type DiskLoss } from './disk.ts'
import type { MachineClock } from './machine-clock.ts'

type Step = () => void

class Timer {
  readonly handle: object

  constructor(handle: object) {
    this.handle = handle
  }
}

export type PowerOptions = {
  readonly files: SimDisk
  readonly clock: MachineClock
  /** The longest operation of the disk; each draws up to this. */
  readonly diskMaxMs: () => number
}

export class Power {
  readonly platform: Platform
  /** Longest that one step keeps the machine busy; each draws up to this. */
  stepMaxMs = 0
  readonly #world: World
  readonly #clock: MachineClock
  readonly #disk: Disk
  readonly #timers = new Set<object>()
  readonly #claims: (() => void)[] = []
  /** Steps that came while the machine was busy or stood still. */
  #waiting: Step[] = []
  #armed = false
  #busyUntilMs = 0
  #pausedAtMs: number | undefined
  #stalledMs = 0
  #on = true

  constructor(world: World, options: PowerOptions) {
    const { files, clock, diskMaxMs } = options
    this.#world = world
    this.#clock = clock
    const { random } = world
    this.#disk = new Disk(files, {
      random,
      after: (ms, step) => void world.after(ms, () => this.enter(step)),
      latencyMs: () => (diskMaxMs() === 0 ? 0 : diskMaxMs() * random.unit()),
    })
    this.platform = this.#platform(simPlatform(world))
  }

  get on(): boolean {
    return this.#on
  }

  get paused(): boolean {
    return this.#pausedAtMs !== undefined
  }

  /** Timers set, and neither fired nor cancelled. */
  get timers(): number {
    return this.#timers.size
  }

  /** Something has come and could not be done yet, or the disk is at work. */
  get busy(): boolean {
    return this.paused || this.#waiting.length > 0 || this.#disk.busy
  }

  /** Something is on its disk that a loss of power may undo. */
  get hasUnsynced(): boolean {
    return this.#disk.unsynced > 0
  }

  /** For how long, all in all, this machine has kept its steps waiting, at most. */
  get stalledMs(): number {
    const pausedAtMs = this.#pausedAtMs ?? this.#world.nowMs
    return this.#stalledMs + this.#world.nowMs - pausedAtMs
  }

  /** Makes a step on this machine: now, or when it comes to it. */
  enter(step: Step): void {
    if (!this.#on) return
    const busy = this.#world.nowMs < this.#busyUntilMs
    if (!busy && !this.paused && this.#waiting.length === 0) this.#make(step)
    else {
      this.#waiting.push(step)
      this.#arm()
    }
  }

  /** The machine stands still. False when it does already. */
  pause(): boolean {
    if (!this.#on || this.paused) return false
    this.#pausedAtMs = this.#world.nowMs
    return true
  }

  resume(): void {
    if (this.#pausedAtMs === undefined) return
    this.#stalledMs = this.stalledMs
    this.#pausedAtMs = undefined
    this.#arm()
  }

  /** What the disk lost by it. */
  cut(): DiskLoss {
    this.#on = false
    this.#waiting = []
    for (const release of this.#claims) release()
    return this.#disk.losePower()
  }

  #make(step: Step): void {
    if (this.stepMaxMs > 0) {
      const costMs = this.stepMaxMs * this.#world.random.unit()
      this.#busyUntilMs = this.#world.nowMs + costMs
      this.#stalledMs += costMs
    }
    step()
  }

  #arm(): void {
    if (this.#armed || this.paused || this.#waiting.length === 0) return
    this.#armed = true
    this.#world.after(this.#busyUntilMs - this.#world.nowMs, () => {
      this.#armed = false
      const step = this.paused ? undefined : this.#waiting.shift()
      if (step !== undefined) this.#make(step)
      this.#arm()
    })
  }

  #after(ms: number, fn: Step): object {
    const timer = new Timer(
      this.#world.after(this.#clock.worldMs(ms), () =>
        this.enter(() => {
          if (this.#timers.delete(timer)) fn()
        }),
      ),
    )
    this.#timers.add(timer)
    return timer
  }

  #platform(base: Platform): Platform {
    const after = (ms: number, fn: Step): object => this.#after(ms, fn)
    return {
      ...base,
      clock: {
        now: () => this.#clock.now(),
        wallMs: () => this.#clock.wallMs(),
        after,
        cancel: (timer) => {
          if (timer instanceof Timer && this.#timers.delete(timer)) {
            this.#world.cancel(timer.handle)
          }
        },
      },
      turn: {
        ...base.turn,
        soon: (fn) => base.turn.soon(() => this.#soon(fn)),
        later: (fn) => void after(0, fn),
      },
      storage: this.#disk,
      onUnhandledRejection: (claim) => {
        const release = nodePlatform().onUnhandledRejection(claim)
        this.#claims.push(release)
        return release
      },
    }
  }

  /** Belongs to the step that asked for it, and costs nothing of its own. */
  #soon(fn: Step): void {
    if (this.paused) this.enter(fn)
    else if (this.#on) fn()
  }
}
