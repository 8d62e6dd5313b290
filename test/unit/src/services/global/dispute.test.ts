/** Disputes over global names step by step; what holds for all of them: test/property. */
import { Pid } from '../../../../../runtime/identifier.ts'
import { limits } from '../../../../../src/limits.ts'
import {
  type Claimed,
  compareClaims,
  isClaim,
  isSameClaim,
} from '../../../../../src/services/global/claim.ts'
import { Claims } from '../../../../../src/services/global/claims.ts'
import {
  type Dispute,
  type DisputeEvent,
  stepDispute,
} from '../../../../../src/services/global/dispute.ts'
import { decodeGlobal } from '../../../../../src/services/global/message.ts'
import { isGlobalName, keyOfName } from '../../../../../src/services/global/name.ts'
import { assert, suite } from '../../../../support/harness.ts'
import { newClaim } from './quarrel.ts'

const test = suite('dispute')

const at = (wallMs: number) => ({ wallMs, logical: 0 })
/** Strongest first. */
const [first, second, third] = [newClaim(0, at(1)), newClaim(1, at(2)), newClaim(2, at(3))]

/** What `self` does, step by step: the names of its actions. */
function after(
  self: string,
  events: readonly (readonly [DisputeEvent, readonly Claimed[]])[],
): { readonly dispute: Dispute | undefined; readonly done: readonly string[] } {
  let dispute: Dispute | undefined
  const done: string[] = []
  for (const [event, claims] of events) {
    const step = stepDispute(dispute, event, { self, claims: [...claims].sort(compareClaims) })
    dispute = step[0]
    done.push(...step[1].map(({ tag }) => tag))
  }
  return { dispute, done }
}

const look = { tag: 'look' } as const
const holds = { tag: 'answer', winner: first, holds: true } as const
const verdict = (verdict: 'stop' | 'release' | 'take') => ({ tag: 'verdict', verdict }) as const
const both = [first, second]

test('the loser asks, resolves and stops, in this order and once', () => {
  const { dispute, done } = after(second.node, [
    [look, both],
    [look, both],
    [holds, both],
    [holds, both],
    [verdict('stop'), both],
    [verdict('stop'), both],
    [look, both],
  ])
  assert.equal(done, ['ask', 'resolve', 'stop'])
  assert.is(dispute?.phase, 'ending')
})

test('the winner, and whoever has no claim, does nothing', () => {
  for (const self of [first.node, third.node]) {
    assert.equal(
      after(self, [
        [look, both],
        [holds, both],
        [verdict('stop'), both],
      ]).done,
      [],
    )
  }
})

test('no answer: it is asked again; a node that denies: its table is asked for', () => {
  const events = [
    [look, both],
    [{ tag: 'unanswered' }, both],
    [{ tag: 'answer', winner: first, holds: false }, both],
  ] as const
  const { dispute, done } = after(second.node, events)
  assert.equal(done, ['ask', 'ask', 'sync'])
  assert.is(dispute?.phase, 'asked')
})

test('an answer about another claim than the one that wins now counts for nothing', () => {
  for (const winner of [newClaim(0, at(1), 1), newClaim(0, at(0)), second, third]) {
    const { done } = after(second.node, [
      [look, both],
      [{ tag: 'answer', winner, holds: true }, both],
    ])
    assert.equal(done, ['ask'])
  }
})

test('the winner is gone while the resolver works: it is not asked for its verdict', () => {
  const { dispute, done } = after(second.node, [
    [look, both],
    [holds, both],
    [look, [second]],
    [verdict('stop'), [second]],
  ])
  assert.equal(done, ['ask', 'resolve', 'abandon'])
  assert.is(dispute, undefined)
})

test('a verdict that comes when the winner is gone is not carried out', () => {
  const { done } = after(second.node, [
    [look, both],
    [holds, both],
    [verdict('stop'), [second]],
  ])
  assert.equal(done, ['ask', 'resolve', 'abandon'])
})

test('a stronger claim still: another dispute', () => {
  const { dispute, done } = after(third.node, [
    [look, [second, third]],
    [{ tag: 'answer', winner: second, holds: true }, [second, third]],
    [look, [first, second, third]],
  ])
  assert.equal(done, ['ask', 'resolve', 'abandon', 'ask'])
  assert.is(dispute?.winner.pid, first.pid)
})

test('take raises the claim above the winner, up to a limit', () => {
  const step = (rank: number) => {
    const winner = newClaim(0, at(1), rank)
    const resolving: Dispute = { loser: second, winner, phase: 'resolving' }
    const env = { self: second.node, claims: [winner, second] }
    return stepDispute(resolving, verdict('take'), env)[1]
  }
  assert.equal(step(0), [{ tag: 'raise', loser: second, rank: 1 }])
  assert.equal(
    step(limits.globalRankMax).map(({ tag }) => tag),
    ['stop'],
  )
})

test('the rule: rank, then time, then the name of the node', () => {
  const sorted = [newClaim(3, at(9), 1), newClaim(1, at(1)), newClaim(2, at(1)), newClaim(0, at(2))]
  assert.equal([...sorted].reverse().sort(compareClaims), sorted)
  assert.ok(isSameClaim({ ...first }, first))
  assert.not(isSameClaim({ ...first, pid: second.pid }, first))
})

test('names: 1 and "1" are two, 0 and -0 one; what is none is refused', () => {
  const names = ['1', 1, 'a', '#1', '"', -1, 0.5, 1e300]
  assert.is(new Set(names.map(keyOfName)).size, names.length)
  assert.is(keyOfName(0), keyOfName(-0))
  for (const name of names) assert.ok(isGlobalName(name))
  for (const name of ['', 'x'.repeat(256), Number.NaN, 1n, null, {}, [], undefined]) {
    assert.not(isGlobalName(name))
  }
})

test('claims keep what a node says of its own processes, under the right key', () => {
  const claims = new Claims()
  const { name, pid, since, rank, node } = first
  const claim = { name, pid, since, rank }
  assert.is(claims.put(keyOfName(name), 'other@h', claim), false, 'a process of another node')
  assert.is(claims.put(keyOfName('another'), node, claim), false, 'another key')
  assert.is(claims.holder(name), undefined)
  assert.ok(claims.put(keyOfName(name), second.node, second))
  assert.ok(claims.put(keyOfName(name), node, claim))
  assert.is(claims.holder(name), pid)
  assert.equal(claims.names(), [name])
  claims.remove(keyOfName(name), node)
  assert.is(claims.holder(name), second.pid)
  claims.remove(keyOfName(name), second.node)
  assert.equal(claims.names(), [])
})

test('whatever a peer sends is a claim, a message, or refused', () => {
  const pid = new Pid({ node: 'n@h', creation: 1, index: 1, serial: 1 })
  const good = { name: 'x', pid, since: at(1), rank: 0 }
  assert.ok(isClaim(good))
  const bad = [
    null,
    'claim',
    [],
    {},
    { ...good, name: '' },
    { ...good, name: { a: 1 } },
    { ...good, pid: 'n@h' },
    { ...good, since: [1, 0] },
    { ...good, since: at(-1) },
    { ...good, since: at(Number.POSITIVE_INFINITY) },
    { ...good, rank: -1 },
    { ...good, rank: limits.globalRankMax + 1 },
    { ...good, rank: 0.5 },
  ]
  for (const value of bad) assert.not(isClaim(value))
  const ask = { tag: 'ask', key: 'k', pid, since: at(1), rank: 0 }
  assert.equal(decodeGlobal({ ...ask, more: 1 }), ask)
  assert.equal(decodeGlobal({ ...ask, tag: 'answer', holds: true })?.tag, 'answer')
  for (const body of [
    null,
    1,
    {},
    { ...ask, tag: 'other' },
    { ...ask, key: 1 },
    { ...ask, key: 'x'.repeat(limits.globalKeyMaxChars + 1) },
    { ...ask, pid: 1 },
    { ...ask, rank: '0' },
    { ...ask, since: undefined },
    { ...ask, since: at(-1) },
    { ...ask, tag: 'answer' },
    { ...ask, tag: 'answer', holds: 1 },
  ]) {
    assert.is(decodeGlobal(body), undefined)
  }
})

test.run()
