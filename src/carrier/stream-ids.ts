/**
 * Stream ids as QUIC numbers them (RFC 9000, 2.1): bit 0 is set for streams of the acceptor, bit 1
 * for unidirectional ones, and each of the four kinds counts up from 0 in the remaining bits.
 */
const acceptorBit = 1
const uniBit = 2
const countStep = 4

export type StreamKind = 'bidi' | 'uni'
export type Role = 'dialer' | 'acceptor'

/** Id of the stream of `kind` that `opener` opened as its `count`th, from 0. */
export function streamId(kind: StreamKind, opener: Role, count: number): number {
  return (
    count * countStep + (kind === 'uni' ? uniBit : 0) + (opener === 'acceptor' ? acceptorBit : 0)
  )
}

export function kindOf(id: number): StreamKind {
  return (id & uniBit) === 0 ? 'bidi' : 'uni'
}

/** Which one of its kind and opener it is, from 0. */
export function countOf(id: number): number {
  return Math.floor(id / countStep)
}

export function openerOf(id: number): Role {
  return (id & acceptorBit) === 0 ? 'dialer' : 'acceptor'
}

/**
 * Streams of the peer that were met, so that late packets of one that is over do not raise it from
 * the dead. Ids may come out of order; what is kept is bounded by how far out of order they are.
 */
export class MetStreams {
  readonly #bidi = new SeenCounts()
  readonly #uni = new SeenCounts()

  /** True the first time `id` is given. */
  meet(id: number): boolean {
    const seen = kindOf(id) === 'bidi' ? this.#bidi : this.#uni
    return seen.mark(countOf(id))
  }
}

class SeenCounts {
  #below = 0
  readonly #ahead = new Set<number>()

  mark(count: number): boolean {
    if (count < this.#below || this.#ahead.has(count)) return false
    this.#ahead.add(count)
    while (this.#ahead.delete(this.#below)) this.#below += 1
    return true
  }
}
