/**
 * Small files on the real file system. A write goes to a fresh temporary file whose mode is set
 * while it is empty, is synced, then renamed over the target, and the directory is synced: a crash
 * leaves the old bytes or the new ones. Reads are bounded before the bytes are taken.
 */
import { randomBytes } from 'node:crypto'
import { constants } from 'node:fs'
import { type FileHandle, mkdir, open, opendir, rename, unlink } from 'node:fs/promises'
import { platform } from 'node:os'
import { dirname } from 'node:path'
import type { Storage, StorageFailure } from './platform.ts'

const reasons: Readonly<Record<string, StorageFailure['reason']>> = {
  ENOENT: 'notFound',
  EACCES: 'denied',
  EPERM: 'denied',
  EROFS: 'denied',
  ENOTDIR: 'notDirectory',
  EEXIST: 'notDirectory',
}

function failure(error: unknown): StorageFailure {
  const code =
    error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : ''
  const message = error instanceof Error ? error.message : String(error)
  return { tag: 'error', reason: reasons[code] ?? 'failed', message }
}

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

async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r')
  try {
    await directory.sync()
  } finally {
    await directory.close()
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

export function nodeStorage(): Storage {
  // Two storages of one OS process may write the same file.
  const writer = randomBytes(6).toString('hex')
  let writes = 0
  return {
    async read(path, maxBytes) {
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
        return failure(error)
      }
    },

    async write(path, bytes, mode) {
      const temporary = `${path}.${writer}-${++writes}.tmp`
      try {
        await writeNew(temporary, bytes, mode)
        await rename(temporary, path)
        await syncDirectory(dirname(path))
        return { tag: 'ok' }
      } catch (error) {
        await unlink(temporary).catch(() => undefined)
        return failure(error)
      }
    },

    async remove(path) {
      try {
        await unlink(path)
        return { tag: 'ok' }
      } catch (error) {
        return failure(error)
      }
    },

    async list(path, namesMax = Number.POSITIVE_INFINITY) {
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
        return failure(error)
      }
    },

    async makeDirectory(path, mode) {
      try {
        await mkdir(path, { recursive: true, mode })
        return { tag: 'ok' }
      } catch (error) {
        return failure(error)
      }
    },
  }
}
