/**
 * Bytes written to a stream and not yet taken by its transport, in order. Large chunks are handed
 * on as they are; runs of small ones are gathered into one piece, because a call into a transport
 * costs more than a copy of a few kilobytes.
 *
 * Invariant: `bytes` is the sum of what `head` has not yet given and `consume` not yet removed,
 * whatever the owner of a chunk does to it meanwhile: one that has lost its memory (to another
 * thread) counts as zeros, since the stream has promised so many bytes.
 */
const gatherBelowBytes = 4096
/** Chunks already given are dropped from the array in batches, so that no shift is linear. */
const compactAt = 256

export class WriteQueue {
  readonly #chunks: Uint8Array[] = []
  readonly #lengths: number[] = []
  /** Index of the first chunk still needed, and how much of it has been consumed. */
  #first = 0
  #offset = 0
  #bytes = 0

  get bytes(): number {
    return this.#bytes
  }

  push(chunk: Uint8Array): void {
    if (chunk.length === 0) return
    this.#chunks.push(chunk)
    this.#lengths.push(chunk.length)
    this.#bytes += chunk.length
  }

  /**
   * The next bytes to send, at most `scratch.length` of them and never none unless the queue is
   * empty. The result is a view of a queued chunk or of `scratch`: use it at once.
   */
  head(scratch: Uint8Array): Uint8Array {
    const chunk = this.#chunkAt(this.#first)
    if (chunk === undefined) return scratch.subarray(0, 0)
    const rest = chunk.length - this.#offset
    if (rest >= gatherBelowBytes || this.#first + 1 === this.#chunks.length) {
      if (this.#offset === 0 && rest <= scratch.length) return chunk
      return chunk.subarray(this.#offset, this.#offset + Math.min(rest, scratch.length))
    }
    return this.#gather(scratch)
  }

  /** Removes the first `count` bytes. */
  consume(count: number): void {
    this.#bytes -= count
    let left = count + this.#offset
    let length = this.#lengths[this.#first]
    while (length !== undefined && left >= length) {
      left -= length
      this.#first += 1
      length = this.#lengths[this.#first]
    }
    this.#offset = left
    if (this.#first === this.#chunks.length) this.clear()
    else if (this.#first >= compactAt) {
      this.#chunks.splice(0, this.#first)
      this.#lengths.splice(0, this.#first)
      this.#first = 0
    }
  }

  clear(): void {
    this.#chunks.length = 0
    this.#lengths.length = 0
    this.#first = 0
    this.#offset = 0
    this.#bytes = 0
  }

  #chunkAt(index: number): Uint8Array | undefined {
    const chunk = this.#chunks[index]
    const length = this.#lengths[index]
    if (chunk === undefined || length === undefined || chunk.length === length) return chunk
    const zeros = new Uint8Array(length)
    this.#chunks[index] = zeros
    return zeros
  }

  #gather(scratch: Uint8Array): Uint8Array {
    let filled = 0
    let offset = this.#offset
    for (let i = this.#first; i < this.#chunks.length && filled < scratch.length; i++) {
      const chunk = this.#chunkAt(i)!
      if (filled > 0 && chunk.length >= gatherBelowBytes) break
      const size = Math.min(chunk.length - offset, scratch.length - filled)
      scratch.set(size === chunk.length ? chunk : chunk.subarray(offset, offset + size), filled)
      filled += size
      offset = 0
    }
    return scratch.subarray(0, filled)
  }
}
