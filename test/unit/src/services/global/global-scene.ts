/** Nodes of a cluster in virtual time, with servers that have global names, or want them. */
import type { NameKey, Pid, Reason } from '../../../../../runtime/index.ts'
import {
  type ConflictResolver,
  genServer,
  global,
  type NodeOptions,
  next,
  registerGlobalName,
  reply,
  start,
  whereisName,
} from '../../../../../src/index.ts'
import { nth, OverlayScene, seed } from '../../membership/overlay-scene.ts'

export { nth, seed }

export type Keeper = {
  calls: { add: (n: number) => number; name: () => string }
  casts: { trap: () => void }
}

/** Its state is a sum; it remembers what it was told that is no call. */
export const Keeper = genServer<Keeper>('fixture.keeper')({
  init: (sum: number) => next({ sum, heard: [] as readonly unknown[] }),
  calls: {
    add: ({ sum, heard }, n) => reply(sum + n, { sum: sum + n, heard }),
    name: (state, _, self) => reply(self.node, state),
  },
  casts: {
    trap: (state, _, self) => {
      self.trapExit(true)
      return next(state)
    },
  },
  info: ({ sum, heard }, message) => next({ sum, heard: [...heard, message] }),
})

/** How soon nodes that lose each other say so. */
const quick = { cluster: { verdict: { suspicionAlpha: 1, suspicionBeta: 1 } } }

export class GlobalScene extends OverlayScene {
  static async with(others: number, options: Partial<NodeOptions> = {}): Promise<GlobalScene> {
    const scene = new GlobalScene()
    for (const name of [seed, ...Array.from({ length: others }, (_, at) => nth(at + 1))]) {
      await scene.start(name, { ...quick, modules: [Keeper], ...options })
    }
    await scene.agreed()
    return scene
  }

  /** Starts a server under the name. Its pid, or why it was refused. */
  async keep(node: string, name: NameKey, sum = 0): Promise<Pid | Reason> {
    const started = start(this.node(node), Keeper, sum, { name: global(Keeper, name) })
    const result = await this.cluster.drive(started)
    if (result.tag === 'ok') return result.pid
    return result.tag === 'error' ? result.reason : 'ignored'
  }

  /** The same, where it must succeed, with a resolver. */
  async claim(
    node: string,
    name: NameKey,
    sum: number,
    onConflict?: ConflictResolver,
  ): Promise<Pid> {
    const result = await this.cluster.drive(start(this.node(node), Keeper, sum))
    if (result.tag !== 'ok') throw new Error('not started')
    const { pid } = result
    const options = onConflict === undefined ? { pid } : { pid, onConflict }
    const registered = registerGlobalName(this.node(node), name, options)
    if (registered.tag === 'error') throw new Error(JSON.stringify(registered.reason))
    return pid
  }

  holder(node: string, name: NameKey): Pid | undefined {
    return whereisName(this.node(node), global(Keeper, name))
  }

  /** What each of these nodes says who has the name, as text; pids of nodes differ. */
  answers(name: NameKey, nodes: readonly string[] = [...this.nodes.keys()]): Set<string> {
    return new Set(nodes.map((node) => String(this.holder(node, name))))
  }

  /** All nodes name this process. */
  known(name: NameKey, pid: Pid | undefined, nodes?: readonly string[]): Promise<void> {
    const wanted = String(pid)
    return this.cluster.until(`'${name}' is ${wanted}`, () => {
      const answers = this.answers(name, nodes)
      return answers.size === 1 && answers.has(wanted)
    })
  }

  /** Cuts these off from the rest, until each part has given the other up. */
  async divide(nodes: readonly string[]): Promise<void> {
    const rest = [...this.nodes.keys()].filter((name) => !nodes.includes(name))
    this.cluster.network.partition([nodes.map(hostOf), rest.map(hostOf)])
    await this.agreed(nodes)
    await this.agreed(rest)
    await this.cluster.pass(1_000)
  }

  /** The parts find each other again. */
  async heal(): Promise<void> {
    this.cluster.network.heal()
    await this.agreed()
  }
}

function hostOf(name: string): string {
  return name.split('@')[1] ?? ''
}

/** A wait for anything asynchronous that takes a while of virtual time. */
export async function settle({ cluster }: OverlayScene): Promise<void> {
  await cluster.pass(20_000)
}
