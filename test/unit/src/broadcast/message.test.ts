/** What a neighbour may send, and everything else, which is no message. */
import fc from 'fast-check'
import { type BroadcastMessage, decodeBroadcast } from '../../../../src/broadcast/message.ts'
import {
  automaticId,
  explicitId,
  idPrefix,
  parseId,
  streamOf,
  wordOf,
} from '../../../../src/broadcast/message-id.ts'
import { limits } from '../../../../src/limits.ts'
import { createCodec } from '../../../../src/wire/index.ts'
import { assert, suite } from '../../../support/harness.ts'

const test = suite('broadcast message')

const id = 'o@host/epoch000/00000000/tag00000'
const carried = { id, topic: 't', payload: new Uint8Array([1]), round: 1, ageMs: 0 }
const hashes = new Array<number>(limits.broadcastBuckets).fill(2 ** 32 - 1)
const summary = { stream: 'o@host/epoch000', next: 9, holes: [1, 2, 4, 9] }
const messages: readonly BroadcastMessage[] = [
  { tag: 'gossip', ...carried },
  { tag: 'repair', ...carried, id: '/mine' },
  { tag: 'ihave', ids: [id], rounds: [1] },
  { tag: 'graft', ids: [id] },
  { tag: 'graft', ids: [] },
  { tag: 'prune' },
  { tag: 'digest', hash: 7 },
  { tag: 'buckets', hashes },
  { tag: 'streams', buckets: [0], streams: [summary], ids: ['/k'], partial: true, answer: false },
  { tag: 'offer', ids: [id], more: true },
  { tag: 'fetch', ids: [id] },
]

test('every message survives the wire', () => {
  const codec = createCodec()
  for (const message of messages) {
    const encoded = codec.encode(message)
    if (encoded.tag === 'error') throw new Error(encoded.path)
    const decoded = codec.decode(encoded.bytes.slice())
    assert.is(decoded.tag, 'ok')
    if (decoded.tag === 'ok') assert.equal(decodeBroadcast(decoded.term), message)
  }
})

test('fields that nobody knows are left behind', () => {
  const strange = { ...messages[0], sender: 'somebody@else', __proto__: { tag: 'prune' } }
  assert.equal(decodeBroadcast(strange), messages[0])
})

test('what is out of bounds is no message', () => {
  const many = new Array<string>(limits.broadcastIdsMax + 1).fill(id)
  const bad: unknown[] = [
    { ...carried, tag: 'gossip', payload: new Uint8Array(limits.broadcastPayloadMaxBytes + 1) },
    { ...carried, tag: 'gossip', payload: 'text' },
    { ...carried, tag: 'gossip', topic: '' },
    { ...carried, tag: 'gossip', topic: 'x'.repeat(limits.broadcastTopicMaxChars + 1) },
    { ...carried, tag: 'gossip', round: -1 },
    { ...carried, tag: 'gossip', round: 1.5 },
    { ...carried, tag: 'gossip', round: limits.broadcastRoundMax + 1 },
    { ...carried, tag: 'gossip', ageMs: Number.NaN },
    { ...carried, tag: 'repair', id: 'o@host' },
    { tag: 'ihave', ids: [id], rounds: [] },
    { tag: 'ihave', ids: [], rounds: [] },
    { tag: 'ihave', ids: many, rounds: many.map(() => 1) },
    { tag: 'graft', ids: many },
    { tag: 'graft', ids: 'all' },
    { tag: 'digest', hash: 2 ** 32 },
    { tag: 'buckets', hashes: [1] },
    { tag: 'offer', ids: [id], more: 1 },
    { tag: 'fetch', ids: [1] },
    { tag: 'gossip' },
    { tag: 'somethingNew' },
    [],
    null,
    undefined,
    7,
    'prune',
  ]
  for (const term of bad) assert.is(decodeBroadcast(term), undefined, JSON.stringify(term))
})

test('a summary whose holes make no sense is no message', () => {
  const told = (holes: unknown, next: unknown = 9, stream: unknown = 'o@host/epoch000') =>
    decodeBroadcast({
      tag: 'streams',
      buckets: [],
      streams: [{ stream, next, holes }],
      ids: [],
      partial: false,
      answer: true,
    })
  assert.ok(told([0, 9]))
  for (const holes of [[1], [2, 1], [1, 1], [1, 10], [-1, 3], [0.5, 1], 'none']) {
    assert.is(told(holes), undefined, JSON.stringify(holes))
  }
  const many = Array.from({ length: 2 * limits.broadcastHolesMax + 2 }, (_, at) => at)
  assert.is(told(many, 1000), undefined)
  assert.ok(told(many.slice(2), 1000))
  assert.is(told([], limits.broadcastCounterMax + 1), undefined)
  assert.is(told([], 0, 'o@host'), undefined)
  assert.is(told([], 0, 'o@host/epoch000/x'), undefined)
})

test('more streams than one message tells of are no message', () => {
  const all = Array.from({ length: limits.broadcastSummariesMax + 1 }, () => summary)
  const told = { tag: 'streams', buckets: [], ids: [], partial: true, answer: false }
  assert.is(decodeBroadcast({ ...told, streams: all }), undefined)
  assert.ok(decodeBroadcast({ ...told, streams: all.slice(1) }))
})

test('nothing whatever makes the decoder throw', () => {
  const names = ['tag', 'id', 'ids', 'rounds', 'topic', 'payload', 'round', 'ageMs', 'holes']
  const key = fc.constantFrom(...names, 'hash', 'hashes', 'buckets', 'streams', 'next', 'more')
  const tag = fc.constantFrom(...messages.map((message) => message.tag))
  const fields = fc.dictionary(key, fc.anything({ withMap: true, withTypedArray: true }))
  const property = fc.property(fc.anything(), fields, tag, (anything, some, name) => {
    decodeBroadcast(anything)
    const decoded = decodeBroadcast({ ...some, tag: name })
    assert.ok(decoded === undefined || decoded.tag === name)
  })
  fc.assert(property, { numRuns: 500 })
})

test('an automatic id tells its stream and counter, and sorts by them', () => {
  const stream = streamOf('o@host', wordOf(new Uint8Array([255, 255, 255, 255, 255])))
  const made = [0, 1, 35, 36, 10 ** 9, limits.broadcastCounterMax].map((counter) => {
    const each = automaticId(stream, counter, wordOf(new Uint8Array(5)))
    assert.equal(parseId(each), { tag: 'automatic', stream, origin: 'o@host', counter })
    assert.ok(each.startsWith(idPrefix(stream, counter)))
    return each
  })
  assert.equal([...made].sort(), made)
  assert.ok(made[0]!.length <= 'o@host'.length + 27)
})

test('an explicit id is any key of some length; other ids are none', () => {
  assert.is(explicitId('any/thing'), '/any/thing')
  assert.equal(parseId('/any/thing'), { tag: 'explicit' })
  for (const bad of ['', 'x'.repeat(limits.broadcastKeyMaxChars + 1), 7, undefined]) {
    assert.is(explicitId(bad), undefined)
  }
  const wrong = ['', '/', 'o@host', `${id}0`, id.toUpperCase(), `.${id}`, id.slice(1), 7, null]
  for (const each of wrong) assert.is(parseId(each), undefined, String(each))
})

test.run()
