/**
 * Snapshots on their way to other nodes, in parts, so many at a time; the next one goes when the
 * last was acknowledged. No effects: the caller sends what `next` gives.
 *
 * Invariant: one snapshot to one node at a time; a part has at least one piece, however long,
 * unless all that were left are left out.
 */
import { limits } from '../limits.ts'
import type { Part } from './driver-message.ts'

type Push = {
  readonly id: number
  readonly pieces: readonly unknown[]
  at: number
  seq: number
  heard: number
}

export class Pushes {
  readonly #encode: (piece: unknown) => Uint8Array | undefined
  readonly #pushes = new Map<string, Push>()
  #id: number

  /**
   * Snapshots are numbered from `firstId`, so that those of an earlier run are told apart. A piece
   * that `encode` gives no bytes for is left out.
   */
  constructor(encode: (piece: unknown) => Uint8Array | undefined, firstId: number) {
    this.#encode = encode
    this.#id = firstId
  }

  has(peer: string): boolean {
    return this.#pushes.has(peer)
  }

  /** False when too many are being served. */
  mayBegin(): boolean {
    return this.#pushes.size < limits.replicaSendsMax
  }

  begin(peer: string, pieces: readonly unknown[]): void {
    this.#pushes.set(peer, { id: this.#id++, pieces, at: 0, seq: 0, heard: 0 })
  }

  /** The next part for `peer`, if it may have one. */
  next(peer: string): Part | undefined {
    const push = this.#pushes.get(peer)
    if (push === undefined || push.seq - push.heard >= limits.replicaChunksUnheardMax) return
    const pieces: Uint8Array[] = []
    let bytes = 0
    while (push.at < push.pieces.length && pieces.length < limits.replicaChunkOpsMax) {
      const piece = this.#encode(push.pieces[push.at])
      if (piece === undefined) {
        push.at += 1
        continue
      }
      if (pieces.length > 0 && bytes + piece.length > limits.replicaChunkMaxBytes) break
      bytes += piece.length
      pieces.push(piece)
      push.at += 1
    }
    push.seq += 1
    const end = push.at >= push.pieces.length
    if (end) this.#pushes.delete(peer)
    return { tag: 'part', id: push.id, seq: push.seq, pieces, end }
  }

  /** False when that is no part which `peer` has been sent. */
  heard(peer: string, id: number, seq: number): boolean {
    const push = this.#pushes.get(peer)
    if (push === undefined || push.id !== id || seq <= push.heard || seq > push.seq) return false
    push.heard = seq
    return true
  }

  drop(peer: string): void {
    this.#pushes.delete(peer)
  }
}
