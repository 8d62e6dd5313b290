/**
 * Nodes of one overlay in virtual time. All of them know where the seed is, and nobody else: what
 * they know of each other they have learned by talking.
 */
import { type AnyModule, process, type Self, spawn } from '../../../../runtime/index.ts'
import { type Process, processOfSelf, systemOf } from '../../../../runtime/kernel.ts'
import { partOf } from '../../../../src/dist/index.ts'
import {
  activeView,
  call,
  local,
  type MetricLabels,
  members,
  membership,
  metrics,
} from '../../../../src/index.ts'
import { Overlay } from '../../../../src/membership/index.ts'
import type { MembershipView } from '../../../../src/membership/observe.ts'
import { membershipName } from '../../../../src/membership/server.ts'
import type { Node } from '../../../../src/node/node.ts'
import type { NodeOptions } from '../../../../src/node/options.ts'
import { addressOf, VirtualCluster } from '../dist/virtual-cluster.ts'

export const seed = 's@10.1.0.1'
/** Names of nodes beside the seed, from 1. */
export const nth = (at: number): string => `n${at}@10.1.0.${at + 1}`

const stepMs = 50
const vainMs = 1_800_000

export class OverlayScene {
  readonly cluster: VirtualCluster
  readonly nodes = new Map<string, Node>()

  constructor(worldSeed = 1) {
    this.cluster = new VirtualCluster({ seed: worldSeed })
  }

  /** The seed and so many others, joined. */
  static async of(others: number, options: Partial<NodeOptions> = {}): Promise<OverlayScene> {
    const scene = new OverlayScene()
    await scene.start(seed, options)
    for (let at = 1; at <= others; at++) await scene.start(nth(at), options)
    await scene.joined()
    return scene
  }

  /** Starts a node that joins through the seed; the seed joins nobody. */
  async start(name: string, options: Partial<NodeOptions> = {}): Promise<Node> {
    const node = await this.cluster.start(name, {
      nodes: { [seed]: addressOf(seed) },
      join: name === seed ? [] : [seed],
      tickMs: 1_000,
      ...options,
    })
    this.nodes.set(name, node)
    return node
  }

  node(name: string): Node {
    const node = this.nodes.get(name)
    if (node === undefined) throw new Error(`${name} was not started`)
    return node
  }

  /** Stops the node in order. */
  async stop(name: string): Promise<void> {
    await this.cluster.drive(this.node(name).stop())
    this.nodes.delete(name)
  }

  /** Its machine loses power. */
  crash(name: string): void {
    this.cluster.crash(name)
    this.nodes.delete(name)
  }

  view(name: string): Promise<MembershipView> {
    return this.cluster.drive(membership(this.node(name)))
  }

  async active(name: string): Promise<readonly string[]> {
    return (await this.view(name)).active.map(({ node }) => node)
  }

  /** Moves time on until what is asked for holds. */
  async until(what: string, holds: () => Promise<boolean>): Promise<void> {
    const endMs = this.cluster.world.nowMs + vainMs
    while (!(await this.cluster.drive(holds()))) {
      if (this.cluster.world.nowMs > endMs) throw new Error(`in vain: ${what}`)
      await this.cluster.pass(stepMs)
    }
  }

  /** Every node has neighbours, all edges have two ends, and everybody reaches everybody. */
  joined(): Promise<void> {
    return this.until('one overlay', () => this.isOverlay())
  }

  /** The same, whatever other edges they have. */
  isHonest(): Promise<boolean> {
    return this.isOverlay([...this.nodes.keys()], (name) => this.nodes.has(name))
  }

  async isOverlay(
    names: readonly string[] = [...this.nodes.keys()],
    counts: (name: string) => boolean = () => true,
  ): Promise<boolean> {
    const views = new Map<string, readonly string[]>()
    for (const name of names) {
      views.set(name, (await activeView(this.node(name))).filter(counts))
    }
    const reached = new Set(names.slice(0, 1))
    for (const name of reached) {
      for (const peer of views.get(name) ?? []) {
        if (!views.get(peer)?.includes(name)) return false
        reached.add(peer)
      }
    }
    return reached.size === names.length
  }

  /** Everybody lists exactly these as up. */
  agreed(names: readonly string[] = [...this.nodes.keys()]): Promise<void> {
    const wanted = [...names].sort().join(' ')
    return this.until(`everybody lists ${wanted}`, async () => {
      for (const name of names) {
        const list = await members(this.node(name))
        const up = list.filter(({ state }) => state === 'up').map(({ node }) => node)
        if (up.join(' ') !== wanted) return false
      }
      return true
    })
  }

  /** What a process of the node hears after it has `asked`, from now on. */
  async hear(name: string, asked: (self: Self) => void): Promise<Ear> {
    const heard: Heard[] = []
    let listener: Process | undefined
    const module: AnyModule = process('fixture.ear', async (self: Self) => {
      asked(self)
      listener = processOfSelf(self)
      for (;;) heard.push(await self.receive(isHeard))
    })
    spawn(this.node(name), module)
    await this.cluster.until('it listens', () => listener !== undefined)
    if (listener === undefined) throw new Error('unreachable')
    return { heard, process: listener }
  }

  /** Who takes part of `name` refuses these, until `unblock`. */
  async block(name: string, nodes: readonly string[]): Promise<void> {
    await this.cluster.drive(call(this.node(name), this.#membership(name), 'block', nodes))
  }

  async unblock(name: string): Promise<void> {
    await this.cluster.drive(call(this.node(name), this.#membership(name), 'unblock', null))
  }

  #membership(name: string) {
    const overlay = partOf(this.node(name), Overlay)
    if (overlay === undefined) throw new Error(`${name} has no overlay`)
    return local(overlay.module, membershipName)
  }

  /** The sum of a counter of the node, over all labels that have these. */
  counted(name: string, metric: string, labels: MetricLabels = {}): number {
    return metrics(this.node(name)).reduce((sum, one) => {
      const fits = Object.entries(labels).every(([label, value]) => one.labels[label] === value)
      return one.kind === 'counter' && one.name === metric && fits ? sum + one.value : sum
    }, 0)
  }

  /** The process of the node that has this name. */
  process(name: string, of: string): Process {
    const found = systemOf(this.node(name)).names.get(of)
    if (found === undefined) throw new Error(`${name} has no process ${of}`)
    return found
  }

  /** Kills it, and waits for the one that takes its place. */
  async restart(name: string, of: string): Promise<void> {
    const before = this.process(name, of)
    await this.cluster.run(this.node(name), (self) => self.exit(before.pid, 'kill'))
    await this.cluster.until(`${of} is back`, () => {
      const after = systemOf(this.node(name)).names.get(of)
      return after !== undefined && after !== before
    })
  }
}

export type Heard = Readonly<Record<string, unknown>>

export type Ear = { readonly heard: Heard[]; readonly process: Process }

function isHeard(message: unknown): message is Heard {
  return typeof message === 'object' && message !== null && 'tag' in message
}
