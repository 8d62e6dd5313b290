/** Tables that every node has a copy of, and the driver for replicas of a program's own. */
export { type ReplicaOptions, replicaOptions } from './options.ts'
export {
  broadcastCustom,
  broadcastUpdate,
  type ReplicaArg,
  type ReplicaCallbacks,
  type ReplicaSource,
  replica,
} from './replica.ts'
export { Replicas } from './replicas.ts'
export { type Change, type ReplicaContext, TableFull, TableReplica } from './table-replica.ts'
