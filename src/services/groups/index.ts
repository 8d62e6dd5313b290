/** Process groups in the manner of OTP's `pg`. */
export {
  demonitorGroups,
  type GroupJoined,
  type GroupLeft,
  type GroupView,
  groupMembers,
  joinGroup,
  leaveGroup,
  localGroupMembers,
  monitorGroup,
  monitorGroups,
  whichGroups,
  whichLocalGroups,
} from './api.ts'
export { type GroupEvent, isGroupEvent } from './listeners.ts'
export { GroupScope, groupScope, groupsChildren } from './start.ts'
