/**
 * What a node knows of broadcasts: immutable, changed only by `rule.ts`. While a step runs its
 * parts share a draft: the state as it is by now, and the actions so far.
 */
import type { Random } from '../../runtime/platform/platform.ts'
import { type Cache, emptyCache } from './cache.ts'
import type { BroadcastMessage } from './message.ts'
import type { BroadcastOptions } from './options.ts'
import { SortedMap } from './sorted-map.ts'
import type { Streams } from './stream.ts'

export type BroadcastState = {
  /** The neighbours: the active view of the membership. */
  readonly peers: ReadonlyMap<string, Peer>
  readonly cache: Cache
  /** By stream: what has been seen of its counters. */
  readonly streams: Streams
  /** By id: announced and not here. */
  readonly missing: SortedMap<string, Missing>
  /** How the last message came here by the tree; undefined before the first. */
  readonly reached: Reached | undefined
  /** The stream of what this node makes, and its next counter. Undefined before the first. */
  readonly own: string | undefined
  readonly ownNext: number
  /** Timers that run while there is something for them to do. */
  readonly sweeping: boolean
  readonly announcing: boolean
  readonly comparing: boolean
}

export type Reached = {
  /** The neighbour, or the one that took its place since; this node itself for its own. */
  readonly by: string
  readonly id: string
  readonly round: number
  /** Neighbours that had the message from elsewhere, in the order in which they told. */
  readonly alternates: readonly string[]
}

/** What is kept of a neighbour. A link that is not eager is lazy. */
export type Peer = {
  readonly eager: boolean
  /** What it will be told of, in order. */
  readonly pending: readonly Announcement[]
  /** Messages it was the first to announce that are not here. */
  readonly open: number
  /** Announced messages it did not send, since `brokenFromMs`. */
  readonly broken: number
  readonly brokenFromMs: number
  readonly mutedUntilMs: number
  /** When it was last sent a PRUNE, and moved into the tree for a shorter way. */
  readonly prunedMs: number
  readonly optimisedMs: number
  /** The second in which it had these. */
  readonly secondMs: number
  readonly answers: number
  readonly answerBytes: number
  readonly digests: number
}

/** `late`: for the catch-up, not for the tree. */
export type Announcement = {
  readonly id: string
  readonly round: number
  readonly late: boolean
}

export type Announcer = {
  readonly node: string
  readonly round: number
  /** Offered for catch-up: to be fetched, which changes no link. */
  readonly late: boolean
}

export type Missing = {
  /** Those still to be asked, in order. */
  readonly announcers: readonly Announcer[]
  /** Who announced it first, and so is charged for it. */
  readonly first: string
  /** Who was asked last. */
  readonly asked: string | undefined
}

export type BroadcastTimer =
  /** An announced message is not here. */
  | { readonly tag: 'graft'; readonly id: string }
  /** Announcements were gathered for long enough. */
  | { readonly tag: 'announce' }
  /** Time to compare with a neighbour: a random one, or the one that has more. */
  | { readonly tag: 'digest' }
  | { readonly tag: 'catchUp'; readonly node: string }
  | { readonly tag: 'sweep' }

/** Names a timer: setting one replaces the one with the same key. */
export function broadcastTimerKey(timer: BroadcastTimer): string {
  switch (timer.tag) {
    case 'graft':
      return `graft ${timer.id}`
    case 'catchUp':
      return `catchUp ${timer.node}`
    default:
      return timer.tag
  }
}

export type BroadcastEvent =
  /** `id`: a key of the caller's; the same one again is not broadcast while it is remembered. */
  | {
      readonly tag: 'broadcast'
      readonly topic: string
      readonly payload: Uint8Array
      readonly id?: string
    }
  /** `from`: the authenticated node of the channel. */
  | { readonly tag: 'message'; readonly from: string; readonly message: BroadcastMessage }
  | { readonly tag: 'peerUp'; readonly node: string }
  | { readonly tag: 'peerDown'; readonly node: string }
  | { readonly tag: 'timer'; readonly timer: BroadcastTimer }

/** What was dropped or refused, and why. */
export type BroadcastCount =
  /** A message of another kind than gossip by a node that is no neighbour. */
  | 'stranger'
  /** Something in the name of this very node that it never made. */
  | 'forged'
  /** Too old to be handed on. */
  | 'stale'
  /** Announced beyond what is kept of one neighbour or of all. */
  | 'announcementRefused'
  /** Announced by a neighbour that is not listened to. */
  | 'muted'
  | 'brokenPromise'
  /** Asked for more than one neighbour gets. */
  | 'answerRefused'
  | 'digestRefused'
  /** Nobody who announced a message had it. */
  | 'lost'
  /** Forgotten before its time, for lack of room. */
  | 'forgotten'
  | 'bodyDropped'

export type BroadcastAction =
  /** On the channel to an active peer, without waiting for room: what is lost is caught up. */
  | { readonly tag: 'send'; readonly to: string; readonly message: BroadcastMessage }
  /** To the subscribers. `origin`: as the id claims; undefined for a key of a caller's own. */
  | {
      readonly tag: 'deliver'
      readonly id: string
      readonly topic: string
      readonly payload: Uint8Array
      readonly origin: string | undefined
      readonly round: number
    }
  /** A broadcast that was not made. */
  | {
      readonly tag: 'refused'
      readonly reason: 'payloadTooLarge' | 'badTopic' | 'badId' | 'knownId'
    }
  | { readonly tag: 'setTimer'; readonly timer: BroadcastTimer; readonly afterMs: number }
  | { readonly tag: 'cancelTimer'; readonly timer: BroadcastTimer }
  | { readonly tag: 'count'; readonly name: BroadcastCount; readonly peer?: string }

export type BroadcastEnv = {
  /** This node's name. */
  readonly self: string
  /** Monotonic. */
  readonly nowMs: number
  readonly random: Random
  readonly options: BroadcastOptions
}

/** The state of a step while it runs. */
export type Draft = {
  state: BroadcastState
  readonly env: BroadcastEnv
  readonly actions: BroadcastAction[]
}

export function newBroadcast(): BroadcastState {
  return {
    peers: new Map(),
    cache: emptyCache,
    streams: SortedMap.empty(),
    missing: SortedMap.empty(),
    reached: undefined,
    own: undefined,
    ownNext: 0,
    sweeping: false,
    announcing: false,
    comparing: false,
  }
}

export function send(draft: Draft, to: string, message: BroadcastMessage): void {
  draft.actions.push({ tag: 'send', to, message })
}

export function count(draft: Draft, name: BroadcastCount, peer?: string): void {
  draft.actions.push(peer === undefined ? { tag: 'count', name } : { tag: 'count', name, peer })
}

export function setTimer(draft: Draft, timer: BroadcastTimer, afterMs: number): void {
  draft.actions.push({ tag: 'setTimer', timer, afterMs })
}

export function cancelTimer(draft: Draft, timer: BroadcastTimer): void {
  draft.actions.push({ tag: 'cancelTimer', timer })
}
