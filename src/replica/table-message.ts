/**
 * What the table replicas of two nodes say to each other, and what one tells all. Nothing here
 * throws, whatever a peer sent. Values travel as bytes of their own, so that one which cannot be
 * read harms no other; heads as `[node, wallMs, logical, version]`.
 */
import type { Head } from '../crdt/table.ts'
import { digestEnd } from '../crdt/table-digest.ts'
import { hlcFromTerm } from '../hlc/index.ts'
import { validateNodeName } from '../identity/index.ts'
import { limits } from '../limits.ts'

/** `[key, bytes]` was put, `[key]` or `[key, null, bytes of the cause]` removed. */
export type WireOp =
  | readonly [key: string, value: Uint8Array]
  | readonly [key: string]
  | readonly [key: string, none: null, cause: Uint8Array]

const { tableValueMaxBytes: valueMaxBytes, tableCauseMaxBytes: causeMaxBytes } = limits

type WireHlc = readonly [wallMs: number, logical: number]
export type WireHead = readonly [node: string, wallMs: number, logical: number, version: number]
export type NamedHead = { readonly node: string; readonly head: Head }

export type TableMessage =
  /** All that I know, as a number. */
  | { readonly tag: 'digest'; readonly digest: number }
  /**
   * All authors that I know with names after `after` and not after `upTo`; null: to the end. Asks
   * for what it lacks.
   */
  | {
      readonly tag: 'vector'
      readonly after: string
      readonly upTo: string | null
      readonly heads: readonly NamedHead[]
    }
  /** News of some authors. */
  | { readonly tag: 'heads'; readonly heads: readonly NamedHead[] }
  /** What has changed of your table since I had it like this? */
  | { readonly tag: 'pull'; readonly id: number; readonly head: Head | undefined }
  | { readonly tag: 'refused'; readonly id: number }
  | Chunk
  | { readonly tag: 'ack'; readonly id: number; readonly seq: number }

/**
 * Part of an answer. `changes` lead from version `from` to `to`. `entries` are some of those at
 * version `to`; the first part begins them, with the last there are no others.
 */
export type Chunk = {
  readonly tag: 'chunk'
  readonly id: number
  readonly seq: number
  readonly kind: 'changes' | 'entries'
  readonly head: Head
  readonly from: number
  readonly first: boolean
  /** The last of this kind. */
  readonly last: boolean
  /** Nothing follows. */
  readonly end: boolean
  readonly ops: readonly WireOp[]
}

/** What an author tells all of its table: perhaps what has changed, and where it is. */
export type Delta = {
  readonly node: string
  readonly from: number
  readonly head: Head
  /** Absent: they are too many. */
  readonly ops?: readonly WireOp[]
}

export function encodeMessage(message: TableMessage): unknown {
  switch (message.tag) {
    case 'vector':
    case 'heads':
      return { ...message, heads: message.heads.map(wireHead) }
    case 'pull': {
      const { tag, id, head } = message
      return { tag, id, ...(head && { epoch: wireHlc(head), version: head.version }) }
    }
    case 'chunk': {
      const { head, ...rest } = message
      return { ...rest, epoch: wireHlc(head), version: head.version }
    }
    default:
      return message
  }
}

export function decodeMessage(body: unknown): TableMessage | undefined {
  if (!isFields(body)) return undefined
  switch (body.tag) {
    case 'digest': {
      const { tag, digest } = body
      return isWhole(digest) && digest < digestEnd ? { tag, digest } : undefined
    }
    case 'vector': {
      const { tag, after, upTo } = body
      const heads = headsOf(body.heads)
      if (heads === undefined || !isShort(after) || !(upTo === null || isShort(upTo))) return
      return { tag, after, upTo, heads }
    }
    case 'heads': {
      const heads = headsOf(body.heads)
      return heads && { tag: body.tag, heads }
    }
    case 'pull': {
      const { tag, id, epoch } = body
      if (!isWhole(id)) return undefined
      if (epoch === undefined) return { tag, id, head: undefined }
      const head = headOf(epoch, body.version)
      return head && { tag, id, head }
    }
    case 'refused':
      return isWhole(body.id) ? { tag: body.tag, id: body.id } : undefined
    case 'ack': {
      const { tag, id, seq } = body
      return isWhole(id) && isWhole(seq) ? { tag, id, seq } : undefined
    }
    case 'chunk':
      return chunkOf(body)
    default:
      return undefined
  }
}

export function encodeDelta({ node, from, head, ops }: Delta): unknown {
  const epoch = wireHlc(head)
  return { node, from, epoch, version: head.version, ...(ops && { ops }) }
}

export function decodeDelta(payload: unknown): Delta | undefined {
  if (!isFields(payload)) return undefined
  const { node, from } = payload
  const head = headOf(payload.epoch, payload.version)
  if (head === undefined || !isName(node) || !isWhole(from) || from > head.version) return undefined
  if (payload.ops === undefined) return { node, from, head }
  const ops = opsOf(payload.ops)
  return ops && { node, from, head, ops }
}

function chunkOf(body: Fields): Chunk | undefined {
  const { id, seq, kind, from, first, last, end } = body
  const head = headOf(body.epoch, body.version)
  const ops = opsOf(body.ops)
  if (head === undefined || ops === undefined) return undefined
  if (!isWhole(id) || !isWhole(seq) || !isWhole(from) || from > head.version) return undefined
  if (typeof first !== 'boolean' || typeof last !== 'boolean' || typeof end !== 'boolean') return
  if (kind !== 'changes' && kind !== 'entries') return undefined
  return { tag: 'chunk', id, seq, kind, head, from, first, last, end, ops }
}

type Fields = Readonly<Record<string, unknown>>

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isWhole(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
}

function isShort(value: unknown): value is string {
  return typeof value === 'string' && value.length <= limits.nodeNameMaxBytes
}

function isName(value: unknown): value is string {
  return typeof value === 'string' && validateNodeName(value).tag === 'ok'
}

function headOf(epoch: unknown, version: unknown): Head | undefined {
  const hlc = hlcFromTerm(epoch)
  return hlc && isWhole(version) ? { epoch: hlc, version } : undefined
}

function headsOf(value: unknown): readonly NamedHead[] | undefined {
  if (!Array.isArray(value) || value.length > limits.replicaHeadsMax) return undefined
  const heads: NamedHead[] = []
  for (const each of value) {
    if (!Array.isArray(each) || each.length !== 4) return undefined
    const [node, wallMs, logical, version]: readonly unknown[] = each
    const head = headOf([wallMs, logical], version)
    if (head === undefined || !isName(node)) return undefined
    heads.push({ node, head })
  }
  return heads
}

function opsOf(value: unknown): readonly WireOp[] | undefined {
  if (!Array.isArray(value) || value.length > limits.replicaChunkOpsMax) return undefined
  const ops: WireOp[] = []
  let bytes = 0
  for (const each of value) {
    const op = opOf(each)
    if (op === undefined) return undefined
    ops.push(op)
    bytes += op[0].length + (op[1]?.length ?? 0)
    // Reading them is one step of the receiver, which must not be long.
    if (ops.length > 1 && bytes > limits.replicaChunkMaxBytes) return undefined
  }
  return ops
}

function opOf(value: unknown): WireOp | undefined {
  if (!Array.isArray(value) || value.length < 1 || value.length > 3) return undefined
  const [key, bytes, cause]: readonly unknown[] = value
  if (typeof key !== 'string' || key.length > limits.tableKeyMaxChars) return undefined
  if (value.length === 1) return [key]
  if (value.length === 2) return isBytes(bytes, valueMaxBytes) ? [key, bytes] : undefined
  return bytes === null && isBytes(cause, causeMaxBytes) ? [key, null, cause] : undefined
}

function isBytes(value: unknown, most: number): value is Uint8Array {
  return value instanceof Uint8Array && value.length <= most
}

function wireHlc({ epoch }: Head): WireHlc {
  return [epoch.wallMs, epoch.logical]
}

function wireHead({ node, head: { epoch, version } }: NamedHead): WireHead {
  return [node, epoch.wallMs, epoch.logical, version]
}
