/** A server to be looked into, and ways to look at what was shown. */
import type { LocalNode, Pid, Ref, Self, TraceEvent } from '../../../runtime/index.ts'
import { genServer, next, reply, start, stopReply } from '../../../stdlib/index.ts'

export type Counter = {
  calls: {
    add: (n: number) => number
    late: () => string
    bye: () => string
    idle: (ms: number) => null
    /** Busy until it is sent `go on`. */
    busy: () => null
  }
  casts: { bump: (n: number) => void }
}

export type State = { readonly total: number; readonly boss: Pid | null; readonly secret: string }

export const counter = genServer<Counter>('sys.counter')({
  init: (boss: Pid | null): State => ({ total: 0, boss, secret: 'password' }),
  calls: {
    add: (state, n) => reply(state.total + n, { ...state, total: state.total + n }),
    late: (state) => next(state),
    bye: (state) => stopReply('normal', 'bye', state),
    idle: (state, timeoutMs) => reply(null, state, { timeoutMs }),
    busy: async (state, _arg, self) => {
      await self.receive((message) => message === 'go on')
      return reply(null, state)
    },
  },
  casts: { bump: (state, n) => next({ ...state, total: state.total + n }) },
  info: (state, message, self) => {
    if (state.boss !== null) self.send(state.boss, { tag: 'info', message })
    return next(state)
  },
  terminate: (reason, state, self) => {
    if (state.boss !== null) self.send(state.boss, { tag: 'terminating', reason })
  },
  formatStatus: ({ total }) => ({ total, secret: '***' }),
})

export async function begin(self: Self, boss: Pid | null = null): Promise<Ref<Counter>> {
  const started = await start(self, counter, boss)
  if (started.tag !== 'ok') throw new Error('it starts')
  return started.pid
}

export function totalOf(state: unknown): unknown {
  return typeof state === 'object' && state !== null && 'total' in state ? state.total : state
}

export type Logged = Extract<TraceEvent, { readonly tag: 'log' }>

export function logOf(node: LocalNode): Logged[] {
  const logged: Logged[] = []
  node.observe((event) => {
    if (event.tag === 'log') logged.push(event)
  })
  return logged
}
