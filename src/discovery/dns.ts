/**
 * Discovery by DNS (the cluster spec, 3.7): the host half of a node's name is looked up. SRV
 * records of `_skein._udp.<host>` (RFC 2782) give ports and hosts; without any the host's own
 * addresses are taken, IPv4 first, with the port that nodes have by agreement. Nothing is published
 * and no names are listed.
 *
 * An IPv4 literal stands for itself, and `localhost` for this machine (RFC 6761, 6.3), without any
 * question. SRV records that nobody answers for are given up before the addresses would be late.
 */
import type { Clock, Random, Resolver } from '../../runtime/platform/platform.ts'
import type { Address } from '../carrier/carrier.ts'
import { hostOf } from '../identity/index.ts'
import { limits } from '../limits.ts'
import { isIpv4 } from './address.ts'
import type { BackendEnv, DiscoveryBackend } from './backend.ts'
import { addressesIn, type Target, targetsIn } from './dns-answer.ts'

export type DnsParts = {
  readonly resolver: Resolver
  readonly clock: Clock
  readonly random: Random
  readonly log: BackendEnv['log']
  /** Port of nodes about which no SRV record says anything. */
  readonly port: () => number
}

type Heard = { readonly literals: readonly string[]; readonly faults: readonly string[] }

const loopback = ['127.0.0.1', '::1'] as const

export function dnsBackend(parts: DnsParts): DiscoveryBackend {
  const { resolver, port } = parts
  return {
    name: 'dns',
    async lookup(node) {
      const host = hostOf(node).toLowerCase()
      const known = withoutAsking(host)
      if (known !== undefined) return known.map((literal) => ({ host: literal, port: port() }))
      // Both at once; what is not needed is not waited for.
      const own = addressesOf(parts, host)
      own.catch(() => undefined)
      const targets = await targetsOf(parts, host)
      if (targets === 'withdrawn') {
        sayNone(parts, host, ['its SRV record says that there is no node'])
        return []
      }
      if (targets.length > 0) return addressesOfTargets(parts, host, targets)
      const { literals, faults } = await own
      if (literals.length === 0) sayNone(parts, host, faults)
      return literals.map((literal) => ({ host: literal, port: port() }))
    },
    close: () => resolver.close(),
  }
}

function withoutAsking(host: string): readonly string[] | undefined {
  if (isIpv4(host)) return [host]
  return host === 'localhost' || host.endsWith('.localhost') ? loopback : undefined
}

async function targetsOf(
  { resolver, clock, random }: DnsParts,
  host: string,
): Promise<readonly Target[] | 'withdrawn'> {
  const answer = await inTime(clock, resolver.services(`_skein._udp.${host}`))
  return answer?.tag === 'ok' ? targetsIn(answer.services, () => random.unit()) : []
}

async function addressesOfTargets(
  parts: DnsParts,
  asked: string,
  targets: readonly Target[],
): Promise<readonly Address[]> {
  const heard = await Promise.all(
    targets.map(async ({ name, port }) => {
      const literals = withoutAsking(name.toLowerCase())
      const { faults, ...found } = literals
        ? { literals, faults: [] }
        : await addressesOf(parts, name)
      return { addresses: found.literals.map((host) => ({ host, port })), faults }
    }),
  )
  const addresses = heard.flatMap((one) => one.addresses)
  const faults = heard.flatMap((one) => one.faults)
  if (addresses.length === 0) sayNone(parts, asked, faults)
  return addresses
}

/** Of both families; one that cannot be had does not hold up the other. */
async function addressesOf({ resolver, clock }: DnsParts, host: string): Promise<Heard> {
  const answers = await Promise.all(
    ([4, 6] as const).map(async (family) => {
      const answer = await inTime(clock, resolver.addresses(host, family))
      if (answer === undefined) return { literals: [], faults: ['no answer in time'] }
      if (answer.tag === 'ok')
        return { literals: addressesIn(answer.addresses, family), faults: [] }
      return { literals: [], faults: answer.reason === 'notFound' ? [] : [answer.message] }
    }),
  )
  return {
    literals: answers.flatMap(({ literals }) => literals),
    faults: answers.flatMap(({ faults }) => faults),
  }
}

function sayNone({ log }: DnsParts, host: string, [detail]: readonly string[]): void {
  log('warning', 'no records for host', { host, ...(detail !== undefined && { detail }) })
}

/** What a question gives, or undefined when that takes too long. */
function inTime<T>(clock: Clock, asked: Promise<T>): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    const timer = clock.after(limits.discoveryQuestionMaxMs, () => resolve(undefined))
    const settle = (finish: () => void): void => {
      clock.cancel(timer)
      finish()
    }
    asked.then(
      (answer) => settle(() => resolve(answer)),
      (error: unknown) => settle(() => reject(error)),
    )
  })
}
