/**
 * Options of `startNode`, checked once at the boundary. A bad value is refused with the name of
 * its field and what was given; an unknown field is refused too, because a misspelt option that is
 * ignored is worse.
 */
import { type AnyModule, BadArgument, type Platform, type TraceEvent } from '../../runtime/index.ts'
import { show } from '../../runtime/kernel.ts'
import { type ChildSpec, checkLoggerOptions, type LoggerOptions } from '../../stdlib/index.ts'
import type { Address, Carrier, TlsMaterial } from '../carrier/carrier.ts'
import type { StaticNodes } from '../discovery/index.ts'
import { validateNodeName } from '../identity/index.ts'
import { limits } from '../limits.ts'
import { type ApplicationOptions, checkApplications } from './application-options.ts'
import { type AuthOptions, checkAuthOptions } from './auth-options.ts'
import { type ClusterOptions, checkCluster } from './cluster-options.ts'
import { checkDiscovery, type DiscoveryOptions } from './discovery-options.ts'

type PartOptions = ApplicationOptions & AuthOptions

export type NodeOptions = PartOptions & {
  /** `name@host`, unique in the cluster. */
  readonly name: string
  /** How to reach other nodes: `quicCarrier(...)`. Without one the node is alone. */
  readonly carrier?: Carrier
  /** Where other nodes are, by name. */
  readonly nodes?: StaticNodes
  /** How other nodes are found, and find this one, beyond `nodes`. Default: not at all. */
  readonly discovery?: DiscoveryOptions
  /**
   * Nodes through which to join the cluster, by name, for as long as this one has no neighbours;
   * each must be found in `nodes`, unless `discovery` may find it later. At most 64; the node's own
   * name is left out, so that all nodes may be given one list.
   */
  readonly join?: readonly string[]
  /**
   * The overlay of the cluster and its broadcasts. `false`: none, only channels on demand. Default:
   * as `{}` where there is a carrier, and never on a node that hides.
   */
  readonly cluster?: ClusterOptions | false
  /** What the node can run by name. */
  readonly modules?: readonly AnyModule[]
  /** Those of `modules` that other nodes may spawn here. Default: all of them. */
  readonly spawnable?: readonly AnyModule[]
  /** The program: one child, usually a supervisor, started last and stopped first. */
  readonly root?: ChildSpec
  /** Keys, certificate and pins of this node. Default `data/<name>`. */
  readonly dataDir?: string
  /**
   * Not counted by other nodes: absent from their `nodes()`, no `nodeup` for those who do not ask
   * for hidden nodes. For tools that look at a cluster without being of it. Default false.
   */
  readonly hidden?: boolean
  /** Milliseconds between signs of life on a channel; four without any end it. Default 5000. */
  readonly tickMs?: number
  /** Check and freeze messages. Default: unless NODE_ENV is `production`. */
  readonly checked?: boolean
  /** Let exit reasons leave the node with their stacks. Default false. */
  readonly exposeStacks?: boolean
  /**
   * Tell of a turn that holds the event loop longer than this, as a `longTurn` event and a warning.
   * Default: no turn is watched.
   */
  readonly longTurnMs?: number
  /**
   * Stop in order when the operator asks the program to end (SIGTERM, SIGINT), within 30 s; a
   * second request ends it at once. For programs that are one node. Default false.
   */
  readonly drainOnSignals?: boolean
  /** Do not print warnings and errors. Default false; `observe` shows them either way. */
  readonly quiet?: boolean
  /** How the node's log is written and handled, instead of warnings and errors as text. */
  readonly logger?: LoggerOptions
  /** Hears every event from the first one on, before `startNode` returns. */
  readonly observe?: (event: TraceEvent) => void
  /** A certificate of one's own instead of the one made in `dataDir`. */
  readonly tls?: TlsMaterial
  /** Default: the real platform. */
  readonly platform?: Platform
}

const known: readonly (keyof NodeOptions)[] = [
  'name',
  'carrier',
  'nodes',
  'discovery',
  'join',
  'cluster',
  'modules',
  'spawnable',
  'applications',
  'config',
  'root',
  'dataDir',
  'cookie',
  'trustMode',
  'cookieOnlyNodes',
  'authEnabled',
  'authTimeoutMs',
  'authWindowMs',
  'signer',
  'hidden',
  'tickMs',
  'checked',
  'exposeStacks',
  'longTurnMs',
  'drainOnSignals',
  'quiet',
  'logger',
  'observe',
  'tls',
  'platform',
]

/** Throws `BadArgument` naming the field and the value. */
export function checkOptions(options: NodeOptions): void {
  if (typeof options !== 'object' || options === null) {
    throw new BadArgument(`startNode: expected an options object, got ${show(options)}`)
  }
  for (const key of Object.keys(options)) {
    if (!known.some((name) => name === key)) {
      throw new BadArgument(`startNode: unknown option '${key}'; known are ${known.join(', ')}`)
    }
  }
  const { name, nodes, dataDir, tickMs, carrier } = options
  checkNodeName('name', name)
  if (nodes !== undefined && !isObject(nodes)) refuse('nodes', 'a table of addresses', nodes)
  for (const [node, address] of Object.entries(nodes ?? {})) {
    checkNodeName('nodes', node)
    checkAddress(`nodes['${node}']`, address)
  }
  if (options.discovery !== undefined) checkDiscovery(options.discovery, nodes !== undefined)
  if (options.join !== undefined && !Array.isArray(options.join)) {
    refuse('join', 'an array of node names', options.join)
  }
  for (const node of options.join ?? []) checkNodeName('join', node)
  const contacts = options.join?.length ?? 0
  if (contacts > limits.membershipContactsMax) {
    refuse('join', `at most ${limits.membershipContactsMax} nodes`, contacts)
  }
  if (options.cluster !== undefined) checkCluster(options.cluster)
  for (const field of ['modules', 'spawnable'] as const) {
    const given = options[field]
    if (given !== undefined && !Array.isArray(given)) refuse(field, 'an array of modules', given)
  }
  for (const field of ['hidden', 'checked', 'exposeStacks', 'drainOnSignals'] as const) {
    const given = options[field]
    if (given !== undefined && typeof given !== 'boolean') refuse(field, 'true or false', given)
  }
  checkParts(options)
  checkApplications(options)
  if (options.logger !== undefined) checkLoggerOptions(options.logger)
  if (dataDir !== undefined && !isText(dataDir)) refuse('dataDir', 'a path', dataDir)
  checkAuthOptions(options)
  if (tickMs !== undefined && !(Number.isFinite(tickMs) && tickMs >= 10 && tickMs <= 3_600_000)) {
    refuse('tickMs', '10 to 3600000 milliseconds', tickMs)
  }
  if (carrier !== undefined && typeof carrier?.open !== 'function') {
    refuse('carrier', 'a carrier, such as quicCarrier({ host, port })', carrier)
  }
}

/** What other parts of the package make: enough of their shape to name the field in time. */
function checkParts({ root, tls, platform }: NodeOptions): void {
  if (root !== undefined && !(isObject(root) && isText(root.id) && isText(root.module))) {
    refuse('root', 'a child spec, such as child(module, arg)', root)
  }
  if (tls !== undefined && !(isObject(tls) && tls.certDer instanceof Uint8Array)) {
    refuse('tls', '{ certPem, keyPem, certDer }', tls)
  }
  if (platform !== undefined && !(isObject(platform) && isObject(platform.clock))) {
    refuse('platform', 'a platform', platform)
  }
}

function checkNodeName(field: string, name: unknown): void {
  const result = typeof name === 'string' ? validateNodeName(name) : undefined
  if (result?.tag !== 'ok') {
    refuse(field, 'a node name such as a@127.0.0.1 (name@host, at most 255 bytes)', name)
  }
}

function checkAddress(field: string, address: Address): void {
  const valid =
    isObject(address) &&
    isText(address.host) &&
    Number.isInteger(address.port) &&
    address.port > 0 &&
    address.port < 65_536
  const got = isObject(address) ? `${show(address.host)}:${show(address.port)}` : show(address)
  if (!valid) refuseShown(field, '{ host, port } with a port from 1 to 65535', got)
}

function isText(value: unknown): boolean {
  return typeof value === 'string' && value.length > 0
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function refuse(field: string, expected: string, got: unknown): never {
  refuseShown(field, expected, show(got))
}

function refuseShown(field: string, expected: string, got: string): never {
  throw new BadArgument(`startNode: ${field}: expected ${expected}, got ${got}`)
}
