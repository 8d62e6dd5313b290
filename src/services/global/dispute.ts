/**
 * What a node does about a name that its own process claims and another one's claim beats. One
 * dispute per name: the other node is asked whether it still holds its claim, then the resolver is
 * called, and its verdict carried out.
 *
 * Invariant: the loser is stopped, or gives up the name, only after the node of the winner has said
 * that it holds a claim stronger than the loser's. As claims never become weaker while they are
 * held, those of any set of claimants that are stopped are never all of them.
 *
 * (OTP's `global` decides on one node, under a lock, when two parts of a network meet. Here there
 * is no lock: the node of the loser decides, and nobody else touches the process.)
 */
import { limits } from '../../limits.ts'
import { type Claimed, isSameClaim } from './claim.ts'

/**
 * What becomes of the loser: it is stopped; it lives without the name; or it takes the name from
 * the winner, whose own resolver is then asked.
 */
export type ConflictVerdict = 'stop' | 'release' | 'take'

export type Dispute = {
  /** Our own. */
  readonly loser: Claimed
  readonly winner: Claimed
  /** `asked`: the winner's node has not answered. `ending`: the verdict is `stop`. */
  readonly phase: 'asked' | 'resolving' | 'ending'
}

export type DisputeEvent =
  /** Claims have changed, or may have. */
  | { readonly tag: 'look' }
  /** The node of `winner` says that it does, or does not, hold that claim. */
  | { readonly tag: 'answer'; readonly winner: Claimed; readonly holds: boolean }
  /** It has not answered. */
  | { readonly tag: 'unanswered' }
  | { readonly tag: 'verdict'; readonly verdict: ConflictVerdict }

export type DisputeAction =
  | { readonly tag: 'ask'; readonly winner: Claimed }
  /** Ask for its table: what we know of it is out of date. */
  | { readonly tag: 'sync'; readonly node: string }
  | { readonly tag: 'resolve'; readonly winner: Claimed; readonly loser: Claimed }
  /** The resolver's answer is not wanted any more. */
  | { readonly tag: 'abandon' }
  | { readonly tag: 'stop'; readonly winner: Claimed; readonly loser: Claimed }
  | { readonly tag: 'release'; readonly winner: Claimed; readonly loser: Claimed }
  /** Say the claim again with this rank. */
  | { readonly tag: 'raise'; readonly loser: Claimed; readonly rank: number }

export type DisputeEnv = {
  /** All claims of the name that are known here, strongest first. */
  readonly claims: readonly Claimed[]
  readonly self: string
}

export type DisputeStep = readonly [Dispute | undefined, readonly DisputeAction[]]

export function stepDispute(
  dispute: Dispute | undefined,
  event: DisputeEvent,
  env: DisputeEnv,
): DisputeStep {
  const looked = look(dispute, env)
  const [current, actions] = looked
  if (current === undefined || actions.length > 0) return looked
  switch (event.tag) {
    case 'look':
      return looked
    case 'answer':
      return answered(current, event.winner, event.holds)
    case 'unanswered':
      return [current, current.phase === 'asked' ? [{ tag: 'ask', winner: current.winner }] : []]
    case 'verdict':
      return current.phase === 'resolving' ? judged(current, event.verdict) : looked
  }
}

/** What is the matter now: a dispute that goes on, another one, or none. */
function look(dispute: Dispute | undefined, { claims, self }: DisputeEnv): DisputeStep {
  const [winner] = claims
  const loser = claims.find(({ node }) => node === self)
  const over: readonly DisputeAction[] = dispute?.phase === 'resolving' ? [{ tag: 'abandon' }] : []
  if (winner === undefined || loser === undefined || winner === loser) return [undefined, over]
  if (dispute !== undefined && isSameClaim(dispute.loser, loser)) {
    const goesOn = dispute.phase === 'ending' || isSameClaim(dispute.winner, winner)
    if (goesOn) return [dispute, []]
  }
  return [{ loser, winner, phase: 'asked' }, [...over, { tag: 'ask', winner }]]
}

function answered(dispute: Dispute, winner: Claimed, holds: boolean): DisputeStep {
  if (dispute.phase !== 'asked' || !isSameClaim(dispute.winner, winner)) return [dispute, []]
  if (!holds) return [dispute, [{ tag: 'sync', node: winner.node }]]
  const { loser } = dispute
  return [{ ...dispute, phase: 'resolving' }, [{ tag: 'resolve', winner, loser }]]
}

function judged(dispute: Dispute, verdict: ConflictVerdict): DisputeStep {
  const { winner, loser } = dispute
  if (verdict === 'release') return [undefined, [{ tag: 'release', winner, loser }]]
  // Two resolvers that both take would go on for ever.
  const canTake = verdict === 'take' && winner.rank < limits.globalRankMax
  if (canTake) return [undefined, [{ tag: 'raise', loser, rank: winner.rank + 1 }]]
  return [{ ...dispute, phase: 'ending' }, [{ tag: 'stop', winner, loser }]]
}
