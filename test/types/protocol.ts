/**
 * What the compiler must refuse about protocols, servers and their clients. `tsc` checks this file
 * and nothing runs it: a line marked as an error that compiles is itself an error.
 */
import type { LocalNode, Ref, Self } from '../../runtime/index.ts'
import {
  at,
  call,
  callWithin,
  cast,
  type From,
  genServer,
  local,
  next,
  reply,
  replyTo,
  start,
  startLink,
  stopReply,
} from '../../stdlib/index.ts'

type Counter = {
  calls: {
    get: () => number
    incr: (by: number) => number
    find: (query: { readonly key: string }) => string | null
  }
  casts: { reset: () => void; add: (n: number) => void }
}

type Other = { calls: { hello: () => string } }

declare const self: Self
declare const node: LocalNode
declare const counter: Ref<Counter>
declare const other: Ref<Other>

const Count = genServer<Counter>('types.counter')({
  init: (first: number) => first,
  calls: {
    get: (total) => reply(total, total),
    incr: (total, by) => reply(total + by, total + by),
    find: (total, { key }) => reply(key === '' ? null : key, total),
  },
  casts: { reset: () => next(0), add: (total, n) => next(total + n) },
})

export const fine = [
  call(self, counter, 'get') satisfies Promise<number>,
  call(node, counter, 'incr', 1) satisfies Promise<number>,
  callWithin(self, 10, local(Count, 'c'), 'find', { key: 'k' }) satisfies Promise<string | null>,
  call(self, at('a@host', Count, 'c'), 'get') satisfies Promise<number>,
  cast(self, counter, 'add', 1),
  start(node, Count, 1),
]

export const clients = [
  // @ts-expect-error: no such operation
  call(self, counter, 'got'),
  // @ts-expect-error: an operation of another protocol
  call(self, other, 'get'),
  // @ts-expect-error: wrong argument
  call(self, counter, 'incr', '1'),
  // @ts-expect-error: a missing argument
  call(self, counter, 'incr'),
  // @ts-expect-error: one argument too many
  call(self, counter, 'get', 1),
  // @ts-expect-error: a wrong field
  call(self, counter, 'find', { name: 'k' }),
  // @ts-expect-error: wrong reply type
  call(self, counter, 'get') satisfies Promise<string>,
  // @ts-expect-error: a call of a cast
  call(self, counter, 'reset'),
  // @ts-expect-error: a cast of a call
  cast(self, counter, 'incr', 1),
  // @ts-expect-error: wrong argument of a cast
  cast(self, counter, 'add', null),
  // @ts-expect-error: the time comes second
  callWithin(self, counter, 10, 'get'),
  // @ts-expect-error: a name remembers its protocol
  call(self, local(Count, 'c'), 'hello'),
  // @ts-expect-error: so does a name elsewhere
  call(self, at('a@host', Count, 'c'), 'hello'),
]

// @ts-expect-error: a ref of another protocol
export const asOther: Ref<Other> = counter
// @ts-expect-error: and the other way round
export const asCounter: Ref<Counter> = other

export const starts = [
  // @ts-expect-error: a wrong argument of init
  start(self, Count, 'one'),
  // @ts-expect-error: a missing argument of init
  start(self, Count),
  // @ts-expect-error: an unknown option
  start(self, Count, 1, { names: 'c' }),
  // @ts-expect-error: host code cannot link
  startLink(node, Count, 1),
]

export const missing = genServer<Counter>('types.missing')({
  init: () => 0,
  // @ts-expect-error: an operation without a handler
  calls: { get: (total) => reply(total, total), incr: (total) => reply(total, total) },
  casts: { reset: () => next(0), add: (total) => next(total) },
})

// @ts-expect-error: no calls at all
export const none = genServer<Counter>('types.none')({ init: () => 0 })

export const unknown = genServer<Other>('types.unknown')({
  init: () => 0,
  calls: {
    hello: (state) => reply('hello', state),
    // @ts-expect-error: a handler of no operation
    goodbye: (state) => reply('bye', state),
  },
})

export const wrongReply = genServer<Other>('types.wrongReply')({
  init: () => 0,
  calls: {
    // @ts-expect-error: the reply is a string
    hello: (state) => reply(1, state),
  },
})

export const wrongStopReply = genServer<Other>('types.wrongStopReply')({
  init: () => 0,
  calls: {
    // @ts-expect-error: the reply is a string
    hello: (state) => stopReply('normal', 1, state),
  },
})

export const wrongState = genServer<Other>('types.wrongState')({
  init: (): { readonly total: number } => ({ total: 0 }),
  calls: {
    // @ts-expect-error: the state is an object
    hello: () => reply('hello', 1),
  },
})

export const optional = genServer<{ calls: { perhaps: (arg?: number) => number } }>(
  'types.optional',
)({
  init: () => 0,
  calls: {
    // @ts-expect-error: the argument may be absent
    perhaps: (state, arg) => reply(arg + 1, state),
  },
})

export const wrongStateOfCast = genServer<Counter>('types.wrongStateOfCast')({
  init: () => 0,
  calls: {
    get: (total) => reply(total, total),
    incr: (total) => reply(total, total),
    find: (total) => reply(null, total),
  },
  casts: {
    // @ts-expect-error: the state is a number
    reset: () => next('zero'),
    add: (total, n) => next(total + n),
  },
})

export const castReplies = genServer<{ casts: { note: () => void } }>('types.castReplies')({
  init: () => 0,
  casts: {
    // @ts-expect-error: nobody waits for the answer of a cast
    note: (state) => reply('noted', state),
  },
})

export const noOutcome = genServer<Other>('types.noOutcome')({
  init: () => 0,
  calls: {
    // @ts-expect-error: a handler returns an outcome, not the reply
    hello: () => 'hello',
  },
})

declare const fromNumber: From<number>
declare const fromString: From<string>

replyTo(self, fromNumber, 1)
// @ts-expect-error: the caller waits for a number
replyTo(self, fromNumber, 'one')
// @ts-expect-error: a From of another reply
export const asNumber: From<number> = fromString

export const wrongFrom = genServer<Other>('types.wrongFrom')({
  init: (): { waiting: From<number>[] } => ({ waiting: [] }),
  calls: {
    hello: (state, _arg, _self, from) => {
      // @ts-expect-error: it waits for a string
      state.waiting.push(from)
      return next(state)
    },
  },
})
