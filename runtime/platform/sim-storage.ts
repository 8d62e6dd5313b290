/**
 * Files of a simulated machine, kept in memory. The disk outlives its node: give the same disk to
 * the node's next incarnation and it finds what the last one wrote. Locks are of the storage, which
 * does not outlive it.
 */
import type { AppendFile, Storage, StorageFailure } from './platform.ts'

export type SimDisk = Map<string, { readonly bytes: Uint8Array; readonly mode: number }>

const absent = (path: string): StorageFailure => ({
  tag: 'error',
  reason: 'notFound',
  message: `${path} does not exist on the simulated disk`,
})

const done = { tag: 'ok' } as const

export function simStorage(disk: SimDisk): Storage {
  /** Directories that may be empty: the disk knows those that hold files. */
  const made = new Set<string>()
  const locked = new Set<string>()
  return {
    async read(path, maxBytes) {
      const file = disk.get(path)
      if (!file) return absent(path)
      if (file.bytes.length > maxBytes) {
        const message = `${path} holds ${file.bytes.length} bytes, more than ${maxBytes}`
        return { tag: 'error', reason: 'tooLarge', message }
      }
      return { tag: 'ok', bytes: file.bytes.slice(), mode: file.mode }
    },
    async write(path, bytes, mode) {
      disk.set(path, { bytes: bytes.slice(), mode })
      return done
    },
    async remove(path) {
      return disk.delete(path) ? done : absent(path)
    },
    async openAppend(path, mode) {
      if (!disk.has(path)) disk.set(path, { bytes: new Uint8Array(0), mode })
      return { tag: 'ok', file: appendFile(disk, path, mode) }
    },
    async lock(path) {
      if (locked.has(path)) {
        return { tag: 'error', reason: 'taken', message: `${path} is held on the simulated disk` }
      }
      locked.add(path)
      return { tag: 'ok', release: async () => void locked.delete(path) }
    },
    async list(path) {
      const prefix = `${path}/`
      const inside = [...disk.keys()].filter((name) => name.startsWith(prefix))
      if (inside.length === 0 && !made.has(path)) return absent(path)
      const names = inside.map((name) => name.slice(prefix.length))
      return { tag: 'ok', names: names.filter((name) => /^[^/]+$/.test(name)).sort() }
    },
    async makeDirectory(path) {
      made.add(path)
      return done
    },
  }
}

function appendFile(disk: SimDisk, path: string, mode: number): AppendFile {
  const bytes = (): Uint8Array => disk.get(path)?.bytes ?? new Uint8Array(0)
  return {
    async append(more) {
      const all = new Uint8Array(bytes().length + more.length)
      all.set(bytes())
      all.set(more, bytes().length)
      disk.set(path, { bytes: all, mode })
      return done
    },
    async sync() {
      return done
    },
    async truncate(size) {
      disk.set(path, { bytes: bytes().slice(0, size), mode })
      return done
    },
    async close() {},
  }
}
