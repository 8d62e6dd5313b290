/** Write-ahead logs with snapshots. */
export type { FileLog, LogAnswer, LogFailure } from './file-log.ts'
export { type MapRecovery, mapSnapshot, recoverMap } from './map-log.ts'
export {
  appendLog,
  closeLog,
  deleteLog,
  type LogOptions,
  type OpenedLog,
  openLog,
  snapshotLog,
  syncLog,
} from './open.ts'
