/** What the gen_statem suites share: a machine whose handlers are given per test. */
import { isDown, type Reason, type Ref, type Self } from '../../../runtime/index.ts'
import { call, type From, genStatem, keep, start, stay, to } from '../../../stdlib/index.ts'
import type { AnyOptions } from '../../../stdlib/statem/options.ts'

/** Whatever a test wants to happen, by operation. `log` gives what the handlers have noted. */
export type Open = {
  calls: { act: (n: number) => unknown; log: () => readonly string[] }
  casts: { act: (n: number) => void; note: (what: string) => void }
  internal: { step: (arg: string) => void }
  timeouts: { a: (arg: unknown) => void; b: (arg: unknown) => void }
}

type Log = readonly string[]
type State = 'a' | 'b' | 'c'

/** The present state, and the two most common things to do about it. */
export type Now = {
  readonly state: State
  readonly data: Log
  note(what: string, options?: AnyOptions): unknown
  go(state: State, what: string, options?: AnyOptions): unknown
}

export type Handlers = {
  readonly init?: (self: Self) => unknown
  readonly enter?: (now: Now, self: Self, previous: string) => unknown
  readonly act?: (now: Now, n: number, from: From<unknown> | null, self: Self) => unknown
  readonly note?: (now: Now, what: string, self: Self) => unknown
  readonly step?: (now: Now, arg: string, self: Self) => unknown
  readonly info?: (now: Now, message: unknown, self: Self) => unknown
  readonly a?: (now: Now, arg: unknown) => unknown
  readonly b?: (now: Now, arg: unknown) => unknown
  readonly stateTimeout?: (now: Now, arg: unknown) => unknown
  readonly eventTimeout?: (now: Now, arg: unknown) => unknown
  readonly terminate?: (reason: Reason, state: string, self: Self) => unknown
}

/** Handlers are typed as what they must return; these tests return what they must not as well. */
export function untyped<T = never>(value: unknown): T {
  return value as T
}

/** Without a handler of the test an event is noted. */
export function module(handlers: Handlers) {
  return genStatem<Open, { a: Log; b: Log; c: Log }>('open')({
    init: (_arg, self) => untyped(handlers.init?.(self) ?? to('a', [])),
    operations: {
      calls: { act: true, log: true },
      casts: { act: true, note: true },
      internal: { step: true },
      timeouts: { a: true, b: true },
    },
    enter: ({ state, data }, previous, self) =>
      untyped(handlers.enter?.(nowOf(state, data), self, previous) ?? stay()),
    handleEvent: ({ state, data }, event, self) => {
      const now = nowOf(state, data)
      const { tag, arg } = event
      if (tag === 'call' && event.op === 'log') return untyped(stay({ reply: data }))
      if (tag === 'call' || (tag === 'cast' && event.op === 'act')) {
        const from = tag === 'call' ? event.from : null
        return untyped(handlers.act ? handlers.act(now, Number(arg), from, self) : stay())
      }
      if (tag === 'info') return untyped(handlers.info?.(now, arg, self) ?? now.note(`info ${arg}`))
      const name = event.op ? event.op : tag === 'stateTimeout' ? tag : 'eventTimeout'
      const own: ((now: Now, arg: never, self: Self) => unknown) | undefined = handlers[name]
      return untyped(own ? own(now, untyped(arg), self) : now.note(`${name} ${String(arg)}`))
    },
    terminate: async (reason, { state }, self) => {
      await handlers.terminate?.(reason, state, self)
    },
  })
}

function nowOf(state: State, data: Log): Now {
  return {
    state,
    data,
    note: (what, options) => keep([...data, what], options ?? {}),
    go: (goal, what, options) => to(goal, [...data, what], options ?? {}),
  }
}

export async function machine(self: Self, handlers: Handlers): Promise<Ref<Open>> {
  const started = await start(self, module(handlers))
  if (started.tag !== 'ok') throw new Error(`it starts: ${JSON.stringify(started)}`)
  return started.pid
}

/** What has been noted, once everything sent before has been handled. */
export function logOf(self: Self, ref: Ref<Open>): Promise<Log> {
  return call(self, ref, 'log')
}

export async function endOf(self: Self, ref: Ref<Open>, act: () => unknown): Promise<Reason> {
  const monitor = self.monitor(ref)
  await act()
  return (await self.receive(isDown(monitor))).reason
}

/** An event that `step` handles. */
export function stepOf(arg: string): { tag: 'internal'; op: 'step'; arg: string } {
  return { tag: 'internal', op: 'step', arg }
}
