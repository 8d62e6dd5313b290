/**
 * Requests that wait for their responses together, each with a label that says what it was about
 * (OTP `gen_server:reqids_new/0` and the rest). Its size is what its owner has put in and not yet
 * taken out by waiting.
 */
import { BadArgument, type Reference } from '../runtime/index.ts'
import { LocalCall, show } from '../runtime/kernel.ts'
import type { RequestId } from './request.ts'

/** What is about one of a collection, and its label. */
export type Labelled<T, L> = T & { readonly label: L }

/** `R` is what the requests are answered with, `L` what they are labelled with. */
export class RequestCollection<R = unknown, L = unknown> {
  readonly #entries = new Map<Reference, { readonly label: L }>()
  declare readonly responses?: R

  get size(): number {
    return this.#entries.size
  }

  /** Throws `BadArgument` for what is no request, or is in here already. */
  add(request: RequestId<R>, label: L): this {
    if (!(request instanceof LocalCall)) {
      throw new BadArgument(`add: expected what sendRequest returned, got ${show(request)}`)
    }
    if (this.#entries.has(request)) throw new BadArgument('add: the request is in here already')
    this.#entries.set(request, { label })
    return this
  }

  /** Requests and their labels, in the order in which they were added. */
  entries(): readonly (readonly [RequestId<R>, L])[] {
    return [...this.#entries].map(([request, { label }]) => [request, label])
  }

  has(request: Reference): boolean {
    return this.#entries.has(request)
  }

  /** Takes one out; its label. Throws `BadArgument` when it is not in here. */
  take(request: Reference): L {
    const entry = this.#entries.get(request)
    if (entry === undefined) throw new BadArgument(`take: ${String(request)} is not in here`)
    this.#entries.delete(request)
    return entry.label
  }

  /** Takes all out. */
  clear(): readonly RequestId<R>[] {
    const requests = [...this.#entries.keys()]
    this.#entries.clear()
    return requests
  }
}
