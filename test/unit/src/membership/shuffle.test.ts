/**
 * Shuffles (rows MEM-13 to MEM-15 of the spec), and what of them a node believes: the passive view
 * under made-up names and unasked replies (MEM-06, MEM-16).
 */
import { type MembershipOptions, paperMembershipOptions } from '../../../../src/membership/index.ts'
import { assert, suite } from '../../../support/harness.ts'
import { Lone, ref, self, sentOf } from './lone.ts'

const test = suite('membership shuffle')

/** A node with full views whose shuffle timer just fired. */
function shuffling(options: Partial<MembershipOptions> = {}): Lone {
  const node = new Lone(options).fill().step({ tag: 'bootstrap' })
  for (let i = 0; i < 5; i++) node.teach(`p${i}@h`, ...names(`spare${i}`, 8))
  return node.fire('shuffle')
}

function names(stem: string, size: number): string[] {
  return Array.from({ length: size }, (_, i) => `${stem}-${i}@h`)
}

test('MEM-14: a sample is the node itself, three peers and spares, eight in all', () => {
  const node = shuffling()
  const [sent] = node.sent('shuffle')
  const told = sent?.peers.map((peer) => peer.node) ?? []
  assert.is(told.length, 8)
  assert.is(told[0], self)
  assert.is(told.filter((name) => node.active.includes(name)).length, 3)
  assert.is(new Set(told).size, 8)
  assert.not(told.includes(sent?.to ?? ''))
  assert.is(sent?.ttl, 3)
})

test('no shuffle without peers', () => {
  const node = new Lone().step({ tag: 'bootstrap' }).fire('shuffle')
  assert.equal(node.sent('shuffle'), [])
  assert.ok(node.timers.has('shuffle'))
})

test('MEM-13: each step learns, answers, and sends on with less to live', () => {
  const node = new Lone().fill(3).teach('p1@h', 'mine-1@h', 'mine-2@h')
  const peers = [ref('o@h'), ref('x@h', 50)]
  node.hear('p0@h', { tag: 'shuffle', id: 9, ttl: 3, origin: 'o@h', peers, tried: [] })
  const [answer] = node.sent('shuffleReply')
  assert.is(answer?.to, 'p0@h')
  assert.is(answer?.id, 9)
  assert.equal([...(answer?.peers ?? [])].map((peer) => peer.node).sort(), ['mine-1@h', 'mine-2@h'])
  assert.ok(node.passive.includes('x@h') && node.passive.includes('o@h'))
  const [next] = node.sent('shuffle')
  assert.is(next?.ttl, 2)
  assert.is(next?.origin, 'o@h')
  assert.equal(next?.peers, peers)
  assert.is.not(next?.to, 'p0@h')
  assert.is.not(next?.id, 9)
  node.hear('p0@h', { tag: 'shuffle', id: 9, ttl: 1, origin: 'o@h', peers, tried: [] })
  assert.equal(node.sent('shuffle'), [])
})

test('a shuffle cannot be made to walk on forever', () => {
  const node = new Lone().fill(3)
  node.hear('p0@h', { tag: 'shuffle', id: 9, ttl: 32, origin: 'o@h', peers: [], tried: [] })
  assert.is(node.sent('shuffle')[0]?.ttl, 2)
})

test('a reply counts once, with its number, and from the one who was asked', () => {
  const node = shuffling()
  const [sent] = node.sent('shuffle')
  const { id, to } = sent ?? { id: -1, to: '' }
  const reply = (name: string) => ({
    tag: 'shuffleReply' as const,
    id,
    peers: [ref(name)],
    tried: [],
  })
  const other = node.active.find((name) => name !== to) ?? ''
  node.hear(other, reply('a@h'))
  assert.ok(node.counted('stale'))
  node.hear(to, { ...reply('b@h'), id: id + 1 })
  assert.ok(node.counted('stale'))
  node.hear(to, reply('c@h'))
  node.hear(to, reply('d@h'))
  assert.ok(node.counted('stale'))
  const learnt = ['a@h', 'b@h', 'c@h', 'd@h'].filter((name) => node.passive.includes(name))
  assert.equal(learnt, ['c@h'])
})

test('what comes back takes the place of what was sent away', () => {
  const node = shuffling({ hearsayMax: 30, metSlots: 0, passiveSize: 20 })
  const [sent] = node.sent('shuffle')
  const { id, to, peers } = sent ?? { id: -1, to: '', peers: [] }
  const before = new Set(node.passive)
  const given = new Set(peers.map((peer) => peer.node).filter((name) => before.has(name)))
  assert.ok(given.size > 0)
  const back = names('back', given.size)
  node.hear(to, { tag: 'shuffleReply', id, peers: back.map((name) => ref(name)), tried: [] })
  assert.equal(node.passive, [...[...before].filter((name) => !given.has(name)), ...back].sort())
})

test('the paper: the end of the walk answers the origin, and nobody else does', () => {
  const node = new Lone(paperMembershipOptions).fill(3)
  const shuffle = { tag: 'shuffle', id: 9, origin: 'o@h', peers: [ref('x@h')], tried: [] } as const
  node.hear('p0@h', { ...shuffle, ttl: 3 })
  assert.equal(node.sent('shuffleReply'), [])
  assert.not(node.passive.includes('x@h'))
  assert.is(node.sent('shuffle')[0]?.id, 9)
  node.hear('p0@h', { ...shuffle, ttl: 1 })
  assert.is(node.sent('shuffleReply')[0]?.to, 'o@h')
  assert.ok(node.passive.includes('x@h'))
})

test('MEM-15: shuffles come sooner while many peers come and go', () => {
  const waitMs = (changes: number, reason: 'leave' | 'evict' = 'leave') => {
    const node = new Lone().step({ tag: 'bootstrap' })
    for (let i = 0; i < changes; i += 2) {
      node.befriend('a@h', i)
      node.hear('a@h', { tag: 'disconnect', edge: i, reason, peers: [] })
    }
    node.step({ tag: 'timer', timer: { tag: 'shuffle' } })
    return (node.timers.get('shuffle')?.dueMs ?? 0) - node.nowMs
  }
  assert.equal(
    [0, 4, 6, 10, 12].map((at) => waitMs(at)),
    [10_000, 10_000, 5_000, 5_000, 2_000],
  )
  // An evicted peer is replaced, which counts: edges that only rotate are half the churn.
  assert.is(waitMs(10, 'evict'), 10_000)
})

test('MEM-15: and at their own pace again when that is over', () => {
  const node = new Lone().step({ tag: 'bootstrap' }).fill()
  for (let i = 0; i < 8; i++) node.hear(`new${i}@h`, { tag: 'neighbor', edge: i, priority: 'high' })
  node.pass(60_000)
  node.step({ tag: 'timer', timer: { tag: 'shuffle' } })
  assert.is((node.timers.get('shuffle')?.dueMs ?? 0) - node.nowMs, 10_000)
})

test('MEM-06: one sender has a share of the passive view, however many names it makes up', () => {
  const node = new Lone().fill(2)
  for (let i = 0; i < 40; i++) {
    node.teach('p0@h', ...names(`fake${i}`, 8))
    node.nowMs += 1_000
  }
  assert.is(node.passive.length, 8)
  node.teach('p1@h', ...names('true', 8))
  assert.is(node.passive.filter((name) => name.startsWith('true')).length, 8)
})

test('MEM-06: hearsay does not take the place of nodes that were met', () => {
  const node = new Lone({ activeSize: 5, passiveSize: 10, metSlots: 5 }).fill()
  for (const name of names('met', 5)) node.hear(name, { tag: 'neighbor', edge: 1, priority: 'low' })
  for (let round = 0; round < 30; round++) {
    for (let i = 0; i < 5; i++) node.teach(`p${i}@h`, ...names(`fake${round}-${i}`, 8))
    node.nowMs += 5_000
  }
  assert.is(node.passive.length, 10)
  assert.is(node.passive.filter((name) => name.startsWith('met')).length, 5)
})

test('MEM-06: a message names no more than a shuffle holds, whatever its length', () => {
  const node = new Lone({ shuffleLength: 4 }).fill(1).teach('p0@h', ...names('x', 32))
  assert.is(node.passive.length, 4)
})

test('MEM-16: what nobody has heard for long enough is dropped, and was not made younger', () => {
  const node = new Lone().fill(1).step({ tag: 'bootstrap' })
  const told = (ageMs: number) =>
    node.hear('p0@h', {
      tag: 'shuffle',
      id: 1,
      ttl: 0,
      origin: 'p0@h',
      peers: [ref('gone@h', ageMs)],
      tried: [],
    })
  told(200_000)
  assert.equal(node.passive, ['gone@h'])
  node.nowMs += 90_000
  told(290_000)
  node.nowMs += 20_000
  node.step({ tag: 'timer', timer: { tag: 'sweep' } })
  assert.equal(node.passive, [])
  told(310_000)
  assert.equal(node.passive, [])
})

test('a name passed on is as old as it was, and the time it was kept', () => {
  const node = new Lone().fill(2)
  const peers = [ref('x@h', 5_000)]
  node.hear('p0@h', { tag: 'shuffle', id: 1, ttl: 0, origin: 'p0@h', peers, tried: [] })
  node.nowMs += 7_000
  node.hear('p1@h', {
    tag: 'shuffle',
    id: 2,
    ttl: 0,
    origin: 'p1@h',
    peers: [ref('y@h')],
    tried: [],
  })
  assert.equal(sentOf(node.last, 'shuffleReply')[0]?.peers, [ref('x@h', 12_000)])
})

test.run()
