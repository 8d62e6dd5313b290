/**
 * Nodes in virtual time with replicas of a program: a set of texts per instance, held by an owner
 * process, and a driver beside it, under one supervisor.
 */
import type { StartResult } from '../../../../runtime/index.ts'
import { systemOf } from '../../../../runtime/kernel.ts'
import {
  broadcastCustom,
  broadcastUpdate,
  call,
  child,
  genServer,
  local,
  type Published,
  type ReplicaArg,
  replica,
  reply,
  start,
  supervisor,
} from '../../../../src/index.ts'
import type { NodeOptions } from '../../../../src/node/options.ts'
import { nth, OverlayScene, seed } from '../membership/overlay-scene.ts'

type Words = {
  calls: { add: (words: readonly string[]) => readonly string[]; all: () => readonly string[] }
}

const owner = genServer<Words>('fixture.words')({
  init: (_: string) => new Set<string>(),
  calls: {
    add: (words, more) => {
      const fresh = more.filter((word) => !words.has(word))
      for (const word of fresh) words.add(word)
      return reply(fresh, words)
    },
    all: (words) => reply([...words].sort(), words),
  },
})

export const ownerName = (name: string): string => `words ${name}`
export const driverName = (name: string): string => `driver ${name}`

/** What the callbacks were called with: `callback name ...`. */
export type Calls = string[]

export class ReplicaScene extends OverlayScene {
  readonly calls = new Map<string, Calls>()

  static async with(others: number, options: Partial<NodeOptions> = {}): Promise<ReplicaScene> {
    const scene = new ReplicaScene()
    await scene.start(seed, options)
    for (let at = 1; at <= others; at++) await scene.start(nth(at), options)
    await scene.agreed()
    return scene
  }

  /** Starts instances of one module on a node. */
  async replicate(
    at: string,
    names: readonly string[],
    { custom = true }: { readonly custom?: boolean } = {},
  ): Promise<void> {
    const node = this.node(at)
    const calls: Calls = this.calls.get(at) ?? []
    this.calls.set(at, calls)
    const module = replica<string>('fixture.replica')({
      isPiece: (piece): piece is string => typeof piece === 'string',
      merge: async (name, pieces, self, { tag, from }) => {
        const fresh = await call(self, local(owner, ownerName(name)), 'add', pieces)
        if (fresh.length > 0)
          calls.push(`merge ${name} ${tag} ${from} ${[...fresh].sort().join(',')}`)
      },
      snapshot: (name, self) => call(self, local(owner, ownerName(name)), 'all'),
      removeNode: (name, gone, _, reason) =>
        void calls.push(`removeNode ${name} ${gone} ${reason}`),
      ...(custom && {
        mergeCustom: (name, payload, _, from) =>
          void calls.push(`mergeCustom ${name} ${String(payload)} ${from}`),
      }),
    })
    const pair = supervisor('fixture.pair', (name: string) => ({
      strategy: 'restForOne',
      intensity: 10,
      children: [
        child(owner, name, { id: 'owner', name: ownerName(name) }),
        child(module, { name }, { id: 'driver', name: driverName(name) }),
      ],
    }))
    const { modules } = systemOf(node)
    for (const known of [owner, module, pair]) modules.add(known)
    for (const name of names) {
      const started = await this.cluster.drive(start(node, pair, name))
      if (started.tag !== 'ok') throw new Error(`no replica: ${JSON.stringify(started)}`)
    }
  }

  /** A driver alone, of a node that has some. */
  driver(at: string, arg: ReplicaArg): Promise<StartResult> {
    const module = systemOf(this.node(at)).modules.find('fixture.replica')
    if (module === undefined) throw new Error(`${at} has no replicas`)
    return this.cluster.drive(start(this.node(at), module, arg))
  }

  /** What a user does: the owner first, then all others. */
  async add(at: string, name: string, words: readonly string[]): Promise<void> {
    await this.cluster.drive(call(this.node(at), local(owner, ownerName(name)), 'add', words))
    const told = await this.cluster.drive(broadcastUpdate(this.node(at), name, words))
    if (told.tag !== 'ok') throw new Error(told.reason)
  }

  /** The owner alone knows. */
  async addSilently(at: string, name: string, words: readonly string[]): Promise<void> {
    await this.cluster.drive(call(this.node(at), local(owner, ownerName(name)), 'add', words))
  }

  custom(at: string, name: string, payload: unknown): Promise<Published> {
    return this.cluster.drive(broadcastCustom(this.node(at), name, payload))
  }

  words(at: string, name: string): Promise<readonly string[]> {
    return this.cluster.drive(call(this.node(at), local(owner, ownerName(name)), 'all'))
  }

  /** Until the instance is this on all of these nodes. */
  async same(name: string, words: readonly string[], nodes: readonly string[]): Promise<void> {
    const wanted = [...words].sort().join(' ')
    for (const at of nodes) {
      await this.until(`${name} at ${at} is ${wanted.slice(0, 100)}`, async () => {
        const found = await call(this.node(at), local(owner, ownerName(name)), 'all')
        return found.join(' ') === wanted
      })
    }
  }
}
