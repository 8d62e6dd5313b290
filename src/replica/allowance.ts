/**
 * What each sender may still ask for: a bucket for each kind of request that fills at a steady
 * rate. Senders have proved who they are, but not that they mean well.
 *
 * Invariant: no more senders are remembered than `limits.replicaSendersMax`; who comes back after
 * it was forgotten finds full buckets.
 */
import { limits } from '../limits.ts'

export type Rates<Kind extends string> = Readonly<
  Record<Kind, { readonly burst: number; readonly perSecond: number }>
>

type Bucket = { left: number; atMs: number }

export class Allowance<Kind extends string> {
  readonly #rates: Rates<Kind>
  readonly #senders = new Map<string, Map<Kind, Bucket>>()

  constructor(rates: Rates<Kind>) {
    this.#rates = rates
  }

  /** Takes one; false when there is none left. */
  take(sender: string, kind: Kind, nowMs: number): boolean {
    const bucket = this.#bucketOf(sender, kind, nowMs)
    if (bucket.left < 1) return false
    bucket.left -= 1
    return true
  }

  /** When there will be one. */
  waitMs(sender: string, kind: Kind, nowMs: number): number {
    const { left } = this.#bucketOf(sender, kind, nowMs)
    return left >= 1 ? 0 : Math.ceil(((1 - left) * 1_000) / this.#rates[kind].perSecond)
  }

  #bucketOf(sender: string, kind: Kind, nowMs: number): Bucket {
    const { burst, perSecond } = this.#rates[kind]
    const buckets = this.#senders.get(sender) ?? new Map<Kind, Bucket>()
    // The last to have asked is the last in the map.
    this.#senders.delete(sender)
    this.#senders.set(sender, buckets)
    if (this.#senders.size > limits.replicaSendersMax) {
      const [oldest] = this.#senders.keys()
      if (oldest !== undefined) this.#senders.delete(oldest)
    }
    const known = buckets.get(kind)
    if (known === undefined) {
      const bucket = { left: burst, atMs: nowMs }
      buckets.set(kind, bucket)
      return bucket
    }
    known.left = Math.min(burst, known.left + ((nowMs - known.atMs) * perSecond) / 1_000)
    known.atMs = nowMs
    return known
  }
}
