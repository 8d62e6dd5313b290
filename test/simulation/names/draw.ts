/**
 * What a seed draws for the simulation of names: which names the processes of each node take, of
 * every kind, how often something becomes of one, and the periods of the tables that carry them.
 * Some names of each kind are wanted by processes of several nodes.
 */
import type { Random } from '../../../runtime/platform/platform.ts'
import { seededRandom } from '../../../runtime/platform/sim.ts'
import type { NameTerm } from '../../../src/index.ts'
import type { ReplicaOptions } from '../../../src/replica/index.ts'

export type Slot =
  /** Registered in the registry; `perLife`: under another name in each life of the node. */
  | {
      readonly tag: 'service'
      readonly name: NameTerm
      readonly hasMetadata: boolean
      readonly perLife: boolean
    }
  /** A server that a supervisor starts under the name. */
  | { readonly tag: 'via'; readonly name: NameTerm }
  /** A global name; `starts`: of a server that is started under it. */
  | { readonly tag: 'global'; readonly name: string; readonly starts: boolean }
  | { readonly tag: 'member'; readonly group: unknown }

export type NamesDraw = {
  /** What the processes of a node take. */
  readonly slots: ReadonlyMap<string, readonly Slot[]>
  /** Every global name that anybody wants. */
  readonly globals: readonly string[]
  /** A node rests for up to this long between two changes. */
  readonly restMaxMs: number
  /** One in so many claims comes with a resolver. */
  readonly resolverOneIn: number
  readonly replica: Partial<ReplicaOptions>
}

/** So many nodes want the same, on average. */
const rivals = 3
const sharedOneIn = 4
/** In a cluster of more nodes each changes something so many times more seldom. */
const fewNodes = 10
const largePace = 3
/** Distinct groups for so many members. */
const membersPerGroup = 5

export function drawNames(seed: number, nodes: readonly string[], count: number): NamesDraw {
  // A stream of its own: what the rest of the scenario draws must not depend on it.
  const random = seededRandom(seed ^ 0x4a3e5c1d)
  const below = (limit: number): number => Math.floor(random.unit() * limit)
  const pick = <T>(...choices: readonly [T, ...T[]]): T =>
    choices[below(choices.length)] ?? choices[0]
  const slots = new Map(nodes.map((node): [string, Slot[]] => [node, []]))
  const globals = new Set<string>()
  for (let i = 0; i < count; i++) {
    const slot = drawSlot(random, i, count, Math.floor(i / nodes.length))
    if (slot.tag === 'global') globals.add(slot.name)
    slots.get(nodes[i % nodes.length] ?? '')?.push(slot)
  }
  return {
    slots,
    globals: [...globals],
    restMaxMs: (nodes.length > fewNodes ? largePace : 1) * pick(300, 1_000, 4_000),
    resolverOneIn: pick(2, 4, 1_000),
    replica: {
      antiEntropyMs: pick(2_000, 6_000, 15_000),
      pullEveryMs: pick(50, 100, 500),
      pullTimeoutMs: pick(2_000, 5_000),
      flushEveryMs: pick(1, 10, 100),
    },
  }
}

/** A slot of the row `row`: every node has at most one of each. */
function drawSlot(random: Random, i: number, count: number, row: number): Slot {
  const below = (limit: number): number => Math.floor(random.unit() * limit)
  const isShared = below(sharedOneIn) === 0
  switch (below(5)) {
    case 0:
      return service(isShared ? `row ${row}` : nameOf(i), false, !isShared && below(2) === 0)
    case 1:
      return service(isShared ? { row } : nameOf(i), true, !isShared && below(2) === 0)
    case 2:
      return { tag: 'via', name: isShared ? `server ${row}` : { server: i } }
    case 3: {
      const rival = below(Math.max(1, Math.floor(count / (5 * rivals))))
      return { tag: 'global', name: `only ${rival}`, starts: below(2) === 0 }
    }
    default:
      return {
        tag: 'member',
        group: groupOf(below(Math.max(1, Math.floor(count / (5 * membersPerGroup))))),
      }
  }
}

function service(name: NameTerm, hasMetadata: boolean, perLife: boolean): Slot {
  return { tag: 'service', name, hasMetadata, perLife }
}

/** Names are texts, numbers and other terms. */
function nameOf(i: number): NameTerm {
  if (i % 3 === 0) return `name ${i}`
  return i % 3 === 1 ? i : { room: i, tags: ['a', null] }
}

function groupOf(at: number): unknown {
  return at % 2 === 0 ? `group ${at}` : { group: at }
}
