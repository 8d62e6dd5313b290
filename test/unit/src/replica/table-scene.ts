/**
 * Nodes of one cluster in virtual time, each with a table replica of the same name under a
 * supervisor, and a log of what it was told.
 */
import { systemOf } from '../../../../runtime/kernel.ts'
import { partOf } from '../../../../src/dist/index.ts'
import { start, supervisor } from '../../../../src/index.ts'
import type { Node } from '../../../../src/node/node.ts'
import type { NodeOptions } from '../../../../src/node/options.ts'
import { type Change, Replicas, TableReplica } from '../../../../src/replica/index.ts'
import { nth, OverlayScene, seed } from '../membership/overlay-scene.ts'

export type Ports = { readonly port: number }

export function isPorts(value: unknown): value is Ports {
  if (typeof value !== 'object' || value === null || !('port' in value)) return false
  if (value.port === 'throw') throw new Error('a check that throws')
  return typeof value.port === 'number'
}

export type Replica = {
  readonly table: TableReplica<Ports>
  readonly changes: Change<Ports>[]
}

export const processName = 'skein.replica.test'

export class TableScene extends OverlayScene {
  readonly replicas = new Map<string, Replica>()

  /** The seed and so many others that all list each other, with replicas. */
  static async with(others: number, options: Partial<NodeOptions> = {}): Promise<TableScene> {
    const scene = new TableScene()
    await scene.boot(seed, options)
    for (let at = 1; at <= others; at++) await scene.boot(nth(at), options)
    await scene.agreed()
    return scene
  }

  /** Starts a node, and its replica. */
  async boot(name: string, options: Partial<NodeOptions> = {}): Promise<Node> {
    const node = await this.start(name, options)
    await this.replicate(name)
    return node
  }

  /** Starts the replica of a node that has none. */
  async replicate(name: string): Promise<Replica> {
    const node = this.node(name)
    const context = partOf(node, Replicas)?.context
    if (context === undefined) throw new Error(`${name} has no cluster`)
    const changes: Change<Ports>[] = []
    const table = new TableReplica<Ports>(context, {
      name: 'test',
      isValue: isPorts,
      onChange: (change) => changes.push(change),
    })
    const module = supervisor('fixture.replicas', () => ({ children: [table.child] }))
    systemOf(node).modules.add(module)
    const started = await this.cluster.drive(start(node, module, undefined))
    if (started.tag !== 'ok') throw new Error(`no replica: ${JSON.stringify(started)}`)
    const replica = { table, changes }
    this.replicas.set(name, replica)
    return replica
  }

  replica(name: string): Replica {
    const replica = this.replicas.get(name)
    if (replica === undefined) throw new Error(`${name} has no replica`)
    return replica
  }

  table(name: string): TableReplica<Ports> {
    return this.replica(name).table
  }

  /** What `at` knows of `author`, sorted: `key=port`. */
  seen(at: string, author: string): string {
    const entries = [...this.table(at).entriesOf(author)]
    return entries
      .map(([key, { port }]) => `${key}=${port}`)
      .sort()
      .join(' ')
  }

  /** Moves time on until every running node sees of the author what it has itself. */
  async converged(
    author: string,
    among: readonly string[] = [...this.nodes.keys()],
  ): Promise<void> {
    const wanted = this.seen(author, author)
    await this.cluster.until(`everybody sees ${wanted.slice(0, 200)}`, () =>
      among.every((name) => this.seen(name, author) === wanted),
    )
  }
}
