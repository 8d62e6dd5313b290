/**
 * Which of the connections under way to a node is to become its channel. One may be chosen at a
 * time; the choice ends with the link process that holds it, or when its channel is up.
 *
 * Only the node with the greater name chooses (`admission.ts`). It holds its choice from the last
 * message that may bring the peer up until it knows how that ended, so that no two connections are
 * ever up at once, each on one side.
 */
import type { Connection } from '../carrier/carrier.ts'

export type Choice = {
  readonly connection: Connection
  /** Of the peer at the other end. */
  readonly creation: number
  /** Settles when another one may be chosen. */
  readonly ended: Promise<void>
}

type Held = Choice & { readonly end: () => void }

export class Choices {
  readonly #held = new Map<string, Held>()

  /** Chooses `connection`; gives the choice that stands in the way, if there is one. */
  take(node: string, connection: Connection, creation: number): Choice | undefined {
    const held = this.#held.get(node)
    if (held !== undefined) return held.connection === connection ? undefined : held
    let end: () => void = () => undefined
    const ended = new Promise<void>((resolve) => {
      end = resolve
    })
    this.#held.set(node, { connection, creation, ended, end })
    return undefined
  }

  /** Takes the choice of `connection` back, if it still stands. */
  release(node: string, connection: Connection): void {
    const held = this.#held.get(node)
    if (held?.connection !== connection) return
    this.#held.delete(node)
    held.end()
  }
}
