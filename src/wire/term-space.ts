/**
 * A channel as its codec sees it: whose pids travel without a name, and how identifiers that
 * arrive become values of this node. One per channel, so that nothing global holds a node; the
 * cap on stand-ins for remote processes lives behind `pid` and `reference`.
 */
import type { Pid, PidParts, Reference, RefParts } from '../../runtime/identifier.ts'

/** One start of one node. */
type Incarnation = {
  /** `name@host`. */
  readonly name: string
  /** Unsigned 32 bits, compared for equality only. */
  readonly creation: number
}

export interface TermSpace {
  /** This end of the channel. */
  readonly local: Incarnation
  /** The other end. */
  readonly peer: Incarnation
  /** A pid was written for the peer. */
  left?(pid: Pid): void
  /** The pid with these parts; undefined when a cap refuses one more. */
  pid(parts: PidParts): Pid | undefined
  /** The reference with these parts; undefined when a cap refuses one more. */
  reference(parts: RefParts): Reference | undefined
}
