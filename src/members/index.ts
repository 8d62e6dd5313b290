/** Who is in the cluster: the member list, its process and API. */
export {
  describeSelf,
  join,
  leave,
  members,
  subscribeMembers,
  unsubscribeMembers,
} from './api.ts'
export { type Description, Own } from './own.ts'
export type { Member, MemberNews } from './server.ts'
export { MemberList } from './start.ts'
