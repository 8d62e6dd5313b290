/** The real platform: timers that are never early, turns that let the others in. */

import { nodePlatform } from '../../../../runtime/platform/node.ts'
import type { TimerHandle } from '../../../../runtime/platform/platform.ts'
import { assert, suite } from '../../../support/harness.ts'
import { until } from '../../../support/until.ts'

const test = suite('node platform')
const { clock, random, turn } = nodePlatform()

test('no timer fires early, fractions included', async () => {
  const early: number[] = []
  let fired = 0
  const delays = Array.from({ length: 60 }, (_, i) => i / 3)
  for (const ms of delays) {
    const setMs = clock.now()
    clock.after(ms, () => {
      fired++
      if (clock.now() - setMs < ms) early.push(ms)
    })
  }
  await until('all have fired', () => fired === delays.length)
  assert.equal(early, [])
})

test('a delay beyond what Node can hold does not fire at once', async () => {
  let fired = false
  const far = [2 ** 31, 2 ** 32, Number.MAX_SAFE_INTEGER].map((ms) =>
    clock.after(ms, () => {
      fired = true
    }),
  )
  let near = false
  clock.after(5, () => {
    near = true
  })
  await until('a later timer', () => near)
  assert.not(fired)
  for (const handle of far) clock.cancel(handle)
})

test('a cancelled timer does not fire; cancelling anything else is ignored', async () => {
  let fired = false
  const handle = clock.after(1, () => {
    fired = true
  })
  clock.cancel(handle)
  clock.cancel(handle)
  const foreign: TimerHandle = {}
  clock.cancel(foreign)
  let later = false
  const done = clock.after(5, () => {
    later = true
  })
  await until('a later timer', () => later)
  clock.cancel(done)
  assert.not(fired)
})

test('a negative delay fires soon', async () => {
  let fired = false
  clock.after(-1_000, () => {
    fired = true
  })
  await until('it has fired', () => fired)
  assert.ok(fired)
})

test('soon runs before later, and later lets timers in', async () => {
  const order: string[] = []
  turn.later(() => order.push('later'))
  turn.soon(() => order.push('soon'))
  order.push('now')
  await until('later has come', () => order.length === 3)
  assert.equal(order, ['now', 'soon', 'later'])
  let timer = false
  clock.after(1, () => {
    timer = true
  })
  let turns = 0
  await new Promise<void>((resolve) => {
    const next = (): void => {
      turns++
      if (timer) resolve()
      else turn.later(next)
    }
    next()
  })
  assert.ok(turns > 1)
})

test('a slice ends by itself and begins anew', () => {
  turn.sliceStart()
  let checks = 0
  while (!turn.sliceOver()) checks++
  assert.ok(checks > 0)
  assert.ok(turn.sliceOver())
  turn.sliceStart()
  assert.not(turn.sliceOver())
  assert.is(turn.pick(8), 0)
})

test('bytes are of the size asked for and never the same', () => {
  assert.is(random.bytes(0).length, 0)
  const seen = new Set(Array.from({ length: 100 }, () => String(random.bytes(16))))
  assert.is(seen.size, 100)
  for (let i = 0; i < 100; i++) assert.ok(random.unit() >= 0 && random.unit() < 1)
})

test.run()
