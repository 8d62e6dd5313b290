/**
 * A few whole nodes on a quiet simulated network, for one hole of the published protocols each: a
 * scenario is run without the remedy, where it ends badly, and with it. A villain is a real node
 * with a key of its own that says what the scenario wants it to say.
 */

import { processOfSelf, systemOf } from '../../../runtime/kernel.ts'
import { Router } from '../../../src/dist/router.ts'
import { isServiceMessage } from '../../../src/dist/services.ts'
import { activeView, broadcast, subscribeBroadcast } from '../../../src/index.ts'
import type { ClusterOptions } from '../../../src/node/cluster-options.ts'
import type { Node } from '../../../src/node/node.ts'
import { Simulation } from '../../../src/testing/index.ts'
import { cleanup } from '../../support/harness.ts'

export type StageOptions = {
  readonly seed?: number
  readonly honest: number
  readonly villains?: number
  readonly cluster?: ClusterOptions
}

const topic = 'holes'
const tickMs = 500

export class Stage {
  readonly sim: Simulation
  readonly honest: readonly string[]
  readonly villains: readonly string[]
  readonly #cluster: ClusterOptions
  /** Payloads delivered, by node. */
  readonly heard = new Map<string, unknown[]>()

  constructor({ seed = 1, honest, villains = 0, cluster = {} }: StageOptions) {
    const named = (letter: string, count: number): readonly string[] =>
      Array.from({ length: count }, (_, i) => `${letter}${i + 1}@${letter}${i + 1}`)
    this.honest = named('a', honest)
    this.villains = named('v', villains)
    this.#cluster = cluster
    this.sim = new Simulation({ seed, nodes: [...this.honest, ...this.villains], tickMs })
    this.sim.setPath(0, 1, 10)
    cleanup(() => this.sim.close())
  }

  node(name: string): Node {
    const node = this.sim.node(name)
    if (node === undefined) throw new Error(`${name} does not run`)
    return node
  }

  /** Starts the honest nodes, which all join through `contacts` at once. */
  async start(contacts: readonly string[] = this.honest.slice(0, 1)): Promise<void> {
    const starting = this.honest.map(async (name) => {
      const join = contacts.filter((contact) => contact !== name)
      const node = await this.sim.boot(name, { join, cluster: this.#cluster })
      const payloads: unknown[] = []
      this.heard.set(name, payloads)
      const listening = node.run(async (self) => {
        subscribeBroadcast(self, topic)
        for (;;) {
          const message = await self.receive(isBroadcast)
          payloads.push(message.payload)
        }
      })
      // It ends with its node.
      listening.catch(() => undefined)
    })
    await this.sim.settle('all nodes start', Promise.all(starting))
  }

  async views(): Promise<ReadonlyMap<string, readonly string[]>> {
    const all = this.honest.map(async (name) => [name, await activeView(this.node(name))] as const)
    return new Map(await this.sim.settle('all nodes tell their views', Promise.all(all)))
  }

  /** Active edges that only one honest end has. */
  async oneSided(): Promise<readonly string[]> {
    const views = await this.views()
    return [...views].flatMap(([node, peers]) =>
      peers
        .filter((peer) => views.get(peer)?.includes(node) === false)
        .map((peer) => `${node} > ${peer}`),
    )
  }

  /** In how many pieces the honest nodes are. */
  async pieces(): Promise<number> {
    const views = await this.views()
    const left = new Set(views.keys())
    let pieces = 0
    for (const first of left) {
      pieces += 1
      const reached = new Set([first])
      for (const node of reached) {
        left.delete(node)
        for (const [other, peers] of views) {
          if (peers.includes(node) || views.get(node)?.includes(other)) reached.add(other)
        }
      }
    }
    return pieces
  }

  async say(name: string, payload: unknown): Promise<void> {
    await this.sim.settle('a node broadcasts', broadcast(this.node(name), topic, payload))
  }

  /** Who has got `payload`, and how often all in all. */
  whoHeard(payload: unknown): { readonly nodes: readonly string[]; readonly times: number } {
    const counts = [...this.heard].map(
      ([node, all]) => [node, all.filter((each) => each === payload).length] as const,
    )
    return {
      nodes: counts.filter(([, times]) => times > 0).map(([node]) => node),
      times: counts.reduce((sum, [, times]) => sum + times, 0),
    }
  }

  /** Starts a node that takes no part in the cluster, and talks to it as it likes. */
  async villain(name: string): Promise<Villain> {
    return new Villain(await this.sim.start(name, { cluster: false }))
  }
}

function isBroadcast(message: unknown): message is { readonly payload: unknown } {
  return typeof message === 'object' && message !== null && 'payload' in message
}

export type Service = 'membership' | 'broadcast' | 'members'

export class Villain {
  readonly name: string
  /** What it was sent, oldest first. */
  readonly heard: { readonly service: string; readonly node: string; readonly body: unknown }[] = []
  readonly #router: Router

  constructor(node: Node) {
    this.name = node.name
    const { route } = systemOf(node)
    if (!(route instanceof Router)) throw new Error(`${node.name} has no router`)
    this.#router = route
    const listening = node.run(async (self) => {
      for (const service of ['membership', 'broadcast', 'members']) {
        route.services.listen(service, processOfSelf(self))
      }
      for (;;) this.heard.push(await self.receive(isServiceMessage))
    })
    listening.catch(() => undefined)
  }

  /** Dials `node`, as anybody who knows the cookie may. */
  connect(node: string): Promise<boolean> {
    return new Promise((resolve) => this.#router.connect(node, resolve))
  }

  /** Sends what it likes, in the envelope that the service expects. */
  tell(node: string, service: Service, body: unknown): void {
    this.#router.services.tell(node, service, service === 'membership' ? [body, []] : body)
  }

  /** What it was sent by a service, with a tag. */
  heardOf(service: Service, tag: string): readonly Readonly<Record<string, unknown>>[] {
    return this.heard.flatMap((each) => {
      if (each.service !== service) return []
      const inner: unknown =
        service === 'membership' && Array.isArray(each.body) ? each.body[0] : each.body
      return isRecord(inner) && inner.tag === tag ? [inner] : []
    })
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null
}
