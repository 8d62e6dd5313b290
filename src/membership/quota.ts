/**
 * What a flood of requests can take. A join or a high-priority proposal evicts somebody, which is
 * how newcomers get in, and how an attacker would take over a whole view (an eclipse) or a
 * thousand honest joiners would make a seed replace its peers forever. So evictions for others
 * come from a bucket of tokens, one node is given few of them, and each node's requests in a
 * window are counted. Who is refused for this reason is told whom to ask instead.
 */
import { limits } from '../limits.ts'
import { change, count, type Draft } from './draft.ts'
import type { Requester } from './state.ts'

/** Walks that a node may send for each request it may make: it sends on those of others too. */
const walksPerRequest = 4

/** Books a request of `node`, or a step of a walk; false if it was one too many. */
export function admits(draft: Draft, node: string, what: 'requests' | 'walks'): boolean {
  const { requestsMax } = draft.env.options
  if (requestsMax === 0) return true
  const max = what === 'requests' ? requestsMax : requestsMax * walksPerRequest
  const requester = requesterOf(draft, node)
  if (requester[what] >= max) {
    count(draft, 'flood', node)
    return false
  }
  keep(draft, { ...requester, [what]: requester[what] + 1 })
  return true
}

/**
 * Whether somebody may be evicted now, for `node` if it asks itself; takes a token if so. For a
 * name that a walk brings there is no account: others could use it up.
 */
export function mayEvict(draft: Draft, node?: string): boolean {
  const { state, env } = draft
  const { evictionBurst, evictionEveryMs, evictionPerNodeMs } = env.options
  const requester = node === undefined ? undefined : requesterOf(draft, node)
  if (requester !== undefined && env.nowMs - requester.evictedMs < evictionPerNodeMs) return false
  if (evictionEveryMs > 0) {
    const filled = Math.floor((env.nowMs - state.tokensMs) / evictionEveryMs)
    const tokens = Math.min(state.tokens + filled, evictionBurst)
    if (tokens < 1) return false
    const tokensMs =
      tokens === evictionBurst ? env.nowMs : state.tokensMs + filled * evictionEveryMs
    change(draft, { tokens: tokens - 1, tokensMs })
  }
  if (requester !== undefined && evictionPerNodeMs > 0)
    keep(draft, { ...requester, evictedMs: env.nowMs })
  return true
}

function requesterOf({ state, env }: Draft, node: string): Requester {
  const fresh = { node, windowMs: env.nowMs, requests: 0, walks: 0 }
  const known = state.requesters.find((requester) => requester.node === node)
  if (known === undefined) return { ...fresh, evictedMs: Number.NEGATIVE_INFINITY }
  const isNew = env.nowMs - known.windowMs >= env.options.requestWindowMs
  return isNew ? { ...fresh, evictedMs: known.evictedMs } : known
}

function isOver({ nowMs, options }: Draft['env'], { windowMs, evictedMs }: Requester): boolean {
  const { requestWindowMs, evictionPerNodeMs } = options
  return nowMs - windowMs >= requestWindowMs && nowMs - evictedMs >= evictionPerNodeMs
}

/** Accounts that limit nothing any more go; of the others the oldest makes room for a new one. */
function keep(draft: Draft, requester: Requester): void {
  const { state, env } = draft
  const requesters = state.requesters.filter(
    (other) => other.node !== requester.node && !isOver(env, other),
  )
  requesters.push(requester)
  if (requesters.length > limits.membershipRequestersMax) requesters.shift()
  change(draft, { requesters })
}
