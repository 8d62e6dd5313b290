/** The bytes of a batch: what is written is read, and what is not well-formed is said to be so. */
import {
  type BatchRecord,
  type ControlRecord,
  readBatch,
  writeBatch,
} from '../../../../../src/carrier/worker/batch.ts'
import { assert, suite, useSeed } from '../../../../support/harness.ts'
import { dataOf } from './support.ts'

const test = suite('worker carrier: batches')

const records: readonly ControlRecord[] = [
  { tag: 'accept', certHash: new Uint8Array(32).fill(9), streamsMax: 256 },
  { tag: 'end', stream: 2 ** 32 - 1 },
  { tag: 'reset', stream: 5, code: Number.MAX_SAFE_INTEGER },
  { tag: 'credit', stream: 6, bytes: 2 ** 32 - 1 },
  { tag: 'connectionCredit', bytes: 1 },
  { tag: 'streamCredit', kind: 'uni' },
  { tag: 'streamCredit', kind: 'bidi' },
  { tag: 'ping' },
  { tag: 'pong' },
  { tag: 'close', code: 4711, reason: new TextEncoder().encode('enough') },
]

function read(batch: Uint8Array): { records: BatchRecord[]; fault: 'malformed' | undefined } {
  const seen: BatchRecord[] = []
  const fault = readBatch(batch, (record) => {
    seen.push(record.tag === 'data' ? { ...record, bytes: record.bytes.slice() } : record)
    return true
  })
  return { records: seen, fault }
}

const data: BatchRecord = { tag: 'data', stream: 3, bytes: Uint8Array.of(1, 2, 3) }
const whole = writeBatch([...records.slice(0, 5), dataOf(3, data.bytes), ...records.slice(5)])

test('every record is read as it was written, in order', () => {
  const expected = [...records.slice(0, 5), data, ...records.slice(5)]
  assert.equal(read(whole), { records: expected, fault: undefined })
})

test('a batch cut anywhere gives its whole records, and says when it was cut', () => {
  const cuts = Array.from({ length: whole.length }, (_, at) => read(whole.slice(0, at)))
  const between = cuts.filter(({ fault }) => fault === undefined)
  assert.is(between.length, records.length, 'cuts between two records')
  for (const { records: seen } of cuts) {
    assert.equal(seen, read(whole).records.slice(0, seen.length))
  }
})

test('what is no record is refused', () => {
  const zero = new Uint8Array(0)
  const bad: Record<string, Uint8Array> = {
    'nothing at all': zero,
    'an unknown code': Uint8Array.of(99),
    'code zero': Uint8Array.of(0),
    'data without bytes': writeBatch([dataOf(1, zero)]),
    'data longer than the batch': Uint8Array.of(2, 1, 0, 0, 0, 255, 255, 255, 255, 1),
    'a negative code': writeBatch([{ tag: 'reset', stream: 1, code: -1 }]),
    'a code that is no number': writeBatch([{ tag: 'reset', stream: 1, code: Number.NaN }]),
    'a close without a whole code': writeBatch([{ tag: 'close', code: 0.5, reason: zero }]),
    'a stream of a third kind': Uint8Array.of(7, 2),
  }
  for (const [what, batch] of Object.entries(bad)) assert.is(read(batch).fault, 'malformed', what)
})

test('a reader that has enough gets no more', () => {
  const seen: string[] = []
  const fault = readBatch(whole, ({ tag }) => seen.push(tag) < 2)
  assert.is(fault, undefined)
  assert.equal(seen, ['accept', 'end'])
})

test('random bytes never throw and never give more than they are', () => {
  useSeed(7)
  let state = 7
  const random = (): number => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
    return state >>> 8
  }
  let malformed = 0
  for (let round = 0; round < 20_000; round++) {
    const batch = Uint8Array.from({ length: random() % 40 }, (_, at) =>
      at === 0 ? random() % 12 : random(),
    )
    const { records: seen, fault } = read(batch)
    if (fault === 'malformed') malformed += 1
    let bytes = 0
    for (const record of seen) bytes += record.tag === 'data' ? record.bytes.length : 0
    assert.ok(bytes <= batch.length)
  }
  assert.ok(malformed > 10_000)
})

test.run()
