/**
 * What floods can take of a node: joins and high-priority proposals, by one node or by many; walks
 * and shuffles by a peer. Each remedy is shown off first, where the flood succeeds.
 */
import { limits } from '../../../../src/limits.ts'
import type { MembershipOptions } from '../../../../src/membership/index.ts'
import { assert, suite } from '../../../support/harness.ts'
import { Lone, ref } from './lone.ts'

const test = suite('membership quota')

const none: Partial<MembershipOptions> = {
  evictionEveryMs: 0,
  evictionPerNodeMs: 0,
  requestsMax: 0,
  protectedSlots: 0,
}

/** A node with five peers of some age, after a flood by `names` over ten minutes. */
function flooded(options: Partial<MembershipOptions>, names: readonly string[]): Lone {
  const node = new Lone(options).fill()
  node.nowMs += 120_000
  for (let round = 0; round < 60; round++) {
    node.nowMs += 10_000
    for (const [i, name] of names.entries()) {
      if (i % 2 === 0) node.hear(name, { tag: 'join', edge: round })
      else node.hear(name, { tag: 'neighbor', edge: round, priority: 'high' })
    }
  }
  return node
}

function honest(node: Lone): number {
  return node.active.filter((name) => name.startsWith('p')).length
}

const sybils = Array.from({ length: 40 }, (_, i) => `sybil${i}@h`)

test('an eclipse by many names needs that there are no quotas', () => {
  assert.is(honest(flooded(none, sybils)), 0)
  assert.is(honest(flooded({}, sybils)), 2)
})

test('one name gets one edge, with or without quotas', () => {
  const alone = (options: Partial<MembershipOptions>) => honest(flooded(options, ['sybil@h']))
  assert.equal([alone(none), alone({})], [4, 4])
})

test('one node that comes and goes evicts somebody twice a minute at most', () => {
  const evictions = (options: Partial<MembershipOptions>) => {
    const node = new Lone(options).fill()
    let evicted = 0
    for (let second = 0; second < 60; second++) {
      node.nowMs += 1_000
      node.hear('pest@h', { tag: 'join', edge: second })
      evicted += node.told.filter((text) => text.endsWith('dropped')).length
      node.hear('pest@h', { tag: 'disconnect', edge: second, reason: 'evict', peers: [] })
      for (let i = 0; i < 5; i++) {
        node.hear(`p${i}@h`, { tag: 'neighbor', edge: second, priority: 'low' })
      }
    }
    return evicted
  }
  assert.is(evictions(none), 60)
  assert.ok(evictions({}) <= 2)
})

test('evictions for others come one a second after the first few', () => {
  const node = new Lone({ evictionBurst: 3, evictionPerNodeMs: 0, protectedSlots: 0 }).fill()
  const evictedAt = (name: string) =>
    node.hear(name, { tag: 'neighbor', edge: 1, priority: 'high' }).told.length > 0
  const burst = [0, 1, 2, 3, 4].map((i) => evictedAt(`a${i}@h`))
  assert.equal(burst, [true, true, true, false, false])
  node.nowMs += 1_000
  assert.equal([evictedAt('b0@h'), evictedAt('b1@h')], [true, false])
  node.nowMs += 60_000
  const later = [0, 1, 2, 3].map((i) => evictedAt(`c${i}@h`))
  assert.equal(later, [true, true, true, false])
})

test('a node that asks too often is not answered until its window is over', () => {
  const node = new Lone({ requestsMax: 3 })
  const answers = () =>
    node.hear('pest@h', { tag: 'neighbor', edge: 1, priority: 'low' }).sent('neighborReply').length
  assert.equal([answers(), answers(), answers(), answers()], [1, 1, 1, 0])
  assert.ok(node.counted('flood'))
  node.nowMs += 10_000
  assert.is(answers(), 1)
})

test('others are not held to what one node has used up', () => {
  const node = new Lone({ requestsMax: 3 })
  for (let i = 0; i < 50; i++) node.hear('pest@h', { tag: 'neighbor', edge: 1, priority: 'low' })
  node.hear('honest@h', { tag: 'neighbor', edge: 1, priority: 'low' })
  assert.ok(node.active.includes('honest@h'))
})

test('a peer that floods walks and shuffles is not echoed without end', () => {
  const node = new Lone({ requestsMax: 5 }).fill()
  let echoed = 0
  for (let i = 0; i < 1_000; i++) {
    const peer = ref(`made-up${i}@h`)
    node.hear('p0@h', { tag: 'forwardJoin', peer, ttl: 6 })
    echoed += node.sent('forwardJoin').length + node.dialled.length
    const shuffle = { tag: 'shuffle', id: i, ttl: 3, origin: 'p0@h', tried: [] } as const
    node.hear('p0@h', { ...shuffle, peers: [peer] })
    echoed += node.sent('shuffle').length + node.sent('shuffleReply').length
  }
  assert.ok(echoed > 0 && echoed <= 40, `${echoed} messages`)
})

test('walks that name made-up nodes start a bounded number of dials', () => {
  const node = new Lone({ activeSize: 64, requestsMax: 0 }).fill(1)
  for (let i = 0; i < 500; i++) {
    node.hear('p0@h', { tag: 'forwardJoin', peer: ref(`made-up${i}@h`), ttl: 6 })
  }
  assert.is(node.pending.length, 63)
  const many = new Lone({ activeSize: 64, passiveSize: 1_000, hearsayMax: 1_000 })
  for (let i = 0; i < 500; i++) many.step({ tag: 'join', contact: `made-up${i}@h` })
  assert.is(many.pending.length, limits.membershipPendingMax)
})

test('the account of requests is bounded, and forgets the one heard of longest ago', () => {
  const node = new Lone({ requestsMax: 1 })
  node.hear('first@h', { tag: 'neighbor', edge: 1, priority: 'low' })
  for (let i = 0; i < limits.membershipRequestersMax; i++) {
    node.hear(`a${i}@h`, { tag: 'neighbor', edge: 1, priority: 'low' })
  }
  assert.is(node.state.requesters.length, limits.membershipRequestersMax)
  assert.not(node.state.requesters.some((requester) => requester.node === 'first@h'))
})

test('answers and ends nobody asked for change nothing', () => {
  const node = new Lone().fill(2)
  const before = JSON.stringify(node.state)
  for (let i = 0; i < 100; i++) {
    node.hear('p0@h', { tag: 'disconnect', edge: 1_000 + i, reason: 'noEdge', peers: [ref('x@h')] })
    node.hear('p0@h', { tag: 'shuffleReply', id: i, peers: [ref('y@h')], tried: [] })
    node.hear('z@h', { tag: 'neighborReply', edge: i, accept: false, peers: [ref('w@h')] })
  }
  assert.is(JSON.stringify(node.state), before)
})

test('accounts that limit nothing any more are dropped when the next is opened', () => {
  const node = new Lone({ evictionPerNodeMs: 30_000 }).fill()
  node.hear('evicts@h', { tag: 'neighbor', edge: 1, priority: 'high' })
  for (let i = 0; i < 20; i++) node.hear(`q${i}@h`, { tag: 'neighbor', edge: i, priority: 'low' })
  assert.is(node.state.requesters.length, 26)
  node.nowMs += 10_000
  node.hear('next@h', { tag: 'neighbor', edge: 1, priority: 'low' })
  assert.equal(
    node.state.requesters.map((requester) => requester.node),
    ['evicts@h', 'next@h'],
  )
})

test.run()
