/**
 * What a state machine handles: one shape for every kind of event (rule F4), so that inserted,
 * postponed and received events are the same thing in the same queue.
 */
import type { Reference } from '../../runtime/index.ts'

export type EventTag =
  | 'call'
  | 'cast'
  | 'info'
  | 'internal'
  | 'eventTimeout'
  | 'stateTimeout'
  | 'timeout'

/** The tags, for checking what a program inserts. */
export const eventTags: readonly string[] = [
  'call',
  'cast',
  'info',
  'internal',
  'eventTimeout',
  'stateTimeout',
  'timeout',
] satisfies EventTag[]

export class StatemEvent {
  readonly tag: EventTag
  /** The operation, or the name of the generic timeout; `''` where the tag says it all. */
  readonly op: string
  /** The argument, the message, or what was set with the timeout. */
  readonly arg: unknown
  /** Whom to answer; null unless it is a call. */
  readonly from: Reference | null

  constructor(tag: EventTag, op: string, arg: unknown, from: Reference | null) {
    this.tag = tag
    this.op = op
    this.arg = arg
    this.from = from
  }
}
