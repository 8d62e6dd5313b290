/**
 * What the workload of a simulation does and sees, as the checkers are told of it: plain data,
 * processes by `pidKey`, nodes by incarnation (`name#boot`), in the one order in which everything
 * happens.
 */
import type { DiskState } from '../../src/testing/index.ts'

/** Time as a node sees it. */
export type LocalTime = {
  /** Its monotonic clock. */
  readonly clockMs: number
  /** For how long its steps may have had to wait so far, because its machine was slow or stood. */
  readonly stalledMs: number
}

export type ListedMember = { readonly node: string; readonly state: string }

export type Happening =
  /** A numbered message leaves. `epoch` names the channel, of all the sender's node had. */
  | { tag: 'sent'; from: string; to: string; n: number; epoch: number }
  | {
      tag: 'received'
      by: string
      /** Incarnation of the receiver's node. */
      at: string
      from: string
      /** Incarnation of the sender's node. */
      of: string
      n: number
      epoch: number
      /** Nodedowns of the sender's node in the receiver's mailbox so far. */
      downs: number
      /** The last of nodeup and nodedown in the receiver's mailbox was an up. */
      up: boolean
    }
  /** A reply, which passes no mailbox. */
  | { tag: 'heard'; at: string; of: string; epoch: number; downs: number }
  /** `from` ended, having sent `n` numbered messages, the last one over the channel still there. */
  | { tag: 'lastWords'; by: string; from: string; n: number; how: 'down' | 'exit' | 'call' }
  | { tag: 'nodeup'; at: string; peer: string }
  | { tag: 'nodedown'; at: string; peer: string }
  | {
      tag: 'callBegun'
      id: number
      caller: string
      timeoutMs: number
      to: string | null
      at: LocalTime
    }
  | { tag: 'callHandled'; id: number }
  | { tag: 'callEnded'; id: number; outcome: string; answers: number | null; at: LocalTime }
  | {
      tag: 'monitored'
      id: number
      owner: string
      /** Null when it is monitored by name. */
      target: string | null
      /** Set on a channel in use: the nodedowns of that node before. */
      onChannel: { peer: string; downs: number } | null
    }
  | { tag: 'down'; id: number; reason: string; downs: number }
  | { tag: 'demonitored'; id: number }
  | { tag: 'linked'; owner: string; target: string }
  | { tag: 'unlinked'; owner: string; target: string }
  | { tag: 'exitMessage'; owner: string; target: string; reason: string }
  | { tag: 'spawnBegun'; id: number; owner: string; link: boolean; monitor: boolean }
  | { tag: 'spawnEnded'; id: number; pid: string | null; reason: string }
  | { tag: 'childStarted'; id: number; pid: string }
  /** A message nobody should ever get. */
  | { tag: 'stray'; by: string; what: string }
  | { tag: 'died'; pid: string; reason: string }
  /** A machine is switched on. `behind`: its wall clock was further in an earlier life. */
  | { tag: 'boots'; node: string; name: string; disk: DiskState; behind: boolean }
  | { tag: 'crashed'; node: string }
  /** A file is being written with a number, or removed: null. Then it is confirmed. */
  | { tag: 'storing'; node: string; file: number; n: number | null }
  | { tag: 'stored'; node: string; file: number; n: number | null }
  /** What a file held after a boot; -1: a part of something. */
  | { tag: 'found'; node: string; file: number; n: number | null }
  /** A machine is told to stop in order; `crashed` says when it has. */
  | { tag: 'stops'; node: string }
  /** The views of a node, by incarnation; told of every node just before `settled`. */
  | {
      tag: 'view'
      node: string
      active: readonly string[]
      passive: readonly string[]
      activeMax: number
      passiveMax: number
    }
  /** The member list of a node, by incarnation; the same. */
  | { tag: 'listed'; node: string; members: readonly ListedMember[] }
  /** A node tells its subscribers that another is no member any more. */
  | { tag: 'memberDown'; at: string; of: string; reason: string }
  /** Somebody subscribes on a node to all that is broadcast. */
  | { tag: 'listens'; node: string }
  /** Subscribers on a node are told that they may have missed something. */
  | { tag: 'resync'; node: string; source: string }
  /** A broadcast begins at a node; perhaps it never left; it is delivered at a node. */
  | { tag: 'broadcast'; id: string; node: string }
  | { tag: 'unsent'; id: string; node: string }
  | { tag: 'delivered'; id: string; node: string }
  /** The overlay and all member lists are as they should be; nothing will trouble them. */
  | { tag: 'calm' }
  /** Faults are over and nothing is owed any more: what should have ended has. */
  | { tag: 'settled' }

export type HappeningOf<Tag extends Happening['tag']> = Extract<Happening, { tag: Tag }>
