/** What the one-node suites share: a node that ends with its test, and plain ways to look at it. */
import {
  type AnyModule,
  Exit,
  type LocalNode,
  type Reason,
  type RuntimeOptions,
  type Self,
  startRuntime,
} from '../../../runtime/index.ts'
import { simPlatform, World } from '../../../runtime/platform/sim.ts'
import { cleanup } from '../../support/harness.ts'
import { turn } from '../../support/until.ts'

/** A node on the real platform, stopped when the present test is over. */
export function oneNode(
  modules: readonly AnyModule[] = [],
  options: RuntimeOptions = {},
): LocalNode {
  const node = startRuntime({ name: 'one@localhost', modules, quiet: true, ...options })
  cleanup(() => node.stop())
  return node
}

/** Runs `body` as a process of a node of its own. */
export function inProcess<T>(
  body: (self: Self) => T | Promise<T>,
  modules: readonly AnyModule[] = [],
): Promise<T> {
  return oneNode(modules).run(body)
}

export type VirtualNode = {
  readonly node: LocalNode
  readonly world: World
  /** Runs `body` as a process, moving virtual time on whenever nothing else can happen. */
  run<T>(body: (self: Self) => T | Promise<T>): Promise<T>
}

/** A node whose time is virtual: what takes an hour takes no time, and is exact. */
export function virtualNode(modules: readonly AnyModule[] = [], seed = 1): VirtualNode {
  const world = new World(seed)
  const node = oneNode(modules, { platform: simPlatform(world) })
  const run = async <T>(body: (self: Self) => T | Promise<T>): Promise<T> => {
    let over = false
    const result = node.run(body).finally(() => {
      over = true
    })
    result.catch(() => undefined)
    await turn()
    while (!over) {
      if (!world.advance()) throw new Error('nothing is left to happen, and the process waits')
      await turn()
    }
    return result
  }
  return { node, world, run }
}

/** The reason of a failing promise; throws when it does not fail, or not with an `Exit`. */
export async function failureOf(failing: Promise<unknown>): Promise<Reason> {
  try {
    await failing
  } catch (error) {
    if (error instanceof Exit) return error.reason
    throw error
  }
  throw new Error('it should have failed')
}

/** `[tag, name, message]` of a reason made from an `Error`. */
export function errorOf(reason: Reason): readonly unknown[] {
  if (typeof reason !== 'object' || reason.tag !== 'error') return [reason]
  return [reason.tag, reason.name, reason.message]
}

/** Nothing is in the mailbox. */
export function noMail(self: Self): boolean {
  return self.receive(null, { timeoutMs: 0, otherwise: noMail }) === noMail
}
