/**
 * DNS of a simulated world: what its zone holds at the moment it is asked, which whoever holds the
 * zone may change at any time.
 */
import type { Resolver, ResolverFailure, ServiceRecord } from './platform.ts'

/** Records by name. */
export type SimZone = Map<
  string,
  {
    readonly ipv4?: readonly string[]
    readonly ipv6?: readonly string[]
    readonly services?: readonly ServiceRecord[]
  }
>

const absent = (name: string): ResolverFailure => ({
  tag: 'error',
  reason: 'notFound',
  message: `the simulated zone has no such records of ${name}`,
})

export function simResolver(zone: SimZone): Resolver {
  return {
    async addresses(host, family) {
      const addresses = family === 4 ? zone.get(host)?.ipv4 : zone.get(host)?.ipv6
      return addresses === undefined ? absent(host) : { tag: 'ok', addresses }
    },
    async services(name) {
      const services = zone.get(name)?.services
      return services === undefined ? absent(name) : { tag: 'ok', services }
    },
    close: () => undefined,
  }
}
