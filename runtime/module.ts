/**
 * Modules: what a node can run, by name. Functions cannot travel, so child specs, remote spawn and
 * worker spawn carry `[name, arg]` and the node looks the name up here: a node runs for others
 * only what it lists (rule S6).
 */
import { runBody } from './body.ts'
import { checkName, show } from './check.ts'
import type { Ref } from './destination.ts'
import type { Reason } from './exit.ts'
import { BadArgument, reasonOfThrown } from './exit.ts'
import type { Process } from './process.ts'
import { type Self, selfOf } from './self.ts'

/** How starting something went (OTP's `{ok, Pid} | {error, Reason} | ignore`). */
export type StartResult<P = unknown> =
  | { readonly tag: 'ok'; readonly pid: Ref<P> }
  | { readonly tag: 'error'; readonly reason: Reason }
  | { readonly tag: 'ignore' }

declare const types: unique symbol

type Begin<Arg> = (process: Process, arg: Arg, started: (result: StartResult) => void) => void

/** Something a process can run, with the protocol it speaks and the argument it takes. */
export class Module<P = unknown, Arg = unknown> {
  readonly name: string
  /**
   * Begins the body in `process`, and says through `started`, once, how its initialisation went.
   * Internal: called by spawn.
   */
  readonly begin: Begin<Arg>
  declare readonly [types]?: P

  constructor(name: string, begin: Begin<Arg>) {
    checkName('module name', name)
    this.name = name
    this.begin = begin
  }
}

/** A module whatever its argument: how it is kept in tables. */
// biome-ignore lint/suspicious/noExplicitAny: existential, whoever starts it by name vouches
export type AnyModule<P = any> = Module<P, any>

export type Body<Arg> = (self: Self, arg: Arg) => unknown

/**
 * A plain process: `process('name', async (self, arg) => { ... })`. The body may be a generator
 * function, which receives with `yield* self.take(...)`. It ends `normal` when it returns, with
 * `reason` when it returns `exit(reason)`, and with what it throws.
 */
export function process<Arg = void>(name: string, body: Body<Arg>): Module<unknown, Arg> {
  return new Module<unknown, Arg>(name, (record, arg, started) => {
    let result: unknown
    try {
      result = body(selfOf(record), arg)
    } catch (error) {
      const reason = reasonOfThrown(error)
      started({ tag: 'error', reason })
      throw error
    }
    started({ tag: 'ok', pid: record.pid })
    runBody(record, result)
  })
}

/** The modules of one node: the program's own, and the node's, which peers cannot spawn. */
export class ModuleTable {
  readonly #modules = new Map<string, AnyModule>()
  readonly #spawnable = new Set<AnyModule>()
  readonly #shielded = new Set<AnyModule>()

  /**
   * `spawnable` are those that other nodes may spawn here; all of `modules` by default. Throws
   * `BadArgument` when two different modules have one name, or a spawnable one is not listed.
   */
  constructor(modules: readonly AnyModule[], spawnable: readonly AnyModule[] = modules) {
    for (const module of modules) this.add(module)
    for (const module of spawnable) {
      if (!modules.includes(module)) {
        throw new BadArgument(`spawnable: ${show(module)} is not among the modules`)
      }
      this.#spawnable.add(module)
    }
  }

  /** Adds a module that peers cannot spawn. */
  add(module: AnyModule): void {
    if (!(module instanceof Module)) {
      throw new BadArgument(`modules: expected modules and behaviours, got ${show(module)}`)
    }
    const known = this.#modules.get(module.name)
    if (known !== undefined && known !== module) {
      throw new BadArgument(`modules: two modules are named '${module.name}'`)
    }
    this.#modules.set(module.name, module)
  }

  /** Adds a module whose processes other nodes cannot reach at all. */
  addShielded(module: AnyModule): void {
    this.add(module)
    this.#shielded.add(module)
  }

  isShielded(module: AnyModule): boolean {
    return this.#shielded.size > 0 && this.#shielded.has(module)
  }

  find(name: string): AnyModule | undefined {
    return this.#modules.get(name)
  }

  findSpawnable(name: string): AnyModule | undefined {
    const module = this.#modules.get(name)
    return module !== undefined && this.#spawnable.has(module) ? module : undefined
  }
}
