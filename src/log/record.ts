/**
 * Records of a log: u32 length of the body, u32 CRC-32C of the body, both big-endian, and the body,
 * one MessagePack term. A body is never empty, so that zeros, which some file systems leave at the
 * end of a file after a loss of power, are no record.
 *
 * Reading stops where the bytes cannot be a record any more: a file that was cut off while it was
 * written has lost its last record and no other. A record that is damaged in itself, but whose
 * length leads to another that is sound, costs only itself. Nothing here throws.
 */
import { limits } from '../limits.ts'
import type { Codec, EncodeError } from '../wire/index.ts'
import { crc32c } from './crc32c.ts'

const recordOverheadBytes = 8

export type Records = {
  readonly terms: readonly unknown[]
  /** Where the last sound record ends. */
  readonly soundBytes: number
  /** Records before that which were left out. */
  readonly damaged: number
}

/** A record of its own memory, or why the term cannot be one. */
export function recordOf(
  codec: Codec,
  term: unknown,
): { readonly tag: 'ok'; readonly record: Uint8Array } | EncodeError {
  const encoded = codec.encode(term, 'record')
  if (encoded.tag === 'error') return encoded
  const { bytes } = encoded
  if (bytes.length > limits.logRecordMaxBytes) {
    return { tag: 'error', reason: 'size', path: 'record', got: `${bytes.length} bytes` }
  }
  const record = new Uint8Array(recordOverheadBytes + bytes.length)
  const view = new DataView(record.buffer)
  view.setUint32(0, bytes.length)
  view.setUint32(4, crc32c(bytes))
  record.set(bytes, recordOverheadBytes)
  return { tag: 'ok', record }
}

export function readRecords(codec: Codec, bytes: Uint8Array): Records {
  const terms: unknown[] = []
  let soundBytes = 0
  let damaged = 0
  let skipped = 0
  for (let at = 0, next = endOf(bytes, at); next !== undefined; next = endOf(bytes, at)) {
    const read = termOf(codec, bytes, at, next)
    at = next
    if (read === undefined) {
      skipped += 1
      continue
    }
    terms.push(read.term)
    soundBytes = next
    damaged += skipped
    skipped = 0
  }
  return { terms, soundBytes, damaged }
}

/** Where the record at `at` ends, if one can be there. */
function endOf(bytes: Uint8Array, at: number): number | undefined {
  if (at + recordOverheadBytes > bytes.length) return undefined
  const length = viewOf(bytes).getUint32(at)
  const end = at + recordOverheadBytes + length
  return length === 0 || length > limits.logRecordMaxBytes || end > bytes.length ? undefined : end
}

function termOf(
  codec: Codec,
  bytes: Uint8Array,
  at: number,
  end: number,
): { readonly term: unknown } | undefined {
  const body = bytes.subarray(at + recordOverheadBytes, end)
  if (viewOf(bytes).getUint32(at + 4) !== crc32c(body)) return undefined
  const decoded = codec.decode(body)
  return decoded.tag === 'ok' ? { term: decoded.term } : undefined
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
