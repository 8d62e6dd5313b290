/** What the files of this folder share: failures of the system as values, and directory syncs. */
import { open } from 'node:fs/promises'
import type { StorageFailure } from './platform.ts'

const reasons: Readonly<Record<string, StorageFailure['reason']>> = {
  ENOENT: 'notFound',
  EACCES: 'denied',
  EPERM: 'denied',
  EROFS: 'denied',
  ENOTDIR: 'notDirectory',
  EEXIST: 'notDirectory',
}

export function failureOf(error: unknown): StorageFailure {
  const code =
    error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : ''
  const message = error instanceof Error ? error.message : String(error)
  return { tag: 'error', reason: reasons[code] ?? 'failed', message }
}

/** Names that were added to or taken from a directory are on disk afterwards. */
export async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r')
  try {
    await directory.sync()
  } finally {
    await directory.close()
  }
}
