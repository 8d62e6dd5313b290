/**
 * The log of a simulated run: one line per event, virtual time first. Only a digest, a count and
 * the last lines are kept, so that a run of any length costs the same memory; whoever wants all of
 * it listens.
 *
 * Invariant: the same seed gives the same lines, byte for byte. Nothing of the host is in a line:
 * no stacks, no wall clock, no addresses.
 */
const tailLines = 200
/** FNV-1a, two lanes of 32 bits with different beginnings: a fingerprint, not a security. */
const prime = 0x01000193

export class EventLog {
  /** Gets every line. */
  onLine: ((line: string) => void) | undefined
  readonly #tail: string[] = []
  #count = 0
  #low = 0x811c9dc5
  #high = 0x050c5d1f

  /** Lines so far. */
  get count(): number {
    return this.#count
  }

  /** 16 hex digits over all lines so far. */
  get digest(): string {
    const hex = (lane: number): string => (lane >>> 0).toString(16).padStart(8, '0')
    return hex(this.#high) + hex(this.#low)
  }

  /** The last lines, oldest first. */
  get tail(): readonly string[] {
    return this.#tail.slice(-tailLines)
  }

  add(atMs: number, source: string, text: string): void {
    const line = `${atMs.toFixed(3)} ${source} ${text}`
    this.#count += 1
    for (let at = 0; at < line.length; at++) {
      const unit = line.charCodeAt(at)
      this.#low = Math.imul(this.#low ^ unit, prime)
      this.#high = Math.imul(this.#high ^ (unit + at), prime)
    }
    this.#tail.push(line)
    if (this.#tail.length > 2 * tailLines) this.#tail.splice(0, tailLines)
    this.onLine?.(line)
  }
}

/** A value as one line of text: maps and pids included, stacks left out, long texts cut. */
export function lineOf(value: unknown): string {
  const text = JSON.stringify(value, (key, field: unknown) => {
    if (key === 'stack') return undefined
    if (field instanceof Error) return `${field.name}: ${field.message}`
    if (field instanceof Uint8Array) return `${field.length} bytes`
    if (typeof field === 'bigint') return `${field}n`
    if (field instanceof Map) return [...field]
    return field instanceof Set ? [...field] : field
  })
  return text ?? String(value)
}
