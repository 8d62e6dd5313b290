/**
 * Starting a node: options, identity, socket, tree, program, in this order. Whatever fails,
 * everything opened before it is closed again and the error says what to do.
 */
import { createSystem, LocalNode, type System } from '../../runtime/kernel.ts'
import { startLogger } from '../../stdlib/index.ts'
import { Discovery } from '../discovery/index.ts'
import { closeCode, type Dist, startDist } from '../dist/index.ts'
import { ensureTlsMaterial, type TlsMaterial } from '../identity/index.ts'
import { openGlobal } from '../services/global/index.ts'
import { openRegistry } from '../services/registry/index.ts'
import { defaultCookie } from './auth-options.ts'
import { clusterChildren } from './cluster.ts'
import { backendsOf } from './discovery.ts'
import { openIdentity } from './identity.ts'
import { Node } from './node.ts'
import { checkOptions, type NodeOptions } from './options.ts'
import { startProgram } from './program.ts'
import { StartError } from './start-error.ts'

export { StartError }

const defaultTickMs = 5_000

/**
 * Starts a node. Throws `BadArgument` for a bad option, and `StartError` when the cookie alone
 * decides and everybody knows it, the keys or the certificate cannot be used, the address cannot be
 * bound, a node to join cannot be found, or an application or the program's root does not start.
 */
export async function startNode(options: NodeOptions): Promise<Node> {
  checkOptions(options)
  const { logger, quiet = false } = options
  const system = createSystem({ ...options, quiet: quiet || logger !== undefined })
  const host = new LocalNode(system)
  if (logger !== undefined) startLogger(host, quiet ? { ...logger, stderr: false } : logger)
  if (options.observe !== undefined) system.trace.subscribe(options.observe)
  let dist: Dist | undefined
  const discovery = new Discovery(system)
  try {
    await discovery.open(backendsOf(system, options, () => dist?.endpoint.address.port))
    await checkJoin(system, options)
    dist = await openDist(system, options, discovery)
    // Who hides is found by nobody.
    if (options.hidden !== true) await discovery.publish(dist?.endpoint.address)
    const registry = openRegistry(system, dist)
    const global = openGlobal(system, dist?.metrics)
    const cluster =
      dist === undefined ? [] : clusterChildren(system, dist, discovery, registry, global, options)
    const program = await startProgram(host, [...(dist?.children ?? []), ...cluster], options)
    for (const peer of contactsOf(options)) dist?.router.connect(peer, () => undefined)
    const node = new Node({ system, program, dist, discovery, options })
    if (options.drainOnSignals) node.drainOnSignals()
    return node
  } catch (error) {
    await discovery.unpublish()
    await dist?.endpoint.close(closeCode.shutdown)
    discovery.close()
    await host.stop()
    throw error
  }
}

async function openDist(
  system: System,
  options: NodeOptions,
  addresses: Discovery,
): Promise<Dist | undefined> {
  const { carrier, name, dataDir = `data/${name}`, cookie = defaultCookie } = options
  if (carrier === undefined) return undefined
  const auth = await openIdentity(system, `${dataDir}/keys`, options)
  const result = await startDist({
    system,
    host: new LocalNode(system),
    carrier,
    tls: options.tls ?? (await tlsOf(system, dataDir, name)),
    auth,
    cookie,
    hidden: options.hidden ?? false,
    tickMs: options.tickMs ?? defaultTickMs,
    addresses,
  })
  if (result.tag === 'error') throw new StartError(result.reason, result.message)
  return result.dist
}

/** A peer that is down may come later; one that cannot even be found is a mistake. */
async function checkJoin(system: System, options: NodeOptions): Promise<void> {
  for (const peer of contactsOf(options)) {
    const address = options.nodes?.[peer]
    if (address === undefined && options.discovery !== undefined) continue
    if (address === undefined) {
      const advice = 'add it to `nodes`, or set `discovery`'
      const message = `join: no address is known for ${peer}: ${advice}`
      throw new StartError('unresolvablePeer', message)
    }
    if ((await system.platform.lookup(address.host)) === undefined) {
      const message = `join: the host '${address.host}' of ${peer} cannot be resolved`
      throw new StartError('unresolvablePeer', message)
    }
  }
}

/** All nodes may be given one list. */
function contactsOf({ name, join = [] }: NodeOptions): readonly string[] {
  return join.filter((peer) => peer !== name)
}

async function tlsOf(system: System, dataDir: string, name: string): Promise<TlsMaterial> {
  const made = await ensureTlsMaterial(system.platform, `${dataDir}/quic`, name)
  if (made.tag === 'error') throw new StartError(made.reason, made.message)
  if (made.warning !== undefined) system.trace.log('warning', made.warning, { node: name })
  return made.tls
}
