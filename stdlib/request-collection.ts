/**
 * Requests that wait for their responses together, each with a label that says what it was about
 * (OTP `gen_server:reqids_new/0` and the rest). Its size is what its owner has put in and not yet
 * taken out by waiting.
 */
import { BadArgument, type Reference } from '../runtime/index.ts'
import { LocalCall, show } from '../runtime/kernel.ts'
import type { RequestId } from './request.ts'

/** What was about one of a collection, and its label. */
export type Labelled<T, L> = T & { readonly label: L }

/** `R` is what the requests are answered with, `L` what they are labelled with. */
export class RequestCollection<R = unknown, L = unknown> {
  readonly #labels = new Map<Reference, L>()
  declare readonly responses?: R

  get size(): number {
    return this.#labels.size
  }

  /** Throws `BadArgument` for what is no request, or is in here already. */
  add(request: RequestId<R>, label: L): this {
    if (!(request instanceof LocalCall)) {
      throw new BadArgument(`add: expected what sendRequest returned, got ${show(request)}`)
    }
    if (this.#labels.has(request)) throw new BadArgument('add: the request is in here already')
    this.#labels.set(request, label)
    return this
  }

  /** Requests and their labels, in the order in which they were added. */
  entries(): readonly (readonly [RequestId<R>, L])[] {
    return [...this.#labels]
  }

  has(request: Reference): boolean {
    return this.#labels.has(request)
  }

  /** Takes one out; its label. Throws `BadArgument` when it is not in here. */
  take(request: Reference): L {
    for (const [known, label] of this.#labels) {
      if (known !== request) continue
    }
  }

  /** Takes all out. */
  clear(): readonly RequestId<R>[] {
    const requests = [...this.#labels.keys()]
    this.#labels.clear()
    return requests
  }
}
