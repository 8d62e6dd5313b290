/** Questions and requests about other nodes (OTP `nodes/0`, `net_kernel`). */
import { BadArgument, type Caller, type Self } from '../../runtime/index.ts'
import {
  callerProcess,
  checkName,
  deliver,
  processOfSelf,
  show,
  systemOf,
} from '../../runtime/kernel.ts'
import { type ChannelStatistics, Router } from './router.ts'
import { type NodeKind, nodeKinds } from './subscribers.ts'

/**
 * Names of the nodes connected now: those that do not hide, unless told otherwise. A node that was
 * started `hidden` sees all others as hidden ones. The local node is never among them (rule D7).
 * Throws `BadArgument` for another kind than these three.
 */
export function nodes(caller: Caller, kind: NodeKind = 'visible'): string[] {
  checkKind(kind)
  return routerOf(caller)?.nodes(kind) ?? []
}

/**
 * Tells the calling process of nodes of a kind coming and going, as `{ tag: 'nodeup', node }` and
 * `{ tag: 'nodedown', node, reason }`. Each `true` adds a copy, one `false` cancels all of that
 * kind (rule D5). Default `visible`. Throws `BadArgument` for another kind than the three.
 */
export function monitorNodes(self: Self, on: boolean, kind: NodeKind = 'visible'): void {
  checkKind(kind)
  const process = callerProcess(self)
  const subscribers = routerOf(self)?.subscribers
  if (process === null || subscribers === undefined) return
  if (on) subscribers.add(process, kind)
  else subscribers.remove(process, kind)
}

function checkKind(kind: unknown): void {
  if (nodeKinds.some((known) => known === kind)) return
  throw new BadArgument(`kind: expected ${nodeKinds.join(', ')}, got ${show(kind)}`)
}

/**
 * Tells the calling process when `node` is lost, as `{ tag: 'nodedown', node, reason }`: once for
 * each `true`, each `false` takes one back (rule D4). Connects with the node; one that cannot be
 * reached is lost at once, with reason `noconnection`. The local node is never lost. Throws
 * `BadArgument` for what is no node name or no boolean.
 */
export function monitorNode(self: Self, node: string, on: boolean): void {
  checkName('node', node)
  if (typeof on !== 'boolean') throw new BadArgument(`on: expected true or false, got ${show(on)}`)
  const process = processOfSelf(self)
  const router = routerOf(self)
  if (node === process.system.node) return
  if (router === undefined) {
    if (on) deliver(process, { tag: 'nodedown', node, reason: 'noconnection' })
  } else if (!on) router.monitors.remove(process, node)
  else {
    router.monitors.add(process, node)
    router.connect(node, (up) => {
      if (!up) router.notReached(node)
    })
  }
}

/** Connects with a node. False when it cannot be reached or refuses us; the log says why. */
export function connectNode(caller: Caller, node: string): Promise<boolean> {
  const router = routerOf(caller)
  if (node === systemOf(caller).node) return Promise.resolve(true)
  if (router === undefined) return Promise.resolve(false)
  return new Promise((resolve) => router.connect(node, resolve))
}

/** Cuts the connection to a node, here and there; false when there was none. */
export function disconnectNode(caller: Caller, node: string): boolean {
  return routerOf(caller)?.disconnect(node) ?? false
}

/** What has crossed the channel to a node since it came up; undefined without one. */
export function channelStatistics(caller: Caller, node: string): ChannelStatistics | undefined {
  if (typeof node !== 'string') throw new BadArgument('channelStatistics: expected a node name')
  return routerOf(caller)?.statistics(node)
}

/** The part of the node that is of this class; undefined when it has none. For layers above. */
export function partOf<Part extends object>(
  caller: Caller,
  type: abstract new (...args: never[]) => Part,
): Part | undefined {
  for (const part of routerOf(caller)?.parts ?? []) if (part instanceof type) return part
  return undefined
}

function routerOf(caller: Caller): Router | undefined {
  const { route } = systemOf(caller)
  return route instanceof Router ? route : undefined
}
