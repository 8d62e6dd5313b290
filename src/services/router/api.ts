/**
 * The ways of the overlay: to nodes, and to services that this node's registry does not know. A
 * node without a carrier, one that hides and one started with `cluster: false` has none.
 */
import { BadArgument, type Caller, type NameTerm } from '../../../runtime/index.ts'
import { checkTimeout, show } from '../../../runtime/kernel.ts'
import { callWithin, local } from '../../../stdlib/index.ts'
import { partOf } from '../../dist/index.ts'
import { validateNodeName } from '../../identity/index.ts'
import { limits } from '../../limits.ts'
import { noOverlay } from '../../membership/index.ts'
import type { Sought } from './searches.ts'
import { type Route, type RouterServer, type RouterStatistics, routerName } from './server.ts'
import { OverlayRouter } from './start.ts'

/** What a question to the router may take. */
const askMaxMs = 5_000

/**
 * How `node` is reached now: `{ tag: 'direct', node }` over a channel, `{ tag: 'via', peer }` by a
 * neighbour, who led there before or is any, or `{ tag: 'noRoute' }` without neighbours. Throws
 * `BadArgument` for what is no node name.
 */
export async function findRoute(caller: Caller, node: string): Promise<Route> {
  if (typeof node !== 'string' || validateNodeName(node).tag === 'error') {
    throw new BadArgument(`findRoute: expected the name of a node, got ${show(node)}`)
  }
  return await callWithin(caller, askMaxMs, server(routerIn(caller, 'findRoute')), 'route', node)
}

/**
 * Asks the overlay for a service, one neighbour after the other, at most `routeTtl` hops far. This
 * node's own registry is asked too. `found` without `via`: the node that has it has said so itself.
 * `found` with `via`: a neighbour says so, and the node cannot be reached but through neighbours,
 * which a proxy does. Errors: `notFound`, `ttlExpired`, `timeout` and `overloaded`.
 */
export async function searchService(
  caller: Caller,
  name: NameTerm,
  timeoutMs: number = limits.routeDeadlineMs,
): Promise<Sought> {
  const part = routerIn(caller, 'searchService')
  checkTimeout('timeoutMs', timeoutMs)
  return await part.search(caller, name, timeoutMs)
}

/** Forgets all ways: they are found anew. */
export async function forgetRoutes(caller: Caller): Promise<void> {
  await callWithin(caller, askMaxMs, server(routerIn(caller, 'forgetRoutes')), 'forget')
}

/** What the router holds. */
export function routerStatistics(caller: Caller): Promise<RouterStatistics> {
  const part = routerIn(caller, 'routerStatistics')
  return callWithin(caller, askMaxMs, server(part), 'statistics')
}

/** The router of the caller's node. Throws `BadArgument` where there is none. */
function routerIn(caller: Caller, what: string): OverlayRouter {
  const part = partOf(caller, OverlayRouter)
  if (part !== undefined) return part
  throw noOverlay(caller, what)
}

function server({ module }: OverlayRouter): ReturnType<typeof local<RouterServer>> {
  return local(module, routerName)
}
