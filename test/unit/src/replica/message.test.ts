/** Messages of replicas: what is said is understood, and nothing that a peer may send throws. */
import fc from 'fast-check'
import { limits } from '../../../../src/limits.ts'
import { checkCluster } from '../../../../src/node/cluster-options.ts'
import { decodeDriverMessage, decodeDriverNews } from '../../../../src/replica/driver-message.ts'
import { replicaOptions } from '../../../../src/replica/index.ts'
import {
  decodeDelta,
  decodeMessage,
  encodeDelta,
  encodeMessage,
  type TableMessage,
} from '../../../../src/replica/table-message.ts'
import { assert, suite } from '../../../support/harness.ts'

const test = suite('replica messages')

const head = { epoch: { wallMs: 5, logical: 6 }, version: 7 }
const heads = [{ node: 'a@h', head }]
const ops = [['put', Uint8Array.of(1)], ['gone'], ['why', null, Uint8Array.of(2)]] as const
const flags = { first: true, last: true, end: false }

const messages: readonly TableMessage[] = [
  { tag: 'digest', digest: 2 ** 48 - 1 },
  { tag: 'vector', after: '', upTo: null, heads },
  { tag: 'vector', after: 'a@h', upTo: 'b@h', heads: [] },
  { tag: 'heads', heads },
  { tag: 'pull', id: 1, head },
  { tag: 'pull', id: 1, head: undefined },
  { tag: 'refused', id: 3 },
  { tag: 'ack', id: 1, seq: 2 },
  { tag: 'chunk', id: 1, seq: 2, kind: 'changes', head, from: 3, ...flags, ops },
  { tag: 'chunk', id: 1, seq: 2, kind: 'entries', head, from: 0, ...flags, ops: [] },
]

test('what one table replica says another understands', () => {
  for (const message of messages) assert.equal(decodeMessage(encodeMessage(message)), message)
  for (const delta of [
    { node: 'a@h', from: 3, head, ops },
    { node: 'a@h', from: 7, head },
  ]) {
    assert.equal(decodeDelta(encodeDelta(delta)), delta)
  }
})

test('nothing throws, whatever it is', () => {
  const decoders = [decodeMessage, decodeDelta, decodeDriverMessage, decodeDriverNews]
  fc.assert(
    fc.property(fc.anything(), (body) => {
      for (const decode of decoders) decode(body)
      assert.is(decodeMessage({ tag: 'chunk', ops: body }), undefined)
    }),
  )
})

test('a message with one field made bad is none, or as good as before', () => {
  const fields = ['id', 'seq', 'kind', 'epoch', 'version', 'from', 'first', 'last', 'end', 'ops']
  const bad = fc.oneof(fc.anything(), fc.constantFrom(-1, 1.5, 2 ** 60, Number.NaN, null, {}, []))
  fc.assert(
    fc.property(
      fc.constantFrom(...messages),
      fc.constantFrom(...fields),
      bad,
      (good, field, value) => {
        const body: unknown = encodeMessage(good)
        if (typeof body !== 'object' || body === null) throw new Error('no message')
        const message = decodeMessage({ ...body, [field]: value })
        if (message?.tag === 'chunk') {
          assert.ok(message.from <= message.head.version)
          assert.ok(Number.isSafeInteger(message.head.version) && message.head.version >= 0)
          assert.ok(message.ops.every(([key]) => typeof key === 'string'))
        }
      },
    ),
  )
})

test('parts and updates of drivers are read within their limits alone', () => {
  const part = (pieces: unknown): unknown => {
    return decodeDriverMessage({ tag: 'part', id: 1, seq: 1, end: false, pieces })
  }
  const half = new Uint8Array(limits.replicaChunkMaxBytes / 2)
  assert.ok(part([half, half]))
  assert.is(part([half, half, Uint8Array.of(1)]), undefined, 'too long for one step')
  assert.ok(part([new Uint8Array(limits.broadcastPayloadMaxBytes)]), 'one alone may be longer')
  assert.is(part([new Uint8Array(limits.broadcastPayloadMaxBytes + 1)]), undefined)
  const many = Array.from({ length: limits.replicaChunkOpsMax }, () => Uint8Array.of(1))
  assert.ok(part(many))
  assert.is(part([...many, Uint8Array.of(1)]), undefined)
  const chunk = { tag: 'chunk', id: 1, seq: 1, kind: 'entries', epoch: [5, 6], version: 7, from: 0 }
  const answer = (ops: unknown): unknown => decodeMessage({ ...chunk, ...flags, ops })
  const entry = ['', half]
  assert.ok(answer([entry, entry]))
  assert.is(answer([entry, entry, ['k', Uint8Array.of(1)]]), undefined)
  const pieces = Array.from({ length: limits.replicaUpdateMax }, () => 1)
  assert.ok(decodeDriverNews({ tag: 'update', pieces }))
  assert.is(decodeDriverNews({ tag: 'update', pieces: [...pieces, 1] }), undefined)
})

test('options are checked by name', () => {
  assert.is(replicaOptions({}).antiEntropyMs, 30_000)
  assert.is(replicaOptions({ antiEntropyMs: 0 }).antiEntropyMs, 0)
  assert.throws(() => replicaOptions({ pullEveryMs: 0 }), /replica: pullEveryMs: .* least 1, got 0/)
  assert.throws(
    () => replicaOptions({ flushEveryMs: 1.5 }),
    /flushEveryMs: expected a whole number/,
  )
  // What no timer takes would end the process that sets it.
  for (const antiEntropyMs of [2 ** 31, 1e12]) {
    assert.throws(
      () => replicaOptions({ antiEntropyMs }),
      new RegExp(`antiEntropyMs: .* at most 2147483647 .*, got ${antiEntropyMs}`),
    )
  }
  assert.is(replicaOptions({ antiEntropyMs: 2 ** 31 - 1 }).antiEntropyMs, 2 ** 31 - 1)
  const inherited: object = { toString: 5 }
  assert.throws(() => replicaOptions(inherited), /unknown option 'toString'/)
  const unknown: object = { antiEntropy: 5 }
  assert.throws(() => replicaOptions(unknown), /unknown option 'antiEntropy'/)
  assert.throws(
    () => checkCluster({ replica: { pullTimeoutMs: -1 } }),
    /startNode: cluster: replica: pullTimeoutMs: expected .*, got -1/,
  )
})

test.run()
