/** Hashes of texts, of which digests of whole stores are sums: 48 bits, so that sums are exact. */

/** Two runs of FNV-1a with different primes, finished as MurmurHash3 does. */
export function hashText(text: string): number {
  let high = 0x811c9dc5
  let low = 0x9e3779b9
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at)
    high = Math.imul(high ^ unit, 0x01000193)
    low = Math.imul(low ^ unit, 0x85ebca6b)
  }
  return (mix(high ^ low) & 0xffff) * 2 ** 32 + mix(low ^ (high << 1))
}

function mix(value: number): number {
  let hash = value ^ (value >>> 16)
  hash = Math.imul(hash, 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}
