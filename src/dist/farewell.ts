/**
 * The orderly end of a channel, pure: `(state, event) -> [state, actions]`. Who leaves says goaway;
 * the other side answers with its own. From then on neither sends a new signal: what is queued
 * leaves, and every data stream is ended. Who has read all streams of the other side to their ends
 * says gone; when both have, nothing that was handed over can be lost, and the connection closes.
 *
 * The two kinds of stream are not ordered between each other, so the end of a data stream may come
 * before the goaway that tells how many there are. Both sides must offer the flag `goaway`.
 */
export type FarewellState = {
  /** We have said goaway. */
  readonly leaving: boolean
  /** Data streams the peer has opened in all; undefined until its goaway. */
  readonly streams: number | undefined
  readonly endedStreams: number
  readonly saidGone: boolean
  readonly heardGone: boolean
}

export type FarewellEvent =
  /** Our node wants to leave. */
  | { readonly tag: 'leave' }
  | { readonly tag: 'goaway'; readonly streams: number }
  | { readonly tag: 'streamEnded' }
  | { readonly tag: 'gone' }

export type FarewellAction =
  /** Take no signal more, end the data streams behind what is queued, and say goaway. */
  | { readonly tag: 'leave' }
  | { readonly tag: 'sayGone' }
  /** Both have everything. */
  | { readonly tag: 'close' }
  | { readonly tag: 'violation'; readonly what: string }

export type FarewellStep = readonly [FarewellState, readonly FarewellAction[]]

export const noFarewell: FarewellState = {
  leaving: false,
  streams: undefined,
  endedStreams: 0,
  saidGone: false,
  heardGone: false,
}

export function stepFarewell(state: FarewellState, event: FarewellEvent): FarewellStep {
  switch (event.tag) {
    case 'leave':
      return state.leaving ? [state, []] : [{ ...state, leaving: true }, [{ tag: 'leave' }]]
    case 'goaway': {
      if (state.streams !== undefined) return violation(state, 'goaway twice')
      const heard = { ...state, streams: event.streams, leaving: true }
      return complete(heard, state.leaving ? [] : [{ tag: 'leave' }])
    }
    case 'streamEnded':
      return complete({ ...state, endedStreams: state.endedStreams + 1 }, [])
    case 'gone':
      if (!state.leaving || state.heardGone) return violation(state, 'gone out of turn')
      return complete({ ...state, heardGone: true }, [])
  }
}

/** What follows once everything of the peer is here. */
function complete(state: FarewellState, actions: readonly FarewellAction[]): FarewellStep {
  const { streams, endedStreams, saidGone, heardGone } = state
  if (streams === undefined || endedStreams < streams) return [state, actions]
  const said = { ...state, saidGone: true }
  return [
    said,
    [
      ...actions,
      ...(saidGone ? [] : [{ tag: 'sayGone' } as const]),
      ...(heardGone ? [{ tag: 'close' } as const] : []),
    ],
  ]
}

function violation(state: FarewellState, what: string): FarewellStep {
  return [state, [{ tag: 'violation', what }]]
}
