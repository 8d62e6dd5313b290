/**
 * What the compiler must refuse about state machines: data of the wrong state, states and timeouts
 * that do not exist, replies of the wrong type, what `enter` may not do, events nobody handles.
 * `tsc` checks this file and nothing runs it: a line marked as an error that compiles is itself an
 * error.
 */
import type { Ref, Self } from '../../runtime/index.ts'
import {
  answer,
  call,
  cast,
  type From,
  genStatem,
  keep,
  postpone,
  repeat,
  reply,
  replyTo,
  start,
  stay,
  stop,
  stopAndReply,
  stopReply,
  to,
} from '../../stdlib/index.ts'
import type { StateCallbacks } from '../../stdlib/statem/handlers.ts'

type Door = {
  calls: { enterCode: (code: string) => 'opened' | 'wrong'; tries: () => number }
  casts: { push: () => void }
  internal: { check: (digits: readonly number[]) => void }
  timeouts: { alarm: () => void; lease: (owner: string) => void }
}

type Doors = {
  locked: { readonly code: string; readonly tries: number }
  open: { readonly code: string; readonly waiting: readonly From<number>[] }
}

declare const self: Self
declare const door: Ref<Door>
declare const numberFrom: From<number>
declare const lampRef: Ref<Lamp>

const zero = (from: From<number>) => answer(from, 0)

const Whole = genStatem<Door, Doors>('types.whole')({
  init: (code: string) => to('locked', { code, tries: 0 }, { timeouts: { alarm: 1_000 } }),
  states: {
    locked: {
      enter: (data, previous) => keep(data, { stateTimeoutMs: previous === 'open' ? 5 : 10 }),
      calls: {
        enterCode: (data, code) => {
          if (code !== data.code) {
            return keep({ ...data, tries: data.tries + 1 }, { reply: 'wrong' })
          }
          const timeouts = { alarm: 'cancel', lease: { ms: 5, arg: 'me' } } as const
          return to('open', { code, waiting: [] }, { reply: 'opened', timeouts })
        },
      },
      casts: { push: postpone },
      internal: { check: (data) => keep(data) },
      stateTimeout: () => stay({ next: [{ tag: 'internal', op: 'check', arg: [1] }] }),
    },
    open: {
      enter: (data) => repeat(data, { eventTimeoutMs: { update: 1 } }),
      calls: {
        enterCode: (data, _code, _self, from) => stopAndReply('x', [answer(from, 'opened')], data),
      },
      casts: {
        push: async (data) =>
          to('locked', { code: data.code, tries: 0 }, { replies: data.waiting.map(zero) }),
      },
      internal: {
        check: (data, digits) => stop({ tag: 'odd', digits: digits.length }, data),
      },
    },
  },
  common: {
    calls: {
      tries: (now) => (now.state === 'open' ? postpone() : stay({ reply: now.data.tries })),
    },
    timeouts: {
      alarm: (now) => stopAndReply('alarm', now.state === 'open' ? now.data.waiting.map(zero) : []),
      lease: (_now, owner) => stay({ timeouts: { lease: { update: owner } } }),
    },
  },
  terminate: (_reason, now) => {
    // @ts-expect-error: an open door counts no tries
    if (now.state === 'open') return now.data.tries
  },
})

export const fine = [
  call(self, door, 'enterCode', '1') satisfies Promise<'opened' | 'wrong'>,
  cast(self, door, 'push'),
  start(self, Whole, '1234'),
]

export const clients = [
  // @ts-expect-error: no such operation
  call(self, door, 'enter'),
  // @ts-expect-error: a cast is not called
  call(self, door, 'push'),
  // @ts-expect-error: a call is not cast
  cast(self, door, 'tries'),
  // @ts-expect-error: a wrong argument
  call(self, door, 'enterCode', 1234),
  // @ts-expect-error: a missing argument
  call(self, door, 'enterCode'),
  // @ts-expect-error: an argument too many
  cast(self, door, 'push', 1),
  // @ts-expect-error: the reply is a number
  call(self, door, 'tries') satisfies Promise<string>,
  // @ts-expect-error: no such operation of this machine
  call(self, lampRef, 'tries'),
  // @ts-expect-error: internal events are the machine's own
  cast(self, door, 'check', [1]),
  // @ts-expect-error: so are its timeouts
  cast(self, door, 'alarm'),
  // @ts-expect-error: a wrong argument of init
  start(self, Whole, 1234),
  // @ts-expect-error: a missing argument of init
  start(self, Whole),
]

// @ts-expect-error: a ref of another machine
export const asDoor: Ref<Door> = lampRef

type Lamp = {
  calls: { flip: () => number }
  casts: { wait: (ms: number) => void }
  timeouts: { fade: (level: number) => void }
}
type Lamps = { off: { readonly flips: number }; on: { readonly flips: number; readonly w: number } }

const lamp = genStatem<Lamp, Lamps>('types.lamp')
const off = { flips: 0 }
const on = { flips: 1, w: 60 }

/** Everything a state has to have, for the cases that break one thing. */
const rest = {
  casts: { wait: () => stay() },
  timeouts: { fade: () => stay() },
}

lamp({
  // @ts-expect-error: no such state
  init: () => to('dim', off),
  states: {
    off: { calls: { flip: () => stay() }, ...rest },
    on: { calls: { flip: () => stay() }, ...rest },
  },
})

lamp({
  // @ts-expect-error: the data of another state
  init: () => to('on', off),
  states: {
    off: { calls: { flip: () => stay() }, ...rest },
    on: { calls: { flip: () => stay() }, ...rest },
  },
})

lamp({
  // @ts-expect-error: a plain value is no first state
  init: () => off,
  states: {
    off: { calls: { flip: () => stay() }, ...rest },
    on: { calls: { flip: () => stay() }, ...rest },
  },
})

lamp({
  // @ts-expect-error: there is nothing to postpone yet
  init: () => to('off', off, { postpone: true }),
  states: {
    off: { calls: { flip: () => stay() }, ...rest },
    on: { calls: { flip: () => stay() }, ...rest },
  },
})

declare const wrongFrom: From<string>

type Off = StateCallbacks<
  Lamp,
  Lamps,
  'off',
  { calls: never; casts: never; internal: never; timeouts: never }
>

export const flips: readonly Off['calls']['flip'][] = [
  (data) => keep(data),
  // @ts-expect-error: no such state
  () => to('dim', off),
  // @ts-expect-error: the data of another state
  () => to('on', { flips: 1 }),
  // @ts-expect-error: a field of the wrong type
  () => to('on', { flips: '1', w: 60 }),
  // @ts-expect-error: the data of another state cannot be kept
  () => keep({ total: 1 }),
  // @ts-expect-error: nor repeated
  () => repeat({ total: 1 }),
  // @ts-expect-error: nor left behind
  () => stop('done', { total: 1 }),
  // @ts-expect-error: the reply is a number
  () => to('on', on, { reply: 'one' }),
  // @ts-expect-error: so it is when the state stays
  () => stay({ reply: 'one' }),
  // @ts-expect-error: so it is to its `from`
  (_data, _arg, _self, from) => stay({ replies: [answer(from, 'one')] }),
  // @ts-expect-error: no such timeout
  () => stay({ timeouts: { glow: 10 } }),
  // @ts-expect-error: a timeout without its argument
  () => stay({ timeouts: { fade: 10 } }),
  // @ts-expect-error: a timeout with a wrong argument
  () => stay({ timeouts: { fade: { ms: 10, arg: 'x' } } }),
  // @ts-expect-error: no such setting
  () => stay({ stateTimeoutMs: 'stop' }),
  // @ts-expect-error: no such event
  () => stay({ next: [{ tag: 'cast', op: 'flip', arg: 1 }] }),
  // @ts-expect-error: an event with a wrong argument
  () => stay({ next: [{ tag: 'cast', op: 'wait', arg: 'x' }] }),
  // @ts-expect-error: an event without its argument
  () => stay({ next: [{ tag: 'cast', op: 'wait' }] }),
  // @ts-expect-error: a call needs somebody to answer
  () => stay({ next: [{ tag: 'call', op: 'flip' }] }),
  // @ts-expect-error: whose reply is a number
  () => stay({ next: [{ tag: 'call', op: 'flip', from: wrongFrom }] }),
  // @ts-expect-error: an outcome of a server
  (data) => reply(1, data),
  // @ts-expect-error: another outcome of a server
  (data) => stopReply('x', 1, data),
  // @ts-expect-error: the reply itself is no outcome
  () => 1,
]

export const enters: readonly Off['enter'][] = [
  (data) => to('off', data),
  // @ts-expect-error: a state entered cannot be left at once
  (data) => to('on', { ...data, w: 1 }),
  // @ts-expect-error: `enter` has no event to postpone
  () => postpone(),
  // @ts-expect-error: nor by option
  (data) => keep(data, { postpone: true }),
  // @ts-expect-error: `enter` inserts no events
  () => stay({ next: [{ tag: 'cast', op: 'wait', arg: 1 }] }),
  // @ts-expect-error: `enter` has nobody to answer
  () => stay({ reply: 1 }),
  // @ts-expect-error: the data of another state
  () => keep({ w: 1 }),
]

lamp({
  init: () => to('off', off),
  states: {
    // @ts-expect-error: a cast has nobody to answer
    off: { calls: { flip: () => stay() }, ...rest, casts: { wait: () => stay({ reply: 1 }) } },
    on: { calls: { flip: () => stay() }, ...rest },
  },
})

lamp({
  init: () => to('off', off),
  states: {
    // @ts-expect-error: the call is handled nowhere
    off: { ...rest },
    on: { calls: { flip: () => stay() }, ...rest },
  },
})

lamp({
  init: () => to('off', off),
  // @ts-expect-error: a state without handlers
  states: { off: { calls: { flip: () => stay() }, ...rest } },
})

lamp({
  init: () => to('off', off),
  states: {
    // @ts-expect-error: the timeout is handled in one state only
    off: { calls: { flip: () => stay() }, casts: { wait: () => stay() } },
    on: { calls: { flip: () => stay() }, ...rest },
  },
})

lamp({
  init: () => to('off', off),
  states: { off: rest, on: rest },
  common: {
    calls: {
      // @ts-expect-error: the data may be that of another state
      flip: (now) => keep(now.data),
    },
  },
})

lamp({
  init: () => to('off', off),
  states: { off: rest, on: rest },
  common: {
    // @ts-expect-error: the reply is a number
    calls: { flip: () => stay({ reply: 'one' }) },
  },
})

lamp({
  init: () => to('off', off),
  // @ts-expect-error: an operation of no protocol
  common: { calls: { flip: () => stay(), flop: () => stay() } },
  states: { off: rest, on: rest },
})

const operations = {
  calls: { flip: true },
  casts: { wait: true },
  timeouts: { fade: true },
} as const

export const byEvent = lamp({
  init: () => to('off', off),
  operations,
  enter: (now) => stay({ stateTimeoutMs: now.state === 'on' ? 10 : 'cancel' }),
  handleEvent: (now, event) => {
    if (event.tag === 'cast') return stay({ eventTimeoutMs: event.arg })
    if (event.tag !== 'call') return stay()
    const { flips } = now.data
    const replies = [answer(event.from, flips)]
    if (now.state === 'on') return to('off', { flips }, { replies })
    return to('on', { flips: flips + 1, w: 60 }, { replies })
  },
})

lamp({
  init: () => to('off', off),
  operations,
  // @ts-expect-error: the data of another state
  handleEvent: () => to('on', off),
})

lamp({
  init: () => to('off', off),
  operations,
  handleEvent: (_now, event) =>
    // @ts-expect-error: the caller waits for a number
    event.tag === 'call' ? stay({ replies: [answer(event.from, 'one')] }) : stay(),
})

lamp({
  init: () => to('off', off),
  operations,
  // @ts-expect-error: which call is it?
  handleEvent: () => stay({ reply: 1 }),
})

lamp({
  init: () => to('off', off),
  // @ts-expect-error: an operation that is not named would never arrive
  operations: { calls: { flip: true }, timeouts: { fade: true } },
  handleEvent: () => stay(),
})

// @ts-expect-error: one callback mode, not both
lamp({
  init: () => to('off', off),
  operations,
  handleEvent: () => stay(),
  states: {
    off: { calls: { flip: () => stay() }, ...rest },
    on: { calls: { flip: () => stay() }, ...rest },
  },
})

// @ts-expect-error: the argument is no plain data
genStatem<{ calls: { run: (f: () => void) => void } }, Lamps>('types.unsendable')

// @ts-expect-error: events are calls, casts, internal and timeouts
genStatem<{ call: { run: () => void } }, Lamps>('types.misspelt')

// @ts-expect-error: the caller waits for a number
answer(numberFrom, 'one')

lamp({
  init: () => to('off', off),
  states: { off: rest, on: rest },
  common: {
    calls: {
      flip: (_now, _arg, own, from) => {
        // @ts-expect-error: the caller waits for a number
        replyTo(own, from, 'one')
        return stay()
      },
    },
  },
})
