/**
 * What happens to the membership rule, and what it asks for: the two sides of `stepMembership`.
 * Timers are plain data; two timers with the same `timerKey` are the same timer, and setting one
 * again replaces it.
 */
import type { Random } from '../../runtime/platform/platform.ts'
import type { MembershipMessage } from './message.ts'
import type { MembershipOptions } from './options.ts'

export type MembershipTimer =
  /** The backstop of what is under way with a node. */
  | { readonly tag: 'pending'; readonly node: string }
  /** A failed node is tried again. */
  | { readonly tag: 'retry'; readonly node: string }
  | { readonly tag: 'bootstrap' }
  | { readonly tag: 'shuffle' }
  /** Candidates that refused may be asked again. */
  | { readonly tag: 'promote' }
  /** Ages the passive view. */
  | { readonly tag: 'sweep' }
  /** Checks one edge. */
  | { readonly tag: 'audit' }
  /** Changes one edge for another. */
  | { readonly tag: 'rotate' }
  /** Tries to reach one lost node or contact. */
  | { readonly tag: 'seek' }

export type FailureReason = 'connectFailed' | 'nodedown' | 'busy'

/**
 * Why a peer left the active view: it failed; `dropped`: we needed its room; `graceful`: it needed
 * ours; `left`: it, or we, left the overlay; `blocked`: we refuse it; `oneSided`: it had no such
 * edge.
 */
export type DownReason = FailureReason | 'dropped' | 'graceful' | 'left' | 'blocked' | 'oneSided'

export type MembershipEvent =
  /** Starts the upkeep, and joins through the contacts as long as there is no peer. */
  | { readonly tag: 'bootstrap' }
  /** Names that an earlier life of this node had persisted. */
  | { readonly tag: 'restore'; readonly nodes: readonly string[] }
  | { readonly tag: 'join'; readonly contact: string }
  | { readonly tag: 'leave' }
  | { readonly tag: 'message'; readonly from: string; readonly message: MembershipMessage }
  /** A channel asked for by `connect` is up, or was already. */
  | { readonly tag: 'connected'; readonly node: string }
  | { readonly tag: 'failed'; readonly node: string; readonly reason: FailureReason }
  | { readonly tag: 'timer'; readonly timer: MembershipTimer }
  | { readonly tag: 'block'; readonly nodes: readonly string[] }
  /** Without `nodes`: all that are blocked. */
  | { readonly tag: 'unblock'; readonly nodes?: readonly string[] }

export type CountName =
  | 'shuffle'
  | 'pendingTimeout'
  /** A request that was over its sender's quota. */
  | 'flood'
  /** A message that only an active peer may send. */
  | 'stranger'
  /** A reply nobody asked for, or the end of an edge that is none any more. */
  | 'stale'
  /** A join or high-priority proposal that was sent on, for evictions were too many. */
  | 'redirected'
  /** An edge that only one end had. */
  | 'oneSided'
  | 'rotated'
  /** A lost node or contact was dialled; reached. */
  | 'sought'
  | 'reunited'

export type MembershipAction =
  /** Over an existing channel; never dials, and is lost if there is none. */
  | { readonly tag: 'send'; readonly to: string; readonly message: MembershipMessage }
  /** Asks for a channel; answered by `connected` or `failed`. */
  | { readonly tag: 'connect'; readonly node: string }
  | { readonly tag: 'setTimer'; readonly timer: MembershipTimer; readonly afterMs: number }
  | { readonly tag: 'cancelTimer'; readonly timer: MembershipTimer }
  | { readonly tag: 'up'; readonly node: string }
  | { readonly tag: 'down'; readonly node: string; readonly reason: DownReason }
  | { readonly tag: 'joined' }
  | { readonly tag: 'left' }
  /** The names to `restore` in the next life of this node, instead of those persisted before. */
  | { readonly tag: 'persist'; readonly nodes: readonly string[] }
  | { readonly tag: 'count'; readonly name: CountName; readonly peer?: string }

export type MembershipEnv = {
  readonly self: string
  /** Monotonic milliseconds. */
  readonly nowMs: number
  readonly random: Random
  readonly options: MembershipOptions
}

/** Names a timer uniquely. */
export function timerKey(timer: MembershipTimer): string {
  return 'node' in timer ? `${timer.tag} ${timer.node}` : timer.tag
}
