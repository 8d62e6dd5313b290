/**
 * Bigints as extension payloads: a sign byte (0 positive or zero, 1 negative), then the magnitude,
 * big-endian, without leading zeros. Bounded by `termBigintMaxBytes`; hexadecimal is the one
 * conversion of the language that stays linear at that size.
 */
import { limits } from '../limits.ts'
import type { ByteSink } from './byte-sink.ts'
import { ext } from './format.ts'

const ceiling = 1n << BigInt(limits.termBigintMaxBytes * 8)

/** Writes the whole extension; false, with nothing written, when it is too large. */
export function writeBigint(sink: ByteSink, value: bigint): boolean {
  const magnitude = value < 0n ? -value : value
  if (magnitude >= ceiling) return false
  const hex = magnitude === 0n ? '' : magnitude.toString(16)
  const bytes = Buffer.from(hex.length % 2 === 1 ? `0${hex}` : hex, 'hex')
  sink.extension(ext.bigint, bytes.length + 1)
  sink.byte(value < 0n ? 1 : 0)
  sink.bytes(bytes)
  return true
}

/** True for the one form `writeBigint` gives a value: no leading zero, no negative zero. */
export function isBigintPayload(bytes: Uint8Array, from: number, to: number): boolean {
  const size = to - from
  if (size < 1 || size - 1 > limits.termBigintMaxBytes) return false
  const sign = bytes[from]!
  return size === 1 ? sign === 0 : sign <= 1 && bytes[from + 1] !== 0
}

/** Reads a payload that `isBigintPayload` accepted. */
export function readBigint(bytes: Buffer, from: number, to: number): bigint {
  if (to - from === 1) return 0n
  const magnitude = BigInt(`0x${bytes.toString('hex', from + 1, to)}`)
  return bytes[from] === 1 ? -magnitude : magnitude
}
