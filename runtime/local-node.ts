/**
 * A node as host code holds it. Everything a program does with a node begins with this object or
 * with a `self`; functions take either one first. `startRuntime` makes a node without a network;
 * the cluster's `startNode` builds on it.
 */
import { runBody } from './body.ts'
import { checkName, checkTimeout } from './check.ts'
import { Exit, reasonOfThrown } from './exit.ts'
import { type AnyModule, Module, ModuleTable } from './module.ts'
import { nodePlatform } from './platform/node.ts'
import type { Platform } from './platform/platform.ts'
import type { Process } from './process.ts'
import { formatLog } from './report.ts'
import { processOf, Self, selfOf } from './self.ts'
import { create } from './spawn.ts'
import { System } from './system.ts'
import { terminate } from './terminate.ts'
import type { TraceEvent } from './trace.ts'

let readSystem: (node: LocalNode) => System

export class LocalNode {
  readonly #system: System

  constructor(system: System) {
    this.#system = system
  }

  static {
    readSystem = (node) => node.#system
  }

  /** `name@host`. */
  get name(): string {
    return this.#system.node
  }

  /**
   * Runs `body` as a process of its own and resolves with what it returns. Rejects with `Exit`
   * when the process ends otherwise.
   */
  run<T>(body: (self: Self) => T | Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const program = new Module('skein.run', (process) => {
        let result: unknown
        process.exitHooks = [(reason) => reject(new Exit(reason, 'run'))]
        try {
          result = body(selfOf(process))
        } catch (error) {
          reject(error)
          throw error
        }
        if (result instanceof Promise) result.catch(reject)
        runBody(process, result, (value) => resolve(value as T))
      })
      create(this.#system, program, undefined, { parent: null })
    })
  }

  /** Calls `listener` for every event of the node (see `TraceEvent`); returns how to stop it. */
  observe(listener: (event: TraceEvent) => void): () => void {
    return this.#system.trace.subscribe(listener)
  }

  /** Ends every process with `shutdown` and stops all timers. */
  async stop(): Promise<void> {
    this.#system.stopped = true
    for (const process of [...this.#system.processes]) terminate(process, 'shutdown')
    this.#system.timeouts.stop()
    this.#system.timers.stop()
    // Rejections of what just ended are reported when this turn is over.
    this.#system.platform.turn.later(this.#system.releaseRejections)
  }
}

/** Who asks: a process by its `self`, or host code by a node. */
export type Caller = Self | LocalNode

/** Internal: not exported by the package. */
export function systemOf(caller: Caller): System {
  return caller instanceof Self ? processOf(caller).system : readSystem(caller)
}

/** The calling process; null for host code. Internal: not exported by the package. */
export function callerProcess(caller: Caller): Process | null {
  return caller instanceof Self ? processOf(caller) : null
}

export type RuntimeOptions = {
  /** `name@host`. Default `nonode@nohost`. */
  readonly name?: string
  /** What the node can run by name. */
  readonly modules?: readonly AnyModule[]
  /** Those of `modules` that other nodes may spawn here. Default: all of them. */
  readonly spawnable?: readonly AnyModule[]
  /** Freeze and check messages. Default: true unless NODE_ENV is `production`. */
  readonly checked?: boolean
  /** Let exit reasons leave the node with their stacks. Default false. */
  readonly exposeStacks?: boolean
  /**
   * Tell of a turn that holds the event loop longer than this (0 to 2^32-1), as a `longTurn` event
   * and a warning. Default: no turn is watched, which costs less.
   */
  readonly longTurnMs?: number
  /** Do not print warnings and errors. Default false; `observe` shows them either way. */
  readonly quiet?: boolean
  /** The real platform by default. */
  readonly platform?: Platform
}

/** Starts a node without a network. */
export function startRuntime(options: RuntimeOptions = {}): LocalNode {
  const system = createSystem(options)
  const node = new LocalNode(system)
  system.onFatal = () => void node.stop()
  return node
}

/** The tables behind a node. Internal: not exported by the package. */
export function createSystem(options: RuntimeOptions): System {
  const node = options.name ?? 'nonode@nohost'
  checkName('name', node)
  const { longTurnMs } = options
  if (longTurnMs !== undefined) checkTimeout('longTurnMs', longTurnMs)
  const platform = options.platform ?? nodePlatform()
  const system = new System({
    node,
    platform,
    modules: new ModuleTable(options.modules ?? [], options.spawnable),
    checked: options.checked ?? platform.development,
    exposeStacks: options.exposeStacks ?? false,
    ...(longTurnMs === undefined ? {} : { longTurnMs }),
  })
  if (!options.quiet) {
    system.trace.subscribeLog((event) => {
      if (event.level === 'error' || event.level === 'warning') {
        platform.report(formatLog(node, event))
      }
    })
  }
  system.releaseRejections = platform.onUnhandledRejection((reason) => {
    const process = system.blamed(reason)
    if (process === undefined) return false
    terminate(process, reasonOfThrown(reason))
    return true
  })
  return system
}
