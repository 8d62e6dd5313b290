/**
 * One task on another node, or on many, for its value (OTP `erpc:call/5`, `erpc:multicall/5`, rule
 * D11). The node runs it only if it lists it. What the task throws is thrown here, as its reason.
 *
 * Differences from OTP: what runs is a listed task and not any function. A task that ended without
 * an answer, a node that was lost and one that was never reached are told apart by reason alone:
 * `noconnection` stands for the last two.
 */
import { BadArgument, Exit, type Reason, type Self } from '../../runtime/index.ts'
import {
  checkTimeout,
  parkedCaller,
  processOfSelf,
  reasonOfThrown,
  type SpawnArgs,
  show,
} from '../../runtime/kernel.ts'
import type { TaskModule } from './module.ts'
import { orderAt } from './start.ts'
import { awaitTask, type TaskResult } from './task.ts'

export type RpcOptions = {
  /**
   * Milliseconds to wait for the value, the connection included; default: for ever. The task is not
   * ended when they have passed, but its value goes nowhere.
   */
  readonly timeoutMs?: number
}

/** How a node of many did. */
export type RpcResult<R> = TaskResult<R> & { readonly node: string }

/**
 * Runs `module` on `node` and resolves with its value. Rejects with `Exit`: `noconnection`,
 * `timeout`, `{ tag: 'unknownModule', module }`, or the reason the task ended with.
 */
export async function rpc<Arg, R>(
  self: Self,
  node: string,
  module: TaskModule<Arg, R>,
  ...args: SpawnArgs<Arg, RpcOptions>
): Promise<R> {
  await parkedCaller(self)
  const [result] = await rpcAll(self, [node], module, ...args)
  if (result?.tag === 'ok') return result.value
  const process = processOfSelf(self)
  const error = new Exit(result?.reason ?? 'noconnection', `rpc on ${node}`)
  process.system.attribute(error, process)
  throw error
}

/**
 * Runs `module` on all of `nodes` at the same time. Resolves when each has answered or failed, with
 * their results in the order of `nodes`. Rejects with `BadArgument` alone.
 */
export async function rpcAll<Arg, R>(
  self: Self,
  nodes: readonly string[],
  module: TaskModule<Arg, R>,
  ...args: SpawnArgs<Arg, RpcOptions>
): Promise<RpcResult<R>[]> {
  await parkedCaller(self)
  const [arg, options = {}] = args
  const timeoutMs = timeoutOf(options)
  if (!Array.isArray(nodes)) throw new BadArgument(`nodes: expected names, got ${show(nodes)}`)
  const running = nodes.map((node) => orderAt(self, node, module, arg, false))
  const results = running.map((starting, at) =>
    starting
      .then((task) => awaitTask(self, task, Number.POSITIVE_INFINITY))
      .then(
        (value): RpcResult<R> => ({ node: nodes[at] ?? '', tag: 'ok', value }),
        (error: unknown) => failed<R>(nodes[at] ?? '', error),
      ),
  )
  return Promise.all(results.map((result, at) => within(self, result, nodes[at] ?? '', timeoutMs)))
}

function failed<R>(node: string, error: unknown): RpcResult<R> {
  if (error instanceof BadArgument) throw error
  const reason = reasonOfThrown(error)
  return { node, tag: 'exit', reason: isLost(reason, node) ? 'noconnection' : reason }
}

/** The task was under way when its node was lost. */
function isLost(reason: Reason, node: string): boolean {
  return typeof reason === 'object' && reason.tag === 'nodedown' && reason.node === node
}

/** `result`, unless it takes too long. Never settles for a caller that ended. */
function within<R>(
  self: Self,
  result: Promise<RpcResult<R>>,
  node: string,
  timeoutMs: number,
): Promise<RpcResult<R>> {
  if (timeoutMs === Number.POSITIVE_INFINITY) return result
  const process = processOfSelf(self)
  return new Promise((resolve, reject) => {
    const timeout = process.system.timeouts.add(timeoutMs, () => {
      if (process.alive) resolve({ node, tag: 'exit', reason: 'timeout' })
    })
    const settle = (then: () => void): void => {
      timeout.cancel()
      if (process.alive) then()
    }
    result.then(
      (value) => settle(() => resolve(value)),
      (error: unknown) => settle(() => reject(error)),
    )
  })
}

function timeoutOf(options: unknown): number {
  if (typeof options !== 'object' || options === null) {
    throw new BadArgument(`rpc: options: expected an object, got ${show(options)}`)
  }
  for (const key of Object.keys(options)) {
    if (key !== 'timeoutMs') throw new BadArgument(`rpc: unknown option '${key}'`)
  }
  const timeoutMs = 'timeoutMs' in options ? options.timeoutMs : undefined
  if (timeoutMs === undefined) return Number.POSITIVE_INFINITY
  checkTimeout('timeoutMs', timeoutMs)
  return Number(timeoutMs)
}
