/**
 * Real questions to DNS. Addresses are asked of the system, which knows its files and search
 * domains, unless servers are named: those are asked directly, as for services always.
 */
import { lookup, Resolver as Questions } from 'node:dns/promises'
import type { Resolver, ResolverFailure, ResolverOptions } from './platform.ts'

const tries = 2
const absent: readonly unknown[] = ['ENOTFOUND', 'ENODATA', 'ENONAME']

export function nodeResolver({ servers, timeoutMs }: ResolverOptions): Resolver {
  const questions = new Questions({ timeout: timeoutMs, tries })
  if (servers !== undefined) questions.setServers(servers)
  const literals = (host: string, family: 4 | 6): Promise<string[]> => {
    if (servers === undefined) {
      const asked = lookup(host, { family, all: true })
      return asked.then((found) => found.map(({ address }) => address))
    }
    return family === 4 ? questions.resolve4(host) : questions.resolve6(host)
  }
  return {
    addresses: (host, family) =>
      literals(host, family).then((addresses) => ({ tag: 'ok', addresses }) as const, failure),
    services: (name) =>
      questions.resolveSrv(name).then((services) => ({ tag: 'ok', services }) as const, failure),
    close: () => questions.cancel(),
  }
}

function failure(error: unknown): ResolverFailure {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  const message = error instanceof Error ? error.message : String(error)
  return { tag: 'error', reason: absent.includes(code) ? 'notFound' : 'failed', message }
}
