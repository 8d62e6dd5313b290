/** Whom to ask and when: however many hints come, and whatever becomes of the questions. */
import fc from 'fast-check'
import { limits } from '../../../../src/limits.ts'
import { Allowance } from '../../../../src/replica/allowance.ts'
import { type PullAction, Pulls } from '../../../../src/replica/pulls.ts'
import { assert, suite } from '../../../support/harness.ts'

const test = suite('pulls')

const options = { pullEveryMs: 100, pullTimeoutMs: 5_000, random: { unit: () => 0.5 } }

/** Runs the timers, and notes who was asked when. */
class Clock {
  readonly pulls = new Pulls(options, 1)
  readonly asked: { readonly node: string; readonly id: number; readonly atMs: number }[] = []
  readonly #timers = new Map<string, number>()
  nowMs = 0

  perform(actions: readonly PullAction[]): void {
    for (const action of actions) {
      if (action.tag === 'ask') {
        this.asked.push({ node: action.node, id: action.id, atMs: this.nowMs })
      } else if (action.tag === 'cancel') this.#timers.delete(action.key)
      else this.#timers.set(action.key, this.nowMs + action.afterMs)
    }
  }

  want(node: string): void {
    this.perform(this.pulls.want(node, this.nowMs))
  }

  done(node: string, isEnough = true): void {
    this.perform(this.pulls.done(node, isEnough, this.nowMs))
  }

  failed(node: string): void {
    this.perform(this.pulls.failed(node, this.nowMs))
  }

  pass(ms: number): void {
    const endMs = this.nowMs + ms
    for (;;) {
      const [next] = [...this.#timers].sort(([, a], [, b]) => a - b)
      if (next === undefined || next[1] > endMs) break
      this.#timers.delete(next[0])
      this.nowMs = Math.max(this.nowMs, next[1])
      this.perform(this.pulls.due(next[0], this.nowMs))
    }
    this.nowMs = endMs
  }

  times(node: string): number[] {
    return this.asked.filter((one) => one.node === node).map(({ atMs }) => atMs)
  }
}

test('the first hint leads to a question at once, those after it to one more in time', () => {
  const clock = new Clock()
  for (let n = 0; n < 100; n++) clock.want('x')
  assert.equal(clock.times('x'), [0])
  clock.pass(20)
  clock.done('x', false)
  for (let n = 0; n < 100; n++) clock.want('x')
  assert.equal(clock.times('x'), [0])
  clock.pass(1_000)
  assert.equal(clock.times('x'), [0, 120])
  clock.done('x', true)
  clock.pass(100_000)
  assert.equal(clock.times('x'), [0, 120])
  assert.is(clock.pulls.size, 0)
})

test('who does not answer is asked later and later, and goes on being asked', () => {
  const clock = new Clock()
  clock.want('x')
  clock.pass(400_000)
  const gaps = clock.times('x').map((at, nth, all) => at - (all[nth - 1] ?? 0))
  assert.equal(gaps.slice(0, 4), [0, 5_750, 6_500, 8_000])
  assert.ok(gaps.every((gap) => gap <= 5_000 + 30_000))
  assert.ok(gaps.length > 10)
  while (clock.pulls.idOf('x') === undefined) clock.pass(1_000)
  clock.done('x')
  clock.pass(1_000)
  const before = clock.times('x').length
  clock.want('x')
  clock.failed('x')
  clock.pass(1_000)
  assert.is(clock.times('x').length, before + 2)
})

test('an answer that goes on is waited for', () => {
  const clock = new Clock()
  clock.want('x')
  for (let n = 0; n < 10; n++) {
    clock.pass(4_000)
    clock.perform(clock.pulls.progress('x'))
  }
  assert.equal(clock.times('x'), [0])
  clock.pass(6_000)
  assert.is(clock.times('x').length, 2)
})

test('what is forgotten is not asked, and its place is free', () => {
  const clock = new Clock()
  for (let n = 0; n < limits.replicaPullsMax + 1; n++) clock.want(`n${n}`)
  assert.is(clock.asked.length, limits.replicaPullsMax)
  clock.perform(clock.pulls.forget('n0', clock.nowMs))
  assert.is(clock.asked.at(-1)?.node, `n${limits.replicaPullsMax}`)
  clock.failed('n1')
  clock.perform(clock.pulls.forget('n1', clock.nowMs))
  clock.pass(4_000)
  assert.is(clock.times('n1').length, 1)
})

test('no hint is lost and no bound is passed, whatever comes in whatever order', () => {
  const nodes = Array.from({ length: 60 }, (_, at) => `n${at}`)
  const node = fc.constantFrom(...nodes)
  const step = fc.oneof(
    { weight: 5, arbitrary: fc.tuple(fc.constant('want' as const), node) },
    { weight: 3, arbitrary: fc.tuple(fc.constantFrom('done', 'more', 'failed'), node) },
    { weight: 2, arbitrary: fc.tuple(fc.constant('pass' as const), fc.nat(300)) },
  )
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const clock = new Clock()
      const wanted = new Set<string>()
      const asking = () => nodes.filter((name) => clock.pulls.idOf(name) !== undefined)
      for (const [what, on] of steps) {
        if (typeof on === 'number') clock.pass(on)
        else if (what === 'want') {
          wanted.add(on)
          clock.want(on)
        } else if (what === 'failed') clock.failed(on)
        else clock.done(on, what === 'done')
        assert.ok(asking().length <= limits.replicaPullsMax)
      }
      for (let round = 0; round < 400 && clock.pulls.size > 0; round++) {
        clock.pass(1_000)
        for (const name of asking()) clock.done(name)
      }
      assert.is(clock.pulls.size, 0)
      for (const name of wanted) assert.ok(clock.times(name).length > 0)
      for (const name of nodes) {
        const times = clock.times(name)
        times.forEach((at, nth) => {
          const before = times[nth - 1]
          assert.ok(before === undefined || at - before >= options.pullEveryMs)
        })
      }
      const ids = clock.asked.map(({ id }) => id)
      assert.is(new Set(ids).size, ids.length)
    }),
  )
})

test('questions per second have a bound for all together', () => {
  const clock = new Clock()
  const many = limits.replicaPullsPerSecondMax * 2 + 10
  for (let n = 0; n < many; n++) clock.want(`n${n}`)
  const answerAll = (): void => {
    for (const { node } of clock.asked) if (clock.pulls.idOf(node) !== undefined) clock.done(node)
  }
  for (let n = 0; n < 100; n++) answerAll()
  assert.is(clock.asked.length, limits.replicaPullsPerSecondMax)
  for (let n = 0; n < 4; n++) {
    clock.pass(1_000)
    for (let m = 0; m < 100; m++) answerAll()
  }
  assert.is(clock.asked.length, many)
})

test('a sender gets its burst, then its rate; and senders do not share', () => {
  const allowance = new Allowance({
    ask: { burst: 3, perSecond: 2 },
    tell: { burst: 1, perSecond: 1 },
  })
  const takes = (sender: string, atMs: number): number => {
    let taken = 0
    while (allowance.take(sender, 'ask', atMs)) taken += 1
    return taken
  }
  assert.is(takes('x', 0), 3)
  assert.is(takes('y', 0), 3)
  assert.is(allowance.waitMs('x', 'ask', 0), 500)
  assert.ok(allowance.take('x', 'tell', 0))
  assert.is(takes('x', 1_000), 2)
  assert.is(takes('x', 100_000), 3)
  for (let n = 0; n < limits.replicaSendersMax; n++) allowance.take(`n${n}`, 'ask', 100_000)
  assert.is(takes('x', 100_000), 3)
})

test.run()
