/**
 * What is inside a relayed packet and its answer: written where it begins, read where it ends, and
 * opaque to those between. Codec: the one that names every process in full.
 */
import type { Reason } from '../../../runtime/index.ts'
import { isReason } from '../../../runtime/kernel.ts'
import { limits } from '../../limits.ts'
import type { Codec } from '../../wire/index.ts'

/** How a relayed call went for its service. */
export type Outcome =
  | { readonly tag: 'reply'; readonly value: unknown }
  | { readonly tag: 'failed'; readonly reason: Reason }

export type Encoded =
  | { readonly tag: 'ok'; readonly body: Uint8Array }
  | { readonly tag: 'error'; readonly reason: Reason }

/** What may be relayed, as bytes; or why it cannot: `unsendable`, or too large. */
export function encodeBody(codec: Codec, term: unknown): Encoded {
  const encoded = codec.encode(term)
  if (encoded.tag === 'error') {
    const { path, reason } = encoded
    return { tag: 'error', reason: { tag: 'unsendable', message: `${path}: ${reason}` } }
  }
  const max = limits.relayBodyMaxBytes
  if (encoded.bytes.length <= max) return { tag: 'ok', body: encoded.bytes.slice() }
  return { tag: 'error', reason: { tag: 'systemLimit', limit: 'relayBody', max } }
}

/** An answer that cannot travel is replaced by a failure that says so. */
export function encodeOutcome(codec: Codec, outcome: Outcome): Uint8Array {
  const term = outcome.tag === 'reply' ? ['reply', outcome.value] : ['failed', outcome.reason]
  const encoded = encodeBody(codec, term)
  if (encoded.tag === 'ok') return encoded.body
  const reason = outcome.tag === 'reply' ? encoded.reason : 'unknown'
  const told = encodeBody(codec, ['failed', reason])
  return told.tag === 'ok' ? told.body : new Uint8Array()
}

/** Undefined for what no node like this one would have written. */
export function decodeOutcome(codec: Codec, body: Uint8Array): Outcome | undefined {
  const decoded = codec.decode(body)
  if (decoded.tag === 'error' || !Array.isArray(decoded.term)) return undefined
  const fields: readonly unknown[] = decoded.term
  const [tag, value] = fields
  if (fields.length !== 2) return undefined
  if (tag === 'reply') return { tag, value }
  return tag === 'failed' && isReason(value) ? { tag, reason: value } : undefined
}

/** The call inside a packet. */
export function callOf(term: unknown): { readonly op: string; readonly arg: unknown } | undefined {
  if (!Array.isArray(term) || term.length !== 2) return undefined
  const [op, arg]: readonly unknown[] = term
  return typeof op === 'string' ? { op, arg } : undefined
}
