/**
 * Who has a global name. Every node claims names for its own processes; while two of them do not
 * know of each other both may have it, and once they do, one claim beats the other by what both say
 * alone, so that all nodes give the same answer without asking anybody.
 *
 * The rule: the greater `rank`, which only a resolver raises; then the earlier `since`; then the
 * node whose name sorts first. Between claims of different nodes nobody is left equal.
 *
 * Invariant: as long as a process has the name its claim never becomes weaker. Hence of those who
 * were ever told that a stronger one exists, the strongest is not (`dispute.ts`).
 */
import { isPid, type NameKey, type Pid } from '../../../runtime/index.ts'
import { compareHlc, type Hlc, isHlc } from '../../hlc/index.ts'
import { limits } from '../../limits.ts'
import { isGlobalName } from './name.ts'

export type Claim = {
  readonly name: NameKey
  readonly pid: Pid
  /** When the name was registered. */
  readonly since: Hlc
  /** How often a resolver has decided for it: 0 to `globalRankMax`. */
  readonly rank: number
}

/** A claim with the node that makes it, for certain. */
export type Claimed = Claim & { readonly node: string }

/** Whatever a peer may have sent. */
export function isClaim(value: unknown): value is Claim {
  if (typeof value !== 'object' || value === null) return false
  if (!('name' in value && 'pid' in value && 'since' in value && 'rank' in value)) return false
  const { name, pid, since, rank } = value
  return isGlobalName(name) && isPid(pid) && isHlc(since) && isRank(rank)
}

function isRank(rank: unknown): rank is number {
  return (
    typeof rank === 'number' && Number.isInteger(rank) && rank >= 0 && rank <= limits.globalRankMax
  )
}

/** Negative when `a` beats `b`: an order for sorting, strongest first. */
export function compareClaims(a: Claimed, b: Claimed): number {
  if (a.rank !== b.rank) return b.rank - a.rank
  const order = compareHlc(a.since, b.since)
  if (order !== 0) return order
  return a.node === b.node ? 0 : a.node < b.node ? -1 : 1
}

/** They are the same words of the same node. */
export function isSameClaim(a: Claimed, b: Claimed): boolean {
  return a.node === b.node && a.pid === b.pid && compareClaims(a, b) === 0
}
