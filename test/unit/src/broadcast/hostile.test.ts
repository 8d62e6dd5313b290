/** What a neighbour that obeys no rule can and cannot do to a node. */
import fc from 'fast-check'
import { broadcastStatistics } from '../../../../src/broadcast/index.ts'
import type { BroadcastMessage, Carried } from '../../../../src/broadcast/message.ts'
import type { BroadcastOptions } from '../../../../src/broadcast/options.ts'
import { limits } from '../../../../src/limits.ts'
import { nodeRandoms } from '../../../simulation/light/node-random.ts'
import { assert, suite } from '../../../support/harness.ts'
import { Network, payload, TestNode } from './network.ts'

const test = suite('hostile broadcast')

const evil = 'evil@host'
const good = 'good@host'
const self = 'me@host'
const word = (value: number): string => value.toString(36).padStart(8, '0')
const idOf = (counter: number, origin = 'o@host', tag = 0): string =>
  `${origin}/epoch000/${word(counter)}/${word(tag)}`

function carried(id: string, more: Partial<Carried> = {}): Carried {
  return { id, topic: 't', payload, round: 1, ageMs: 0, ...more }
}

function node(options: Partial<BroadcastOptions> = {}): TestNode {
  const made = new TestNode(self, nodeRandoms(1, 1)[0]!, options)
  for (const peer of [evil, good]) made.step({ tag: 'peerUp', node: peer })
  return made
}

function hear(to: TestNode, from: string, message: BroadcastMessage) {
  return to.step({ tag: 'message', from, message })
}

function tagsTo(peer: string, actions: ReturnType<typeof hear>): string[] {
  return actions.flatMap((action) =>
    action.tag === 'send' && action.to === peer ? [action.message.tag] : [],
  )
}

function announceMany(to: TestNode, from: string, first: number, count: number): void {
  for (let at = first; at < first + count; at += limits.broadcastIdsMax) {
    const size = Math.min(limits.broadcastIdsMax, first + count - at)
    const ids = Array.from({ length: size }, (_, each) => idOf(at + each))
    hear(to, from, { tag: 'ihave', ids, rounds: ids.map(() => 1) })
  }
}

test('announcements of what does not exist fill one share of the table, and end in silence', () => {
  const victim = node()
  announceMany(victim, evil, 0, 20_000)
  assert.is(victim.state.missing.size, limits.broadcastMissingPerPeerMax)
  assert.ok((victim.counts.get('announcementRefused') ?? 0) > 0)
  hear(victim, good, { tag: 'ihave', ids: [idOf(0, 'p@host')], rounds: [1] })
  assert.is(victim.state.missing.size, limits.broadcastMissingPerPeerMax + 1)
  victim.runUntil(5000)
  assert.is(victim.state.missing.size, 0)
  announceMany(victim, evil, 30_000, 10)
  assert.is(victim.state.missing.size, 0, 'muted')
  assert.is(victim.counts.get('muted'), 1)
  victim.runUntil(5000 + limits.broadcastMuteMs)
  announceMany(victim, evil, 40_000, 10)
  assert.is(victim.state.missing.size, 10, 'heard again')
})

test('a message announced by a muted neighbour is still fetched from another', () => {
  const victim = node()
  announceMany(victim, evil, 0, 1000)
  victim.runUntil(5000)
  for (const peer of [evil, good]) {
    hear(victim, peer, { tag: 'ihave', ids: [idOf(5000)], rounds: [1] })
  }
  const asked = victim.runUntil(7000)
  assert.ok(tagsTo(good, asked).includes('graft'))
  assert.is(tagsTo(evil, asked).includes('graft'), false)
})

test('a neighbour that sends late, but sends, is not muted', () => {
  const victim = node({ brokenPromisesMax: 5 })
  for (let at = 0; at < 50; at++) {
    hear(victim, good, { tag: 'ihave', ids: [idOf(at)], rounds: [1] })
    victim.runUntil(victim.nowMs + 1600)
    hear(victim, good, { tag: 'gossip', ...carried(idOf(at)) })
  }
  assert.is(victim.delivered.length, 50)
  assert.is(victim.counts.get('muted'), undefined)
})

test('a storm of GRAFTs gets so many messages and bytes per second, and no more', () => {
  const victim = node({ answersPerSecondMax: 10, answerBytesPerSecondMax: 20 })
  hear(victim, good, { tag: 'gossip', ...carried(idOf(0)) })
  const storm = (): string[] =>
    Array.from({ length: 100 }, () =>
      tagsTo(evil, hear(victim, evil, { tag: 'graft', ids: [idOf(0)] })),
    ).flat()
  assert.is(storm().length, 6, 'six answers of three bytes')
  assert.is(victim.counts.get('answerRefused'), 94)
  assert.equal(tagsTo(good, hear(victim, good, { tag: 'graft', ids: [idOf(0)] })), ['gossip'])
  victim.runUntil(victim.nowMs + 1000)
  assert.is(storm().length, 6)
})

test('fetches count as GRAFTs do', () => {
  const victim = node({ answersPerSecondMax: 3 })
  hear(victim, good, { tag: 'gossip', ...carried(idOf(0)) })
  const ids = Array.from({ length: 10 }, () => idOf(0))
  assert.is(tagsTo(evil, hear(victim, evil, { tag: 'fetch', ids })).length, 3)
})

test('PRUNE by everyone leaves one link in the tree', () => {
  const victim = node()
  hear(victim, good, { tag: 'prune' })
  assert.equal(victim.eager, [evil])
  const actions = hear(victim, evil, { tag: 'prune' })
  assert.equal(victim.eager, [good])
  assert.equal(tagsTo(good, actions), ['graft'], 'and the other end is told')
  victim.step({ tag: 'peerDown', node: good })
  assert.equal(victim.eager, [evil])
  hear(victim, evil, { tag: 'prune' })
  assert.equal(victim.eager, [evil], 'the only link there is')
})

test('who is no neighbour is heard only when it brings a body, and gets no link', () => {
  const victim = node()
  const stranger = 'stranger@host'
  const ids = [idOf(0)]
  const refused: BroadcastMessage[] = [
    { tag: 'ihave', ids, rounds: [1] },
    { tag: 'graft', ids },
    { tag: 'prune' },
    { tag: 'digest', hash: 1 },
    { tag: 'buckets', hashes: new Array(limits.broadcastBuckets).fill(1) },
    { tag: 'streams', buckets: [0], streams: [], ids: [], partial: false, answer: true },
    { tag: 'offer', ids, more: true },
    { tag: 'fetch', ids },
  ]
  for (const message of refused) {
    const actions = hear(victim, stranger, message)
    assert.equal(actions, [{ tag: 'count', name: 'stranger', peer: stranger }])
  }
  hear(victim, stranger, { tag: 'gossip', ...carried(idOf(0)) })
  assert.equal(victim.delivered, ids)
  assert.is(victim.state.peers.has(stranger), false)
})

test('a message in the name of this node that it never made is dropped', () => {
  const victim = node()
  victim.step({ tag: 'broadcast', topic: 't', payload })
  const own = victim.delivered[0] ?? ''
  const forged = `${own.slice(0, -17)}${word(7)}/${word(1)}`
  assert.is(hear(victim, evil, { tag: 'gossip', ...carried(forged) })[0]?.tag, 'count')
  hear(victim, evil, { tag: 'repair', ...carried(forged) })
  hear(victim, evil, { tag: 'ihave', ids: [forged], rounds: [1] })
  assert.is(victim.counts.get('forged'), 3)
  assert.equal(victim.delivered, [own])
  assert.is(victim.state.missing.size, 0)
})

test('made-up ids of another origin cannot stand in for its messages to come', () => {
  const victim = node()
  for (let at = 0; at < 100; at++) {
    hear(victim, evil, { tag: 'gossip', ...carried(idOf(at, 'o@host', 666)) })
  }
  hear(victim, good, { tag: 'gossip', ...carried(idOf(3, 'o@host', 1)) })
  assert.is(victim.delivered.at(-1), idOf(3, 'o@host', 1))
})

test('a message older than any that is handed on is not believed to be new', () => {
  const victim = node()
  const ageMs = victim.options.bodyTtlMs + 1
  hear(victim, evil, { tag: 'gossip', ...carried(idOf(0), { ageMs }) })
  hear(victim, evil, { tag: 'repair', ...carried(idOf(1), { ageMs }) })
  assert.equal(victim.delivered, [])
  assert.is(victim.counts.get('stale'), 2)
})

test('a neighbour that promises the shortest way and sends nothing is not chosen again', () => {
  const victim = node({ optimisationThreshold: 3 })
  let chosen = 0
  for (let at = 0; at < 20; at++) {
    hear(victim, evil, { tag: 'ihave', ids: [idOf(at)], rounds: [0] })
    const actions = hear(victim, good, { tag: 'gossip', ...carried(idOf(at), { round: 9 }) })
    chosen += tagsTo(evil, actions).filter((tag) => tag === 'graft').length
    victim.runUntil(victim.nowMs + 100)
  }
  assert.is(chosen, 1)
  assert.is(victim.delivered.length, 20)
})

test('digests are compared so many times per second', () => {
  const victim = node()
  const answers = Array.from({ length: 100 }, () =>
    tagsTo(evil, hear(victim, evil, { tag: 'digest', hash: 1 })),
  ).flat()
  assert.is(answers.length, limits.broadcastDigestsPerSecondMax)
  assert.is(victim.counts.get('digestRefused'), 100 - limits.broadcastDigestsPerSecondMax)
})

test('streams that nobody has do not crowd out more than their number', () => {
  const victim = node()
  for (let at = 0; at < limits.broadcastStreamsMax + 500; at++) {
    hear(victim, evil, { tag: 'gossip', ...carried(idOf(0, `o${at}@host`)) })
  }
  const { streams, cachedMessages } = broadcastStatistics(victim.state)
  assert.ok(streams <= limits.broadcastStreamsMax && streams > limits.broadcastStreamsMax / 2)
  assert.is(cachedMessages, limits.broadcastStreamsMax + 500)
})

test('ids and bytes are bounded: the oldest bodies go first, then the oldest ids', () => {
  const victim = node({ idsMax: 10, bodiesMaxBytes: 15 })
  for (let at = 0; at < 20; at++) hear(victim, good, { tag: 'gossip', ...carried(idOf(at)) })
  const { cachedMessages, cachedBytes } = broadcastStatistics(victim.state)
  assert.equal([cachedMessages, cachedBytes], [10, 15])
  assert.is(victim.counts.get('forgotten'), 10)
  assert.is(victim.counts.get('bodyDropped'), 15)
  const asked = (at: number): string[] =>
    tagsTo(good, hear(victim, good, { tag: 'graft', ids: [idOf(at)] }))
  assert.equal([asked(10), asked(14), asked(15), asked(19)], [[], [], ['gossip'], ['gossip']])
})

const counter = fc.oneof(fc.nat({ max: 40 }), fc.nat({ max: limits.broadcastCounterMax }))
const anyId = fc.oneof(
  fc
    .tuple(counter, fc.constantFrom('o@host', 'p@host', self, evil), fc.nat({ max: 3 }))
    .map(([at, origin, tag]) => idOf(at, origin, tag)),
  fc.nat({ max: 30 }).map((key) => `/${key}`),
)
const ids = fc.array(anyId, { maxLength: 20 })
const body = fc.record({
  id: anyId,
  topic: fc.constant('t'),
  payload: fc.uint8Array({ maxLength: 40 }),
  round: fc.nat({ max: limits.broadcastRoundMax }),
  ageMs: fc.nat({ max: 300_000 }),
})
const summary = fc
  .tuple(fc.constantFrom('o@host', 'p@host', self), fc.uniqueArray(counter, { maxLength: 5 }))
  .map(([origin, numbers]) => {
    const sorted = numbers.sort((x, y) => x - y)
    const holes = sorted.slice(0, sorted.length - (sorted.length % 2))
    return { stream: `${origin}/epoch000`, next: limits.broadcastCounterMax, holes }
  })
const anyMessage: fc.Arbitrary<BroadcastMessage> = fc.oneof(
  body.map((each) => ({ tag: 'gossip' as const, ...each })),
  body.map((each) => ({ tag: 'repair' as const, ...each })),
  ids.map((each) => ({ tag: 'ihave' as const, ids: each, rounds: each.map(() => 0) })),
  ids.map((each) => ({ tag: 'graft' as const, ids: each })),
  ids.map((each) => ({ tag: 'fetch' as const, ids: each })),
  fc.tuple(ids, fc.boolean()).map(([each, more]) => ({ tag: 'offer' as const, ids: each, more })),
  fc.constant({ tag: 'prune' as const }),
  fc.nat().map((hash) => ({ tag: 'digest' as const, hash })),
  fc
    .array(fc.nat(), { minLength: limits.broadcastBuckets, maxLength: limits.broadcastBuckets })
    .map((hashes) => ({ tag: 'buckets' as const, hashes })),
  fc
    .tuple(fc.array(summary, { maxLength: 5 }), fc.boolean(), fc.boolean())
    .map(([streams, partial, answer]): BroadcastMessage => {
      const all = Array.from({ length: limits.broadcastBuckets }, (_, at) => at)
      return { tag: 'streams', buckets: all, streams, ids: [], partial, answer }
    }),
)

test(
  'bounds hold whatever a neighbour sends, and nothing is delivered twice',
  () => {
    const options = {
      idsMax: 20,
      bodiesMaxBytes: 200,
      missingMax: 30,
      missingPerPeerMax: 20,
      answersPerSecondMax: 15,
      brokenPromisesMax: 4,
    }
    const script = fc.array(fc.tuple(anyMessage, fc.nat({ max: 400 })), { maxLength: 120 })
    const property = fc.property(script, (messages) => {
      const victim = node(options)
      let answers = 0
      let sinceMs = 0
      for (const [message, waitMs] of messages) {
        victim.runUntil(victim.nowMs + waitMs)
        if (victim.nowMs - sinceMs >= 1000) [answers, sinceMs] = [0, victim.nowMs]
        const before = victim.state
        const actions = hear(victim, evil, message)
        const demanded = message.tag === 'graft' || message.tag === 'fetch'
        if (demanded) answers += tagsTo(evil, actions).length
        const { state } = victim
        assert.ok(answers <= 2 * options.answersPerSecondMax)
        assert.ok(state.cache.order.size <= options.idsMax)
        assert.is(state.cache.order.size, state.cache.ids.size)
        assert.ok(state.cache.bodiesBytes <= options.bodiesMaxBytes && state.cache.bodiesBytes >= 0)
        assert.ok(state.missing.size <= options.missingPerPeerMax)
        assert.ok(victim.eager.length > 0)
        const delivered = actions.filter((action) => action.tag === 'deliver')
        assert.ok(delivered.every(({ id }) => !before.cache.ids.has(id)))
        assert.ok(actions.length <= 200)
        assert.ok(victim.timers.size <= state.missing.size + 4)
      }
      hear(victim, good, { tag: 'gossip', ...carried(idOf(1, 'honest@host', 7)) })
      assert.is(victim.delivered.at(-1), idOf(1, 'honest@host', 7))
      victim.runUntil(victim.nowMs + 20_000)
      assert.is(victim.state.missing.size, 0)
    })
    fc.assert(property, { numRuns: 200 })
  },
  { deadlineMs: 60_000 },
)

test(
  'honest nodes around a hostile one still get every broadcast once',
  () => {
    const property = fc.property(
      fc.nat(),
      fc.array(anyMessage, { minLength: 1, maxLength: 40 }),
      (seed, messages) => {
        const network = new Network(6, seed)
        network.linkAll(8)
        const hostile = network.node(5)
        const made: string[] = []
        for (const [at, message] of messages.entries()) {
          const peer = network.node(at % 5)
          if (peer.state.peers.has(hostile.name)) {
            network.flying.push({ from: hostile.name, to: peer.name, message })
          }
          network.broadcast(network.node(at % 5))
          made.push(network.node(at % 5).delivered.at(-1) ?? '')
          for (let each = 0; each < 5; each++) network.deliverOne()
        }
        network.run(200_000)
        for (let at = 0; at < 5; at++) {
          const { delivered, name } = network.node(at)
          for (const id of made) {
            assert.is(delivered.filter((each) => each === id).length, 1, `${name}: ${id}`)
          }
        }
      },
    )
    fc.assert(property, { numRuns: 60 })
  },
  { deadlineMs: 60_000 },
)

test.run()
