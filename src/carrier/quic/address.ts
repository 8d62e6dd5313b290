/**
 * Addresses as this carrier sees them: IP literals of the family of its socket. A socket bound to
 * `::` is dual-stack and speaks to IPv4 hosts by their mapped form (RFC 4291, 2.5.5.2), which is
 * hidden from the layers above.
 */
import { lookup } from 'node:dns/promises'
import { isIP } from 'node:net'
import type { CarrierFailure } from '../carrier.ts'

export type Family = 4 | 6
type Literal = { readonly host: string; readonly family: Family }

const mappedPrefix = '::ffff:'

/**
 * The IP literal that `host` stands for; names go through the resolver of the system, in `family`
 * if one is given. Fails with `address`, naming the host.
 */
export async function resolveHost(
  host: string,
  family: Family | undefined,
): Promise<{ readonly tag: 'ok'; readonly literal: Literal } | CarrierFailure> {
  const given = isIP(host)
  if (given !== 0) return { tag: 'ok', literal: { host, family: given === 4 ? 4 : 6 } }
  try {
    const found = await lookup(host, { family: family ?? 0 })
    return { tag: 'ok', literal: { host: found.address, family: found.family === 4 ? 4 : 6 } }
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    return { tag: 'error', reason: 'address', message: `cannot resolve ${host}: ${why}` }
  }
}

/** `literal` as a socket of `family` addresses it; undefined when it cannot. */
export function hostFor(family: Family, literal: Literal): string | undefined {
  if (literal.family === family) return literal.host
  return family === 6 ? `${mappedPrefix}${literal.host}` : undefined
}

/** Undoes the mapping of IPv4 hosts. */
export function plainHost(host: string): string {
  return host.startsWith(mappedPrefix) && host.includes('.')
    ? host.slice(mappedPrefix.length)
    : host
}

/** True when packets to `host` never leave this machine. */
export function isLoopback(host: string): boolean {
  const plain = plainHost(host)
  return plain === '::1' || (plain.startsWith('127.') && isIP(plain) === 4)
}

/** `host:port`, with brackets around IPv6. */
export function addressText(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}
