/**
 * Random bytes of the host's CSPRNG, drawn in blocks: most requests are for a nonce or an id, and a
 * call of the host costs more than the bytes.
 *
 * Invariant: no byte is given twice, and none that was given is kept here.
 */
import { randomFillSync } from 'node:crypto'
import type { Random } from './platform.ts'

const blockBytes = 4096
/** Larger requests are drawn for themselves. */
const pooledMaxBytes = 128

export function nodeRandom(): Random {
  const block = new Uint8Array(blockBytes)
  let used = blockBytes
  return {
    unit: () => Math.random(),
    bytes(size) {
      if (size > pooledMaxBytes) return randomFillSync(new Uint8Array(size))
      if (used + size > blockBytes) {
        randomFillSync(block)
        used = 0
      }
      const bytes = block.slice(used, used + size)
      block.fill(0, used, used + size)
      used += size
      return bytes
    },
  }
}
