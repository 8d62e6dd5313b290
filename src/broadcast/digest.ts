/**
 * All that a node remembers, as a few numbers. Streams, by what was seen of their counters, and
 * explicit ids, as long as their messages are held, fall into buckets by the hash of their names;
 * the hash of a bucket is the sum of its entries' over XOR, so that no order matters. Two nodes
 * that have seen the same have the same numbers, whenever each of them saw it.
 */
import { limits } from '../limits.ts'
import { bodyOf } from './cache.ts'
import type { Draft } from './state.ts'
import type { Stream } from './stream.ts'

const offsetBasis = 0x811c9dc5
const prime = 0x01000193

export function bucketOf(name: string): number {
  return hashText(offsetBasis, name) % limits.broadcastBuckets
}

export function bucketHashes(draft: Draft): number[] {
  const hashes = new Array<number>(limits.broadcastBuckets).fill(0)
  for (const [name, stream] of draft.state.streams.entries()) {
    const named = hashText(offsetBasis, name)
    const bucket = named % limits.broadcastBuckets
    hashes[bucket] = (hashes[bucket]! ^ hashStream(named, stream)) >>> 0
  }
  for (const id of explicitIds(draft)) {
    const named = hashText(offsetBasis, id)
    const bucket = named % limits.broadcastBuckets
    hashes[bucket] = (hashes[bucket]! ^ hashNumber(named, 0)) >>> 0
  }
  return hashes
}

export function hashAll(hashes: readonly number[]): number {
  return hashes.reduce(hashNumber, offsetBasis)
}

/** Explicit ids whose messages can still be handed on. They sort before all automatic ones. */
export function* explicitIds({ state, env }: Draft): Generator<string> {
  for (const [id] of state.cache.ids.entries()) {
    if (!id.startsWith('/')) return
    if (bodyOf(state.cache, id, env.nowMs, env.options) !== undefined) yield id
  }
}

function hashStream(named: number, { next, holes }: Stream): number {
  let hash = hashNumber(named, next)
  for (const { from, to } of holes) hash = hashNumber(hashNumber(hash, from), to)
  return hash
}

/** FNV-1a, finished as MurmurHash3 does, so that its low bits are as good as any. */
function hashText(basis: number, text: string): number {
  let hash = basis
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), prime)
  return mix(hash)
}

function hashNumber(hash: number, value: number): number {
  const low = mix(Math.imul(hash ^ (value >>> 0), prime))
  return mix(Math.imul(low ^ Math.floor(value / 2 ** 32), prime))
}

function mix(hash: number): number {
  let mixed = hash
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b)
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35)
  return (mixed ^ (mixed >>> 16)) >>> 0
}
