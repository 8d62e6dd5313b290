/** Names that one process of the whole cluster has: the registry `global` and its API. */
export {
  type GlobalRegistration,
  globalNames,
  registerGlobalName,
  resolveGlobalName,
  unregisterGlobalName,
} from './api.ts'
export { type GlobalRegistered, globalRegister } from './bridge.ts'
export type { ConflictVerdict } from './dispute.ts'
export type { Claimant, ConflictResolver, Global, GlobalConflict } from './global.ts'
export { globalChildren, openGlobal } from './start.ts'
