/** The rule of intervals, on random periods and delays. */
import fc from 'fast-check'
import { tickAfter } from '../../../../stdlib/timer/tick.ts'
import { assert, suite } from '../../../support/harness.ts'

const test = suite('tick')

const startMs = fc.double({ min: 0, max: 1e9, noNaN: true })
const everyMs = fc.double({ min: 1, max: 1e6, noNaN: true })
const delaysMs = fc.array(fc.double({ min: 0, max: 1e7, noNaN: true }), { maxLength: 50 })

test('punctual ticks are whole multiples of the period', () => {
  const interval = { startMs: 100, everyMs: 25 }
  let tick = 0
  let nowMs = 100
  for (const expected of [125, 150, 175, 200]) {
    const next = tickAfter(interval, tick, nowMs)
    assert.is(next.dueMs, expected)
    tick = next.tick
    nowMs = next.dueMs
  }
})

test('a late tick does not move the next one', () => {
  const next = tickAfter({ startMs: 100, everyMs: 25 }, 1, 149)
  assert.equal(next, { tick: 2, dueMs: 150 })
})

test('missed ticks are left out', () => {
  const interval = { startMs: 0, everyMs: 10 }
  assert.equal(tickAfter(interval, 1, 95), { tick: 10, dueMs: 100 })
  assert.equal(tickAfter(interval, 1, 100), { tick: 11, dueMs: 110 })
})

test('whatever the delays: forward, never twice, on its mark, at most one period ahead', () => {
  fc.assert(
    fc.property(startMs, everyMs, delaysMs, (start, every, delays) => {
      const interval = { startMs: start, everyMs: every }
      let tick = 0
      let nowMs = start
      for (const delayMs of delays) {
        const next = tickAfter(interval, tick, nowMs)
        assert.ok(next.tick > tick)
        assert.is(next.dueMs, start + next.tick * every)
        const roundingMs = 1e-6 * (1 + nowMs)
        assert.ok(next.dueMs > nowMs - roundingMs && next.dueMs <= nowMs + every + roundingMs)
        tick = next.tick
        nowMs = Math.max(nowMs, next.dueMs) + delayMs
      }
    }),
  )
})

test.run()
