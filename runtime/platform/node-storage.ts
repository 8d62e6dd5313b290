/**
 * Small files on the real file system. A write goes to a fresh temporary file whose mode is set
 * while it is empty, is synced, then renamed over the target, and the directory is synced: a crash
 * leaves the old bytes or the new ones. So are the directories whose names change otherwise: what
 * succeeded stays. Reads are bounded before the bytes are taken.
 */
import { randomBytes } from 'node:crypto'
import { constants } from 'node:fs'
import { type FileHandle, mkdir, open, opendir, rename, unlink } from 'node:fs/promises'
import { platform } from 'node:os'
import { dirname, resolve } from 'node:path'
import { lock, openAppend } from './node-append.ts'
import { failureOf, syncDirectory } from './node-failure.ts'
import type { Storage } from './platform.ts'

async function writeNew(path: string, bytes: Uint8Array, mode: number): Promise<void> {
  const file = await open(path, 'wx', mode)
  try {
    await file.chmod(mode)
    await file.writeFile(bytes)
    await file.sync()
  } finally {
    await file.close()
  }
}

/** A pipe that nobody writes to would otherwise hold the thread that opens it for ever. */
const readOnly = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0)
/** Entries of a directory read at once. */
const entriesAtOnce = 512

/** The whole file, or undefined when it is larger; what its size claims to be is not trusted. */
async function readAtMost(
  file: FileHandle,
  path: string,
  maxBytes: number,
): Promise<{ readonly bytes: Uint8Array; readonly mode: number } | undefined> {
  const stats = await file.stat()
  if (stats.isFIFO()) throw new Error(`${path} is a pipe`)
  const { size, mode } = stats
  if (size > maxBytes) return undefined
  const chunks: Buffer[] = []
  for await (const chunk of file.createReadStream({ start: 0, end: maxBytes, autoClose: false })) {
    chunks.push(chunk)
  }
  const bytes = Buffer.concat(chunks)
  if (bytes.length > maxBytes) return undefined
  return { bytes: new Uint8Array(bytes), mode: platform() === 'win32' ? 0o600 : mode & 0o777 }
}

/** Each new directory is an entry of the one above it; `first` is the lowest that was there. */
async function syncUpTo(path: string, first: string): Promise<void> {
  let above = dirname(path)
  while (above.length > first.length) {
    await syncDirectory(above)
    above = dirname(above)
  }
  await syncDirectory(first)
}

async function read(path: string, maxBytes: number): ReturnType<Storage['read']> {
  try {
    const file = await open(path, readOnly)
    try {
      const content = await readAtMost(file, path, maxBytes)
      if (content !== undefined) return { tag: 'ok', ...content }
      const message = `${path} holds more than ${maxBytes} bytes`
      return { tag: 'error', reason: 'tooLarge', message }
    } finally {
      await file.close()
    }
  } catch (error) {
    return failureOf(error)
  }
}

async function list(
  path: string,
  namesMax: number = Number.POSITIVE_INFINITY,
): ReturnType<Storage['list']> {
  try {
    const names: string[] = []
    for await (const { name } of await opendir(path, { bufferSize: entriesAtOnce })) {
      if (names.length === namesMax) {
        const message = `${path} has more than ${namesMax} entries`
        return { tag: 'error', reason: 'tooLarge', message }
      }
      names.push(name)
    }
    return { tag: 'ok', names: names.sort() }
  } catch (error) {
    return failureOf(error)
  }
}

export function nodeStorage(): Storage {
  // Two storages of one OS process may write the same file.
  const writer = randomBytes(6).toString('hex')
  let writes = 0
  let locks = 0
  return {
    read,
    list,
    openAppend,
    lock: (path) => lock(path, `${writer}-${++locks}`),

    async write(path, bytes, mode) {
      const temporary = `${path}.${writer}-${++writes}.tmp`
      try {
        await writeNew(temporary, bytes, mode)
        await rename(temporary, path)
        await syncDirectory(dirname(path))
        return { tag: 'ok' }
      } catch (error) {
        await unlink(temporary).catch(() => undefined)
        return failureOf(error)
      }
    },

    async remove(path) {
      try {
        await unlink(path)
        await syncDirectory(dirname(path))
        return { tag: 'ok' }
      } catch (error) {
        return failureOf(error)
      }
    },

    async makeDirectory(path, mode) {
      try {
        const first = await mkdir(path, { recursive: true, mode })
        if (first !== undefined) await syncUpTo(resolve(path), dirname(resolve(first)))
        return { tag: 'ok' }
      } catch (error) {
        return failureOf(error)
      }
    },
  }
}
