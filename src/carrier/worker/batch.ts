/**
 * What travels over the port of a worker connection: batches of records, one byte array each, so
 * that a turn costs one post and one clone whatever it sends. Numbers are little-endian.
 *
 * Invariant: `readBatch` gives whole, well-formed records in order and answers `malformed` for
 * anything else, a batch without a record included; it never throws and never reads past the end.
 * Whether a record is allowed now is for the connection to say.
 */
import type { StreamKind } from '../stream-ids.ts'

export const certHashBytes = 32

/** Data of a stream as it leaves: `fill` writes the next bytes of the stream into its argument. */
export type OutgoingData = {
  readonly tag: 'data'
  readonly stream: number
  readonly length: number
  readonly fill: (target: Uint8Array) => void
}

export type ControlRecord =
  /** The acceptor's first word: the hash of its certificate, and what the dialer may open. */
  | { readonly tag: 'accept'; readonly certHash: Uint8Array; readonly streamsMax: number }
  | { readonly tag: 'end'; readonly stream: number }
  | { readonly tag: 'reset'; readonly stream: number; readonly code: number }
  /** The reader took so many bytes of a stream: as many more may be sent. */
  | { readonly tag: 'credit'; readonly stream: number; readonly bytes: number }
  /** The same for the connection as a whole, headers of data included. */
  | { readonly tag: 'connectionCredit'; readonly bytes: number }
  /** A stream of the other side is over here: it may open one more of its kind. */
  | { readonly tag: 'streamCredit'; readonly kind: StreamKind }
  | { readonly tag: 'close'; readonly code: number; readonly reason: Uint8Array }
  | { readonly tag: 'ping' }
  | { readonly tag: 'pong' }

export type BatchRecord =
  | ControlRecord
  | { readonly tag: 'data'; readonly stream: number; readonly bytes: Uint8Array }

/** Bytes of a data record beside its payload; charged to the connection's credit. */
export const dataHeaderBytes = 9
/** What a batch costs both sides beside its bytes; charged to the credit if it carries data. */
export const batchCostBytes = 128

const codes = {
  accept: 1,
  data: 2,
  end: 3,
  reset: 4,
  credit: 5,
  connectionCredit: 6,
  streamCredit: 7,
  close: 8,
  ping: 9,
  pong: 10,
} as const

/** One array for all of `records`, in their order, with a buffer of its own that may be moved. */
export function writeBatch(
  records: readonly (ControlRecord | OutgoingData)[],
): Uint8Array<ArrayBuffer> {
  let size = 0
  for (const record of records) size += sizeOf(record)
  const batch = new Uint8Array(size)
  const view = new DataView(batch.buffer)
  let at = 0
  for (const record of records) {
    write(record, batch, view, at)
    at += sizeOf(record)
  }
  return batch
}

/**
 * Gives the records of `batch` to `take` until it answers false. Bytes of records are views of
 * `batch`.
 */
export function readBatch(
  batch: Uint8Array,
  take: (record: BatchRecord) => boolean,
): 'malformed' | undefined {
  if (batch.length === 0) return 'malformed'
  const view = new DataView(batch.buffer, batch.byteOffset, batch.length)
  let at = 0
  while (at < batch.length) {
    const size = announcedSize(batch, view, at)
    if (size === undefined || at + size > batch.length) return 'malformed'
    const record = read(batch, view, at, size)
    if (record === undefined) return 'malformed'
    at += size
    if (!take(record)) return undefined
  }
  return undefined
}

function sizeOf(record: ControlRecord | OutgoingData): number {
  switch (record.tag) {
    case 'accept':
      return 5 + certHashBytes
    case 'data':
      return dataHeaderBytes + record.length
    case 'end':
    case 'connectionCredit':
      return 5
    case 'reset':
      return 13
    case 'credit':
      return 9
    case 'streamCredit':
      return 2
    case 'close':
      return 11 + record.reason.length
    case 'ping':
    case 'pong':
      return 1
  }
}

function write(
  record: ControlRecord | OutgoingData,
  batch: Uint8Array,
  view: DataView,
  at: number,
): void {
  view.setUint8(at, codes[record.tag])
  switch (record.tag) {
    case 'accept':
      view.setUint32(at + 1, record.streamsMax, true)
      batch.set(record.certHash, at + 5)
      return
    case 'data':
      view.setUint32(at + 1, record.stream, true)
      view.setUint32(at + 5, record.length, true)
      record.fill(batch.subarray(at + dataHeaderBytes, at + dataHeaderBytes + record.length))
      return
    case 'end':
      view.setUint32(at + 1, record.stream, true)
      return
    case 'reset':
      view.setUint32(at + 1, record.stream, true)
      view.setFloat64(at + 5, record.code, true)
      return
    case 'credit':
      view.setUint32(at + 1, record.stream, true)
      view.setUint32(at + 5, record.bytes, true)
      return
    case 'connectionCredit':
      view.setUint32(at + 1, record.bytes, true)
      return
    case 'streamCredit':
      view.setUint8(at + 1, record.kind === 'uni' ? 1 : 0)
      return
    case 'close':
      view.setFloat64(at + 1, record.code, true)
      view.setUint16(at + 9, record.reason.length, true)
      batch.set(record.reason, at + 11)
  }
}

/** Size of the record at `at`; undefined when its head is not whole or its code unknown. */
function announcedSize(batch: Uint8Array, view: DataView, at: number): number | undefined {
  switch (batch[at]) {
    case codes.accept:
      return 5 + certHashBytes
    case codes.data:
      if (at + dataHeaderBytes > batch.length) return undefined
      return dataHeaderBytes + view.getUint32(at + 5, true)
    case codes.end:
    case codes.connectionCredit:
      return 5
    case codes.reset:
      return 13
    case codes.credit:
      return 9
    case codes.streamCredit:
      return 2
    case codes.close:
      return at + 11 > batch.length ? undefined : 11 + view.getUint16(at + 9, true)
    case codes.ping:
    case codes.pong:
      return 1
    default:
      return undefined
  }
}

/** The record of `size` bytes at `at`; undefined when a field of it is out of range. */
function read(
  batch: Uint8Array,
  view: DataView,
  at: number,
  size: number,
): BatchRecord | undefined {
  const word = (offset: number): number => view.getUint32(at + offset, true)
  switch (batch[at]) {
    case codes.accept:
      return { tag: 'accept', certHash: batch.slice(at + 5, at + size), streamsMax: word(1) }
    case codes.data: {
      if (size === dataHeaderBytes) return undefined
      const bytes = batch.subarray(at + dataHeaderBytes, at + size)
      return { tag: 'data', stream: word(1), bytes }
    }
    case codes.end:
      return { tag: 'end', stream: word(1) }
    case codes.reset: {
      const code = applicationCode(view.getFloat64(at + 5, true))
      return code === undefined ? undefined : { tag: 'reset', stream: word(1), code }
    }
    case codes.credit:
      return { tag: 'credit', stream: word(1), bytes: word(5) }
    case codes.connectionCredit:
      return { tag: 'connectionCredit', bytes: word(1) }
    case codes.streamCredit: {
      const kind = batch[at + 1]
      if (kind !== 0 && kind !== 1) return undefined
      return { tag: 'streamCredit', kind: kind === 1 ? 'uni' : 'bidi' }
    }
    case codes.close: {
      const code = applicationCode(view.getFloat64(at + 1, true))
      const reason = batch.slice(at + 11, at + size)
      return code === undefined ? undefined : { tag: 'close', code, reason }
    }
    default:
      return { tag: batch[at] === codes.ping ? 'ping' : 'pong' }
  }
}

function applicationCode(value: number): number | undefined {
  return Number.isSafeInteger(value) && value >= 0 ? value : undefined
}
