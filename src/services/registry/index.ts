/** Names of processes across the cluster, with metadata and events. */
export {
  listServices,
  lookupLocal,
  lookupService,
  registerService,
  type ServiceFound,
  type ServiceOptions,
  subscribeServices,
  unregisterService,
  unsubscribeServices,
  updateMetadata,
  type WhereisOptions,
  whereisService,
} from './api.ts'
export { registryChildren } from './children.ts'
export type { ServiceFilter } from './filter.ts'
export {
  type Instance,
  isServiceEvent,
  type ServiceEvent,
  type ServiceMetadata,
} from './instance.ts'
export { openRegistry } from './open.ts'
export { Registry } from './registry.ts'
export type { Prefer } from './select.ts'
