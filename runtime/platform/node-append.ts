/**
 * Files that grow, and locks, on the real file system.
 *
 * Node has no lock that the system would let go with the process, so a lock is a file that names
 * its holder: process id, when that process started and, where the system tells, which boot of the
 * machine this is. A holder that is no more has left a file that anybody may clear away, one at a
 * time and after a second look, so that nobody removes the file of who was faster. Machines, and
 * containers that do not see each other's processes, must not share a directory of locks.
 */
import {
  type FileHandle,
  link,
  mkdir,
  open,
  readFile,
  rmdir,
  stat,
  unlink,
  writeFile,
} from 'node:fs/promises'
import { dirname } from 'node:path'
import { kill, pid } from 'node:process'
import { failureOf, syncDirectory } from './node-failure.ts'
import type { AppendFile, Storage, StorageFailure } from './platform.ts'

type Done = { readonly tag: 'ok' } | StorageFailure

/** How long the clearing of a lock can take. */
const clearingMaxMs = 10_000

class NodeAppendFile implements AppendFile {
  readonly #file: FileHandle

  constructor(file: FileHandle) {
    this.#file = file
  }

  append(bytes: Uint8Array): Promise<Done> {
    return done(() => this.#file.writeFile(bytes))
  }

  sync(): Promise<Done> {
    return done(() => this.#file.datasync())
  }

  truncate(size: number): Promise<Done> {
    return done(async () => {
      await this.#file.truncate(size)
      await this.#file.datasync()
    })
  }

  async close(): Promise<void> {
    await this.#file.close().catch(() => undefined)
  }
}

export async function openAppend(path: string, mode: number): ReturnType<Storage['openAppend']> {
  try {
    const file = await open(path, 'a', mode)
    try {
      await file.sync()
      await syncDirectory(dirname(path))
    } catch (error) {
      await file.close()
      throw error
    }
    return { tag: 'ok', file: new NodeAppendFile(file) }
  } catch (error) {
    return failureOf(error)
  }
}

/** `mark` is unique to this storage; two of one program exclude each other. */
export async function lock(path: string, mark: string): ReturnType<Storage['lock']> {
  try {
    const holder = `${await describe(pid)} ${mark}\n`
    const taken = await create(path, holder)
    if (!taken && !((await clear(path)) && (await create(path, holder)))) {
      const message = `${path} is held by process ${(await contentOf(path))?.split(' ', 1)[0]}`
      return { tag: 'error', reason: 'taken', message }
    }
    let held = true
    const release = async (): Promise<void> => {
      if (held) await unlink(path).catch(() => undefined)
      held = false
    }
    return { tag: 'ok', release }
  } catch (error) {
    return failureOf(error)
  }
}

/** Removes the file of a holder that is no more. False when there may be one. */
async function clear(path: string): Promise<boolean> {
  if (await isHeld((await contentOf(path)) ?? '')) return false
  const clearing = `${path}.clearing`
  if (!(await begin(clearing))) return false
  try {
    const content = await contentOf(path)
    // Somebody has cleared it, and may be about to take it: what comes now is not ours to clear.
    if (content === undefined) return true
    if (await isHeld(content)) return false
    await unlink(path).catch(() => undefined)
    return true
  } finally {
    await rmdir(clearing).catch(() => undefined)
  }
}

/** One at a time; who died of it has left a directory that is in the way for a while only. */
async function begin(clearing: string): Promise<boolean> {
  try {
    await mkdir(clearing)
    return true
  } catch (error) {
    if (!exists(error)) throw error
    const { mtimeMs } = await stat(clearing).catch(() => ({ mtimeMs: Number.POSITIVE_INFINITY }))
    if (Date.now() - mtimeMs > clearingMaxMs) await rmdir(clearing).catch(() => undefined)
    return false
  }
}

/** Undefined when there is no such file. Throws when there is one that cannot be read. */
async function contentOf(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
}

async function done(work: () => Promise<unknown>): Promise<Done> {
  try {
    await work()
    return { tag: 'ok' }
  } catch (error) {
    return failureOf(error)
  }
}

/** With its content at once: whoever finds the file can read whose it is. */
async function create(path: string, holder: string): Promise<boolean> {
  const own = `${path}.${holder.trim().split(' ').at(-1)}`
  await writeFile(own, holder, { mode: 0o600 })
  try {
    await link(own, path)
    return true
  } catch (error) {
    if (exists(error)) return false
    throw error
  } finally {
    await unlink(own)
  }
}

function exists(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'EEXIST'
}

async function isHeld(holder: string): Promise<boolean> {
  const [id = '', ...rest] = holder.trim().split(' ')
  if (!/^[1-9]\d{0,9}$/.test(id) || !isRunning(Number(id))) return false
  const known = await describe(Number(id))
  return `${id} ${rest.slice(0, -1).join(' ')}`.trim() === known
}

function isRunning(id: number): boolean {
  try {
    kill(id, 0)
    return true
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}

/** Process id, start and boot; the latter two where there is a /proc. Empty: it is dead there. */
async function describe(id: number): Promise<string> {
  try {
    const stat = await readFile(`/proc/${id}/stat`, 'utf8')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    const [state, started] = [fields[0], fields[19]]
    if (state === 'Z' || state === 'X') return ''
    const boot = (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim()
    return `${id} ${started} ${boot}`
  } catch {
    return `${id}`
  }
}
