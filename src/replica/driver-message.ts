/**
 * What two drivers of one replica say to each other, and what one tells all. Pieces and digests
 * travel as bytes of their own, so that one that cannot be read harms no other. Nothing throws.
 */
import { limits } from '../limits.ts'

export type DriverMessage =
  /** What I have comes to this; with `asks`, tell me what yours comes to if it is not the same. */
  | { readonly tag: 'compare'; readonly digest: Uint8Array; readonly asks: boolean }
  | Part
  | { readonly tag: 'ack'; readonly id: number; readonly seq: number }

/** Part of a snapshot. */
export type Part = {
  readonly tag: 'part'
  readonly id: number
  readonly seq: number
  readonly pieces: readonly Uint8Array[]
  readonly end: boolean
}

/** To all nodes. */
export type DriverNews =
  | { readonly tag: 'update'; readonly pieces: readonly unknown[] }
  | { readonly tag: 'custom'; readonly payload: unknown }

export function decodeDriverMessage(body: unknown): DriverMessage | undefined {
  if (!isFields(body)) return undefined
  const { tag, digest, asks, id, seq, pieces, end } = body
  if (tag === 'compare') {
    return isBytes(digest) && typeof asks === 'boolean' ? { tag, digest, asks } : undefined
  }
  if (!isWhole(id) || !isWhole(seq)) return undefined
  if (tag === 'ack') return { tag, id, seq }
  if (tag !== 'part' || typeof end !== 'boolean' || !Array.isArray(pieces)) return undefined
  if (pieces.length > limits.replicaChunkOpsMax || !pieces.every(isBytes)) return undefined
  // Reading them is one step of the receiver, which must not be long.
  const bytes = pieces.reduce((sum, piece) => sum + piece.length, 0)
  if (pieces.length > 1 && bytes > limits.replicaChunkMaxBytes) return undefined
  return { tag, id, seq, pieces, end }
}

export function decodeDriverNews(payload: unknown): DriverNews | undefined {
  if (!isFields(payload)) return undefined
  const { tag, pieces } = payload
  if (tag === 'update') {
    const isList = Array.isArray(pieces) && pieces.length <= limits.replicaUpdateMax
    return isList ? { tag, pieces } : undefined
  }
  return tag === 'custom' && 'payload' in payload ? { tag, payload: payload.payload } : undefined
}

type Fields = Readonly<Record<string, unknown>>

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isWhole(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
}

function isBytes(value: unknown): value is Uint8Array {
  return value instanceof Uint8Array && value.length <= limits.broadcastPayloadMaxBytes
}
