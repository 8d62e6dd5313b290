/**
 * What a watched machine tells (OTP gen_statem's `in`, `consume` and `postpone`), pure: an event as
 * it is handed to its handler, and what has become of it once its transition has taken effect. One
 * that was postponed comes `in` again when it is retried.
 */
import type { SysEvent, SysMessage } from '../sys/event.ts'
import type { Action, Input, Machine } from './engine.ts'
import type { StatemEvent } from './event.ts'
import { Keep, Repeat, To } from './outcome.ts'

/** The machine as `sys` shows it (OTP `{State, Data}`). */
export type Shown = { readonly state: string; readonly data: unknown }

export function taken(event: StatemEvent, state: Shown): SysEvent {
  return { tag: 'in', message: messageOf(event), state }
}

/** Null when the step has not ended the handling of an event. */
export function settled(
  before: Machine,
  input: Input,
  [after, actions]: readonly [Machine, readonly Action[]],
  state: Shown,
): SysEvent | null {
  const { doing } = before
  if (doing === null || doing.event === null || input.tag !== 'returned') return null
  if (after.doing !== null || actions.some(({ tag }) => tag === 'overflow')) return null
  const postponed = doing.postpone || postpones(input.outcome)
  return { tag: postponed ? 'postponed' : 'consumed', message: messageOf(doing.event), state }
}

function postpones(outcome: unknown): boolean {
  const hasWishes = outcome instanceof Keep || outcome instanceof To || outcome instanceof Repeat
  return hasWishes && outcome.wishes.postpone
}

function messageOf({ tag, op, arg, from }: StatemEvent): SysMessage {
  switch (tag) {
    case 'call':
      return { tag, op, arg, from: from! }
    case 'cast':
    case 'internal':
    case 'timeout':
      return { tag, op, arg }
    case 'info':
      return { tag, message: arg }
    case 'stateTimeout':
    case 'eventTimeout':
      return { tag, arg }
  }
}
