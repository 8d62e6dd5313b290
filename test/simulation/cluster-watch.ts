/**
 * Watches the overlay, the broadcasts and the member lists of a run: tells the witness what happens
 * on its nodes, and drives time until all is as it should be, or accuses when it never is.
 */
import type { Self } from '../../runtime/index.ts'
import { systemOf } from '../../runtime/kernel.ts'
import {
  type BroadcastMessage,
  broadcast,
  Exit,
  type MemberNews,
  subscribeBroadcast,
  subscribeMembers,
} from '../../src/index.ts'
import type { Node } from '../../src/node/node.ts'
import type { Simulation } from '../../src/testing/index.ts'
import { Audience } from './audience.ts'
import { Lives, nameOf } from './checkers/lives.ts'
import { memberFaults } from './checkers/members.ts'
import { overlayFaults } from './checkers/overlay.ts'
import { Census, type Look, type Sizes } from './cluster-look.ts'
import type { Witness } from './witness.ts'

/** What agents and scenarios broadcast to. */
const topic = 'sim'
const lookEveryMs = 500
/** Faults named when the cluster does not converge. */
const faultsShown = 3

export class ClusterWatch {
  readonly lives = new Lives()
  readonly #sim: Simulation
  readonly #witness: Witness
  readonly #sizes: Sizes
  readonly #census: Census
  readonly #audience = new Audience()

  constructor(sim: Simulation, witness: Witness, sizes: Sizes) {
    this.#sim = sim
    this.#witness = witness
    this.#sizes = sizes
    this.#census = new Census(witness)
    witness.listeners.push((happening) => {
      this.lives.see(happening)
      this.#audience.see(happening)
    })
  }

  /** A node has started: listens on it until it ends. */
  started(node: Node): void {
    this.#census.add(node)
    const key = this.#witness.keyOf(node.name)
    const ending = node.run((self) => this.#listen(self, key))
    ending.catch((error: unknown) => {
      if (!(error instanceof Exit)) this.#witness.accuse(`the listener of ${key} failed: ${error}`)
    })
  }

  /** Some living node that the others know. */
  someNode(): Node | undefined {
    const { known } = this.lives
    const key = known[Math.floor(known.length * this.#sim.world.random.unit())]
    return key === undefined ? undefined : this.#sim.node(nameOf(key))
  }

  /** Broadcasts something new. Whoever does may be killed while it is at it. */
  async speak(caller: Self | Node, ballast: string): Promise<void> {
    const witness = this.#witness
    const node = witness.keyOf(systemOf(caller).node)
    const id = `b${witness.nextId()}`
    witness.tell({ tag: 'broadcast', id, node })
    try {
      const made = await broadcast(caller, topic, { id, ballast })
      if (made.tag === 'error') witness.accuse(`${node} could not broadcast ${id}: ${made.reason}`)
    } catch (error) {
      if (!(error instanceof Exit)) throw error
      // The process that broadcasts was being started anew, or is too slow to say that it did.
      witness.tell({ tag: 'unsent', id, node })
    }
  }

  /** Drives time until all nodes see the cluster as it is. */
  async converge(withinMs: number): Promise<Look | undefined> {
    const { world } = this.#sim
    const endMs = world.nowMs + withinMs
    for (;;) {
      const looking = this.#census.look(this.#sim, this.#sizes)
      const look = await this.#sim.settle('all nodes tell how they see the cluster', looking)
      const faults = look === undefined ? ['a node does not answer'] : this.#faultsOf(look)
      if (faults.length === 0) return look
      if (world.nowMs >= endMs) {
        const some = faults.slice(0, faultsShown).join('; ')
        const count = `${faults.length} faults`
        this.#witness.accuse(`the cluster has ${count} after ${withinMs} ms: ${some}`)
        return look
      }
      await this.#sim.run(lookEveryMs)
    }
  }

  /** Drives time until every broadcast has reached all it is owed to, or for so long. */
  async deliver(withinMs: number): Promise<void> {
    const endMs = this.#sim.world.nowMs + withinMs
    while (!this.isHeard && this.#sim.world.nowMs < endMs) await this.#sim.run(lookEveryMs)
  }

  get isHeard(): boolean {
    return this.#audience.owed().next().done === true
  }

  /** Shows the checkers how the nodes see the cluster. */
  show({ views, lists }: Look): void {
    for (const view of views) this.#witness.tell({ tag: 'view', ...view })
    for (const list of lists) this.#witness.tell({ tag: 'listed', ...list })
  }

  #faultsOf({ views, lists }: Look): readonly string[] {
    return [...overlayFaults(views, this.lives), ...memberFaults(lists, this.lives)]
  }

  async #listen(self: Self, key: string): Promise<never> {
    const witness = this.#witness
    subscribeBroadcast(self, topic)
    subscribeMembers(self)
    witness.tell({ tag: 'listens', node: key })
    for (;;) {
      const heard = await self.receive(isHeard)
      if (heard.tag === 'broadcast') {
        const id = idOf(heard.payload)
        if (id !== undefined) witness.tell({ tag: 'delivered', id, node: key })
      } else if (heard.tag === 'resync') {
        witness.tell({ tag: 'resync', node: key, source: heard.source })
      } else if (heard.tag === 'memberDown') {
        const of = this.#census.keyOf(heard.node, heard.creation)
        witness.tell({ tag: 'memberDown', at: key, of, reason: heard.reason })
      }
    }
  }
}

type Heard = BroadcastMessage | MemberNews | { readonly tag: 'resync'; readonly source: string }

function isHeard(message: unknown): message is Heard {
  return typeof message === 'object' && message !== null && 'tag' in message
}

function idOf(payload: unknown): string | undefined {
  if (typeof payload !== 'object' || payload === null || !('id' in payload)) return undefined
  return typeof payload.id === 'string' ? payload.id : undefined
}
