/**
 * Where something goes next on its way to a node (cluster spec, 14.8 `findRoute`, 14.9): straight
 * there if there is a channel, else by the way that was found, else by any neighbour.
 *
 * Invariant: it passes no node twice, and at most `routeTtl` channels. A hop hands on to one node
 * and does not try another, so that what is relayed arrives at most once.
 */
import type { RelayFailure } from './message.ts'

export type HopEnv = {
  readonly self: string
  readonly target: string
  /** Nodes it has passed. */
  readonly visited: readonly string[]
  readonly ttl: number
  /** There is a channel to the target. */
  readonly connected: boolean
  readonly neighbours: readonly string[]
  /** The neighbour who led there before. */
  readonly known: string | undefined
  /** Uniform in [0, 1). */
  readonly unit: number
}

export type NextHop =
  | { readonly tag: 'here' }
  | { readonly tag: 'direct'; readonly node: string }
  /** `known`: it has led there before. */
  | { readonly tag: 'via'; readonly node: string; readonly known: boolean }
  | {
      readonly tag: 'refused'
      readonly reason: Extract<RelayFailure, 'noRoute' | 'ttlExpired' | 'relayLoop'>
    }

export function nextHop(env: HopEnv): NextHop {
  const { self, target, visited, ttl, connected, known, unit } = env
  if (visited.includes(self)) return { tag: 'refused', reason: 'relayLoop' }
  if (target === self) return { tag: 'here' }
  const neighbours = env.neighbours.filter((node) => node !== self && !visited.includes(node))
  const isDirect = connected || neighbours.includes(target)
  if (!isDirect && neighbours.length === 0) return { tag: 'refused', reason: 'noRoute' }
  if (ttl === 0) return { tag: 'refused', reason: 'ttlExpired' }
  if (isDirect) return { tag: 'direct', node: target }
  if (known !== undefined && neighbours.includes(known)) {
    return { tag: 'via', node: known, known: true }
  }
  const node = neighbours[Math.floor(unit * neighbours.length)]
  if (node === undefined) return { tag: 'refused', reason: 'noRoute' }
  return { tag: 'via', node, known: false }
}
