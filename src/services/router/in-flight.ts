/**
 * How many questions and packets of others a node works on at a time (cluster spec, 14.8): so many
 * in all, and no more than a share of them for one neighbour, so that a flood from one leaves room
 * for the others.
 */
export type InFlightLimits = { readonly max: number; readonly perPeerMax: number }

export class InFlight {
  readonly #limits: InFlightLimits
  readonly #byNode = new Map<string, number>()
  #size = 0

  constructor(limits: InFlightLimits) {
    this.#limits = limits
  }

  get size(): number {
    return this.#size
  }

  isFull(node: string): boolean {
    const { max, perPeerMax } = this.#limits
    return this.#size >= max || (this.#byNode.get(node) ?? 0) >= perPeerMax
  }

  enter(node: string): void {
    this.#size += 1
    this.#byNode.set(node, (this.#byNode.get(node) ?? 0) + 1)
  }

  leave(node: string): void {
    const held = this.#byNode.get(node) ?? 0
    if (held === 0) return
    this.#size -= 1
    if (held > 1) this.#byNode.set(node, held - 1)
    else this.#byNode.delete(node)
  }
}
