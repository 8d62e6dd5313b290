/**
 * The bridge from the registry `cluster` to global names (cluster spec, 14.11): a service gets a
 * global name of the same name, through a process of this node. One that runs elsewhere is stood
 * for by a proxy, whose end frees the name; the proxy ends when the service goes.
 */
import {
  type Caller,
  type NameKey,
  type Pid,
  type Reason,
  whereisName,
} from '../../../runtime/index.ts'
import { LocalNode, systemOf } from '../../../runtime/kernel.ts'
import { globalRegistry } from '../../../stdlib/name.ts'
import { getProxy, startProxy, stopProxy } from '../proxy/index.ts'
import { lookupLocal } from '../registry/index.ts'
import { registerGlobalName } from './api.ts'
import { checkGlobalName } from './name.ts'

export type GlobalRegistered =
  | { readonly tag: 'ok'; readonly pid: Pid }
  | { readonly tag: 'error'; readonly reason: Reason }

/**
 * Gives the service `name` the global name `name`: `ok` with the process of this node that has it,
 * or `error` with `{ tag: 'alreadyRegistered', pid }`, `serviceNotFound`, or another reason why
 * there can be no proxy. Throws `BadArgument` for what is no global name.
 */
export async function globalRegister(caller: Caller, name: NameKey): Promise<GlobalRegistered> {
  checkGlobalName(name)
  const own = lookupLocal(caller, name)
  if (own !== undefined) return registered(caller, name, own)
  const pid = whereisName(caller, { tag: 'via', registry: globalRegistry, name })
  if (pid !== undefined) return { tag: 'error', reason: { tag: 'alreadyRegistered', pid } }
  // The name holds the proxy, not whoever has asked for it.
  const host = new LocalNode(systemOf(caller))
  const isNew = (await getProxy(host, name)) === undefined
  const proxy = await startProxy(host, name)
  if (proxy.tag === 'error') return proxy
  const result = registered(caller, name, proxy.pid)
  // Somebody else who has asked may have given it the name meanwhile: it is held for that.
  const isIdle = whereisName(caller, { tag: 'via', registry: globalRegistry, name }) !== proxy.pid
  if (result.tag === 'error' && isNew && isIdle) await stopProxy(host, name)
  return result
}

function registered(caller: Caller, name: NameKey, pid: Pid): GlobalRegistered {
  const result = registerGlobalName(caller, name, { pid })
  return result.tag === 'ok' ? { tag: 'ok', pid } : result
}
