/**
 * A state that is looked at in another form than the one it is kept in (OTP's callbacks
 * `system_get_state/1` and `system_replace_state/2` of special processes): a behaviour built on
 * genServer, like supervisors and event managers, makes its state one of these.
 */
export abstract class SpecialState {
  /** What `getState` gives. */
  abstract shown(): unknown
  /** What comes with every event. The log keeps thousands of them: it must be small. */
  abstract brief(): unknown
  /** The state after `replaceState`. Throws `BadArgument` for what `change` must not return. */
  abstract replacedBy(change: (shown: unknown) => unknown): SpecialState
}

export function shownState(state: unknown): unknown {
  return state instanceof SpecialState ? state.shown() : state
}

/** What the loop is to keep once `change` has been applied to what is shown of `state`. */
export function replacedState(state: unknown, change: (shown: unknown) => unknown): unknown {
  return state instanceof SpecialState ? state.replacedBy(change) : change(state)
}
