/**
 * What to do with what an author has said of its table, given the head of the copy: the rules that
 * keep a copy with a head equal to what the author had there.
 *
 * An author's parts come in order, or from some point on not at all; its broadcasts may come late,
 * twice or never. A change may be applied again, never after what came later.
 */
import type { Head } from '../crdt/table.ts'
import { compareHlc } from '../hlc/index.ts'
import type { Chunk, Delta } from './table-message.ts'

/**
 * `begin`: a new round, then as `fill`. `fill`: apply; the copy has no head before the last part.
 * `advance`: apply; the copy is at the part's head then. `skip`: known. `refuse`: something is
 * missing in between.
 */
export type Verdict = 'begin' | 'fill' | 'advance' | 'skip' | 'refuse'

/** Of a part of an answer. That it is of this epoch is not asked: the author has been. */
export function verdictOnChunk(known: Head | undefined, chunk: Chunk): Verdict {
  if (chunk.kind === 'entries') {
    if (chunk.first) return 'begin'
    return known === undefined ? 'fill' : 'refuse'
  }
  if (known === undefined || chunk.from > known.version) return 'refuse'
  return chunk.head.version < known.version ? 'skip' : 'advance'
}

/** Of a broadcast; of a copy that is not settled nothing is known. */
export function verdictOnDelta(known: Head | undefined, delta: Delta): Verdict {
  if (known === undefined || compareHlc(known.epoch, delta.head.epoch) !== 0) return 'refuse'
  if (delta.head.version <= known.version) return 'skip'
  return delta.from > known.version || delta.ops === undefined ? 'refuse' : 'advance'
}
