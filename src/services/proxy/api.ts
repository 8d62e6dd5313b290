/**
 * Proxies: processes of this node that stand for services of others. Most programs need none, for
 * a pid of another node is used like one of this. A proxy helps where a name must lead to a process
 * of this node, or where the service's node cannot be dialled from here: then what the proxy is
 * sent goes from neighbour to neighbour.
 */
import type { Caller, NameTerm, Pid, Reason, Ref } from '../../../runtime/index.ts'
import { callerProcess } from '../../../runtime/kernel.ts'
import { callWithin, local } from '../../../stdlib/index.ts'
import { partOf } from '../../dist/index.ts'
import { limits } from '../../limits.ts'
import { noOverlay } from '../../membership/index.ts'
import type { Service } from './context.ts'
import { type Holder, type KeeperServer, keeperName, type ProxyInfo } from './keeper.ts'
import { ServiceProxies } from './start.ts'

/** What a question to the keeper may take. */
const askMaxMs = 5_000

export type StartedProxy<P = unknown> =
  | { readonly tag: 'ok'; readonly pid: Ref<P> }
  | { readonly tag: 'error'; readonly reason: Reason }

/**
 * A process of this node that forwards to the service `name`: the one there is, or a new one. The
 * caller holds it until `stopProxy` or its own end; one that nobody has held for 60 s ends, and so
 * does one whose service goes. The service is looked for here, then in the overlay. Errors:
 * `serviceNotFound`, `ttlExpired`, `timeout`, `overloaded`, `{ tag: 'maxChildren', max }` and
 * `{ tag: 'systemLimit', limit: 'proxyHolders', max }`. Throws `BadArgument` for what is no name.
 */
export async function startProxy<P = unknown>(
  caller: Caller,
  name: NameTerm,
): Promise<StartedProxy<P>> {
  const part = partIn(caller, 'startProxy')
  const text = part.overlayRouter.context.registry.textOf(name)
  const holder = holderOf(caller)
  const server = keeper(part)
  const known = await callWithin(caller, askMaxMs, server, 'open', { text, holder, service: null })
  if (known.tag === 'ok') return known
  const found = await serviceOf(caller, part, name, text)
  if (found.tag === 'error') return found
  const { service } = found
  return await callWithin(caller, askMaxMs, server, 'open', { text, holder, service })
}

/** The caller does not hold the proxy of `name` any more; harmless if it did not. */
export async function stopProxy(caller: Caller, name: NameTerm): Promise<void> {
  const part = partIn(caller, 'stopProxy')
  const text = part.overlayRouter.context.registry.textOf(name)
  await callWithin(caller, askMaxMs, keeper(part), 'close', { text, holder: holderOf(caller) })
}

/** The proxy of `name` on this node; asking does not hold it. */
export async function getProxy(caller: Caller, name: NameTerm): Promise<Pid | undefined> {
  const part = partIn(caller, 'getProxy')
  const text = part.overlayRouter.context.registry.textOf(name)
  return (await callWithin(caller, askMaxMs, keeper(part), 'find', text)) ?? undefined
}

/** All proxies of this node. */
export function listProxies(caller: Caller): Promise<readonly ProxyInfo[]> {
  return callWithin(caller, askMaxMs, keeper(partIn(caller, 'listProxies')), 'list')
}

type ServiceFound =
  | { readonly tag: 'ok'; readonly service: Service }
  | { readonly tag: 'error'; readonly reason: Reason }

async function serviceOf(
  caller: Caller,
  { overlayRouter }: ServiceProxies,
  name: NameTerm,
  text: string,
): Promise<ServiceFound> {
  const [instance] = overlayRouter.context.registry.lookup(name)
  if (instance !== undefined) {
    const { node, pid } = instance
    return { tag: 'ok', service: { name, text, node, pid } }
  }
  const sought = await overlayRouter.search(caller, name, limits.routeDeadlineMs)
  if (sought.tag === 'found' && sought.pid !== null) {
    const { node, pid } = sought
    return { tag: 'ok', service: { name, text, node, pid } }
  }
  const reason = sought.tag === 'error' ? sought.reason : 'notFound'
  return { tag: 'error', reason: reason === 'notFound' ? 'serviceNotFound' : reason }
}

function holderOf(caller: Caller): Holder {
  return callerProcess(caller)?.pid ?? null
}

function keeper({ module }: ServiceProxies): ReturnType<typeof local<KeeperServer>> {
  return local(module, keeperName)
}

function partIn(caller: Caller, what: string): ServiceProxies {
  const part = partOf(caller, ServiceProxies)
  if (part !== undefined) return part
  throw noOverlay(caller, what)
}
