/**
 * What nodes ask each other about a disputed name: whether the asked one still holds the claim by
 * which it wins. The node that says it is the one whose channel it came by.
 */
import type { Pid } from '../../../runtime/index.ts'
import { isPid } from '../../../runtime/index.ts'
import { type Hlc, isHlc } from '../../hlc/index.ts'
import { limits } from '../../limits.ts'

export type GlobalMessage = {
  readonly key: string
  readonly pid: Pid
  /** Apart from what the same process claimed before it gave the name back. */
  readonly since: Hlc
  readonly rank: number
} & ({ readonly tag: 'ask' } | { readonly tag: 'answer'; readonly holds: boolean })

/** Undefined for what is no such message. */
export function decodeGlobal(body: unknown): GlobalMessage | undefined {
  if (typeof body !== 'object' || body === null) return undefined
  if (!('tag' in body && 'key' in body && 'pid' in body)) return undefined
  if (!('since' in body && 'rank' in body)) return undefined
  const { tag, key, pid, since, rank } = body
  if (typeof key !== 'string' || key.length > limits.globalKeyMaxChars) return undefined
  if (!isPid(pid) || !isHlc(since) || typeof rank !== 'number') return undefined
  if (tag === 'ask') return { tag, key, pid, since, rank }
  if (tag !== 'answer' || !('holds' in body) || typeof body.holds !== 'boolean') return undefined
  return { tag, key, pid, since, rank, holds: body.holds }
}
