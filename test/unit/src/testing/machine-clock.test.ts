/** Clocks of a simulated machine: what drifts, what steps, what never does. */
import fc from 'fast-check'
import { simPlatform, World } from '../../../../runtime/platform/sim.ts'
import { MachineClock } from '../../../../src/testing/machine-clock.ts'
import { assert, suite } from '../../../support/harness.ts'

const test = suite('machine clock')

test('without a fault both clocks run with the world', () => {
  const world = new World(1)
  const clock = new MachineClock(world, 5_000)
  const startMs = clock.wallMs()
  assert.is(startMs, simPlatform(world).clock.wallMs())
  world.advance(1_234)
  assert.is(clock.now(), 6_234)
  assert.is(clock.wallMs(), startMs + 1_234)
  assert.is(clock.errorMs, 0)
})

test('a step moves the wall clock and nothing else', () => {
  const world = new World(1)
  const clock = new MachineClock(world, 0)
  const startMs = clock.wallMs()
  clock.step(-7_200_000)
  assert.is(clock.wallMs(), startMs - 7_200_000)
  assert.is(clock.errorMs, -7_200_000)
  assert.is(clock.now(), 0)
  clock.step(-clock.errorMs)
  assert.is(clock.wallMs(), startMs)
})

test('drift is of both clocks; what it has added up stays when it ends', () => {
  const world = new World(1)
  const clock = new MachineClock(world, 100)
  const startMs = clock.wallMs()
  clock.drift(1_000)
  world.advance(10_000)
  assert.ok(Math.abs(clock.now() - 10_110) < 1e-6)
  assert.ok(Math.abs(clock.wallMs() - startMs - 10_010) <= 1)
  clock.drift(0)
  world.advance(20_000)
  assert.ok(Math.abs(clock.now() - 20_110) < 1e-6)
  assert.is(Math.round(clock.errorMs), 10)
})

test('the monotonic clock never goes back, and a timer is never early on it', () => {
  const action = fc.record({ waitMs: fc.nat(10_000), ppm: fc.integer({ min: -1e5, max: 1e5 }) })
  fc.assert(
    fc.property(fc.nat(1e9), fc.array(action), (originMs, actions) => {
      const world = new World(1)
      const clock = new MachineClock(world, originMs)
      let lastMs = clock.now()
      for (const { waitMs, ppm } of actions) {
        clock.drift(ppm)
        clock.step(ppm)
        const dueMs = clock.now() + waitMs
        world.after(clock.worldMs(waitMs), () => undefined)
        world.advance()
        assert.ok(clock.now() >= dueMs && clock.now() < dueMs + 1e-3)
        assert.ok(clock.now() >= lastMs)
        lastMs = clock.now()
      }
    }),
  )
})

test('mistakes are named', () => {
  const clock = new MachineClock(new World(1), 0)
  assert.throws(() => clock.drift(100_001), /drift must be .* got 100001/)
  assert.throws(() => clock.drift(Number.NaN), /drift .* got NaN/)
  assert.throws(() => clock.step(Number.POSITIVE_INFINITY), /stepClock: .* got Infinity/)
})

test.run()
