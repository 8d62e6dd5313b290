/**
 * What the compiler must refuse about state machines: data of the wrong state, states and timeouts
 * that do not exist, replies of the wrong type, what `enter` may not do, events nobody handles.
 * `tsc` checks this file and nothing runs it.
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
  start,
  stop,
  stopAndReply,
  to,
} from '../../stdlib/index.ts'

type Door = {
  calls: { enterCode: (code: string) => 'opened' | 'wrong'; tries: () => number }
  casts: { push: () => void }
  internal: { check: (digits: readonly number[]) => void }
  timeouts: { alarm: () => void; lease: (owner: string) => void }
}

type States = {
  locked: { readonly code: string; readonly tries: number }
  open: { readonly code: string; readonly waiting: readonly From<number>[] }
}

declare const self: Self
declare const door: Ref<Door>

export const Door1 = genStatem<Door, States>('types.door')({
  init: (code: string) => to('locked', { code, tries: 0 }, { timeouts: { alarm: 1_000 } }),
  states: {
    locked: {
      enter: (data, previous) => keep(data, { stateTimeoutMs: previous === 'open' ? 5 : 10 }),
      calls: {
        enterCode: (data, code) => {
          if (code !== data.code) {
            return keep({ ...data, tries: data.tries + 1 }, { reply: 'wrong' })
          }
          return to(
            'open',
            { code, waiting: [] },
            { reply: 'opened', timeouts: { alarm: 'cancel', lease: { ms: 5, arg: 'me' } } },
          )
        },
      },
      casts: { push: postpone },
      internal: { check: (data) => keep(data) },
      stateTimeout: (data) => keep(data, { next: [{ tag: 'internal', op: 'check', arg: [1] }] }),
    },
    open: {
      enter: (data) => repeat(data, { eventTimeoutMs: { update: 1 } }),
      calls: { enterCode: (_data, _code, _self, from) => keepReply(from) },
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
    calls: { tries: (now) => (now.state === 'open' ? postpone() : reply(now.data.tries)) },
    timeouts: {
      alarm: (now) => stopAndReply('alarm', now.state === 'open' ? now.data.waiting.map(zero) : []),
      lease: (_now, owner) => keepNothing(owner),
    },
  },
})

const zero = (from: From<number>) => answer(from, 0)
const keepReply = (from: From<'opened' | 'wrong'>) => stopAndReply('x', [answer(from, 'opened')])
const keepNothing = (_owner: string) => keep()
const reply = (tries: number) => stopAndReply('x', []) as never as ReturnType<typeof keep> & typeof tries
export const fine = [
  call(self, door, 'enterCode', '1') satisfies Promise<'opened' | 'wrong'>,
  cast(self, door, 'push'),
  start(self, Door1, '1234'),
]
