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
  return {
    async read(path, maxBytes) {
      const file = disk.get(path)
      if (!file) return absent(path)
      if (file.bytes.length > maxBytes) {
        const message = `${path} holds ${file.bytes.length} bytes, more than ${maxBytes}`
        return { tag: 'error', reason: 'tooLarge', message }
      }
      return { tag: 'ok', bytes: file.bytes.slice() }
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
      const names = [...disk.keys()]
        .filter((name) => name.startsWith(prefix) && !name.slice(prefix.length).includes('/'))
        .map((name) => name.slice(prefix.length))
      return { tag: 'ok', names: names.sort() }
    },
    async makeDirectory() {
      return { tag: 'ok' }
    },
  }
}
