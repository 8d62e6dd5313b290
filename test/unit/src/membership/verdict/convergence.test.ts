/**
 * Laws of the member table: the same news in any order and any number give the same table; old news
 * never revive; what is known of a name never becomes older; tables that differ meet by comparing.
 */
import fc from 'fast-check'
import { seededRandom } from '../../../../../runtime/platform/sim.ts'
import type { VerdictEnv } from '../../../../../src/membership/verdict/event.ts'
import { highWater, isLive, livenessOf } from '../../../../../src/membership/verdict/member.ts'
import type { News } from '../../../../../src/membership/verdict/message.ts'
import { verdictOptions } from '../../../../../src/membership/verdict/options.ts'
import { memberList, stepVerdict } from '../../../../../src/membership/verdict/rule.ts'
import { newVerdict, type VerdictState } from '../../../../../src/membership/verdict/state.ts'
import {
  digestOf,
  entriesOf,
  entryOf,
  sameDigest,
} from '../../../../../src/membership/verdict/table.ts'
import { assert, suite } from '../../../../support/harness.ts'
import { Scene } from './scene.ts'

const test = suite('membership verdict: convergence')

const env: VerdictEnv = {
  self: 'self@h',
  nowMs: 1_000,
  wallMs: 1_000_000,
  random: seededRandom(1),
  options: verdictOptions(),
}

const names = fc.constantFrom('a@h', 'b@h', 'c@h')
const incarnation = fc.integer({ min: 1, max: 6 })
const newsArbitrary: fc.Arbitrary<News> = fc.oneof(
  fc.record({
    tag: fc.constant('alive' as const),
    node: names,
    incarnation,
    creation: fc.integer({ min: 1, max: 3 }),
    version: fc.constantFrom('1', '2'),
    metadata: fc.dictionary(fc.constantFrom('x', 'y'), fc.constantFrom('1', '2')),
    left: fc.boolean(),
  }),
  fc.record({
    tag: fc.constantFrom('suspect' as const, 'down' as const),
    node: names,
    incarnation,
    by: fc.constantFrom('a@h', 'b@h', 'c@h', 'd@h'),
  }),
)

function fresh(): VerdictState {
  const described = { version: '', metadata: {} }
  return newVerdict({ self: env.self, creation: 1, wallMs: env.wallMs, ...described })
}

function afterAll(all: readonly News[], state = fresh(), at = env): VerdictState {
  return all.reduce((before, news) => {
    return stepVerdict(before, { tag: 'news', from: 'a@h', news }, at)[0]
  }, state)
}

/** What nodes must agree on. */
function agreed(state: VerdictState): unknown {
  return [...entriesOf(state.table)]
    .map((entry) => {
      const { node, authored, accused } = entry
      const fields = authored && { ...authored, metadata: Object.entries(authored.metadata).sort() }
      return [node, livenessOf(entry), fields, accused?.incarnation ?? 0]
    })
    .sort(([a], [b]) => (String(a) < String(b) ? -1 : 1))
}

const shuffled = fc.array(newsArbitrary, { maxLength: 24 }).chain((all) =>
  fc.tuple(
    fc.constant(all),
    fc
      .tuple(fc.shuffledSubarray(all, { minLength: all.length }), fc.subarray(all))
      .map(([order, again]) => [...order, ...again]),
  ),
)

test('any order and repetition of the same news gives the same table', () => {
  fc.assert(
    fc.property(shuffled, ([all, other]) => {
      const [one, two] = [afterAll(all), afterAll(other)]
      assert.equal(agreed(one), agreed(two))
      assert.ok(sameDigest(digestOf(one.table), digestOf(two.table)))
    }),
    { numRuns: 400 },
  )
})

test('what is known of a name never becomes older, and the dead live only by a later word', () => {
  fc.assert(
    fc.property(
      fc.array(fc.oneof({ weight: 3, arbitrary: newsArbitrary }, { weight: 1, arbitrary: names })),
      (steps) => {
        let state = fresh()
        let nowMs = 1_000
        for (const step of steps) {
          nowMs += 1_000
          const before = state
          const at = { ...env, nowMs }
          if (typeof step !== 'string') {
            state = afterAll([step], state, at)
          } else {
            // Its suspicion, if there is one, runs out.
            nowMs += 1_000_000
            const timer = { tag: 'suspicion', node: step, dueMs: nowMs } as const
            state = stepVerdict(state, { tag: 'timer', timer }, { ...at, nowMs })[0]
          }
          for (const old of entriesOf(before.table)) {
            const entry = entryOf(state.table, old.node)
            if (entry === undefined) throw new Error(`${old.node} was dropped`)
            assert.ok(highWater(entry) >= highWater(old))
            if (isLive(entry) && !isLive(old) && livenessOf(old) !== 'mark') {
              assert.ok((entry.authored?.incarnation ?? 0) > (old.authored?.incarnation ?? 0))
            }
          }
        }
      },
    ),
    { numRuns: 400 },
  )
})

test('members are told of as up and down in turn', () => {
  fc.assert(
    fc.property(fc.array(newsArbitrary, { maxLength: 40 }), (all) => {
      let state = fresh()
      const live = new Set<string>()
      for (const news of all) {
        const [next, actions] = stepVerdict(state, { tag: 'news', from: 'a@h', news }, env)
        state = next
        for (const action of actions) {
          if (action.tag === 'memberUp') {
            assert.not.ok(live.has(action.node))
            live.add(action.node)
          } else if (action.tag === 'memberDown') {
            assert.ok(live.delete(action.node))
          } else if (action.tag === 'memberSuspect' || action.tag === 'memberUpdated') {
            assert.ok(live.has(action.node))
          }
        }
      }
      const listed = memberList(state).filter((entry) => isLive(entry) && entry.node !== env.self)
      assert.equal(listed.map(({ node }) => node).sort(), [...live].sort())
    }),
    { numRuns: 400 },
  )
})

function knowing(count: number, from: number, state = fresh()): VerdictState {
  let next = state
  for (let at = from; at < from + count; at++) {
    const alive = { tag: 'alive', node: `n${at}@h`, incarnation: 5, creation: at } as const
    next = afterAll([{ ...alive, version: '', metadata: {}, left: false }], next)
  }
  return next
}

test('two tables that differ meet, and the cost is of the difference', () => {
  for (const [shared, onlyA, onlyB] of [
    [0, 1, 1],
    [1_000, 1, 0],
    [2_000, 3, 2],
    [500, 300, 200],
  ] as const) {
    const scene = new Scene({ digestPeriodMs: 1_000, auditPeriodMs: 86_400_000 })
    for (const [node, from, count] of [
      ['a@h', 10_000, onlyA],
      ['b@h', 20_000, onlyB],
    ] as const) {
      scene.start(node)
      const state = scene.states.get(node) ?? fresh()
      scene.states.set(node, knowing(count, from, knowing(shared, 0, state)))
    }
    scene.actions.length = 0
    scene.link('a@h', 'b@h')
    scene.run(20_000)
    const [a, b] = [scene.members('a@h'), scene.members('b@h')]
    assert.equal(a, b)
    assert.is(a.length, shared + onlyA + onlyB + 2)
    const sends = scene.actions.filter(({ action }) => action.tag === 'send')
    const chars = JSON.stringify(sends.map(({ action }) => action)).length
    assert.ok(chars < 12_000 + 700 * (onlyA + onlyB), `${chars} characters for ${shared}`)
    scene.actions.length = 0
    scene.run(10_000)
    const atRest = scene.actions.filter(({ action }) => action.tag === 'send')
    assert.ok(atRest.length > 0 && atRest.length <= 44)
    assert.ok(
      atRest.every(({ action }) => action.tag === 'send' && action.message.tag === 'digest'),
    )
  }
})

test('who was told old news of a node that is down learns better by comparing', () => {
  const scene = new Scene({ digestPeriodMs: 1_000, auditPeriodMs: 86_400_000 })
  for (const node of ['a@h', 'b@h', 'x@h', 'z@h']) scene.start(node)
  scene.mesh(['a@h', 'x@h', 'z@h'])
  const alive = { tag: 'alive', node: 'z@h', ...(scene.states.get('z@h') ?? fresh()).own } as const
  scene.run(100)
  for (const node of ['b@h', 'z@h']) scene.cutOff.add(node)
  scene.lose('a@h', 'z@h')
  scene.lose('x@h', 'z@h')
  scene.run(60_000)
  assert.ok(scene.members('a@h').includes('z@h: down'))
  scene.cutOff.delete('b@h')
  scene.tell('b@h', { tag: 'news', from: 'old@h', news: alive })
  assert.ok(scene.members('b@h').includes('z@h: up'))
  scene.link('a@h', 'b@h')
  scene.run(60_000)
  assert.ok(scene.members('b@h').includes('z@h: down'))
  assert.ok(scene.members('a@h').includes('z@h: down'))
})

test('two halves that held each other to be down meet again, by the word of each', () => {
  const scene = new Scene({ digestPeriodMs: 1_000, auditPeriodMs: 86_400_000 })
  const [left, right] = [
    ['a@h', 'b@h', 'c@h'],
    ['x@h', 'y@h', 'z@h'],
  ]
  for (const node of [...left, ...right]) scene.start(node)
  scene.mesh([...left, ...right])
  scene.run(100)
  scene.log.length = 0
  const cut = (nodes: readonly string[]): void => {
    scene.cutOff.clear()
    for (const node of nodes) scene.cutOff.add(node)
  }
  // One half runs its course while the other is away, and the other way round.
  for (const [here, away] of [
    [left, right],
    [right, left],
  ] as const) {
    cut(away)
    for (const a of here) for (const b of away) scene.tell(a, { tag: 'peerLost', node: b })
    scene.run(60_000)
  }
  cut([])
  assert.is(scene.told('memberDown').length, 18)
  scene.link('a@h', 'x@h')
  scene.run(60_000)
  for (const node of [...left, ...right]) {
    assert.equal(
      scene.members(node),
      [...left, ...right].map((each) => `${each}: up`),
    )
  }
})

test.run()
