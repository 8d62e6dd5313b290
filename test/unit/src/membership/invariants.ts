/**
 * What holds for the state of the membership rule after every step, whatever came in.
 */
import { limits } from '../../../../src/limits.ts'
import type { MembershipOptions, MembershipState } from '../../../../src/membership/index.ts'

/** Sentences about what is wrong; `timers` has the keys of those that are set. */
export function violations(
  state: MembershipState,
  self: string,
  options: MembershipOptions,
  timers: ReadonlyMap<string, unknown>,
): string[] {
  const { active, passive, pending, failed, lost } = state
  const found: string[] = []
  const atMost = (what: string, size: number, max: number) => {
    if (size > max) found.push(`${what}: ${size}, of ${max} allowed`)
  }
  atMost('active', active.length, options.activeSize)
  atMost('passive', passive.length, options.passiveSize)
  atMost('pending', pending.length, limits.membershipPendingMax)
  atMost('failed', failed.length, limits.membershipFailedMax)
  atMost('lost', lost.filter((peer) => !peer.contact).length, options.lostMax)
  atMost('shuffles', state.shuffles.length, limits.membershipShufflesMax)
  atMost('former', state.former.length, limits.membershipFormerMax)
  atMost('requesters', state.requesters.length, limits.membershipRequestersMax)
  atMost('blocked', state.blocked.size, limits.membershipBlockedMax)
  atMost('churn', state.churnMs.length, 11)
  atMost('tokens', state.tokens, options.evictionBurst)
  const places = new Map<string, string>()
  const place = (where: string, peers: readonly { readonly node: string }[]) => {
    for (const { node } of peers) {
      const other = places.get(node)
      if (other !== undefined) found.push(`${node} in ${other} and in ${where}`)
      places.set(node, where)
      if (node === self) found.push(`itself in ${where}`)
      if (state.blocked.has(node)) found.push(`blocked ${node} in ${where}`)
    }
  }
  place('active', active)
  place('passive', passive)
  place('pending', pending)
  place('failed', failed)
  const lostNames = new Set(lost.map((peer) => peer.node))
  if (lostNames.size < lost.length) found.push('lost twice')
  if (lostNames.has(self)) found.push('itself lost')
  for (const { node, contact } of lost) {
    if (!contact && places.get(node) === 'active') found.push(`${node} is no loss`)
  }
  let idle = -pending.length - failed.length
  for (const key of timers.keys()) if (key.includes(' ')) idle += 1
  if (idle > 0) found.push(`${idle} timers of nodes are for nothing: ${[...timers.keys()]}`)
  for (const { node } of pending) {
    if (!timers.has(`pending ${node}`)) found.push(`pending ${node} has no timer`)
  }
  for (const { node } of failed) {
    if (!timers.has(`retry ${node}`)) found.push(`failed ${node} has no timer`)
  }
  return found
}
