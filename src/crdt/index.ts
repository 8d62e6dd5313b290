/** Maps that merge: multi-writer maps, and tables with one writer each. */
export { Confirmations } from './confirmations.ts'
export type { Dot, MapEntry } from './entry.ts'
export { type DeltaTerm, ingest, mapDelta } from './ingest.ts'
export {
  type MapPulled,
  MapStore,
  type MapStoreOptions,
  type MapStoreWritten,
} from './map-store.ts'
export { type MapChange, OrMap } from './or-map.ts'
export { Seen } from './seen.ts'
export type { WholeHeaderTerm } from './whole.ts'
