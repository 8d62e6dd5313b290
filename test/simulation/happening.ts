/**
 * What the workload of a simulation does and sees, as the checkers are told of it: plain data,
 * processes by `pidKey`, nodes by incarnation (`name#boot`), in the one order in which everything
 * happens.
 */
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
  | { tag: 'callBegun'; id: number; caller: string; timeoutMs: number; to: string | null }
  | { tag: 'callHandled'; id: number }
  | { tag: 'callEnded'; id: number; outcome: string; answers: number | null }
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
  | { tag: 'crashed'; node: string }
  /** Faults are over and nothing is owed any more: what should have ended has. */
  | { tag: 'settled' }

export type HappeningOf<Tag extends Happening['tag']> = Extract<Happening, { tag: Tag }>
