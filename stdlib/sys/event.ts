/** What a watched server tells (OTP `sys:system_event()`): what came to it, what it answered. */
import type { Reference } from '../../runtime/index.ts'
import { Request } from '../../runtime/kernel.ts'
import { isCast, isStop } from '../gen.ts'
import { Next, Reply, StopReply } from '../outcome.ts'
import { sysOp } from './command.ts'

/** A message as a server took it. */
export type SysMessage =
  | { readonly tag: 'call'; readonly op: string; readonly arg: unknown; readonly from: Reference }
  | { readonly tag: 'cast'; readonly op: string; readonly arg: unknown }
  | { readonly tag: 'info'; readonly message: unknown }
  /** What a state machine causes itself: events it inserts, and timeouts. */
  | { readonly tag: 'internal' | 'timeout'; readonly op: string; readonly arg: unknown }
  | { readonly tag: 'stateTimeout' | 'eventTimeout'; readonly arg: unknown }

/**
 * `state` is the server's own, before `in` and after the others: it is to be read only. Of a state
 * machine it is `{ state, data }`; of event managers and supervisors a summary.
 */
export type SysEvent =
  | { readonly tag: 'in'; readonly message: SysMessage; readonly state: unknown }
  | {
      readonly tag: 'out'
      readonly value: unknown
      readonly to: Reference
      readonly state: unknown
    }
  | { readonly tag: 'noreply'; readonly state: unknown }
  /** State machines tell these of every event, answered or not, in place of `noreply`. */
  | {
      readonly tag: 'consumed' | 'postponed'
      readonly message: SysMessage
      readonly state: unknown
    }

/** Null for system messages, which are not traced. */
export function incoming(message: unknown, state: unknown): SysEvent | null {
  if (message instanceof Request) {
    if (message.op === sysOp) return null
    const { op, arg } = message
    return { tag: 'in', message: { tag: 'call', op, arg, from: message }, state }
  }
  if (isStop(message)) return null
  if (isCast(message)) {
    const { op, arg } = message
    return { tag: 'in', message: { tag: 'cast', op, arg }, state }
  }
  return { tag: 'in', message: { tag: 'info', message }, state }
}

/** Null for outcomes that end the server without an answer. */
export function decided(outcome: unknown, to: Reference | null): SysEvent | null {
  if (outcome instanceof Next) return { tag: 'noreply', state: outcome.state }
  if ((outcome instanceof Reply || outcome instanceof StopReply) && to !== null) {
    return { tag: 'out', value: outcome.value, to, state: outcome.state }
  }
  return null
}
