/**
 * Pids and references as extension payloads, read and checked.
 *
 *   pid        node, index, serial        reference   node, id
 *   node       00 | 01 | 02 length:u8 name:ascii creation:u32be     (`nodeForm`)
 *   numbers    unsigned LEB128, shortest form, at most 2^53 - 1
 *
 * The two short node forms stand for the sender's and the receiver's own name and creation, which
 * both ends know from the handshake: the common pid costs 5 to 10 bytes and cannot lie about them.
 */
import { ext, nodeForm } from './format.ts'

/** Largest payload: named form with a 255-byte name, two 8-byte numbers. */
const payloadMaxBytes = 1 + 1 + 255 + 4 + 8 + 8

export type NumberAt = { value: number; next: number }

/**
 * Reads a number at `at`, not past `end`. False when it is cut off, longer than needed or beyond
 * 2^53 - 1; otherwise `into` holds the value and the offset after it.
 */
export function readNumber(bytes: Uint8Array, at: number, end: number, into: NumberAt): boolean {
  let value = 0
  let scale = 1
  for (let pos = at; pos < end && pos < at + 8; pos += 1) {
    const byte = bytes[pos]!
    value += (byte & 0x7f) * scale
    if (byte < 0x80) {
      if ((byte === 0 && pos > at) || value > Number.MAX_SAFE_INTEGER) return false
      into.value = value
      into.next = pos + 1
      return true
    }
    scale *= 128
  }
  return false
}

/** True when `from` to `end` is a whole, well-formed payload of `code` (pid or reference). */
export function isIdentifierPayload(
  bytes: Uint8Array,
  code: number,
  from: number,
  end: number,
): boolean {
  if (end - from > payloadMaxBytes || from >= end) return false
  let at = from + 1
  const form = bytes[from]
  if (form === nodeForm.named) {
    const length = bytes[from + 1] ?? 0
    at = from + 2 + length + 4
    if (at > end || !isNodeName(bytes, from + 2, from + 2 + length)) return false
  } else if (form !== nodeForm.sender && form !== nodeForm.receiver) {
    return false
  }
  const number: NumberAt = { value: 0, next: at }
  for (let count = code === ext.pid ? 2 : 1; count > 0; count -= 1) {
    if (!readNumber(bytes, number.next, end, number)) return false
  }
  return number.next === end
}

/** `name@host` in the letters of a node name (spec 2.1), without making a string of it. */
function isNodeName(bytes: Uint8Array, from: number, end: number): boolean {
  let ats = 0
  let halfStart = true
  for (let pos = from; pos < end; pos += 1) {
    const byte = bytes[pos]!
    if (byte === 0x40) {
      if (halfStart) return false
      ats += 1
      halfStart = true
      continue
    }
    const letter =
      (byte >= 0x61 && byte <= 0x7a) ||
      (byte >= 0x41 && byte <= 0x5a) ||
      (byte >= 0x30 && byte <= 0x39) ||
      byte === 0x5f
    const mark = byte === 0x2e || byte === 0x2d
    if (!letter && !(mark && !halfStart)) return false
    halfStart = false
  }
  return ats === 1 && !halfStart
}
