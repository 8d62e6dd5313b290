/**
 * The state of an event manager, and what `sys` shows of it (OTP: `{Module, Id, State}` of every
 * handler). `replaceState` is asked for one handler after the other and may change its state alone;
 * if it fails for one of them, none is changed, where OTP goes on with the others in silence.
 */
import { BadArgument } from '../../runtime/index.ts'
import { show } from '../../runtime/kernel.ts'
import { formatted } from '../sys/formatted.ts'
import { SpecialState } from '../sys/special.ts'
import { type HandlerId, isHandlerId, sameHandler } from './handler.ts'
import type { Hands } from './perform.ts'
import type { Handlers, Installed } from './rule.ts'

/** An installed handler, as `sys.getState` shows it and as `sys.replaceState` is given it. */
export type HandlerState<S = unknown> = HandlerId & { readonly state: S }

export class ManagerState extends SpecialState {
  readonly hands: Hands
  readonly handlers: Handlers

  constructor(hands: Hands, handlers: Handlers) {
    super()
    this.hands = hands
    this.handlers = handlers
  }

  with(handlers: Handlers): ManagerState {
    return new ManagerState(this.hands, handlers)
  }

  shown(): readonly HandlerState[] {
    return this.handlers.map(({ id, state }) => ({ ...id, state }))
  }

  brief(): { readonly handlers: number } {
    return { handlers: this.handlers.length }
  }

  /** A handler whose `formatStatus` fails is the only one that is not shown. */
  formatted(): readonly HandlerState[] {
    return this.handlers.map(({ id, state, handler }) => {
      const { formatStatus } = handler
      const shown = formatStatus === undefined ? state : formatted(() => formatStatus(state))
      return { ...id, state: shown }
    })
  }

  replacedBy(change: (one: unknown) => unknown): ManagerState {
    return this.with(this.handlers.map((one) => changed(one, change)))
  }
}

function changed(one: Installed, change: (one: unknown) => unknown): Installed {
  const given = change({ ...one.id, state: one.state })
  if (isHandlerId(given) && sameHandler(given, one.id) && 'state' in given) {
    return { ...one, state: given.state }
  }
  const { module, id } = one.id
  const expected = `{ module, id, state } of handler '${module}'${id === null ? '' : ` '${id}'`}`
  throw new BadArgument(`replaceState: expected ${expected}, got ${show(given)}`)
}
