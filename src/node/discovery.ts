/** Where the other nodes are, as a node's options have it, and what a user may ask about it. */
import type { System } from '../../runtime/kernel.ts'
import type { Address } from '../carrier/carrier.ts'
import {
  type BackendEnv,
  type ChosenBackend,
  type DiscoveryEntry,
  dnsBackend,
  fileBackend,
  tableBackend,
} from '../discovery/index.ts'
import { limits } from '../limits.ts'
import { type Node, partsOf } from './node.ts'
import type { NodeOptions } from './options.ts'

const defaultBackends: readonly DiscoveryEntry[] = ['static', 'file', 'dns']
const defaultDirectory = 'data/discovery'
/** Port that nodes have by agreement when nothing says otherwise. */
const agreedPort = 4433

/** Without the option `discovery` a node knows its table, writes no file and asks nobody. */
export function backendsOf(
  system: System,
  options: NodeOptions,
  listenPort: () => number | undefined,
): readonly ChosenBackend[] {
  const { discovery } = options
  if (discovery === undefined) return [chosen('static', system, options, listenPort)]
  const { backends = defaultBackends } = discovery
  return backends.map((entry) => chosen(entry, system, options, listenPort))
}

/**
 * The names of the nodes that discovery can tell of, sorted: those in the table `nodes`, in the
 * shared directory, and of backends of one's own. They need not be up, and DNS lists none.
 */
export function listNodes(node: Node): Promise<readonly string[]> {
  return partsOf(node).discovery.listNodes()
}

/** Where `name` would be dialled, in the order of trying; empty when nobody knows. */
export function lookupNode(node: Node, name: string): Promise<readonly Address[]> {
  return partsOf(node).discovery.resolve(name)
}

function chosen(
  entry: DiscoveryEntry,
  system: System,
  options: NodeOptions,
  listenPort: () => number | undefined,
): ChosenBackend {
  const { directory = defaultDirectory, dnsPort, dnsServers } = options.discovery ?? {}
  const { platform, trace } = system
  const { storage, clock, random } = platform
  const log: BackendEnv['log'] = (level, message, fields = {}) =>
    trace.log(level, message, { ...fields })
  switch (entry) {
    case 'static': {
      const table = new Map(Object.entries(options.nodes ?? {}))
      return { backend: tableBackend('static', table) }
    }
    case 'file':
      return { backend: fileBackend(directory, storage, log) }
    case 'dns': {
      const timeoutMs = limits.discoveryQuestionAgainMs
      const resolver = platform.resolver({
        timeoutMs,
        ...(dnsServers !== undefined && { servers: dnsServers }),
      })
      const port = (): number => dnsPort ?? listenPort() ?? agreedPort
      return { backend: dnsBackend({ resolver, clock, random, log, port }) }
    }
    default:
      return 'backend' in entry ? entry : { backend: entry }
  }
}
