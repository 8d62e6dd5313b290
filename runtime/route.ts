/**
 * The outward port of a node: signals for processes elsewhere. The runtime knows other nodes by
 * name only; dist implements the port and calls `applySignal` for what comes in.
 *
 * The contract of `deliver`: signals of one sender to one node arrive in order or, from some point
 * on, not at all (rules O1, O3). Everything that depended on a node that cannot be reached is told
 * so by `peerLost`, later and never from inside `deliver`. When more waits for the node than may,
 * the sending process is held (`holds.ts`); when far more does, it is ended and nothing is taken.
 */
import type { Reason } from './exit.ts'
import type { Pid, PidParts, Reference } from './identifier.ts'
import type { Process } from './process.ts'

/** A pid, or a name to be resolved where the signal arrives (rule O5). */
export type Address = Pid | string

export type Signal =
  | { readonly tag: 'send'; readonly to: Address; readonly message: unknown }
  | { readonly tag: 'link'; readonly from: Pid; readonly to: Pid }
  | { readonly tag: 'unlink'; readonly from: Pid; readonly to: Pid; readonly id: number }
  | { readonly tag: 'unlinkAck'; readonly from: Pid; readonly to: Pid; readonly id: number }
  /** The link from `from` to `to` broke because `from` ended. */
  | { readonly tag: 'linkExit'; readonly from: Pid; readonly to: Pid; readonly reason: Reason }
  /** `exit(to, reason)`. */
  | { readonly tag: 'exit'; readonly from: Pid; readonly to: Pid; readonly reason: Reason }
  | { readonly tag: 'monitor'; readonly ref: Reference; readonly from: Pid; readonly to: Address }
  | { readonly tag: 'demonitor'; readonly ref: Reference }
  | { readonly tag: 'down'; readonly ref: Reference; readonly reason: Reason }
  /** `from` is null when host code calls. */
  | {
      readonly tag: 'call'
      readonly ref: Reference
      readonly from: Pid | null
      readonly to: Address
      readonly op: string
      readonly arg: unknown
    }
  | { readonly tag: 'reply'; readonly ref: Reference; readonly value: unknown }
  | { readonly tag: 'callFailed'; readonly ref: Reference; readonly reason: Reason }
  /** The caller no longer waits. */
  | { readonly tag: 'cancelCall'; readonly ref: Reference }
  | {
      readonly tag: 'spawn'
      readonly ref: Reference
      readonly from: Pid | null
      readonly module: string
      readonly arg: unknown
      readonly name: string | null
      readonly link: boolean
      readonly monitor: boolean
    }
  | { readonly tag: 'spawned'; readonly ref: Reference; readonly pid: Pid }
  | { readonly tag: 'spawnFailed'; readonly ref: Reference; readonly reason: Reason }

export interface Route {
  /**
   * Sends a signal to `node`, connecting if need be. `sender` decides the stream: a process, or one
   * that is dead and answered for, so that the answer stays behind what it has sent itself (O1);
   * null is the node. Throws `BadArgument`, naming the path of the field, when the signal holds
   * something that cannot travel; an exit reason that cannot is replaced by one that says so
   * instead, because an end must be heard of whatever its reason. False when the signal was not
   * taken because too much waits for the node already.
   */
  deliver(node: string, sender: PidParts | null, signal: Signal): boolean
  /** Holds `process` until there is room, if more waits for `node` than may. */
  holdWhileBusy(node: string, process: Process): void
}
