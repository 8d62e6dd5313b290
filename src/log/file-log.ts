/**
 * A write-ahead log that is open. Records are appended in memory at once and written in the
 * background, all that have come together in one go; `sync` answers when everything appended before
 * it is on disk, and all who wait meanwhile share the next sync of the file (group commit).
 *
 * Invariant: what a sync has confirmed is found again, whenever the power goes. A snapshot replaces
 * the former one whole, and only then is the log cut to nothing: between the two, records are
 * merely there twice. A write that failed may have left anything at the end of the file, so from
 * then on nothing is confirmed until a snapshot has succeeded and the log begins anew.
 */
import type { AppendFile, Platform, StorageFailure } from '../../runtime/platform/platform.ts'
import { limits } from '../limits.ts'
import { type Codec, createCodec } from '../wire/index.ts'
import type { LogFiles } from './file-names.ts'
import { recordOf } from './record.ts'

export type LogFailure = {
  readonly tag: 'error'
  /**
   * `term`: it cannot be stored. `busy`: too much waits for the disk. `full`: the file has reached
   * its limit; take a snapshot. `storage`: the disk failed; take a snapshot. `closed`: it is.
   */
  readonly reason: 'term' | 'busy' | 'full' | 'storage' | 'closed'
  readonly message: string
}

export type LogAnswer = { readonly tag: 'ok' } | LogFailure

type Snapshot = {
  readonly terms: Iterable<unknown>
  readonly answer: (answer: Promise<LogAnswer>) => void
}

const done: LogAnswer = { tag: 'ok' }
const mode = 0o600

export type FileLogOptions = {
  readonly platform: Pick<Platform, 'storage' | 'turn'>
  readonly files: LogFiles
  readonly file: AppendFile
  /** Size of the file. */
  readonly bytes: number
  readonly release: () => Promise<void>
}

export class FileLog {
  readonly #platform: Pick<Platform, 'storage' | 'turn'>
  readonly #files: LogFiles
  readonly #file: AppendFile
  readonly #release: () => Promise<void>
  readonly #codec: Codec = createCodec()
  #queue: Uint8Array[] = []
  #queuedBytes = 0
  #waiters: ((answer: LogAnswer) => void)[] = []
  #snapshots: Snapshot[] = []
  #fileBytes: number
  /** Something was written since the last sync. */
  #dirty = false
  #running = false
  /** A snapshot is being taken: what is appended now may not be part of it. */
  #replacing = false
  #closed = false
  #failure: LogFailure | undefined

  constructor({ platform, files, file, bytes, release }: FileLogOptions) {
    this.#platform = platform
    this.#files = files
    this.#file = file
    this.#fileBytes = bytes
    this.#release = release
  }

  /** Size of the log: what a snapshot would save reading at the next start. */
  get bytes(): number {
    return this.#fileBytes + this.#queuedBytes
  }

  append(term: unknown): LogAnswer {
    if (this.#closed) return failed('closed', 'the log is closed')
    if (this.#failure !== undefined && !this.#replacing) return this.#failure
    const made = recordOf(this.#codec, term)
    if (made.tag === 'error') return failed('term', `${made.path}: ${made.reason}, ${made.got}`)
    const { record } = made
    if (this.#queuedBytes + record.length > limits.logQueueMaxBytes) {
      return failed('busy', `${this.#queuedBytes} bytes wait for the disk`)
    }
    if (this.bytes + record.length > limits.logFileMaxBytes) {
      return failed('full', `the log holds ${this.bytes} bytes`)
    }
    this.#queue.push(record)
    this.#queuedBytes += record.length
    this.#wake()
    return done
  }

  sync(): Promise<LogAnswer> {
    if (this.#closed) return Promise.resolve(failed('closed', 'the log is closed'))
    return new Promise((answer) => {
      this.#waiters.push(answer)
      this.#wake()
    })
  }

  /**
   * Replaces everything logged so far by `terms`, which are taken a few at a time: what changes
   * meanwhile is to be appended as always, and stays in the log.
   */
  snapshot(terms: Iterable<unknown>): Promise<LogAnswer> {
    if (this.#closed) return Promise.resolve(failed('closed', 'the log is closed'))
    return new Promise((answer) => {
      this.#snapshots.push({ terms, answer })
      this.#wake()
    })
  }

  /** Syncs, and lets the files go. A snapshot that has not begun is not taken. */
  async close(): Promise<LogAnswer> {
    if (this.#closed) return done
    const synced = this.sync()
    this.#closed = true
    const late = Promise.resolve(failed('closed', 'the log is closed'))
    for (const { answer } of this.#snapshots.splice(0)) answer(late)
    const answer = await synced
    await this.#file.close()
    await this.#release()
    return answer
  }

  #wake(): void {
    if (this.#running) return
    this.#running = true
    this.#platform.turn.soon(() => void this.#run())
  }

  async #run(): Promise<void> {
    for (;;) {
      if (this.#queue.length > 0 || this.#waiters.length > 0) await this.#commit()
      const snapshot = this.#snapshots.shift()
      if (snapshot !== undefined) {
        this.#replacing = true
        const replaced = this.#replace(snapshot.terms)
        snapshot.answer(replaced)
        // An error of the caller's own terms is the caller's.
        await replaced.catch(() => undefined)
        this.#replacing = false
      } else if (this.#queue.length === 0 && this.#waiters.length === 0) break
    }
    this.#running = false
  }

  async #commit(): Promise<void> {
    const bytes = joined(this.#queue, this.#queuedBytes)
    const waiters = this.#waiters
    this.#queue = []
    this.#queuedBytes = 0
    this.#waiters = []
    if (this.#failure === undefined && bytes.length > 0) {
      this.#dirty = true
      this.#fileBytes += bytes.length
      this.#note(await this.#file.append(bytes))
    }
    if (this.#failure === undefined && this.#dirty && waiters.length > 0) {
      this.#note(await this.#file.sync())
      this.#dirty = false
    }
    for (const answer of waiters) answer(this.#failure ?? done)
  }

  async #replace(terms: Iterable<unknown>): Promise<LogAnswer> {
    const records: Uint8Array[] = []
    let size = 0
    for (const term of withEnd(terms)) {
      const made = recordOf(this.#codec, term)
      if (made.tag === 'error') return failed('term', `${made.path}: ${made.reason}, ${made.got}`)
      records.push(made.record)
      size += made.record.length
      if (size > limits.logFileMaxBytes)
        return failed('full', `a snapshot of more than ${size} bytes`)
      await new Promise<void>((next) => this.#platform.turn.later(next))
    }
    const { storage } = this.#platform
    const written = await storage.write(this.#files.snapshot, joined(records, size), mode)
    if (written.tag === 'error') return failed('storage', written.message)
    const cut = await this.#file.truncate(0)
    this.#failure = undefined
    this.#note(cut)
    if (cut.tag === 'error') return failed('storage', cut.message)
    this.#fileBytes = 0
    this.#dirty = false
    return done
  }

  #note(outcome: { readonly tag: 'ok' } | StorageFailure): void {
    if (outcome.tag === 'error') this.#failure = failed('storage', outcome.message)
  }
}

/** What a snapshot ends with, so that one of which a part is missing is known for it. */
export type SnapshotEnd = { readonly terms: number }

function* withEnd(terms: Iterable<unknown>): Generator<unknown> {
  let count = 0
  for (const term of terms) {
    yield term
    count += 1
  }
  const end: SnapshotEnd = { terms: count }
  yield end
}

function joined(pieces: readonly Uint8Array[], size: number): Uint8Array {
  const [only] = pieces
  if (pieces.length === 1 && only !== undefined) return only
  const all = new Uint8Array(size)
  let at = 0
  for (const piece of pieces) {
    all.set(piece, at)
    at += piece.length
  }
  return all
}

function failed(reason: LogFailure['reason'], message: string): LogFailure {
  return { tag: 'error', reason, message }
}
