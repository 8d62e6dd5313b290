/**
 * Opening a log: the lock is taken, leftovers of a snapshot that was cut short are removed, the
 * snapshot and the log are read, and the log is cut behind its last sound record. Damage is never
 * fatal and never silent: what was left out is counted, and a snapshot of which anything is missing
 * says so, since what it lacks proves nothing then.
 *
 * A store whose log cannot be opened works without one: every function here takes `undefined` for a
 * log and then does nothing.
 */
import { BadArgument } from '../../runtime/index.ts'
import { show } from '../../runtime/kernel.ts'
import type { Platform, Storage, StorageFailure } from '../../runtime/platform/platform.ts'
import { limits } from '../limits.ts'
import { createCodec } from '../wire/index.ts'
import { FileLog, type LogAnswer } from './file-log.ts'
import { type LogFiles, logFiles } from './file-names.ts'
import { readRecords } from './record.ts'

export type LogOptions = {
  readonly platform: Pick<Platform, 'storage' | 'turn'>
  readonly directory: string
  /** The store's name: any text of which the percent-encoded form fits in a file name. */
  readonly name: string
}

export type OpenedLog = {
  readonly tag: 'ok'
  readonly log: FileLog
  /** What the last snapshot was taken of; empty when there was none. */
  readonly snapshot: readonly unknown[]
  /** Nothing of the snapshot is missing. */
  readonly complete: boolean
  /** What was appended since, in order; after a crash, maybe some of what the snapshot holds. */
  readonly records: readonly unknown[]
  /** Damaged records that were left out, in both files. */
  readonly damaged: number
  /** Bytes that were cut from the end of the log. */
  readonly cutBytes: number
}

const directoryMode = 0o700
const fileMode = 0o600

/**
 * `taken`: the log is open elsewhere. Throws `BadArgument` for a name that cannot be a file's, or a
 * directory that is no text.
 */
export async function openLog(options: LogOptions): Promise<OpenedLog | StorageFailure> {
  const { platform, directory, name } = options
  const { storage } = platform
  const files = filesOf(directory, name)
  const made = await storage.makeDirectory(directory, directoryMode)
  if (made.tag === 'error') return made
  const locked = await storage.lock(files.lock)
  if (locked.tag === 'error') return locked
  await removeLeftovers(storage, directory, files)
  const opened = await read(platform, files, locked.release)
  if (opened.tag === 'error') await locked.release()
  return opened
}

/** Removes a log and its snapshot; absent ones are ok. `taken`: the log is open. */
export async function deleteLog(
  options: LogOptions,
): Promise<{ readonly tag: 'ok' } | StorageFailure> {
  const { platform, directory, name } = options
  const { storage } = platform
  const files = filesOf(directory, name)
  const locked = await storage.lock(files.lock)
  if (locked.tag === 'error') return locked.reason === 'notFound' ? { tag: 'ok' } : locked
  // A log without its snapshot is less than the store held, a snapshot without its log is older.
  for (const path of [files.snapshot, files.log]) {
    const removed = await storage.remove(path)
    if (removed.tag === 'error' && removed.reason !== 'notFound') {
      await locked.release()
      return removed
    }
  }
  await removeLeftovers(storage, directory, files)
  await locked.release()
  return { tag: 'ok' }
}

/** See `FileLog.append`. */
export function appendLog(log: FileLog | undefined, term: unknown): LogAnswer {
  return log === undefined ? { tag: 'ok' } : log.append(term)
}

/** See `FileLog.sync`. */
export async function syncLog(log: FileLog | undefined): Promise<LogAnswer> {
  return log === undefined ? { tag: 'ok' } : log.sync()
}

/** See `FileLog.snapshot`. */
export async function snapshotLog(
  log: FileLog | undefined,
  terms: Iterable<unknown>,
): Promise<LogAnswer> {
  return log === undefined ? { tag: 'ok' } : log.snapshot(terms)
}

/** See `FileLog.close`. */
export async function closeLog(log: FileLog | undefined): Promise<LogAnswer> {
  return log === undefined ? { tag: 'ok' } : log.close()
}

function filesOf(directory: unknown, name: unknown): LogFiles {
  if (typeof directory !== 'string' || directory === '') {
    throw new BadArgument(`directory: expected a path, got ${show(directory)}`)
  }
  return logFiles(directory, name)
}

async function read(
  platform: LogOptions['platform'],
  files: LogFiles,
  release: () => Promise<void>,
): Promise<OpenedLog | StorageFailure> {
  const { storage } = platform
  const codec = createCodec()
  const snapshot = await bytesOf(storage, files.snapshot)
  if (snapshot.tag === 'error') return snapshot
  const log = await bytesOf(storage, files.log)
  if (log.tag === 'error') return log
  const opened = await storage.openAppend(files.log, fileMode)
  if (opened.tag === 'error') return opened
  const { file } = opened
  const saved = readRecords(codec, snapshot.bytes)
  const logged = readRecords(codec, log.bytes)
  const cutBytes = log.bytes.length - logged.soundBytes
  const cut = cutBytes > 0 ? await file.truncate(logged.soundBytes) : opened
  if (cut.tag === 'error') {
    await file.close()
    return cut
  }
  const ended = saved.damaged === 0 && isEnd(saved.terms.at(-1), saved.terms.length - 1)
  return {
    tag: 'ok',
    log: new FileLog({ platform, files, file, bytes: logged.soundBytes, release }),
    snapshot: ended ? saved.terms.slice(0, -1) : saved.terms,
    complete: snapshot.bytes.length === 0 || ended,
    records: logged.terms,
    damaged: saved.damaged + logged.damaged,
    cutBytes,
  }
}

/** No bytes for an absent file. */
async function bytesOf(
  storage: Storage,
  path: string,
): Promise<{ readonly tag: 'ok'; readonly bytes: Uint8Array } | StorageFailure> {
  const read = await storage.read(path, limits.logFileMaxBytes)
  const absent = read.tag === 'error' && read.reason === 'notFound'
  return absent ? { tag: 'ok', bytes: new Uint8Array(0) } : read
}

/** The last term of a snapshot of `terms` others: see `SnapshotEnd`. */
function isEnd(term: unknown, terms: number): boolean {
  return typeof term === 'object' && term !== null && 'terms' in term && term.terms === terms
}

async function removeLeftovers(
  storage: Storage,
  directory: string,
  { isLeftover }: LogFiles,
): Promise<void> {
  const listed = await storage.list(directory)
  if (listed.tag === 'error') return
  for (const name of listed.names) {
    if (isLeftover(name)) await storage.remove(`${directory}/${name}`)
  }
}
