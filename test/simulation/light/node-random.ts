/**
 * One seeded random source per node, all of them in one typed array: ten thousand nodes draw
 * millions of times, and a number kept in a closure would be allocated anew at every draw.
 * The generator is xoshiro128** (Blackman and Vigna), seeded through splitmix32.
 */
import type { Random } from '../../../runtime/platform/platform.ts'

const words = 4

class NodeRandom implements Random {
  readonly #words: Uint32Array
  readonly #at: number

  constructor(state: Uint32Array, at: number) {
    this.#words = state
    this.#at = at
  }

  unit(): number {
    return this.#next() / 2 ** 32
  }

  bytes(size: number): Uint8Array {
    const bytes = new Uint8Array(size)
    for (let i = 0; i < size; i++) bytes[i] = this.#next() >>> 24
    return bytes
  }

  #next(): number {
    const state = this.#words
    const at = this.#at
    const b = state[at + 1]!
    const r = Math.imul(b, 5)
    const result = Math.imul((r << 7) | (r >>> 25), 9) >>> 0
    const c = state[at + 2]! ^ state[at]!
    const d = state[at + 3]! ^ b
    state[at + 1] = b ^ c
    state[at] = state[at]! ^ d
    state[at + 2] = c ^ (b << 9)
    state[at + 3] = (d << 11) | (d >>> 21)
    return result
  }
}

/** `count` sources; the same seed gives the same ones. */
export function nodeRandoms(seed: number, count: number): Random[] {
  const state = new Uint32Array(count * words)
  let mix = seed >>> 0
  for (let at = 0; at < state.length; at++) {
    mix = (mix + 0x9e3779b9) >>> 0
    let z = mix
    z = Math.imul(z ^ (z >>> 16), 0x21f0aaad)
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97)
    state[at] = z ^ (z >>> 15)
  }
  return Array.from({ length: count }, (_, node) => new NodeRandom(state, node * words))
}

/** A whole number from 0 to `below` - 1. */
export function draw(random: Random, below: number): number {
  return Math.floor(random.unit() * below)
}

/** `count` different numbers from 0 to `below` - 1, or all of them if there are fewer. */
export function drawSome(random: Random, below: number, count: number): number[] {
  const all = Array.from({ length: below }, (_, at) => at)
  const wanted = Math.min(count, below)
  for (let at = 0; at < wanted; at++) {
    const other = at + draw(random, below - at)
    const mine = all[at]!
    all[at] = all[other]!
    all[other] = mine
  }
  return all.slice(0, wanted)
}
