/**
 * The disk of a simulated machine, as the real storage (`runtime/platform/node-storage.ts`) uses
 * one: a write goes to a temporary file that is synced, then renamed over its target, then the
 * directory is synced, and only then has the write succeeded. A removal is synced as well.
 *
 * Invariant, that of a journalling file system: changes of names reach the disk in the order in
 * which they were made, each whole or not at all, and a sync takes all those before it along. A
 * loss of power undoes the latest of those not synced, how many is drawn, and leaves a temporary
 * file torn where it was being written. Of what was appended to a file and not synced, a part may
 * be there, and behind it zeros where the file had grown before its bytes came. What had been
 * answered to a writer is never undone, unless it was an append, which only a sync makes sure of.
 */
import type {
  AppendFile,
  Random,
  Storage,
  StorageFailure,
} from '../../runtime/platform/platform.ts'
import { type SimDisk, simStorage } from '../../runtime/platform/sim-storage.ts'

/** What a loss of power did to a disk. */
export type DiskLoss = {
  /** Changes that were seen, and are undone. */
  readonly undone: number
  /** Files of whose latest bytes a part is there. */
  readonly torn: number
}

export type DiskEnv = {
  readonly random: Random
  /** Calls `step` in `ms` of virtual time, unless the machine has lost its power by then. */
  readonly after: (ms: number, step: () => void) => void
  /** Duration of the next operation; 0 is at once. */
  readonly latencyMs: () => number
}

type Content = { readonly bytes: Uint8Array; readonly mode: number }
type Change = { readonly path: string; readonly before: Content | undefined }
type Answer = { readonly tag: 'ok' } | StorageFailure

export class Disk implements Storage {
  readonly #files: SimDisk
  readonly #storage: Storage
  readonly #env: DiskEnv
  /** Changes of names not synced, the oldest first. */
  readonly #journal: Change[] = []
  /** Temporary files being written, by their path. */
  readonly #writing = new Map<string, Content>()
  /** Sizes up to which files that are appended to are synced. */
  readonly #synced = new Map<string, number>()
  #writes = 0
  #waiting = 0

  constructor(files: SimDisk, env: DiskEnv) {
    this.#files = files
    this.#storage = simStorage(files)
    this.#env = env
  }

  /** Operations under way. */
  get busy(): boolean {
    return this.#waiting > 0
  }

  /** Changes that a loss of power may undo. */
  get unsynced(): number {
    return this.#journal.length + this.#grown().length
  }

  async read(path: string, maxBytes: number): ReturnType<Storage['read']> {
    await this.#turn(this.#env.latencyMs())
    return this.#storage.read(path, maxBytes)
  }

  async write(path: string, bytes: Uint8Array, mode: number): Promise<Answer> {
    const temporary = `${path}.${++this.#writes}.tmp`
    const content = { bytes: bytes.slice(), mode }
    this.#writing.set(temporary, content)
    const writeMs = this.#env.latencyMs()
    await this.#turn(writeMs)
    this.#writing.delete(temporary)
    this.#change(path)
    this.#files.set(path, content)
    await this.#turn(writeMs === 0 ? 0 : this.#env.latencyMs())
    return this.sync()
  }

  async remove(path: string): Promise<Answer> {
    const removeMs = this.#env.latencyMs()
    await this.#turn(removeMs)
    this.#change(path)
    const removed = await this.#storage.remove(path)
    await this.#turn(removeMs === 0 ? 0 : this.#env.latencyMs())
    return removed.tag === 'ok' ? this.sync() : removed
  }

  async openAppend(path: string, mode: number): ReturnType<Storage['openAppend']> {
    await this.#turn(this.#env.latencyMs())
    const opened = await this.#storage.openAppend(path, mode)
    if (opened.tag === 'error') return opened
    this.sync()
    this.#synced.set(path, this.#sizeOf(path))
    return { tag: 'ok', file: this.#appendFile(path, opened.file) }
  }

  lock(path: string): ReturnType<Storage['lock']> {
    return this.#storage.lock(path)
  }

  async list(path: string): ReturnType<Storage['list']> {
    await this.#turn(this.#env.latencyMs())
    return this.#storage.list(path)
  }

  async makeDirectory(path: string, mode: number): Promise<Answer> {
    await this.#turn(this.#env.latencyMs())
    return this.#storage.makeDirectory(path, mode)
  }

  /** All changes so far stay. */
  sync(): Answer {
    this.#journal.length = 0
    return { tag: 'ok' }
  }

  /** The power is gone. Nothing of this object is to be used afterwards. */
  losePower(): DiskLoss {
    const below = (limit: number): number => Math.floor(this.#env.random.unit() * limit)
    const kept = this.#journal.length === 0 ? 0 : below(this.#journal.length + 1)
    const undone = this.#journal.splice(kept).reverse()
    for (const { path, before } of undone) {
      if (before === undefined) this.#files.delete(path)
      else this.#files.set(path, before)
    }
    for (const [temporary, { bytes, mode }] of this.#writing) {
      this.#files.set(temporary, { bytes: bytes.slice(0, below(bytes.length + 1)), mode })
    }
    const grown = this.#grown()
    for (const [path, synced] of grown) this.#tear(path, synced, below)
    const torn = this.#writing.size + grown.length
    this.#writing.clear()
    return { undone: undone.length, torn }
  }

  #appendFile(path: string, file: AppendFile): AppendFile {
    return {
      append: async (bytes) => {
        const appended = await file.append(bytes)
        await this.#turn(this.#env.latencyMs())
        return appended
      },
      sync: async () => {
        const size = this.#sizeOf(path)
        await this.#turn(this.#env.latencyMs())
        this.#synced.set(path, Math.max(size, this.#synced.get(path) ?? 0))
        return this.sync()
      },
      truncate: async (size) => {
        await this.#turn(this.#env.latencyMs())
        await file.truncate(size)
        this.#synced.set(path, this.#sizeOf(path))
        return this.sync()
      },
      close: () => file.close(),
    }
  }

  /** Files that hold more than is synced. */
  #grown(): (readonly [path: string, synced: number])[] {
    return [...this.#synced].filter(([path, synced]) => this.#sizeOf(path) > synced)
  }

  #tear(path: string, synced: number, below: (limit: number) => number): void {
    const file = this.#files.get(path)
    if (file === undefined) return
    const unsynced = file.bytes.length - synced
    const grown = below(unsynced + 1)
    const bytes = file.bytes.slice(0, synced + grown)
    bytes.fill(0, synced + below(grown + 1))
    this.#files.set(path, { bytes, mode: file.mode })
  }

  #sizeOf(path: string): number {
    return this.#files.get(path)?.bytes.length ?? 0
  }

  #change(path: string): void {
    this.#journal.push({ path, before: this.#files.get(path) })
  }

  #turn(ms: number): Promise<void> {
    if (ms === 0) return Promise.resolve()
    this.#waiting += 1
    return new Promise((resolve) => {
      this.#env.after(ms, () => {
        this.#waiting -= 1
        resolve()
      })
    })
  }
}
