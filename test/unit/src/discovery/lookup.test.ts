/** The lookup rule, over every short sequence of events: what it may never do. */
import fc from 'fast-check'
import type { Address } from '../../../../src/carrier/carrier.ts'
import {
  type Lookup,
  type LookupAction,
  type LookupEvent,
  stepLookup,
} from '../../../../src/discovery/lookup.ts'
import { assert, suite } from '../../../support/harness.ts'
import { at } from './discovery-scene.ts'

const test = suite('lookup rule')

const env = { nowMs: 0, backends: 3, hitMs: 30, missMs: 2 }
const known: readonly Address[] = [at('h1'), at('h2')]

type Timed = { readonly event: LookupEvent; readonly passedMs: number }

const events = fc.array(
  fc.record({
    passedMs: fc.constantFrom(0, 1, 2, 29, 30),
    event: fc.oneof<fc.Arbitrary<LookupEvent>[]>(
      fc.constant({ tag: 'wanted' }),
      fc.constant({ tag: 'changed' }),
      fc.record({
        tag: fc.constant('answered' as const),
        backend: fc.nat(3),
        addresses: fc.subarray([...known]),
      }),
      fc.record({ tag: fc.constant('unreachable' as const), address: fc.constantFrom(...known) }),
    ),
  }),
  { maxLength: 40 },
)

type Seen = { readonly before: Lookup | undefined; readonly after: Lookup | undefined } & Timed & {
    readonly nowMs: number
    readonly actions: readonly LookupAction[]
  }

function play(story: readonly Timed[]): readonly Seen[] {
  let nowMs = 0
  let lookup: Lookup | undefined
  return story.map(({ event, passedMs }) => {
    nowMs += passedMs
    const before = lookup
    const [after, actions] = stepLookup(before, event, { ...env, nowMs })
    lookup = after
    return { event, passedMs, before, after, nowMs, actions }
  })
}

test('whoever wants to know is told at once, or something is being asked', () => {
  fc.assert(
    fc.property(events, (story) => {
      for (const { event, after, actions } of play(story)) {
        const told = actions.some(({ tag }) => tag === 'tell')
        if (event.tag === 'wanted') assert.is.not(told, after?.tag === 'asking')
      }
    }),
  )
})

test('one backend is asked at a time, each at most once for a question, in order', () => {
  fc.assert(
    fc.property(events, (story) => {
      for (const { before, after, actions } of play(story)) {
        assert.ok(actions.length <= 1)
        for (const action of actions) {
          if (action.tag !== 'ask') continue
          assert.is(action.backend, before?.tag === 'asking' ? before.backend + 1 : 0)
          assert.is(after?.tag === 'asking' && after.backend, action.backend)
        }
      }
    }),
  )
})

test('nothing is told without being known in time, and what is known is never empty', () => {
  fc.assert(
    fc.property(events, (story) => {
      for (const { event, before, after, actions, nowMs } of play(story)) {
        if (after?.tag === 'known') assert.ok(after.addresses.length > 0)
        for (const action of actions) {
          if (action.tag !== 'tell' || event.tag !== 'wanted') continue
          assert.ok(before !== undefined && before.tag !== 'asking' && nowMs < before.untilMs)
          assert.equal(action.addresses, before.tag === 'known' ? before.addresses : [])
        }
      }
    }),
  )
})

test('an address that led nowhere is not given until the backends were asked again', () => {
  fc.assert(
    fc.property(events, (story) => {
      let banned = new Set<string>()
      for (const { event, before, actions } of play(story)) {
        const isAnswer = event.tag === 'answered' && before?.tag === 'asking'
        if (isAnswer) banned = new Set()
        for (const action of actions) {
          if (action.tag !== 'tell') continue
          for (const { host } of action.addresses) assert.not(banned.has(host), host)
        }
        if (event.tag === 'unreachable' && before?.tag === 'known') banned.add(event.address.host)
      }
    }),
  )
})

test('the answer of another backend than the one being asked is not heard', () => {
  const asking: Lookup = { tag: 'asking', backend: 1, keep: true }
  for (const backend of [0, 2, 3, -1]) {
    const event = { tag: 'answered', backend, addresses: known } as const
    assert.equal(stepLookup(asking, event, env), [asking, []])
  }
  const event = { tag: 'answered', backend: 0, addresses: known } as const
  assert.equal(stepLookup(undefined, event, env), [undefined, []])
})

test('what changed while it was being asked is told and not kept', () => {
  const asking: Lookup = { tag: 'asking', backend: 0, keep: true }
  const [changed] = stepLookup(asking, { tag: 'changed' }, env)
  const hit = stepLookup(changed, { tag: 'answered', backend: 0, addresses: known }, env)
  assert.equal(hit, [undefined, [{ tag: 'tell', addresses: known }]])
  const last = { ...env, backends: 1 }
  const miss = stepLookup(changed, { tag: 'answered', backend: 0, addresses: [] }, last)
  assert.equal(miss, [undefined, [{ tag: 'tell', addresses: [] }]])
})

test('without any backend nothing is known', () => {
  const [after, actions] = stepLookup(undefined, { tag: 'wanted' }, { ...env, backends: 0 })
  assert.equal(after, { tag: 'missing', untilMs: env.missMs })
  assert.equal(actions, [{ tag: 'tell', addresses: [] }])
})

test.run()
