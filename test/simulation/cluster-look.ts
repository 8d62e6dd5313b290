/** How the overlay and the member lists of all running nodes look, with nodes by incarnation. */
import { systemOf } from '../../runtime/kernel.ts'
import { Exit, members, membership } from '../../src/index.ts'
import { defaultMembershipOptions, type MembershipOptions } from '../../src/membership/index.ts'
import type { Node } from '../../src/node/node.ts'
import type { Simulation } from '../../src/testing/index.ts'
import type { Listed } from './checkers/members.ts'
import type { View } from './checkers/overlay.ts'
import type { Witness } from './witness.ts'

export type Look = { readonly views: readonly View[]; readonly lists: readonly Listed[] }

export type Sizes = Partial<Pick<MembershipOptions, 'activeSize' | 'passiveSize'>>

/** Incarnations by their creations. */
export class Census {
  readonly #witness: Witness
  readonly #keys = new Map<string, string>()

  constructor(witness: Witness) {
    this.#witness = witness
  }

  /** A node has started. */
  add(node: Node): void {
    this.#keys.set(`${node.name} ${systemOf(node).creation}`, this.#witness.keyOf(node.name))
  }

  /** The incarnation of a creation; `name#?` when it never got as far as to be known. */
  keyOf(name: string, creation: number): string {
    return this.#keys.get(`${name} ${creation}`) ?? `${name}#?`
  }

  /** How all running nodes look; undefined when one of them does not answer. */
  async look(sim: Simulation, sizes: Sizes): Promise<Look | undefined> {
    const running = sim.names.flatMap((name) => sim.node(name) ?? [])
    try {
      const all = await Promise.all(running.map((node) => this.#lookAt(node, sizes)))
      return { views: all.map(({ view }) => view), lists: all.map(({ list }) => list) }
    } catch (error) {
      if (error instanceof Exit) return undefined
      throw error
    }
  }

  async #lookAt(node: Node, sizes: Sizes): Promise<{ view: View; list: Listed }> {
    const { activeSize, passiveSize } = { ...defaultMembershipOptions, ...sizes }
    const [{ active, passive }, known] = await Promise.all([membership(node), members(node)])
    const keyOf = (peer: { readonly node: string }): string => this.#witness.keyOf(peer.node)
    const key = this.#witness.keyOf(node.name)
    const [peers, spares] = [active.map(keyOf), passive.map(keyOf)]
    const listed = known.map(({ node: name, creation, state }) => {
      return { node: this.keyOf(name, creation), state }
    })
    return {
      view: {
        node: key,
        active: peers,
        passive: spares,
        activeMax: activeSize,
        passiveMax: passiveSize,
      },
      list: { node: key, members: listed },
    }
  }
}
