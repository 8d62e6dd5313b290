/** What travels around a membership message: hints that may be wrong, and never throw. */
import { limits } from '../../../../src/limits.ts'
import { envelope, openEnvelope } from '../../../../src/membership/envelope.ts'
import type { MembershipMessage } from '../../../../src/membership/message.ts'
import { assert, suite } from '../../../support/harness.ts'

const test = suite('envelopes')

const place = (node: string) => ({ host: `${node.split('@')[0]}.there`, port: 4433 })
const ref = (node: string) => ({ node, ageMs: 1 })

const shuffle: MembershipMessage = {
  tag: 'shuffle',
  id: 1,
  ttl: 3,
  origin: 'o@x',
  peers: [ref('p@x'), ref('q@x')],
  tried: [],
}

const naming: readonly (readonly [message: MembershipMessage, names: readonly string[]])[] = [
  [shuffle, ['o@x', 'p@x', 'q@x']],
  [{ tag: 'shuffleReply', id: 1, peers: [ref('p@x')], tried: [] }, ['p@x']],
  [{ tag: 'forwardJoin', peer: ref('p@x'), ttl: 2 }, ['p@x']],
  [{ tag: 'neighborReply', edge: 1, accept: false, peers: [ref('p@x')] }, ['p@x']],
  [{ tag: 'disconnect', edge: 1, reason: 'evict', peers: [ref('p@x')] }, ['p@x']],
  [{ tag: 'join', edge: 1 }, []],
  [{ tag: 'neighbor', edge: 1, priority: 'low' }, []],
  [{ tag: 'edgeCheck', edge: 1 }, []],
]

for (const [message, names] of naming) {
  test(`${message.tag} carries where those are that it names`, () => {
    const opened = openEnvelope(envelope(message, place))
    assert.equal(opened?.message, message)
    assert.equal(
      opened?.hints,
      names.map((node) => ({ node, address: place(node) })),
    )
  })
}

test('of whom nothing is known nothing is said', () => {
  const opened = openEnvelope(
    envelope(shuffle, (node) => (node === 'q@x' ? place(node) : undefined)),
  )
  assert.equal(opened?.hints, [{ node: 'q@x', address: place('q@x') }])
})

test('a hint that cannot be used is left out, and the message is taken', () => {
  const bad: readonly unknown[] = [
    null,
    'p@x',
    [],
    ['p@x'],
    ['p@x', 'h', 0],
    ['p@x', 'h', 65_536],
    ['p@x', 'h', 1.5],
    ['p@x', 'h', '4433'],
    ['p@x', '0.0.0.0', 1],
    ['p@x', '255.255.255.255', 1],
    ['p@x', '224.0.0.1', 1],
    ['p@x', 'a b', 1],
    ['p@x', 'x'.repeat(300), 1],
    ['no name', 'h', 1],
    ['../x@y', 'h', 1],
    [17, 'h', 1],
    { 0: 'p@x', 1: 'h', 2: 1 },
  ]
  const opened = openEnvelope([shuffle, [...bad, ['p@x', 'h', 1]]])
  assert.equal(opened?.message, shuffle)
  assert.equal(opened?.hints, [{ node: 'p@x', address: { host: 'h', port: 1 } }])
})

test('more hints than a message can name are a lie, and nothing else is an envelope', () => {
  const hint = ['p@x', 'h', 1]
  const most = Array.from({ length: limits.membershipPeersMax + 1 }, () => hint)
  assert.is(openEnvelope([shuffle, most])?.hints.length, most.length)
  for (const body of [
    [shuffle, [...most, hint]],
    [shuffle],
    [shuffle, {}],
    [shuffle, [], []],
    [{ tag: 'join' }, []],
    shuffle,
    undefined,
    null,
    'join',
    7,
  ]) {
    assert.is(openEnvelope(body), undefined)
  }
})

test.run()
