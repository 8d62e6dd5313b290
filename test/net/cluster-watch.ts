/**
 * What a node program sees of its cluster: its neighbours, its member list, and how often it heard
 * each broadcast.
 */
import {
  activeView,
  broadcast,
  process as defineProcess,
  type Member,
  members,
  type Node,
  type Published,
  passiveView,
  type Self,
  spawn,
  subscribeBroadcast,
} from 'skein'

export type ClusterLook = {
  readonly active: readonly string[]
  readonly passive: readonly string[]
  readonly members: Readonly<Record<string, Member['state']>>
  /** How often each text was heard. */
  readonly heard: Readonly<Record<string, number>>
}

const topic = 'net.news'

export class ClusterWatch {
  readonly #node: Node
  readonly #heard = new Map<string, number>()

  /** It hears broadcasts from now on. */
  constructor(node: Node) {
    this.#node = node
    const listener = defineProcess('net.listener', async (self: Self) => {
      subscribeBroadcast(self, topic)
      for (;;) this.#hear(await self.receive())
    })
    spawn(node, listener)
  }

  tell(text: string): Promise<Published> {
    return broadcast(this.#node, topic, text)
  }

  async look(): Promise<ClusterLook> {
    const node = this.#node
    const [active, passive, list] = await Promise.all([
      activeView(node),
      passiveView(node),
      members(node),
    ])
    const states = Object.fromEntries(list.map(({ node: name, state }) => [name, state]))
    return { active, passive, members: states, heard: Object.fromEntries(this.#heard) }
  }

  #hear(message: unknown): void {
    if (typeof message !== 'object' || message === null || !('payload' in message)) return
    const text = String(message.payload)
    this.#heard.set(text, (this.#heard.get(text) ?? 0) + 1)
  }
}
