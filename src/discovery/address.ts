/**
 * Addresses that others have written: files, DNS answers, backends of the user's own. What comes
 * out is an address that can be dialled, or nothing; nothing here throws for plain data.
 *
 * Invariant: a host is a name or an IP literal without white space, slash or control character, so
 * that it is safe in a log line and in a question to a resolver. Addresses that stand for nobody in
 * particular (unspecified, broadcast, multicast) are refused: dialling them reaches somebody else.
 */
import type { Address } from '../carrier/carrier.ts'
import { limits } from '../limits.ts'

const portMax = 65_535
const nameForm = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,252}$/
const ipv4Form = /^\d{1,3}(?:\.\d{1,3}){3}$/
const ipv6Form = /^(?=[^%]*:[^%]*:)[0-9A-Fa-f:.]{2,45}(?:%[A-Za-z0-9_.-]{1,32})?$/
/** 0.0.0.0/8, the multicast networks and the broadcast address; `::` and ff00::/8. */
const nobodyForm = /^(?:0\.|2(?:2[4-9]|3\d)\.|255\.255\.255\.255$|::$|[Ff]{2}[0-9A-Fa-f]{2}:)/
/** Entries of a list that are looked at, useful or not. */
const lookedAtMax = 256

export function isPort(port: unknown): port is number {
  return typeof port === 'number' && Number.isInteger(port) && port > 0 && port <= portMax
}

export function isIpv4(host: string): boolean {
  return ipv4Form.test(host) && host.split('.').every((part) => Number(part) <= 255)
}

/** An IP literal somebody can be dialled at. */
export function isDialledLiteral(host: unknown): host is string {
  if (typeof host !== 'string' || nobodyForm.test(host)) return false
  return isIpv4(host) || ipv6Form.test(host)
}

function isHost(host: unknown): host is string {
  if (typeof host !== 'string') return false
  // What looks like an IPv4 address and is none is nobody's name either.
  return isDialledLiteral(host) || (nameForm.test(host) && !ipv4Form.test(host))
}

/** `{ host, port }`, whatever else is there; undefined for anything that is not an address. */
export function decodeAddress(value: unknown): Address | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  const host = 'host' in value ? value.host : undefined
  const port = 'port' in value ? value.port : undefined
  return isHost(host) && isPort(port) ? { host, port } : undefined
}

/**
 * One address or a list of them, without repetitions, at most `discoveryAddressesMax`. Nothing
 * (undefined, null, an empty list) is an empty list; undefined when there is something and none of
 * it is an address.
 */
export function decodeAddresses(value: unknown): readonly Address[] | undefined {
  if (value === undefined || value === null) return []
  const given: readonly unknown[] = Array.isArray(value) ? value : [value]
  if (given.length === 0) return []
  const found = new Map<string, Address>()
  for (const one of given.slice(0, lookedAtMax)) {
    const address = decodeAddress(one)
    if (address === undefined) continue
    found.set(`${address.host} ${address.port}`, address)
    if (found.size === limits.discoveryAddressesMax) break
  }
  return found.size === 0 ? undefined : [...found.values()]
}

export function isSameAddress(a: Address, b: Address): boolean {
  return a.host === b.host && a.port === b.port
}
