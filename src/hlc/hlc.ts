/**
 * Timestamps of a hybrid logical clock (Kulkarni, Demirbas et al., 2014): milliseconds since the
 * epoch and a counter that tells apart what happened within one of them, ordered as a pair. The
 * forms they are carried in: 12 bytes, big-endian, so that bytes sort as timestamps do; a bigint;
 * and in terms the pair `[wallMs, logical]`.
 *
 * Every form is read with a check and none throws: timestamps come from peers and from files. The
 * wall part is bounded far below what a number holds, so that arithmetic on one is always exact.
 */
import { limits } from '../limits.ts'

export type Hlc = {
  /** Whole milliseconds since the Unix epoch, at most `limits.hlcWallMaxMs`. */
  readonly wallMs: number
  /** At most 2^32 - 1. */
  readonly logical: number
}

/** An `Hlc` in a term. */
export type HlcTerm = readonly [wallMs: number, logical: number]

export type HlcError = {
  readonly tag: 'error'
  /** `length`: not 12 bytes, a negative number, or one of more than 96 bits. */
  readonly reason: 'length' | 'range'
}

const hlcBytes = 12
export const logicalMax = 2 ** 32 - 1
/** Before every timestamp of a clock. */
export const zeroHlc: Hlc = { wallMs: 0, logical: 0 }

const logicalBits = 32n
const packedMax = (1n << 96n) - 1n

export function compareHlc(a: Hlc, b: Hlc): -1 | 0 | 1 {
  if (a.wallMs !== b.wallMs) return a.wallMs < b.wallMs ? -1 : 1
  if (a.logical !== b.logical) return a.logical < b.logical ? -1 : 1
  return 0
}

export function maxHlc(a: Hlc, b: Hlc): Hlc {
  return compareHlc(a, b) < 0 ? b : a
}

/** True for `{ wallMs, logical }` within the bounds. */
export function isHlc(value: unknown): value is Hlc {
  if (typeof value !== 'object' || value === null) return false
  if (!('wallMs' in value && 'logical' in value)) return false
  return isWhole(value.wallMs, limits.hlcWallMaxMs) && isWhole(value.logical, logicalMax)
}

export function hlcToTerm({ wallMs, logical }: Hlc): HlcTerm {
  return [wallMs, logical]
}

/** Undefined for what is not `[wallMs, logical]` within the bounds. */
export function hlcFromTerm(term: unknown): Hlc | undefined {
  if (!Array.isArray(term) || term.length !== 2) return undefined
  const [wallMs, logical]: readonly unknown[] = term
  if (!isWhole(wallMs, limits.hlcWallMaxMs) || !isWhole(logical, logicalMax)) return undefined
  return { wallMs, logical }
}

/** wallMs * 2^32 + logical: ordered as timestamps are, and beyond what a number holds exactly. */
export function packHlc({ wallMs, logical }: Hlc): bigint {
  return (BigInt(wallMs) << logicalBits) | BigInt(logical)
}

export function unpackHlc(packed: bigint): { readonly tag: 'ok'; readonly hlc: Hlc } | HlcError {
  if (packed < 0n || packed > packedMax) return { tag: 'error', reason: 'length' }
  return checked(packed >> logicalBits, Number(packed & BigInt(logicalMax)))
}

/** 12 bytes: u64 wallMs, u32 logical, big-endian. */
export function hlcToBytes({ wallMs, logical }: Hlc): Uint8Array {
  const bytes = new Uint8Array(hlcBytes)
  const view = new DataView(bytes.buffer)
  view.setBigUint64(0, BigInt(wallMs))
  view.setUint32(8, logical)
  return bytes
}

export function hlcFromBytes(
  bytes: Uint8Array,
): { readonly tag: 'ok'; readonly hlc: Hlc } | HlcError {
  if (bytes.length !== hlcBytes) return { tag: 'error', reason: 'length' }
  const view = new DataView(bytes.buffer, bytes.byteOffset, hlcBytes)
  return checked(view.getBigUint64(0), view.getUint32(8))
}

function checked(
  wall: bigint,
  logical: number,
): { readonly tag: 'ok'; readonly hlc: Hlc } | HlcError {
  if (wall > BigInt(limits.hlcWallMaxMs)) return { tag: 'error', reason: 'range' }
  return { tag: 'ok', hlc: { wallMs: Number(wall), logical } }
}

function isWhole(value: unknown, max: number): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= max
}
