/**
 * Membership: the pure rules, for the process that obeys them and for the light simulator, and the
 * process with its API.
 */

export { isHeard } from './active.ts'
export {
  activeView as activePeers,
  checkContact,
  join as joinOverlay,
  leave as leaveOverlay,
  membership,
  noOverlay,
  passiveView as passivePeers,
  subscribeMembership,
  unsubscribeMembership,
} from './api.ts'
export {
  type MembershipAction,
  type MembershipEvent,
  type MembershipTimer,
  timerKey,
} from './event.ts'
export { KeyedTimers } from './keyed-timers.ts'
export {
  decodeMembership,
  type MembershipMessage,
  type PeerRef,
} from './message.ts'
export { viewOf } from './observe.ts'
export {
  defaultMembershipOptions,
  type MembershipOptions,
  membershipOptions,
  paperMembershipOptions,
} from './options.ts'
export { activeView, passiveView, stepMembership } from './rule.ts'
export type { MembershipNews } from './server.ts'
export { Overlay } from './start.ts'
export { type MembershipState, newMembership } from './state.ts'
export { isResync, type ResyncMessage, Subscriptions } from './subscriptions.ts'
