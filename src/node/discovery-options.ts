/** The option `discovery` of `startNode`, checked with the others before anything is started. */
import { BadArgument } from '../../runtime/index.ts'
import { show } from '../../runtime/kernel.ts'
import type { DiscoveryEntry } from '../discovery/index.ts'
import { limits } from '../limits.ts'

export type DiscoveryOptions = {
  /**
   * Who is asked where a node is, in order: the first that knows wins. `static` is the table
   * `nodes`, `file` the directory, `dns` the host half of the name; others are backends of your
   * own, alone or as `{ backend, args }`. Default `['static', 'file', 'dns']`.
   */
  readonly backends?: readonly DiscoveryEntry[]
  /** Where nodes leave their endpoints for each other, a file each. Default `data/discovery`. */
  readonly directory?: string
  /**
   * Port of nodes that are found by the addresses of their host alone. Default: the one this node
   * listens on, or 4433 without a carrier.
   */
  readonly dnsPort?: number
  /**
   * DNS servers to ask instead of the system: IP literals, `IPv4:port` or `[IPv6]:port`. The files
   * and search domains of the system play no part then.
   */
  readonly dnsServers?: readonly string[]
}

const known: readonly (keyof DiscoveryOptions)[] = [
  'backends',
  'directory',
  'dnsPort',
  'dnsServers',
]
const builtIn: readonly unknown[] = ['static', 'file', 'dns']
const methods = ['init', 'lookup', 'listNodes', 'register', 'unregister', 'close'] as const
const serverForm = /^(?:\d{1,3}(?:\.\d{1,3}){3}|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?$/
const bareIpv6 = /^[0-9A-Fa-f:.]+$/

/** Throws `BadArgument` naming the field and the value. `hasTable`: the option `nodes` is there. */
export function checkDiscovery(options: DiscoveryOptions, hasTable: boolean): void {
  if (!isObject(options)) refuse('discovery', 'an object', options)
  for (const key of Object.keys(options)) {
    if (known.some((name) => name === key)) continue
    const message = `startNode: discovery: unknown option '${key}'; known are ${known.join(', ')}`
    throw new BadArgument(message)
  }
  const { backends, directory, dnsPort, dnsServers } = options
  if (backends !== undefined) checkBackends(backends, hasTable)
  if (directory !== undefined && (typeof directory !== 'string' || directory === '')) {
    refuse('discovery.directory', 'a path', directory)
  }
  if (dnsPort !== undefined && !(Number.isInteger(dnsPort) && dnsPort > 0 && dnsPort < 65_536)) {
    refuse('discovery.dnsPort', 'a port from 1 to 65535', dnsPort)
  }
  if (dnsServers === undefined) return
  if (!Array.isArray(dnsServers) || dnsServers.length === 0) {
    refuse('discovery.dnsServers', 'an array of addresses', dnsServers)
  }
  for (const server of dnsServers) {
    if (!isServer(server)) {
      refuse('discovery.dnsServers', 'IP literals, IPv4:port or [IPv6]:port', server)
    }
  }
}

function checkBackends(backends: readonly unknown[], hasTable: boolean): void {
  const field = 'discovery.backends'
  if (!Array.isArray(backends)) refuse(field, 'an array of backends', backends)
  if (backends.length > limits.discoveryBackendsMax) {
    refuse(field, `at most ${limits.discoveryBackendsMax} backends`, backends.length)
  }
  if (hasTable && !backends.includes('static')) {
    refuse(field, "'static' among them, since `nodes` is given", backends.map(show).join(', '))
  }
  for (const [at, entry] of backends.entries()) {
    if (backends.indexOf(entry) !== at) refuse(field, 'each backend once', entry)
    if (builtIn.includes(entry)) continue
    const backend = isObject(entry) && 'backend' in entry ? entry.backend : entry
    if (!isBackend(backend)) {
      refuse(field, "'static', 'file', 'dns', a backend or { backend, args }", entry)
    }
  }
}

function isBackend(value: unknown): boolean {
  if (!isObject(value) || !('name' in value) || typeof value.name !== 'string') return false
  return methods.every((name) => {
    const method: unknown = Reflect.get(value, name)
    return method === undefined || typeof method === 'function'
  })
}

function isServer(value: unknown): boolean {
  if (typeof value !== 'string') return false
  if (serverForm.test(value)) return URL.canParse(`http://${value}/`)
  return bareIpv6.test(value) && URL.canParse(`http://[${value}]/`)
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function refuse(field: string, expected: string, got: unknown): never {
  throw new BadArgument(`startNode: ${field}: expected ${expected}, got ${show(got)}`)
}
