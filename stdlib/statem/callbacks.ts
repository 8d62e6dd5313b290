/**
 * The callbacks of a state machine as its process sees them: by the name of the state and of the
 * operation, both callback modes alike (rule F1). What the program gave is checked when it is
 * given.
 *
 * Handlers of one state take `(data, arg, self, from)`; those for all states take the present state
 * as `{ state, data }` in place of the data. `handleEvent` takes that, the event and `self`, for
 * the operations the program names: others may come from another node, and must not reach it.
 */
import { BadArgument, type Reason, type Self } from '../../runtime/index.ts'
import { checkKeys, functionIn, type Given, objectIn, requiredIn } from '../given.ts'
import { Operations } from '../operations.ts'
import type { StatemEvent } from './event.ts'

type Present = { readonly state: string; readonly data: unknown }
type Handler = (now: Present, event: StatemEvent, self: Self) => unknown

const sections = ['calls', 'casts', 'internal', 'timeouts'] as const
const singles = ['info', 'stateTimeout', 'eventTimeout'] as const
const handlerNames: readonly string[] = [...sections, ...singles]
const callbackNames: readonly string[] = [
  'init',
  'states',
  'common',
  'handleEvent',
  'operations',
  'enter',
  'terminate',
  'formatStatus',
]

type Group = Readonly<Record<string, Handler>>
type Groups = { readonly [section in (typeof sections)[number]]: Group }
type Singles = { readonly [single in (typeof singles)[number]]?: Handler }
type Handlers = Groups & Singles

/** Handlers of one state, by tag and operation. */
class Table {
  readonly #call: Operations<Handler>
  readonly #cast: Operations<Handler>
  readonly #internal: Operations<Handler>
  readonly #timeout: Operations<Handler>
  readonly #singles: Singles

  constructor(handlers: Handlers) {
    this.#call = new Operations(handlers.calls)
    this.#cast = new Operations(handlers.casts)
    this.#internal = new Operations(handlers.internal)
    this.#timeout = new Operations(handlers.timeouts)
    this.#singles = handlers
  }

  find({ tag, op }: StatemEvent): Handler | undefined {
    switch (tag) {
      case 'call':
        return this.#call.find(op)
      case 'cast':
        return this.#cast.find(op)
      case 'internal':
        return this.#internal.find(op)
      case 'timeout':
        return this.#timeout.find(op)
      default:
        return this.#singles[tag]
    }
  }
}

export class StatemCallbacks {
  readonly init: Given
  readonly terminate: Given | undefined
  readonly formatStatus: Given | undefined
  /** Null: one function handles every state there is. */
  readonly #states: ReadonlyMap<string, Table> | null
  readonly #every: Table
  readonly #enter: ReadonlyMap<string, Given>
  readonly #enterAny: Given | undefined

  constructor(given: object) {
    checkKeys('genStatem', given, callbackNames, 'callback')
    this.init = requiredIn(given, 'init')
    this.terminate = functionIn(given, 'terminate')
    this.formatStatus = functionIn(given, 'formatStatus')
    const handleEvent = functionIn(given, 'handleEvent')
    const states = objectIn(given, 'states')
    if ((handleEvent === undefined) === (states === undefined)) {
      throw new BadArgument('genStatem: expected either states or handleEvent')
    }
    if (handleEvent !== undefined) {
      this.#states = null
      this.#every = oneForAll(handleEvent, objectIn(given, 'operations') ?? {})
      this.#enter = new Map()
      this.#enterAny = functionIn(given, 'enter')
    } else {
      const common = handlersIn('common', objectIn(given, 'common') ?? {}, ofAnyState)
      const tables = new Map<string, Table>()
      const enter = new Map<string, Given>()
      for (const [name, value] of entriesIn('states', states ?? {})) {
        const own = handlersIn(`states.${name}`, value, ofOneState)
        tables.set(name, new Table(merged(common, own)))
        const entering = functionIn(value, 'enter', `states.${name}.`)
        if (entering !== undefined) enter.set(name, entering)
      }
      this.#states = tables
      this.#every = new Table(common)
      this.#enter = enter
      this.#enterAny = undefined
    }
  }

  has(state: string): boolean {
    return this.#states === null || this.#states.has(state)
  }

  enters(state: string): boolean {
    return this.#enterAny !== undefined || this.#enter.has(state)
  }

  find(state: string, event: StatemEvent): Handler | undefined {
    return (this.#states?.get(state) ?? this.#every).find(event)
  }

  enter(now: Present, previous: string, self: Self): unknown {
    const own = this.#enter.get(now.state)
    if (own !== undefined) return own(now.data, previous, self)
    return this.#enterAny?.(presentOf(now), previous, self)
  }

  lastWords(now: Present, reason: Reason, self: Self): unknown {
    return this.terminate?.(reason, presentOf(now), self)
  }

  /** What `sys.getStatus` shows. */
  format(now: Present): unknown {
    const present = presentOf(now)
    return this.formatStatus === undefined ? present : this.formatStatus(present)
  }
}

/** Only what a handler may see of the machine. */
function presentOf({ state, data }: Present): Present {
  return { state, data }
}

function ofOneState(given: Given): Handler {
  return ({ data }, { arg, from }, self) => given(data, arg, self, from)
}

function ofAnyState(given: Given): Handler {
  return (now, { arg, from }, self) => given(presentOf(now), arg, self, from)
}

function handlersIn(path: string, value: object, adapt: (given: Given) => Handler): Handlers {
  checkKeys(path, value, path === 'common' ? handlerNames : [...handlerNames, 'enter'], 'callback')
  const group = (section: string): Group => {
    const given = objectIn(value, section, `${path}.`) ?? {}
    return Object.fromEntries(
      Object.keys(given).flatMap((op) => {
        const handler = functionIn(given, op, `${path}.${section}.`)
        return handler === undefined ? [] : [[op, adapt(handler)]]
      }),
    )
  }
  const single = (name: (typeof singles)[number]): Singles => {
    const handler = functionIn(value, name, `${path}.`)
    return handler === undefined ? {} : { [name]: adapt(handler) }
  }
  return {
    calls: group('calls'),
    casts: group('casts'),
    internal: group('internal'),
    timeouts: group('timeouts'),
    ...single('info'),
    ...single('stateTimeout'),
    ...single('eventTimeout'),
  }
}

/** What a state has of its own counts before what all have in common. */
function merged(common: Handlers, own: Handlers): Handlers {
  return {
    ...common,
    ...own,
    calls: { ...common.calls, ...own.calls },
    casts: { ...common.casts, ...own.casts },
    internal: { ...common.internal, ...own.internal },
    timeouts: { ...common.timeouts, ...own.timeouts },
  }
}

function oneForAll(handleEvent: Given, operations: object): Table {
  checkKeys('operations', operations, sections, 'callback')
  const handler: Handler = (now, event, self) => handleEvent(presentOf(now), event, self)
  const group = (section: string): Group => {
    const named = Object.keys(objectIn(operations, section, 'operations.') ?? {})
    return Object.fromEntries(named.map((op) => [op, handler]))
  }
  return new Table({
    calls: group('calls'),
    casts: group('casts'),
    internal: group('internal'),
    timeouts: group('timeouts'),
    info: handler,
    stateTimeout: handler,
    eventTimeout: handler,
  })
}

function entriesIn(path: string, value: object): [string, object][] {
  return Object.keys(value).map((key) => [key, objectIn(value, key, `${path}.`) ?? {}])
}
