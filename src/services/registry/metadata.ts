/** The check of what a process says of itself, where it says so. */
import { BadArgument } from '../../../runtime/index.ts'
import { prepare } from '../../../runtime/kernel.ts'
import { limits } from '../../limits.ts'
import type { Codec } from '../../wire/index.ts'
import type { ServiceMetadata } from './instance.ts'

/** Plain fields: no array, Map, Set, bytes or identifier. */
export function isMetadata(value: unknown): value is ServiceMetadata {
  if (typeof value !== 'object' || value === null) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}

/**
 * The metadata to keep, frozen where messages are. Throws `BadArgument` for what has no plain
 * fields, cannot be sent or is too long, naming the place.
 */
export function keptMetadata(given: unknown, codec: Codec, checked: boolean): ServiceMetadata {
  const kept = checked ? prepare(given, 'metadata') : given
  if (!isMetadata(kept)) throw new BadArgument('metadata: expected an object with plain fields')
  const encoded = codec.encode(kept, 'metadata')
  if (encoded.tag === 'error') {
    throw new BadArgument(`${encoded.path}: ${encoded.got} cannot be sent (${encoded.reason})`)
  }
  const most = limits.serviceMetadataMaxBytes
  if (encoded.bytes.length <= most) return kept
  throw new BadArgument(`metadata: expected at most ${most} bytes, got ${encoded.bytes.length}`)
}
