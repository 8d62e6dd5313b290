/**
 * Files of a simulated machine, kept in memory. The disk outlives its node: give the same disk to
 * the node's next incarnation and it finds what the last one wrote.
 */
import type { Storage, StorageFailure } from './platform.ts'

export type SimDisk = Map<string, { readonly bytes: Uint8Array; readonly mode: number }>

const absent = (path: string): StorageFailure => ({
  tag: 'error',
  reason: 'notFound',
  message: `${path} does not exist on the simulated disk`,
})

export function simStorage(disk: SimDisk): Storage {
  /** Directories that may be empty: the disk knows those that hold files. */
  const made = new Set<string>()
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
      return { tag: 'ok' }
    },
    async remove(path) {
      return disk.delete(path) ? { tag: 'ok' } : absent(path)
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
      return { tag: 'ok' }
    },
  }
}
