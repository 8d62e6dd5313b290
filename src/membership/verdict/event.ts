/**
 * What happens to the verdict rule, and what it asks for: the two sides of `stepVerdict`. Timers
 * are plain data and are handed back as they were set, with the time they were due, by which the
 * rule sees how late they come. Two timers with the same `timerKey` are the same timer; setting one
 * again replaces it.
 */
import type { Random } from '../../../runtime/platform/platform.ts'
import type { Metadata } from './member.ts'
import type { News, VerdictMessage } from './message.ts'
import type { VerdictOptions } from './options.ts'

export type VerdictTimer = {
  /** When it was due, on the monotonic clock. */
  readonly dueMs: number
} & (
  | { readonly tag: 'probe' | 'suspicion'; readonly node: string }
  | { readonly tag: 'relay'; readonly seq: number }
  | { readonly tag: 'refute' | 'digest' | 'audit' | 'forget' }
)

export type VerdictEvent =
  /** Once, before anything else; and to come back after `leave`. */
  | { readonly tag: 'start' }
  /** A node entered the active view: there is a channel, and each watches the other. */
  | { readonly tag: 'peerUp'; readonly node: string }
  /** The channel to a node of the active view was lost. */
  | { readonly tag: 'peerLost'; readonly node: string }
  /** A node left the active view for another reason: it is no longer watched from here. */
  | { readonly tag: 'peerDropped'; readonly node: string }
  /** A channel asked for by `connect` is up, or was already. */
  | { readonly tag: 'connected'; readonly node: string }
  | { readonly tag: 'failed'; readonly node: string }
  | { readonly tag: 'message'; readonly from: string; readonly message: VerdictMessage }
  /** A broadcast was delivered; `from`: the node whose channel it came by, or we ourselves. */
  | { readonly tag: 'news'; readonly from: string; readonly news: News }
  /** How late a regular timer of the process came: 0 or little when all is well. */
  | { readonly tag: 'lag'; readonly lateMs: number }
  /** What this node says of itself changes. */
  | { readonly tag: 'describe'; readonly version?: string; readonly metadata?: Metadata }
  /** This node leaves the cluster in order. */
  | { readonly tag: 'leave' }
  | { readonly tag: 'timer'; readonly timer: VerdictTimer }

/** Why a member is no longer: our verdict; it started again with another creation; it left. */
export type MemberDownReason = 'unreachable' | 'restarted' | 'left'

export type VerdictCount =
  /** A message or accusation above what its sender may cause. */
  | 'flood'
  /** News dated too far ahead of our clock. */
  | 'future'
  /** A name that found no room. */
  | 'full'
  /** News of a node that we know to be down or forgotten. */
  | 'stale'
  /** Somebody spoke in our name, or of a former life of ours. */
  | 'impersonated'
  | 'probe'
  | 'refute'
  /** A timer came late: our own loop stood still. */
  | 'absent'
  | 'digestEqual'
  | 'digestDifferent'

export type VerdictAction =
  /** Over an existing channel; never dials, and is lost if there is none. */
  | { readonly tag: 'send'; readonly to: string; readonly message: VerdictMessage }
  /** Asks for a channel; answered by `connected` or `failed`. It makes no active peer. */
  | { readonly tag: 'connect'; readonly node: string }
  /** To every node, this one included if that is how broadcasts are. */
  | { readonly tag: 'broadcast'; readonly news: News }
  | { readonly tag: 'setTimer'; readonly timer: VerdictTimer; readonly afterMs: number }
  | { readonly tag: 'cancelTimer'; readonly key: string }
  | { readonly tag: 'memberUp'; readonly node: string; readonly creation: number }
  | { readonly tag: 'memberSuspect'; readonly node: string; readonly creation: number }
  /** A live member changed: its version or metadata, or it is no longer suspect. */
  | { readonly tag: 'memberUpdated'; readonly node: string; readonly creation: number }
  | {
      readonly tag: 'memberDown'
      readonly node: string
      readonly creation: number
      readonly reason: MemberDownReason
    }
  | { readonly tag: 'count'; readonly name: VerdictCount; readonly peer?: string }

export type VerdictEnv = {
  readonly self: string
  /** Monotonic milliseconds. */
  readonly nowMs: number
  /** Milliseconds since the Unix epoch; the cluster's clock where there is one. */
  readonly wallMs: number
  readonly random: Random
  readonly options: VerdictOptions
}

/** Names a timer uniquely. */
export function timerKey(timer: VerdictTimer): string {
  if ('node' in timer) return `${timer.tag} ${timer.node}`
  return 'seq' in timer ? `${timer.tag} ${timer.seq}` : timer.tag
}
