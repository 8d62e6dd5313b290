/** Local health, suspicion timeouts, budgets, and the options that set them. */
import { limits as runtimeLimits } from '../../../../../runtime/limits.ts'
import { limits } from '../../../../../src/limits.ts'
import { spend, spendOf } from '../../../../../src/membership/verdict/budget.ts'
import {
  attend,
  attendedMs,
  goodHealth,
  probeWaitMs,
  scored,
  suspicionMs,
} from '../../../../../src/membership/verdict/health.ts'
import {
  plainVerdictOptions,
  verdictOptions,
} from '../../../../../src/membership/verdict/options.ts'
import { assert, suite } from '../../../../support/harness.ts'
import { Scene } from './scene.ts'

const test = suite('membership verdict: health')

const options = verdictOptions()

test('the suspicion timeout is that of Lifeguard, from its most to its least', () => {
  const least = 5_000 * Math.log10(128)
  const at = [0, 1, 2, 3, 9].map((confirmations) => suspicionMs(128, confirmations, options))
  assert.is(at[0], 6 * least)
  assert.is(at[3], least)
  assert.is(at[4], least)
  assert.is(at[1], least * (6 - 5 * (Math.log(2) / Math.log(4))))
  assert.ok((at[1] ?? 0) > (at[2] ?? 0))
  assert.is(suspicionMs(2, 0, options), 5_000, 'nobody is there to confirm it')
  assert.is(suspicionMs(128, 0, plainVerdictOptions), least)
})

test('a block counts once, however many timers were late by it', () => {
  let health = attend(goodHealth, { nowMs: 10_000, lateMs: 3_000 }, options)
  assert.is(attendedMs(health, 10_000), 7_000)
  health = attend(health, { nowMs: 10_000, lateMs: 2_500 }, options)
  health = attend(health, { nowMs: 10_050, lateMs: 3_050 }, options)
  assert.is(health.absentMs, 3_000)
  health = attend(health, { nowMs: 11_000, lateMs: 500 }, options)
  assert.is(health.absentMs, 3_500)
})

test('the score follows the lateness, is bounded, and lengthens probes', () => {
  assert.is(attend(goodHealth, { nowMs: 5_000, lateMs: 99 }, options), goodHealth)
  assert.is(attend(goodHealth, { nowMs: 5_000, lateMs: 100 }, options).score, 1)
  assert.is(attend(goodHealth, { nowMs: 5_000, lateMs: 800 }, options).score, 4)
  const worst = attend(goodHealth, { nowMs: 500_000, lateMs: 500_000 }, options)
  assert.is(worst.score, options.localHealthMax)
  assert.is(probeWaitMs(worst, options), 9 * options.probeTimeoutMs)
  assert.is(scored(goodHealth, -3, options).score, 0)
  assert.is(attend(goodHealth, { nowMs: 5_000, lateMs: 4_000 }, plainVerdictOptions), goodHealth)
})

test('a budget gives its burst at once, and refills to it at its rate', () => {
  const rate = { burst: 2, perMinute: 60 }
  const one = spend(undefined, 0, rate)
  const two = spend(one, 0, rate)
  assert.equal(two, { left: 0, atMs: 0 })
  assert.is(spend(two, 999, rate), undefined)
  assert.equal(spend(two, 1_000, rate), { left: 0, atMs: 1_000 })
  assert.equal(spend(two, 1_000_000, rate), { left: 1, atMs: 1_000_000 })
})

test('names beyond the limit share one budget', () => {
  const given = { nowMs: 0, rate: { burst: 1, perMinute: 1 }, max: 2 }
  let budgets = spendOf(new Map(), 'a', given)
  for (const name of ['b', 'c']) budgets = spendOf(budgets ?? new Map(), name, given)
  assert.equal([...(budgets?.keys() ?? [])], ['a', 'b', ''])
  assert.is(spendOf(budgets ?? new Map(), 'd', given), undefined)
})

test('options out of range or unknown are refused, naming field and value', () => {
  assert.is(verdictOptions({ suspicionAlpha: 2 }).suspicionAlpha, 2)
  assert.throws(() => verdictOptions({ probeTimeoutMs: 0 }), /verdict\.probeTimeoutMs: .*got 0/)
  assert.throws(() => verdictOptions({ confirmations: 1.5 }), /whole number 1 to 16, got 1.5/)
  assert.throws(() => verdictOptions({ digestPeriodMs: Number.NaN }), /got NaN/)
  const wrong: Record<string, unknown> = { buddy: 'yes' }
  assert.throws(() => verdictOptions(wrong), /verdict\.buddy: must be true or false, got yes/)
  const unknown: Record<string, unknown> = { constructor: 1 }
  assert.throws(() => verdictOptions(unknown), /verdict\.constructor: must be no option/)
})

test('no option makes a timer longer than one can be', () => {
  const day = 86_400_000
  const rare = { digestPeriodMs: day, auditPeriodMs: day, forgetAfterMs: 90 * day }
  assert.throws(
    () => verdictOptions({ forgetAfterMs: 91 * day }),
    /forgetAfterMs: .*got 7862400000/,
  )
  const scene = new Scene(rare)
  for (let at = 0; at < 50; at++) scene.start(`${at}@h`)
  for (const { action } of scene.actions) {
    if (action.tag === 'setTimer') assert.ok(action.afterMs <= runtimeLimits.timeoutMaxMs)
  }
  assert.throws(() => verdictOptions({ suspicionBeta: 17 }), /suspicionBeta: .*got 17/)
  const patient = { suspicionAlpha: 100, suspicionBeta: 16, probeIntervalMs: 600_000 }
  const longestMs = suspicionMs(limits.membersMax, 0, verdictOptions(patient))
  assert.ok(longestMs <= runtimeLimits.timeoutMaxMs)
})

test.run()
