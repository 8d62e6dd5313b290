/** Timeouts of calls and receives on virtual time: never early, never lost, nothing left behind. */

import type { Clock } from '../../../runtime/platform/platform.ts'
import { World } from '../../../runtime/platform/sim.ts'
import { Timeouts } from '../../../runtime/timeouts.ts'
import { assert, suite } from '../../support/harness.ts'

const test = suite('timeouts')

function clockOf(world: World): Clock {
  return {
    now: () => world.nowMs,
    wallMs: () => world.nowMs,
    after: (ms, fn) => world.after(ms, fn),
    cancel: (handle) => world.cancel(handle),
  }
}

function fresh(): { world: World; timeouts: Timeouts } {
  const world = new World(1)
  return { world, timeouts: new Timeouts(clockOf(world)) }
}

/** Fires all timers there are; a list that never rests would not end it. */
function exhaust(world: World, steps = 100_000): void {
  while (world.advance()) {
    steps--
    if (steps === 0) throw new Error('timers never come to rest')
  }
}

for (const durationMs of [0, 0.5, 1, 7, 63, 64, 65, 1_000, 5_000, 86_400_000, 4_294_967_295]) {
  test(`${durationMs} ms: not early, and at most a thirty-second late`, () => {
    const { world, timeouts } = fresh()
    world.advance(1_234.5)
    const armedMs = world.nowMs
    let firedMs = Number.NaN
    timeouts.add(durationMs, () => {
      firedMs = world.nowMs
    })
    exhaust(world)
    assert.ok(firedMs - armedMs >= durationMs, `fired after ${firedMs - armedMs}`)
    assert.ok(firedMs - armedMs <= durationMs + Math.max(2, durationMs / 32) + 1e-6)
    assert.is(world.pendingTimers, 0)
  })
}

test('those of one duration fire in the order in which they were armed', () => {
  const { world, timeouts } = fresh()
  const fired: number[] = []
  for (let i = 0; i < 50; i++) {
    timeouts.add(100, () => fired.push(i))
    if (i % 7 === 0) world.advance(world.nowMs + 3)
  }
  exhaust(world)
  assert.equal(
    fired,
    Array.from({ length: 50 }, (_, i) => i),
  )
})

test('a cancelled one never fires, at whatever stage it is cancelled', () => {
  const { world, timeouts } = fresh()
  const fired: string[] = []
  const add = (name: string) => timeouts.add(640, () => fired.push(name))
  const [first, middle, last] = [add('first'), add('middle'), add('last')]
  middle.cancel()
  world.advance(10)
  last.cancel()
  world.advance(300)
  const late = add('late')
  world.advance(310)
  late.cancel()
  late.cancel()
  exhaust(world)
  assert.equal(fired, ['first'])
  first.cancel()
  assert.is(world.pendingTimers, 0)
})

test('cancelling the oldest that has no stamp leaves the others stamped in time', () => {
  const { world, timeouts } = fresh()
  const firedMs: number[] = []
  const first = timeouts.add(640, () => firedMs.push(-1))
  timeouts.add(640, () => firedMs.push(world.nowMs))
  first.cancel()
  exhaust(world)
  assert.is(firedMs.length, 1)
  assert.ok(firedMs[0]! >= 640 && firedMs[0]! <= 660)
})

test('a list at rest works again', () => {
  const { world, timeouts } = fresh()
  let fired = 0
  timeouts.add(64, () => fired++)
  exhaust(world)
  assert.is(world.pendingTimers, 0)
  const againMs = world.nowMs
  timeouts.add(64, () => fired++)
  exhaust(world)
  assert.is(fired, 2)
  assert.ok(world.nowMs >= againMs + 64)
  assert.is(world.pendingTimers, 0)
})

test('arming and cancelling for ever keeps one host timer, then none', () => {
  const { world, timeouts } = fresh()
  for (let i = 0; i < 2_000; i++) {
    timeouts.add(5_000, () => assert.unreachable('it was cancelled')).cancel()
    if (i % 10 === 0) world.advance(world.nowMs + 20)
    assert.ok(world.pendingTimers <= 1)
  }
  exhaust(world)
  assert.is(world.pendingTimers, 0)
})

test('a thousand odd durations leave nothing behind', () => {
  const { world, timeouts } = fresh()
  let fired = 0
  for (let i = 0; i < 1_000; i++) {
    const timeout = timeouts.add(10 + i / 7, () => fired++)
    if (i % 2 === 0) timeout.cancel()
  }
  exhaust(world)
  assert.is(fired, 500)
  assert.is(world.pendingTimers, 0)
})

test('a firing one may add to its own list, cancel others of it, and cancel itself', () => {
  const { world, timeouts } = fresh()
  const fired: string[] = []
  const self = timeouts.add(64, () => {
    fired.push('a')
    self.cancel()
    victim.cancel()
    timeouts.add(64, () => fired.push('added'))
  })
  const victim = timeouts.add(64, () => fired.push('victim'))
  timeouts.add(64, () => fired.push('b'))
  exhaust(world)
  assert.equal(fired, ['a', 'b', 'added'])
  assert.is(world.pendingTimers, 0)
})

test('a chain of zero timeouts that add and cancel ends with no timer left', () => {
  const { world, timeouts } = fresh()
  let links = 0
  const next = (): void => {
    links++
    if (links < 20) timeouts.add(0, next)
    timeouts.add(0, () => assert.unreachable('it was cancelled')).cancel()
  }
  timeouts.add(0, next)
  exhaust(world)
  assert.is(links, 20)
  // A list that came to rest twice would have taken its successor out of the table, out of reach.
  timeouts.add(0, () => links++)
  timeouts.stop()
  exhaust(world)
  assert.is(links, 20)
})

test('a list that empties itself while it fires stays within reach of stop', () => {
  const { world, timeouts } = fresh()
  // Duration 0: stamped and fired by the same tick, so that a tick can leave the list empty.
  timeouts.add(0, () => undefined).cancel()
  for (let tick = 0; tick < 3; tick++) world.advance()
  timeouts.add(0, () => timeouts.add(0, () => undefined).cancel())
  world.advance()
  let fired = 0
  timeouts.add(0, () => fired++)
  world.advance()
  const before = fired
  timeouts.stop()
  exhaust(world)
  assert.is(fired, before)
  assert.is(world.pendingTimers, 0)
})

test('stop silences everything', () => {
  const { world, timeouts } = fresh()
  for (let i = 1; i < 100; i++) timeouts.add(i, () => assert.unreachable('stopped'))
  world.advance(0.5)
  timeouts.stop()
  exhaust(world)
  assert.is(world.pendingTimers, 0)
})

test.run()
