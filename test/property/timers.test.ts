/** The timers' heap against a sorted list, under random setting, cancelling and passing of time. */
import fc from 'fast-check'
import type { Clock } from '../../runtime/platform/platform.ts'
import { seededRandom, World } from '../../runtime/platform/sim.ts'
import { RefTable } from '../../runtime/refs.ts'
import { Timeouts } from '../../runtime/timeouts.ts'
import { type Timer, Timers } from '../../runtime/timers.ts'
import { assert, suite } from '../support/harness.ts'

const test = suite('timers model')

type Step =
  | { readonly tag: 'set'; readonly ms: number }
  | { readonly tag: 'cancel'; readonly which: number }
  | { readonly tag: 'pass'; readonly ms: number }

const steps = fc.array(
  fc.oneof(
    { weight: 5, arbitrary: fc.record({ tag: fc.constant('set' as const), ms: fc.nat(200) }) },
    { weight: 4, arbitrary: fc.record({ tag: fc.constant('cancel' as const), which: fc.nat() }) },
    { weight: 2, arbitrary: fc.record({ tag: fc.constant('pass' as const), ms: fc.nat(40) }) },
  ),
  { maxLength: 400, size: 'max' },
)

function clockOf(world: World): Clock {
  return {
    now: () => world.nowMs,
    wallMs: () => world.nowMs,
    after: (ms, fn) => world.after(ms, fn),
    cancel: (handle) => world.cancel(handle),
  }
}

type Entry = { readonly id: number; readonly dueMs: number; readonly timer: Timer; live: boolean }

function replay(sequence: readonly Step[]): void {
  const world = new World(1)
  const timers = new Timers(clockOf(world), new RefTable('a@host', 1, seededRandom(1)))
  const entries: Entry[] = []
  const fired: { id: number; atMs: number }[] = []
  const expected: { id: number; dueMs: number }[] = []
  /** What the sorted list says must have happened by now. */
  const settle = (): void => {
    const due = entries.filter(({ live, dueMs }) => live && dueMs <= world.nowMs)
    due.sort((a, b) => a.dueMs - b.dueMs)
    for (const entry of due) {
      entry.live = false
      expected.push(entry)
    }
  }
  for (const step of sequence) {
    if (step.tag === 'set') {
      const id = entries.length
      const timer = timers.set(step.ms, () => fired.push({ id, atMs: world.nowMs }))
      assert.ok(timer)
      entries.push({ id, dueMs: world.nowMs + step.ms, timer, live: true })
    } else if (step.tag === 'cancel' && entries.length > 0) {
      const entry = entries[step.which % entries.length]!
      const left = entry.live ? entry.dueMs - world.nowMs : false
      assert.is(timers.cancel(entry.timer), left)
      entry.live = false
    } else if (step.tag === 'pass') {
      const untilMs = world.nowMs + step.ms
      while (world.advance(untilMs));
      settle()
    }
  }
  while (world.advance());
  settle()
  assert.equal(
    fired.map(({ atMs }) => atMs),
    expected.map(({ dueMs }) => dueMs),
  )
  assert.equal(
    fired.map(({ id }) => id).sort((a, b) => a - b),
    expected.map(({ id }) => id).sort((a, b) => a - b),
  )
  assert.is(world.pendingTimers, 0)
}

test('every sequence does what a sorted list does, each timer exactly at its time', () => {
  fc.assert(fc.property(steps, replay), { numRuns: 300 })
})

test('timeouts of any durations: each fires once, never early, and nothing stays armed', () => {
  const durations = fc.constantFrom(0, 1, 2, 10, 64, 100, 1_000, 5_000)
  const step = fc.tuple(durations, fc.nat(30), fc.option(fc.nat(6_000)))
  fc.assert(
    fc.property(fc.array(step, { maxLength: 100 }), (sequence) => {
      const world = new World(1)
      const timeouts = new Timeouts(clockOf(world))
      const early: string[] = []
      const firings = sequence.map(() => 0)
      const cancelled = new Set<number>()
      sequence.forEach(([durationMs, pauseMs, cancelAfterMs], index) => {
        const armedMs = world.nowMs
        const timeout = timeouts.add(durationMs, () => {
          firings[index]!++
          if (world.nowMs - armedMs < durationMs) early.push(`${index} of ${durationMs}`)
          if (cancelled.has(index)) early.push(`${index} was cancelled`)
        })
        if (cancelAfterMs !== null) {
          world.after(cancelAfterMs, () => {
            if (firings[index] === 0) cancelled.add(index)
            timeout.cancel()
          })
        }
        const untilMs = world.nowMs + pauseMs
        while (world.advance(untilMs));
      })
      while (world.advance());
      assert.equal(early, [])
      firings.forEach((count, index) => {
        assert.is(count, cancelled.has(index) ? 0 : 1)
      })
      assert.is(world.pendingTimers, 0)
    }),
    { numRuns: 300 },
  )
})

test.run()
