/** The options of the cluster on top of the channels, checked as the others are. */
import { BadArgument } from '../../runtime/index.ts'
import { show } from '../../runtime/kernel.ts'
import { type BroadcastOptions, broadcastOptions } from '../broadcast/index.ts'
import { type Description, Own } from '../members/index.ts'
import { type MembershipOptions, membershipOptions } from '../membership/index.ts'
import { type VerdictOptions, verdictOptions } from '../membership/verdict/index.ts'

export type ClusterOptions = {
  /** Sizes and periods of the overlay. `join` of the node gives its contacts. */
  readonly membership?: Partial<Omit<MembershipOptions, 'contactNodes'>>
  /** Timers and bounds of broadcasts. */
  readonly broadcast?: Partial<BroadcastOptions>
  /** Timers of the verdict on nodes that are lost. */
  readonly verdict?: Partial<VerdictOptions>
} & Description

const known: readonly string[] = ['membership', 'broadcast', 'verdict', 'version', 'metadata']

/** Throws `BadArgument` naming the field and the value. */
export function checkCluster(cluster: ClusterOptions | false): void {
  if (cluster === false) return
  if (typeof cluster !== 'object' || cluster === null) {
    throw new BadArgument(`startNode: cluster: expected options or false, got ${show(cluster)}`)
  }
  for (const field of Object.keys(cluster)) {
    if (known.includes(field)) continue
    const message = `unknown option '${field}'; known are ${known.join(', ')}`
    throw new BadArgument(`startNode: cluster: ${message}`)
  }
  if (cluster.membership !== undefined && 'contactNodes' in cluster.membership) {
    throw new BadArgument("startNode: cluster.membership: contacts are named in 'join'")
  }
  membershipOptions(cluster.membership)
  broadcastOptions(cluster.broadcast ?? {})
  checkVerdict(cluster.verdict)
  new Own(cluster)
}

function checkVerdict(given: ClusterOptions['verdict']): void {
  try {
    verdictOptions(given)
  } catch (error) {
    throw new BadArgument(
      `startNode: cluster.verdict: ${error instanceof Error ? error.message : show(error)}`,
    )
  }
}
