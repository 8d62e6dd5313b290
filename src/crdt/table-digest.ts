/**
 * Heads of tables compared between nodes: one number for all of them, and what follows from a
 * difference. The number is a sum, so that no order matters and one head can be exchanged for
 * another; tables that never had an entry do not count, or everybody would have to know them.
 */
import { compareHlc } from '../hlc/index.ts'
import { hashText } from './hash.ts'
import type { Head } from './table.ts'

/** Digests are whole numbers below this. */
export const digestEnd = 2 ** 48

/** What one author's head adds to the digest. */
export function hashHead(node: string, { epoch, version }: Head): number {
  if (version === 0) return 0
  return hashText(`${node} ${epoch.wallMs} ${epoch.logical} ${version}`)
}

export function addDigests(a: number, b: number): number {
  return (a + b) % digestEnd
}

/** Whoever holds `mine` should ask the author, having heard that it was at `theirs`. */
export function isNews(mine: Head | undefined, theirs: Head): boolean {
  if (mine === undefined) return theirs.version > 0
  if (compareHlc(mine.epoch, theirs.epoch) !== 0) return true
  return theirs.version > mine.version
}
