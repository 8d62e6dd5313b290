/** What is charged for an entry, and how much a peer may make of one message. */
import { limits } from '../../../../src/limits.ts'
import { decodeDriverMessage } from '../../../../src/replica/driver-message.ts'
import { decodeDelta, decodeMessage } from '../../../../src/replica/table-message.ts'
import { entryBytes } from '../../../../src/replica/table-weight.ts'
import { assert, suite } from '../../../support/harness.ts'

const test = suite('replica: the weight of what comes')

test('an entry is charged for its key, its bytes, and what its value is built of', () => {
  assert.is(entryBytes('key', 'text', 5), 8)
  assert.is(entryBytes('', null, 1), 1)
  const pair = entryBytes('', [1, 2], 3)
  assert.ok(pair > entryBytes('', [1], 3))
  assert.is(entryBytes('', { a: 1, b: 2 }, 3), pair)
  assert.is(entryBytes('', new Set([1, 2]), 3), pair)
  assert.is(entryBytes('', new Map([[1, 2]]), 3), pair)
  const nested = Array.from({ length: 1_000 }, () => ({}))
  assert.ok(entryBytes('', nested, 1_003) > 64_000)
})

test('a message holds no more than its receiver can read in one step', () => {
  const rest = { tag: 'chunk', id: 1, seq: 1, kind: 'entries', epoch: [1, 0], version: 9, from: 0 }
  const flags = { first: true, last: true, end: true }
  const value = (length: number) => new Uint8Array(length)
  const max = limits.replicaChunkMaxBytes
  const isTaken = (ops: readonly unknown[]): boolean => {
    const isChunk = decodeMessage({ ...rest, ...flags, ops }) !== undefined
    const delta = { node: 'a@h', from: 0, epoch: [1, 0], version: 9, ops }
    assert.is(decodeDelta(delta) !== undefined, isChunk)
    return isChunk
  }
  assert.ok(isTaken([['k', value(limits.tableValueMaxBytes)]]))
  assert.ok(isTaken([['k'.repeat(limits.tableKeyMaxChars), value(limits.tableValueMaxBytes)]]))
  assert.ok(
    isTaken([
      ['k', value(max - 2)],
      ['l', value(0)],
    ]),
  )
  assert.not.ok(
    isTaken([
      ['k', value(max - 2)],
      ['l', value(1)],
    ]),
  )
  assert.not.ok(isTaken([['k'.repeat(max / 2)], ['l'.repeat(max / 2)], ['m']]))
  assert.ok(isTaken([['k', null, value(limits.tableCauseMaxBytes)]]))
  assert.not.ok(isTaken([['k', null, value(limits.tableCauseMaxBytes + 1)]]))
  const part = { tag: 'part', id: 1, seq: 1, end: true }
  const takes = (...pieces: Uint8Array[]) => decodeDriverMessage({ ...part, pieces }) !== undefined
  assert.ok(takes(value(limits.broadcastPayloadMaxBytes)))
  assert.ok(takes(value(max - 1), value(1)))
  assert.not.ok(takes(value(max), value(1)))
})

test.run()
