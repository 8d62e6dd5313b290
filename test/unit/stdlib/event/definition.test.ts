/** Definitions of handlers and managers are checked where they are written. */
import {
  type EventHandler,
  eventHandler,
  genEvent,
  handler,
  next,
  startRuntime,
} from '../../../../src/index.ts'
import { assert, suite } from '../../../support/harness.ts'

const test = suite('event definitions')

const untyped = (value: unknown): never => value as never

const plain = eventHandler<null>('plain')({ init: () => 0, event: (state) => next(state) })

test('callbacks must be there, be functions, and be known', () => {
  const define = (callbacks: unknown) => () => eventHandler<null>('bad')(untyped(callbacks))
  const event = (state: number) => next(state)
  const init = () => 0
  assert.throws(define({ event }), /init: expected a function, got undefined/)
  assert.throws(define({ init }), /event: expected a function, got undefined/)
  assert.throws(define({ init, event: 1 }), /event: expected a function, got 1/)
  assert.throws(define({ init, event, calls: 1 }), /calls: expected an object, got 1/)
  assert.throws(define({ init, event, calls: { get: 1 } }), /get: expected a function, got 1/)
  assert.throws(define({ init, event, events: event }), /bad: there is no callback 'events'/)
  assert.throws(() => eventHandler<null>('')({ init, event }), /event handler name: expected/)
})

test('a manager lists handlers, each name once', () => {
  const bad: EventHandler<null>[] = untyped([{}])
  assert.throws(() => genEvent<null>('m')({ handlers: bad }), /handlers: expected event handlers/)
  const twice = [plain, plain]
  assert.throws(() => genEvent<null>('m')({ handlers: twice }), /two handlers are named 'plain'/)
  const late = { handlers: [], handlerTimeoutMs: -1 }
  assert.throws(() => genEvent<null>('m')(late), /handlerTimeoutMs: expected 0 to/)
})

test('a spec is data: its argument is frozen, an argument that is none is refused', () => {
  const lists = eventHandler<null>('lists')({
    init: (arg: { readonly list: unknown }) => arg,
    event: (state) => next(state),
  })
  const arg = { list: [1] }
  const spec = handler(lists, arg, { id: 'x' })
  assert.equal({ ...spec }, { module: 'lists', id: 'x', arg: { list: [1] } })
  assert.ok(Object.isFrozen(arg.list))
  assert.throws(() => handler(lists, { list: () => 1 }), /arg\.list: a function cannot be sent/)
  assert.throws(() => handler(lists, arg, { id: '' }), /id: expected a string of 1 to/)
  assert.throws(() => handler<null, {}, void>(untyped({ name: 'x' })), /expected an event handler/)
})

test('a manager is a module as any other', () => {
  const manager = genEvent<null>('m')({ handlers: [plain] })
  const node = startRuntime({ modules: [manager], quiet: true })
  assert.is(manager.name, 'm')
  return node.stop()
})

test.run()
