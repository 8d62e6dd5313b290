/** What an author has said is taken when it continues the copy, and never over a gap. */
import type { Head } from '../../../../src/crdt/table.ts'
import type { Chunk, Delta } from '../../../../src/replica/table-message.ts'
import { verdictOnChunk, verdictOnDelta } from '../../../../src/replica/table-verdict.ts'
import { assert, suite } from '../../../support/harness.ts'

const test = suite('table verdict')

const epoch = { wallMs: 1_000, logical: 0 }
const head = (version: number): Head => ({ epoch, version })

test('of changes those that begin no later than the copy ends, and of entries in order', () => {
  const rest = { tag: 'chunk', id: 1, seq: 1, last: false, end: false, ops: [] } as const
  const changes = (from: number, to: number): Chunk => {
    return { ...rest, kind: 'changes', head: head(to), from, first: false }
  }
  const entries = (first: boolean): Chunk => {
    return { ...rest, kind: 'entries', head: head(9), from: 0, first }
  }
  assert.is(verdictOnChunk(head(5), changes(5, 7)), 'advance')
  assert.is(verdictOnChunk(head(5), changes(3, 7)), 'advance')
  assert.is(verdictOnChunk(head(5), changes(6, 7)), 'refuse')
  assert.is(verdictOnChunk(head(5), changes(2, 4)), 'skip')
  assert.is(verdictOnChunk(undefined, changes(0, 4)), 'refuse')
  assert.is(verdictOnChunk(undefined, entries(false)), 'fill')
  assert.is(verdictOnChunk(head(5), entries(false)), 'refuse')
  assert.is(verdictOnChunk(head(5), entries(true)), 'begin')
})

test('a broadcast of another epoch, from behind a gap or without changes is refused', () => {
  const delta = (from: number, to: number, at = epoch): Delta => {
    return { node: 'a@h', from, head: { epoch: at, version: to }, ops: [] }
  }
  assert.is(verdictOnDelta(head(5), delta(5, 6)), 'advance')
  assert.is(verdictOnDelta(head(5), delta(4, 6)), 'advance')
  assert.is(verdictOnDelta(head(5), delta(6, 7)), 'refuse')
  assert.is(verdictOnDelta(head(5), delta(4, 5)), 'skip')
  assert.is(verdictOnDelta(head(5), { node: 'a@h', from: 5, head: head(6) }), 'refuse')
  assert.is(verdictOnDelta(head(5), delta(5, 6, { wallMs: 1_001, logical: 0 })), 'refuse')
  assert.is(verdictOnDelta(undefined, delta(0, 6)), 'refuse')
})

test.run()
