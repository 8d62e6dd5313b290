/**
 * The list of lost names: what gets on it and off it, how often its names are tried, by one node
 * and by many, and what others can do to it.
 */
import { defaultMembershipOptions } from '../../../../src/membership/index.ts'
import { assert, suite } from '../../../support/harness.ts'
import { dialledOf, Lone, ref, sentOf } from './lone.ts'

const test = suite('membership lost')

/** A node with one peer that has lost `name` for good. */
function bereft(name: string, options = {}): Lone {
  const node = new Lone(options).fill(1).step({ tag: 'bootstrap' }).befriend(name, 9)
  node.step({ tag: 'failed', node: name, reason: 'nodedown' })
  while (node.timers.has(`retry ${name}`)) {
    node.fire(`retry ${name}`).step({ tag: 'failed', node: name, reason: 'connectFailed' })
  }
  assert.ok(lostNames(node).includes(name))
  return node
}

function lostNames(node: Lone): string[] {
  return node.state.lost.map((peer) => peer.node)
}

function persisted(node: Lone): readonly string[] | undefined {
  return node.last.flatMap((action) => (action.tag === 'persist' ? [action.nodes] : []))[0]
}

/** Times at which `name` is dialled in `ms`; every dial fails. */
function tries(node: Lone, name: string, ms: number): number[] {
  const found: number[] = []
  for (const endMs = node.nowMs + ms; node.nowMs < endMs; ) {
    if (dialledOf(node.pass(1_000)).includes(name)) {
      found.push(node.nowMs)
      node.step({ tag: 'failed', node: name, reason: 'connectFailed' })
    }
  }
  return found
}

test('a lost name is tried for as long as it takes, about once a minute', () => {
  const found = tries(bereft('gone@h'), 'gone@h', 3_600_000)
  assert.ok(found.length >= 25 && found.length <= 120, `${found.length} tries in an hour`)
})

test('when it answers it is asked for an edge, and is lost no more', () => {
  const node = bereft('gone@h')
  while (!node.pending.includes('gone@h')) node.fire('seek')
  node.step({ tag: 'connected', node: 'gone@h' })
  assert.ok(node.counted('reunited'))
  assert.is(node.sent('neighbor')[0]?.to, 'gone@h')
  assert.equal(lostNames(node), [])
})

test('a full node gives up an edge for it, so that there are bridges at once', () => {
  const node = bereft('gone@h')
  for (let i = 1; i < 5; i++) node.befriend(`p${i}@h`, i)
  while (!node.pending.includes('gone@h')) node.fire('seek')
  node.step({ tag: 'connected', node: 'gone@h' })
  assert.is(node.sent('neighbor')[0]?.priority, 'swap')
})

test('a lost node that asks for an edge itself is lost no more', () => {
  const node = bereft('gone@h').hear('gone@h', { tag: 'neighbor', edge: 3, priority: 'low' })
  assert.ok(node.active.includes('gone@h'))
  assert.equal(lostNames(node), [])
})

test('hearsay of a lost node does not take it off the list', () => {
  const node = bereft('gone@h').teach('p0@h', 'gone@h')
  assert.equal(lostNames(node), ['gone@h'])
})

test('a spare that was met and not heard of for long is lost, hearsay is not', () => {
  const node = new Lone().fill().step({ tag: 'bootstrap' }).teach('p0@h', 'hearsay@h')
  node.hear('met@h', { tag: 'neighbor', edge: 1, priority: 'low' })
  node.nowMs += 300_001
  node.step({ tag: 'timer', timer: { tag: 'sweep' } })
  assert.equal([node.passive, lostNames(node)], [[], ['met@h']])
})

test('the list is bounded, and a flood of names leaves some of the old ones', () => {
  const node = new Lone({ lostMax: 8, maxFailCount: 1 }).step({ tag: 'bootstrap' })
  for (let i = 0; i < 8; i++) {
    node.befriend(`old${i}@h`, i).step({ tag: 'failed', node: `old${i}@h`, reason: 'nodedown' })
  }
  for (let i = 0; i < 8; i++) {
    node.befriend(`new${i}@h`, i).step({ tag: 'failed', node: `new${i}@h`, reason: 'nodedown' })
  }
  assert.is(node.state.lost.length, 8)
  assert.ok(lostNames(node).some((name) => name.startsWith('old')))
})

test('what is lost is persisted, and sought by the next life of the node', () => {
  const node = new Lone({ maxFailCount: 1 }).befriend('gone@h')
  node.step({ tag: 'failed', node: 'gone@h', reason: 'nodedown' })
  assert.equal(persisted(node), ['gone@h'])
  const next = new Lone().step({ tag: 'bootstrap' })
  next.step({ tag: 'restore', nodes: ['gone@h', next.name] })
  assert.equal(lostNames(next), ['gone@h'])
  assert.ok(dialledOf(next.pass(15_000)).includes('gone@h'))
})

test('who leaves persists whom it knows, and keeps that', () => {
  const node = new Lone().fill(2).step({ tag: 'leave' })
  assert.equal(persisted(node), ['p0@h', 'p1@h'])
  assert.is(persisted(node.step({ tag: 'leave' })), undefined)
})

test('those who are here are persisted too, and nothing twice', () => {
  const node = new Lone().fill(2).step({ tag: 'bootstrap' })
  node.step({ tag: 'timer', timer: { tag: 'sweep' } })
  assert.equal(persisted(node), ['p0@h', 'p1@h'])
  node.step({ tag: 'timer', timer: { tag: 'sweep' } })
  assert.is(persisted(node), undefined)
})

test('a name is forgotten after a week, a contact never', () => {
  const node = bereft('gone@h', { contactNodes: ['seed@h'] as readonly string[] })
  node.nowMs += defaultMembershipOptions.lostMaxAgeMs
  node.step({ tag: 'timer', timer: { tag: 'sweep' } })
  assert.equal(lostNames(node), ['seed@h'])
})

test('a try is told to others in shuffles, and who hears of it waits anew', () => {
  const node = bereft('gone@h')
  while (!node.pending.includes('gone@h')) node.fire('seek')
  node.step({ tag: 'failed', node: 'gone@h', reason: 'connectFailed' })
  node.nowMs += 3_000
  node.step({ tag: 'timer', timer: { tag: 'shuffle' } })
  assert.equal(sentOf(node.last, 'shuffle')[0]?.tried, [{ node: 'gone@h', agoMs: 3_000 }])
  const other = bereft('gone@h')
  other.nowMs += 20_000
  const tried = [{ node: 'gone@h', agoMs: 3_000 }]
  const shuffle = { tag: 'shuffle', id: 1, ttl: 0, origin: 'p0@h', peers: [] } as const
  other.hear('p0@h', { ...shuffle, tried })
  const [entry] = other.state.lost
  assert.ok((entry?.dueMs ?? 0) - other.nowMs >= 27_000)
})

test('many nodes that lost the same one try it together about once a minute', () => {
  const nodes = Array.from({ length: 40 }, (_, i) => {
    const node = new Lone({}, { name: `holder${i}@h`, seed: i })
    return node
      .fill(1)
      .step({ tag: 'bootstrap' })
      .step({ tag: 'restore', nodes: ['gone@h'] })
  })
  let found = 0
  const minutes = 60
  for (let second = 0; second < minutes * 60; second += 2) {
    for (const [i, node] of nodes.entries()) {
      const actions = node.pass(2_000)
      if (dialledOf(actions).includes('gone@h')) {
        if (second > 900) found += 1
        node.step({ tag: 'failed', node: 'gone@h', reason: 'connectFailed' })
      }
      for (const { tried } of sentOf(actions, 'shuffle')) {
        const shuffle = { tag: 'shuffle', id: 1, ttl: 0, origin: 'p0@h', peers: [] } as const
        for (const step of [1, 7, 19]) {
          nodes[(i + step) % nodes.length]?.hear('p0@h', { ...shuffle, tried })
        }
      }
    }
  }
  const perMinute = found / (minutes - 15)
  assert.ok(perMinute > 0.3 && perMinute < 4, `${perMinute} tries a minute`)
})

test('who claims to try it all the time delays our own tries, and does not end them', () => {
  const node = bereft('gone@h')
  const shuffle = { tag: 'shuffle', id: 1, ttl: 0, origin: 'p0@h', peers: [] } as const
  let found = 0
  for (let second = 0; second < 3 * 7_200; second += 5) {
    node.hear('p0@h', { ...shuffle, tried: [{ node: 'gone@h', agoMs: 0 }] })
    if (dialledOf(node.pass(5_000)).includes('gone@h')) {
      found += 1
      node.step({ tag: 'failed', node: 'gone@h', reason: 'connectFailed' })
    }
  }
  assert.ok(found >= 2, `${found} tries in six hours`)
})

test('a node that is alone seeks at once, whatever others said', () => {
  const node = bereft('gone@h')
  node.step({ tag: 'failed', node: 'p0@h', reason: 'nodedown' })
  assert.equal(node.active, [])
  assert.ok(dialledOf(node.pass(15_000)).includes('gone@h'))
})

test('a try says nothing of names it was not asked about', () => {
  const node = new Lone().fill(1)
  const tried = [{ node: 'made-up@h', agoMs: 5 }]
  node.hear('p0@h', { tag: 'shuffle', id: 1, ttl: 0, origin: 'p0@h', peers: [ref('a@h')], tried })
  assert.equal(lostNames(node), [])
})

test.run()
