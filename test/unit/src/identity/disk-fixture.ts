/** Disks for the identity tests: a real directory, a faulty disk, a machine that dies writing. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Storage, StorageFailure } from '../../../../runtime/platform/platform.ts'
import { cleanup } from '../../../support/harness.ts'

/** A fresh directory, removed after the present test. */
export async function temporaryDirectory(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'skein-identity-'))
  cleanup(() => rm(dir, { recursive: true, force: true }))
  return dir
}

/** `storage`, refusing what `refuses` names by operation and path. */
export function faultyStorage(
  storage: Storage,
  refuses: (operation: keyof Storage, path: string) => boolean,
): Storage {
  const failure: StorageFailure = { tag: 'error', reason: 'denied', message: 'EACCES: denied' }
  return {
    read: async (path, max) => (refuses('read', path) ? failure : storage.read(path, max)),
    write: async (path, bytes, mode) =>
      refuses('write', path) ? failure : storage.write(path, bytes, mode),
    remove: async (path) => (refuses('remove', path) ? failure : storage.remove(path)),
    openAppend: async (path, mode) =>
      refuses('openAppend', path) ? failure : storage.openAppend(path, mode),
    lock: async (path) => (refuses('lock', path) ? failure : storage.lock(path)),
    list: async (path) => (refuses('list', path) ? failure : storage.list(path)),
    makeDirectory: async (path, mode) =>
      refuses('makeDirectory', path) ? failure : storage.makeDirectory(path, mode),
  }
}

/** Power fails after `changes` writes and removals: the next one never returns. */
export function dyingStorage(
  storage: Storage,
  changes: number,
): { storage: Storage; died: Promise<void> } {
  let left = changes
  let die = (): void => undefined
  const died = new Promise<void>((resolve) => {
    die = resolve
  })
  const change = <T>(work: () => Promise<T>): Promise<T> => {
    left -= 1
    if (left >= 0) return work()
    die()
    return new Promise<T>(() => undefined)
  }
  return {
    died,
    storage: {
      ...storage,
      write: (path, bytes, mode) => change(() => storage.write(path, bytes, mode)),
      remove: (path) => change(() => storage.remove(path)),
    },
  }
}
