/** The options of the cluster on top of the channels, checked as the others are. */
import { BadArgument } from '../../runtime/index.ts'
import { show } from '../../runtime/kernel.ts'
import { type BroadcastOptions, broadcastOptions } from '../broadcast/index.ts'
import { type Description, Own } from '../members/index.ts'
import { type MembershipOptions, membershipOptions } from '../membership/index.ts'
import { type VerdictOptions, verdictOptions } from '../membership/verdict/index.ts'
import { type ReplicaOptions, replicaOptions } from '../replica/index.ts'

export type ClusterOptions = {
  /** Sizes and periods of the overlay. `join` of the node gives its contacts. */
  readonly membership?: Partial<Omit<MembershipOptions, 'contactNodes'>>
  /** Timers and bounds of broadcasts. */
  readonly broadcast?: Partial<BroadcastOptions>
  /** Timers of the verdict on nodes that are lost. */
  readonly verdict?: Partial<VerdictOptions>
  /** Periods of replicas: names, groups, and those of the program's own. */
  readonly replica?: Partial<ReplicaOptions>
} & Description

const parts = {
  membership: membershipOptions,
  broadcast: broadcastOptions,
  verdict: verdictOptions,
  replica: replicaOptions,
} as const
const known: readonly string[] = [...Object.keys(parts), 'version', 'metadata']

/** Throws `BadArgument` naming the field and the value. */
export function checkCluster(cluster: ClusterOptions | false): void {
  if (cluster === false) return
  if (!isObject(cluster)) refuse(`expected options or false, got ${show(cluster)}`)
  for (const field of Object.keys(cluster)) {
    if (!known.includes(field)) {
      refuse(`unknown option '${field}'; known are ${known.join(', ')}`)
    }
  }
  for (const part of ['membership', 'broadcast', 'verdict', 'replica'] as const) {
    const given = cluster[part]
    if (given !== undefined && !isObject(given)) {
      refuse(`${part}: expected options, got ${show(given)}`)
    }
  }
  if (cluster.membership !== undefined && 'contactNodes' in cluster.membership) {
    refuse("membership: contacts are named in 'join'")
  }
  for (const part of ['membership', 'broadcast', 'verdict', 'replica'] as const) {
    checked(() => parts[part](cluster[part] ?? {}))
  }
  checked(() => new Own(cluster))
}

/** What the parts say of their own options names the field and the value already. */
function checked(check: () => unknown): void {
  try {
    check()
  } catch (error) {
    refuse(error instanceof Error ? error.message : show(error))
  }
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function refuse(why: string): never {
  throw new BadArgument(`startNode: cluster: ${why}`)
}
