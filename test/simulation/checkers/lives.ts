/**
 * Which incarnations of nodes live, as happenings tell, and which names lost their key: such a node
 * is a stranger, whom everybody who knew the name refuses from then on.
 */
import type { Happening } from '../happening.ts'

export class Lives {
  /** Living incarnation by name. */
  readonly #on = new Map<string, string>()
  readonly #stopping = new Set<string>()
  readonly #strangers = new Set<string>()
  readonly #behind = new Set<string>()

  see(happening: Happening): void {
    if (happening.tag === 'boots') {
      this.#on.set(happening.name, happening.node)
      if (happening.behind) this.#behind.add(happening.node)
      if (happening.disk === 'blank') this.#strangers.add(happening.name)
    } else if (happening.tag === 'stops') this.#stopping.add(happening.node)
    else if (happening.tag === 'crashed') this.#on.delete(nameOf(happening.node))
  }

  /** Incarnations that live and are known to others. */
  get known(): readonly string[] {
    return [...this.#on.values()].filter((node) => !this.isStranger(node))
  }

  isOn(node: string): boolean {
    return this.#on.get(nameOf(node)) === node
  }

  /** It was told to stop, or has stopped in order. */
  hasBegunToStop(node: string): boolean {
    return this.#stopping.has(node)
  }

  /** It began at an earlier time, by its own clock, than a life of it before. */
  isBehind(node: string): boolean {
    return this.#behind.has(node)
  }

  isStranger(node: string): boolean {
    return this.#strangers.has(nameOf(node))
  }
}

/** The name of the node, of an incarnation of it. */
export function nameOf(node: string): string {
  return node.slice(0, node.indexOf('#'))
}
