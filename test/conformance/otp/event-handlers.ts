/** What the gen_event suites share: a handler that does as told and leaves a record of its life. */
import type { Module, Ref, Self } from '../../../runtime/index.ts'
import {
  type EventHandler,
  type EventManager,
  eventHandler,
  genEvent,
  type HandlerSpec,
  next,
  type Previous,
  type Removal,
  remove,
  removeReply,
  reply,
  start,
  stop,
  swap,
  swapReply,
} from '../../../stdlib/index.ts'

export type Told =
  | { readonly tag: 'note'; readonly text: string }
  | { readonly tag: 'fail' | 'remove' | 'hang' | 'reject' | 'bad' | 'throwRemove' }
  | { readonly tag: 'swap'; readonly to: string; readonly arg?: unknown }

export type Asked = {
  calls: {
    log: () => string[]
    add: (n: number) => number
    fail: () => null
    bad: () => null
    unsendable: () => null
    removeYourself: () => string
    swapYourself: (to: string) => string
  }
}

/** How `init` goes: `refuse`, `throw`, `hang`, `bad`; anything else succeeds. */
export type First = { readonly how?: string; readonly last?: unknown } | undefined

export type Log = {
  readonly module: EventHandler<Told, Asked, First>
  /** `init a`, `event a text`, `terminate a {...}`, in the order it happened. */
  readonly life: string[]
}

type State = { readonly texts: readonly string[]; readonly last: unknown }

/** A handler module `name`; the spec of another of the same kind stands for `to`. */
export function recorder(name: string): Log {
  const life: string[] = []
  const specOf = (to: string): HandlerSpec<Told> => ({ module: to, id: null, arg: undefined })
  const act = (state: State, told: Told) => {
    switch (told.tag) {
      case 'note':
        life.push(`event ${name} ${told.text}`)
        return next({ ...state, texts: [...state.texts, told.text] })
      case 'fail':
        throw new Error(`${name} failed`)
      case 'reject':
        return Promise.reject(new Error(`${name} rejected`))
      case 'hang':
        return new Promise<never>(() => undefined)
      case 'remove':
        return remove(state)
      case 'throwRemove':
        throw remove(state)
      case 'swap':
        return swap(state, specOf(told.to), told.arg)
      case 'bad':
        return untyped({ tag: 'ok' })
    }
  }
  const module = eventHandler<Told, Asked>(name)({
    init: (first: First, _self: Self, previous: Previous | undefined) => {
      life.push(previous === undefined ? `init ${name}` : `init ${name} ${text(previous)}`)
      if (first?.how === 'refuse') return stop({ tag: 'refused', by: name })
      if (first?.how === 'throw') throw new Error(`${name} cannot start`)
      if (first?.how === 'hang') return new Promise<State>(() => undefined)
      if (first?.how === 'bad') return untyped(remove(1))
      return { texts: [], last: first?.last ?? `last words of ${name}` }
    },
    event: act,
    calls: {
      log: (state) => reply([...state.texts], state),
      add: async (state, n) => reply(state.texts.length + n, state),
      fail: () => {
        throw new Error(`${name} failed in a call`)
      },
      bad: (state) => untyped(next(state)),
      unsendable: (state) =>
        reply(
          untyped(() => 1),
          state,
        ),
      removeYourself: (state) => removeReply('gone', state),
      swapYourself: (state, to) => swapReply('swapped', state, specOf(to), 'from a call'),
    },
    info: (state, message) => {
      life.push(`info ${name} ${text(message)}`)
      return next(state)
    },
    terminate: (why: Removal, state) => {
      life.push(`terminate ${name} ${textOfRemoval(why)}`)
      if (state.last === 'throw') throw new Error(`${name} cannot end`)
      if (state.last === 'unsendable') return () => 1
      if (state.last === 'hang') return new Promise(() => undefined)
      return state.last
    },
  })
  return { module, life }
}

/** Handlers are typed as what they must return; these tests return what they must not as well. */
export const untyped = (value: unknown): never => value as never

function text(value: unknown): string {
  return JSON.stringify(value)
}

function textOfRemoval(why: Removal): string {
  if (why.tag === 'error') return `error ${reasonText(why.reason)}`
  return why.tag === 'ownerExit' ? `ownerExit ${reasonText(why.reason)}` : text(why)
}

/** A reason without its stack. */
export function reasonText(reason: unknown): string {
  if (typeof reason !== 'object' || reason === null) return String(reason)
  const { stack, ...rest } = { stack: '', ...reason }
  return text(rest)
}

export function managerOf(...logs: readonly Log[]): Module<EventManager<Told>, void> {
  return genEvent<Told>('manager')({ handlers: logs.map(({ module }) => module) })
}

/** Starts a manager that must start, not linked with the caller. */
export async function manage(
  self: Self,
  ...logs: readonly Log[]
): Promise<Ref<EventManager<Told>>> {
  const started = await start(self, managerOf(...logs))
  if (started.tag !== 'ok') throw new Error(`the manager starts: ${JSON.stringify(started)}`)
  return started.pid
}

export const note = (text: string): Told => ({ tag: 'note', text })
