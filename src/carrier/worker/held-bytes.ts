/**
 * Bytes of a stream that came while nobody takes them. They are copied together into blocks: what
 * they cost is what they are, even if they came one by one in batches a thousand times their size.
 */
const blockBytes = 16_384

export class HeldBytes {
  #blocks: Uint8Array[] = []
  /** Bytes used of the last block. */
  #filled = 0
  #bytes = 0

  get bytes(): number {
    return this.#bytes
  }

  append(bytes: Uint8Array): void {
    let rest = bytes
    while (rest.length > 0) {
      let last = this.#blocks.at(-1)
      if (last === undefined || this.#filled === last.length) {
        last = new Uint8Array(Math.max(blockBytes, rest.length))
        this.#blocks.push(last)
        this.#filled = 0
      }
      const piece = rest.subarray(0, last.length - this.#filled)
      last.set(piece, this.#filled)
      this.#filled += piece.length
      this.#bytes += piece.length
      rest = rest.subarray(piece.length)
    }
  }

  /** The first bytes held, which are held no longer; undefined when there are none. */
  take(): Uint8Array | undefined {
    const block = this.#blocks.shift()
    if (block === undefined) return undefined
    const bytes = this.#blocks.length === 0 ? block.subarray(0, this.#filled) : block
    this.#bytes -= bytes.length
    return bytes
  }

  clear(): void {
    this.#blocks = []
    this.#filled = 0
    this.#bytes = 0
  }
}
