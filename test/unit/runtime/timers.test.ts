/** Exact timers on virtual time, and the host timers they leave behind: none. */
import type { Clock } from '../../../runtime/platform/platform.ts'
import { seededRandom, World } from '../../../runtime/platform/sim.ts'
import { RefTable } from '../../../runtime/refs.ts'
import { Timers } from '../../../runtime/timers.ts'
import { assert, suite } from '../../support/harness.ts'

const test = suite('timers')

/** A clock that knows which of its timers are armed: what keeps a real process alive. */
function fresh() {
  const world = new World(1)
  const armed = new Set<object>()
  const clock: Clock = {
    now: () => world.nowMs,
    wallMs: () => world.nowMs,
    after(ms, fn) {
      const handle = world.after(ms, () => {
        armed.delete(handle)
        fn()
      })
      armed.add(handle)
      return handle
    },
    cancel(handle) {
      armed.delete(handle)
      world.cancel(handle)
    },
  }
  const timers = new Timers(clock, new RefTable('a@host', 1, seededRandom(1)))
  const set = (ms: number, fire: () => void) => {
    const timer = timers.set(ms, fire)
    if (timer === undefined) throw new Error('the table is full')
    return timer
  }
  return { world, armed, timers, set }
}

test('a timer fires once, at its time', () => {
  const { world, armed, timers, set } = fresh()
  const firedMs: number[] = []
  const timer = set(7.25, () => firedMs.push(world.nowMs))
  while (world.advance());
  assert.equal(firedMs, [7.25])
  assert.is(timers.cancel(timer), false)
  assert.is(armed.size, 0)
})

test('earlier deadlines fire first, whatever the order of setting', () => {
  const { world, set } = fresh()
  const fired: number[] = []
  for (const ms of [30, 10, 20, 0, 25, 5]) set(ms, () => fired.push(ms))
  while (world.advance());
  assert.equal(fired, [0, 5, 10, 20, 25, 30])
})

test('cancel answers the remaining whole milliseconds, once', () => {
  const { world, timers, set } = fresh()
  const timer = set(100, () => assert.unreachable('cancelled'))
  world.advance(40.5)
  assert.is(timers.cancel(timer), 60)
  assert.is(timers.cancel(timer), false)
  while (world.advance());
})

test('cancelling the last one leaves no host timer', () => {
  const { armed, timers, set } = fresh()
  const far = set(3_600_000, () => undefined)
  const near = set(10, () => undefined)
  timers.cancel(near)
  timers.cancel(far)
  assert.is(armed.size, 0)
})

test('at most one host timer is armed', () => {
  const { world, armed, timers, set } = fresh()
  for (let i = 0; i < 300; i++) {
    const timer = set(1_000 - i, () => undefined)
    if (i % 3 === 0) timers.cancel(timer)
    assert.ok(armed.size <= 1)
  }
  while (world.advance());
  assert.is(armed.size, 0)
})

test('a firing timer may set and cancel others', () => {
  const { world, timers, set } = fresh()
  const fired: string[] = []
  const victim = set(20, () => fired.push('victim'))
  const twin = set(10.5, () => fired.push('twin'))
  set(10, () => {
    fired.push('first')
    assert.is(timers.cancel(victim), 10)
    timers.cancel(twin)
    set(0, () => fired.push('at once'))
    set(5, () => fired.push('later'))
  })
  while (world.advance());
  assert.equal(fired, ['first', 'at once', 'later'])
})

test('cancelling most of a large heap keeps the rest exact', () => {
  const { world, timers, set } = fresh()
  const fired: number[] = []
  for (let i = 0; i < 1_000; i++) {
    const timer = set(i, () => fired.push(i))
    if (i % 10 !== 0) timers.cancel(timer)
  }
  while (world.advance());
  assert.equal(
    fired,
    Array.from({ length: 100 }, (_, i) => i * 10),
  )
})

test('stop silences everything', () => {
  const { world, armed, timers, set } = fresh()
  for (let i = 0; i < 10; i++) set(i, () => assert.unreachable('stopped'))
  timers.stop()
  assert.is(armed.size, 0)
  while (world.advance());
})

test.run()
