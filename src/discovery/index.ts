/** Discovery: where other nodes can be dialled, and how they learn where this one can. */
export { decodeAddress } from './address.ts'
export type {
  BackendEnv,
  DiscoveryBackend,
  DiscoveryEntry,
  LookupResult,
} from './backend.ts'
export { type ChosenBackend, Discovery } from './discovery.ts'
export { dnsBackend } from './dns.ts'
export { fileBackend } from './file.ts'
export { type StaticNodes, tableBackend } from './static.ts'
