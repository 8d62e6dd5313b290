/**
 * Nodes that reach only those beside them, in virtual time: what is between is searched and
 * relayed. A service may be `quiet`: its node knows it, and tells nobody by itself.
 */
import type { NameTerm, Pid, Self } from '../../../../../runtime/index.ts'
import { type Process, systemOf } from '../../../../../runtime/kernel.ts'
import { partOf } from '../../../../../src/dist/index.ts'
import {
  activeView,
  genServer,
  metrics,
  next,
  nodes,
  registerService,
  reply,
  start,
} from '../../../../../src/index.ts'
import type { Node } from '../../../../../src/node/node.ts'
import type { NodeOptions } from '../../../../../src/node/options.ts'
import { Registry, type Spread } from '../../../../../src/services/registry/registry.ts'
import { addressOf, VirtualCluster } from '../../dist/virtual-cluster.ts'

const stepMs = 50
const vainMs = 600_000

/** The name of the node at a place of the line. */
export const at = (place: number): string => `n${place}@10.3.0.${place + 1}`

export type Edge = readonly [number, number]

/** A service that remembers what it was cast and sent. */
export type Recorder = {
  calls: {
    heard: () => readonly unknown[]
    echo: (arg: unknown) => unknown
    fail: () => null
    /** Remembers the argument. */
    mark: (arg: unknown) => null
    never: () => null
  }
  casts: { note: (arg: unknown) => void }
}

export const recorder = genServer<Recorder>('fixture.recorder')({
  init: (_: undefined) => next<readonly unknown[]>([]),
  calls: {
    heard: (heard) => reply(heard, heard),
    echo: (heard, arg) => reply(arg, heard),
    fail: () => {
      throw new Error('as it was asked')
    },
    mark: (heard, arg) => reply(null, [...heard, arg]),
    never: (heard) => next(heard),
  },
  casts: { note: (heard, arg) => next([...heard, arg]) },
  info: (heard, message) => next([...heard, message]),
})

/** Takes what a registry would tell the others, and tells nobody. */
export const mute: Spread = {
  put: () => undefined,
  remove: () => undefined,
  entriesOf: () => new Map(),
  nodes: () => [],
}

export class LineScene {
  readonly cluster = new VirtualCluster({ seed: 5 })
  readonly nodes: Node[] = []

  /** So many nodes, one reaching the next. */
  static line(count: number, options: Partial<NodeOptions> = {}): Promise<LineScene> {
    const edges = Array.from({ length: count - 1 }, (_, place): Edge => [place, place + 1])
    return LineScene.of(count, edges, options)
  }

  /** Nodes that reach each other along these edges alone, each one's neighbours being those. */
  static async of(
    count: number,
    edges: readonly Edge[],
    options: Partial<NodeOptions> = {},
  ): Promise<LineScene> {
    const scene = new LineScene()
    const isEdge = (a: number, b: number) =>
      edges.some(([from, to]) => (from === a && to === b) || (from === b && to === a))
    for (let a = 0; a < count; a++) {
      for (let b = 0; b < a; b++) if (!isEdge(a, b)) scene.sever(a, b)
    }
    for (let place = 0; place < count; place++) {
      const beside = Array.from({ length: count }, (_, other) => other)
        .filter((other) => isEdge(place, other))
        .map(at)
      const node = await scene.cluster.start(at(place), {
        nodes: Object.fromEntries(beside.map((name) => [name, addressOf(name)])),
        join: beside,
        modules: [recorder],
        tickMs: 1_000,
        ...options,
      })
      scene.nodes.push(node)
    }
    await scene.until('all are beside each other', async () => {
      for (let place = 0; place < count; place++) {
        const view = new Set(await activeView(scene.node(place)))
        for (let other = 0; other < count; other++) {
          if (isEdge(place, other) !== view.has(at(other))) return false
        }
      }
      return true
    })
    return scene
  }

  node(place: number): Node {
    const node = this.nodes[place]
    if (node === undefined) throw new Error(`nobody is at ${place}`)
    return node
  }

  /** Nothing passes between two nodes. */
  sever(a: number, b: number): void {
    this.mute(a, b)
    this.mute(b, a)
  }

  /** Nothing passes from one node to another. */
  mute(from: number, to: number): void {
    const { network } = this.cluster
    network.blockOneWay(addressOf(at(from)).host, addressOf(at(to)).host)
  }

  run<T>(place: number, body: (self: Self) => T | Promise<T>): Promise<T> {
    return this.cluster.run(this.node(place), body)
  }

  /** What is registered there from now on is told to nobody. */
  quiet(place: number): void {
    partOf(this.node(place), Registry)?.spreadBy(mute)
  }

  /** A recorder with a name of the cluster. */
  async serve(place: number, name: NameTerm): Promise<Pid> {
    const started = await this.cluster.drive(start(this.node(place), recorder, undefined))
    if (started.tag !== 'ok') throw new Error(`no recorder: ${JSON.stringify(started)}`)
    const { pid } = started
    const registered = registerService(this.node(place), name, { pid })
    if (registered.tag !== 'ok') throw new Error(`not registered: ${JSON.stringify(registered)}`)
    return pid
  }

  /** Names of the nodes it has channels with. */
  channels(place: number): readonly string[] {
    return nodes(this.node(place))
  }

  /** The sum of a counter over all its labels. */
  counted(place: number, metric: string): number {
    return metrics(this.node(place)).reduce(
      (sum, one) => (one.kind === 'counter' && one.name === metric ? sum + one.value : sum),
      0,
    )
  }

  /** The process of the node that has this local name. */
  process(place: number, name: string): Process {
    const found = systemOf(this.node(place)).names.get(name)
    if (found === undefined) throw new Error(`${at(place)} has no process ${name}`)
    return found
  }

  async until(what: string, holds: () => Promise<boolean>): Promise<void> {
    const endMs = this.cluster.world.nowMs + vainMs
    while (!(await this.cluster.drive(holds()))) {
      if (this.cluster.world.nowMs > endMs) throw new Error(`in vain: ${what}`)
      await this.cluster.pass(stepMs)
    }
  }
}
