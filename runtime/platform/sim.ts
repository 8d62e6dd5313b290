/**
 * The virtual platform: one `World` per simulation holds the virtual clock and the seeded random
 * source that all its nodes share, so that one seed fixes every choice of the whole cluster.
 *
 * Time stands still while anything can run: the driver (src/testing) drains turns, then calls
 * `advance`, which jumps to the next timer. Timers with equal deadlines fire in the order in which
 * they were set. Slices end by count, not by time, and who runs next is drawn from the seed.
 */
import type { Clock, Platform, Random, TimerHandle, Turn } from './platform.ts'
import { onUnhandledRejection } from './rejections.ts'
import { type SimZone, simResolver } from './sim-resolver.ts'
import { type SimDisk, simStorage } from './sim-storage.ts'

/** Wall clock of a world at its start: 2026-01-01T00:00:00Z, so that timestamps look real. */
const epochMs = 1_767_225_600_000

class SimTimer {
  readonly dueMs: number
  readonly order: number
  readonly fn: () => void
  cancelled = false

  constructor(dueMs: number, order: number, fn: () => void) {
    this.dueMs = dueMs
    this.order = order
    this.fn = fn
  }
}

/** xoshiro128** (Blackman and Vigna), seeded through splitmix32: small, fast, well mixed. */
export function seededRandom(seed: number): Random {
  let mix = seed >>> 0
  const split = (): number => {
    mix = (mix + 0x9e3779b9) >>> 0
    let z = mix
    z = Math.imul(z ^ (z >>> 16), 0x21f0aaad)
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97)
    return (z ^ (z >>> 15)) >>> 0
  }
  let a = split()
  let b = split()
  let c = split()
  let d = split()
  const next = (): number => {
    const r = Math.imul(b, 5)
    const result = Math.imul((r << 7) | (r >>> 25), 9) >>> 0
    const t = b << 9
    c ^= a
    d ^= b
    b ^= c
    a ^= d
    c ^= t
    d = (d << 11) | (d >>> 21)
    return result
  }
  return {
    unit: () => next() / 2 ** 32,
    bytes(size) {
      const bytes = new Uint8Array(size)
      for (let i = 0; i < size; i++) bytes[i] = next() >>> 24
      return bytes
    },
  }
}

/** The shared surroundings of the nodes of one simulation. */
export class World {
  readonly random: Random
  #nowMs = 0
  #order = 0
  /** Binary heap by (dueMs, order). */
  readonly #heap: SimTimer[] = []

  constructor(seed: number) {
    this.random = seededRandom(seed)
  }

  get nowMs(): number {
    return this.#nowMs
  }

  /** Timers set and neither fired nor cancelled are among these (cancelled ones leave lazily). */
  get pendingTimers(): number {
    return this.#heap.length
  }

  after(ms: number, fn: () => void): TimerHandle {
    const timer = new SimTimer(this.#nowMs + Math.max(ms, 0), this.#order++, fn)
    pushTimer(this.#heap, timer)
    return timer
  }

  cancel(handle: TimerHandle): void {
    if (handle instanceof SimTimer) handle.cancelled = true
  }

  /**
   * Jumps to the next timer, if it is due by `limitMs`, and fires it. False when nothing is left
   * to fire by then; the clock then stands at `limitMs` if that is finite.
   */
  advance(limitMs = Number.POSITIVE_INFINITY): boolean {
    for (;;) {
      const first = this.#heap[0]
      if (!first || first.dueMs > limitMs) {
        if (Number.isFinite(limitMs)) this.#nowMs = Math.max(this.#nowMs, limitMs)
        return false
      }
      popTimer(this.#heap)
      if (first.cancelled) continue
      this.#nowMs = Math.max(this.#nowMs, first.dueMs)
      first.fn()
      return true
    }
  }
}

function before(a: SimTimer, b: SimTimer): boolean {
  return a.dueMs < b.dueMs || (a.dueMs === b.dueMs && a.order < b.order)
}

function pushTimer(heap: SimTimer[], timer: SimTimer): void {
  let at = heap.length
  heap.push(timer)
  while (at > 0) {
    const up = (at - 1) >> 1
    const parent = heap[up]!
    if (!before(timer, parent)) break
    heap[at] = parent
    at = up
  }
  heap[at] = timer
}

function popTimer(heap: SimTimer[]): void {
  const last = heap.pop()
  if (!last || heap.length === 0) return
  let at = 0
  for (;;) {
    const left = 2 * at + 1
    if (left >= heap.length) break
    const right = left + 1
    const least = right < heap.length && before(heap[right]!, heap[left]!) ? right : left
    if (!before(heap[least]!, last)) break
    heap[at] = heap[least]!
    at = least
  }
  heap[at] = last
}

export type SimPlatformOptions = {
  /** The machine's disk; a new, empty one when absent. */
  readonly disk?: SimDisk
  /** What DNS knows; nothing when absent. */
  readonly zone?: SimZone
  /** Checks of `sliceOver` before a slice ends; 1 to 64 are drawn per slice when absent. */
  readonly sliceChecks?: number
  /** Wall clock error of this machine, in milliseconds. */
  readonly wallSkewMs?: number
}

/** A node's platform within `world`. */
export function simPlatform(world: World, options: SimPlatformOptions = {}): Platform {
  const settled = Promise.resolve()
  let checksLeft = 0
  const clock: Clock = {
    now: () => world.nowMs,
    wallMs: () => epochMs + Math.floor(world.nowMs) + (options.wallSkewMs ?? 0),
    after: (ms, fn) => world.after(ms, fn),
    cancel: (handle) => world.cancel(handle),
  }
  const turn: Turn = {
    soon(fn) {
      settled.then(fn)
    },
    later(fn) {
      world.after(0, fn)
    },
    checkEvery: 1,
    sliceStart() {
      checksLeft = options.sliceChecks ?? 1 + Math.floor(world.random.unit() * 64)
    },
    sliceOver: () => --checksLeft < 0,
    pick: (runnable) => Math.floor(world.random.unit() * runnable),
  }
  return {
    development: true,
    parallelism: 0,
    clock,
    random: world.random,
    turn,
    storage: simStorage(options.disk ?? new Map()),
    lookup: async (host) => host,
    resolver: () => simResolver(options.zone ?? new Map()),
    failed: () => undefined,
    // Nobody asks a simulated machine: it is stopped, or crashes.
    onEndRequest: () => () => undefined,
    endNow: () => undefined,
    report: () => undefined,
    onUnhandledRejection,
  }
}
