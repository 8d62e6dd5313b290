/**
 * One operation for the servers of several nodes (OTP `gen_server:multi_call/4` and `abcast/3`). A
 * node that cannot be reached, has no such server, whose server ends or takes too long is a bad
 * node. Answers settle their calls and never pass through the mailbox, so none is left in it, late
 * or not (rule G17).
 */
import type { Caller, Reason, RemoteName } from '../runtime/index.ts'
import { BadArgument } from '../runtime/index.ts'
import {
  callerProcess,
  parkedCaller,
  prepare,
  reasonOfThrown,
  show,
  systemOf,
} from '../runtime/kernel.ts'
import { type CallLimits, callLimits } from './call-limits.ts'
import { cast, request } from './gen.ts'
import type { ArgsOf, Calls, Casts, OpOf, ReplyOf } from './protocol.ts'

export type MultiCallResult<R> = {
  /** In the order of the servers asked. */
  readonly replies: readonly { readonly node: string; readonly value: R }[]
  readonly badNodes: readonly { readonly node: string; readonly reason: Reason }[]
}

/**
 * Calls all of `servers`, each `at(node, Behaviour, name)`, at the same time, and resolves when all
 * have answered or failed. Rejects with `BadArgument` alone: for servers that are no such names and
 * for an argument that cannot be sent.
 */
export async function multiCall<P, Op extends OpOf<Calls<P>>>(
  caller: Caller,
  limits: number | CallLimits,
  servers: readonly RemoteName<P>[],
  op: Op,
  ...[arg]: ArgsOf<Calls<P>[Op]>
): Promise<MultiCallResult<ReplyOf<Calls<P>[Op]>>> {
  await parkedCaller(caller)
  const { timeoutMs, signal } = callLimits(limits)
  checkServers(servers)
  callerProcess(caller)
  const sent = systemOf(caller).checked ? prepare(arg, 'arg') : arg
  const replies: { node: string; value: ReplyOf<Calls<P>[Op]> }[] = []
  const badNodes: { node: string; reason: Reason }[] = []
  const calls = servers.map((server) =>
    request<ReplyOf<Calls<P>[Op]>>(caller, timeoutMs, server, op, sent, signal),
  )
  const results = await Promise.allSettled(calls)
  results.forEach((result, index) => {
    const node = servers[index]?.node ?? ''
    if (result.status === 'fulfilled') replies.push({ node, value: result.value })
    else badNodes.push({ node, reason: reasonOfThrown(result.reason) })
  })
  return { replies, badNodes }
}

/** Casts to all of `servers`. Never fails for those that are not there (rule G15). */
export function abcast<P, Op extends OpOf<Casts<P>>>(
  caller: Caller,
  servers: readonly RemoteName<P>[],
  op: Op,
  ...args: ArgsOf<Casts<P>[Op]>
): void {
  checkServers(servers)
  for (const server of servers) cast<P, Op>(caller, server, op, ...args)
}

function checkServers(servers: readonly RemoteName[]): void {
  if (!Array.isArray(servers)) {
    throw new BadArgument(`servers: expected names made by \`at\`, got ${show(servers)}`)
  }
  for (const server of servers) {
    if (server?.tag !== 'at') {
      throw new BadArgument(`servers: expected names made by \`at\`, got ${show(server)}`)
    }
  }
}
