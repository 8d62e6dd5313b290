/**
 * A behaviour's handlers by the name of their operation. Only own properties count, so that no
 * caller reaches what every object inherits.
 *
 * The last one found is remembered: a busy server is mostly asked for one thing, and comparing two
 * names costs a fraction of looking one up.
 */
export class Operations<Handler> {
  readonly #handlers: ReadonlyMap<string, Handler>
  #lastName = ''
  #last: Handler | undefined

  constructor(handlers: Readonly<Record<string, Handler>> = {}) {
    this.#handlers = new Map(Object.entries(handlers))
    this.#last = this.#handlers.get('')
  }

  /** The handler of `op`, if there is one. */
  find(op: string): Handler | undefined {
    if (op === this.#lastName) return this.#last
    const handler = this.#handlers.get(op)
    if (handler === undefined) return undefined
    this.#lastName = op
    this.#last = handler
    return handler
  }
}
