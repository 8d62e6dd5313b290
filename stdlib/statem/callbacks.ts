/**
 * The callbacks of a state machine as its process sees them: by the name of the state and of the
 * operation, both callback modes alike (rule F1). What the program gave is checked when it is given.
 *
 * Handlers of one state take `(data, arg, self, from)`; those for all states take the present state
 * as `{ state, data }` in place of the data. `handleEvent` takes that, the event and `self`, for the
 * operations the program names: others may come from another node, and must not reach it.
 */
import { BadArgument, type Reason, type Self } from '../../runtime/index.ts'
import { show } from '../../runtime/kernel.ts'
import type { StatemEvent } from './event.ts'

type Present = { readonly state: string; readonly data: unknown }
type Handler = (now: Present, event: StatemEvent, self: Self) => unknown
type Given = (...args: readonly unknown[]) => unknown

/** Handlers of one state, by tag and operation. */
type Table = ReadonlyMap<string, Handler>

const sections = ['calls', 'casts', 'internal', 'timeouts'] as const
const singles = ['info', 'stateTimeout', 'eventTimeout'] as const
const tagOf = { calls: 'call', casts: 'cast', internal: 'internal', timeouts: 'timeout' } as const

export class StatemCallbacks {
  readonly init: Given
  readonly terminate: Given | undefined
  /** Null: one function handles every state there is. */
  readonly #states: ReadonlyMap<string, Table> | null
  readonly #every: Table
  readonly #enter: ReadonlyMap<string, Given>
  readonly #enterAny: Given | undefined

  constructor(given: object) {
    const init = functionIn(given, 'init')
    if (init === undefined) throw new BadArgument('init: expected a function, got undefined')
    this.init = init
    this.terminate = functionIn(given, 'terminate')
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
      const common = tableOf('common', objectIn(given, 'common') ?? {}, ofAnyState)
      const tables = new Map<string, Table>()
      const enter = new Map<string, Given>()
      for (const [name, handlers] of entriesIn('states', states ?? {})) {
        tables.set(name, new Map([...common, ...tableOf(`states.${name}`, handlers, ofOneState)]))
        const entering = functionIn(handlers, 'enter', `states.${name}.`)
        if (entering !== undefined) enter.set(name, entering)
      }
      this.#states = tables
      this.#every = common
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
    const table = this.#states?.get(state) ?? this.#every
    return table.get(keyOf(event.tag, event.op))
  }

  enter(now: Present, previous: string, self: Self): unknown {
    const own = this.#enter.get(now.state)
    if (own !== undefined) return own(now.data, previous, self)
    return this.#enterAny?.(presentOf(now), previous, self)
  }

  lastWords(now: Present, reason: Reason, self: Self): unknown {
    return this.terminate?.(reason, presentOf(now), self)
  }
}

/** Only what a handler may see of the machine. */
function presentOf({ state, data }: Present): Present {
  return { state, data }
}

/** Operations are strings that peers choose: a key never runs into that of another tag. */
function keyOf(tag: string, op: string): string {
  return op === '' ? tag : `${tag} ${op}`
}

function ofOneState(given: Given): Handler {
  return ({ data }, { arg, from }, self) => given(data, arg, self, from)
}

function ofAnyState(given: Given): Handler {
  return (now, { arg, from }, self) => given(presentOf(now), arg, self, from)
}

function tableOf(path: string, handlers: object, adapt: (given: Given) => Handler): Table {
  checkKeys(path, handlers, [...sections, ...singles, 'enter'])
  const table = new Map<string, Handler>()
  for (const section of sections) {
    const group = objectIn(handlers, section, `${path}.`) ?? {}
    for (const op of Object.keys(group)) {
      const given = functionIn(group, op, `${path}.${section}.`)
      if (given !== undefined) table.set(keyOf(tagOf[section], op), adapt(given))
    }
  }
  for (const single of singles) {
    const given = functionIn(handlers, single, `${path}.`)
    if (given !== undefined) table.set(keyOf(single, ''), adapt(given))
  }
  return table
}

function oneForAll(handleEvent: Given, operations: object): Table {
  checkKeys('operations', operations, sections)
  const handler: Handler = (now, event, self) => handleEvent(presentOf(now), event, self)
  const table = new Map<string, Handler>(singles.map((single) => [keyOf(single, ''), handler]))
  for (const section of sections) {
    const group = objectIn(operations, section, 'operations.') ?? {}
    for (const op of Object.keys(group)) table.set(keyOf(tagOf[section], op), handler)
  }
  return table
}

function checkKeys(path: string, value: object, known: readonly string[]): void {
  for (const key of Object.keys(value)) {
    if (!known.includes(key)) throw new BadArgument(`${path}: there is no callback '${key}'`)
  }
}

function entriesIn(path: string, value: object): [string, object][] {
  return Object.keys(value).map((key) => [key, objectIn(value, key, `${path}.`) ?? {}])
}

function functionIn(value: object, key: string, path = ''): Given | undefined {
  const found: unknown = Reflect.get(value, key)
  if (found === undefined || isFunction(found)) return found
  throw new BadArgument(`${path}${key}: expected a function, got ${show(found)}`)
}

function objectIn(value: object, key: string, path = ''): object | undefined {
  const found: unknown = Reflect.get(value, key)
  if (found === undefined) return undefined
  if (typeof found === 'object' && found !== null) return found
  throw new BadArgument(`${path}${key}: expected an object, got ${show(found)}`)
}

function isFunction(value: unknown): value is Given {
  return typeof value === 'function'
}
