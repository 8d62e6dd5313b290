/**
 * Who is owed which broadcast: everybody who listened when it began and has done so ever since, as
 * long as its origin did too, for what a node had told nobody is lost with it. A node whose
 * broadcast process was started anew has lost its memory and says so: from then on it counts as
 * another listener. A stranger, whom others refuse, is owed nothing and owes nothing.
 */
import { Lives } from './checkers/lives.ts'
import type { Happening } from './happening.ts'

type Sent = { readonly origin: string; readonly audience: ReadonlySet<string> }

export class Audience {
  readonly #lives = new Lives()
  /** How often each listening node has lost its memory. */
  readonly #lapses = new Map<string, number>()
  readonly #sent = new Map<string, Sent>()
  /** Listeners that got it, by broadcast. */
  readonly #delivered = new Map<string, Set<string>>()

  /** What is wrong with it, if anything. */
  see(happening: Happening): string | undefined {
    this.#lives.see(happening)
    switch (happening.tag) {
      case 'crashed':
        this.#lapses.delete(happening.node)
        break
      case 'listens':
        this.#lapses.set(happening.node, 0)
        break
      case 'resync':
        if (happening.source === 'broadcast') this.#forget(happening.node)
        break
      case 'broadcast':
        this.#begin(happening.id, happening.node)
        break
      case 'unsent':
        this.#sent.delete(happening.id)
        break
      case 'delivered':
        return this.#deliver(happening.id, happening.node)
      default:
    }
    return undefined
  }

  /** Each broadcast that somebody is still owed. */
  *owed(): Generator<{ readonly id: string; readonly origin: string; missing: string[] }> {
    const listeners = this.#listeners()
    for (const [id, { origin, audience }] of this.#sent) {
      if (!listeners.has(origin)) continue
      const got = this.#delivered.get(id)
      const missing = [...audience].filter((each) => listeners.has(each) && !got?.has(each))
      if (missing.length > 0) yield { id, origin, missing }
    }
  }

  #begin(id: string, node: string): void {
    this.#delivered.set(id, new Set())
    if (this.#lives.isStranger(node)) return
    this.#sent.set(id, { origin: this.#listener(node), audience: this.#listeners() })
  }

  #forget(node: string): void {
    const lapses = this.#lapses.get(node)
    if (lapses !== undefined) this.#lapses.set(node, lapses + 1)
  }

  #deliver(id: string, node: string): string | undefined {
    const listener = this.#listener(node)
    const got = this.#delivered.get(id)
    if (got === undefined) return `${node} delivered ${id}, which nobody broadcast`
    if (got.has(listener)) return `${node} delivered ${id} twice`
    got.add(listener)
    return undefined
  }

  #listener(node: string): string {
    const lapses = this.#lapses.get(node) ?? 0
    return lapses === 0 ? node : `${node} after ${lapses} lapses`
  }

  #listeners(): ReadonlySet<string> {
    const known = [...this.#lapses.keys()].filter((node) => !this.#lives.isStranger(node))
    return new Set(known.map((node) => this.#listener(node)))
  }
}
