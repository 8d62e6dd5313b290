/** What a program defines badly is refused where it is written, with the name of what is wrong. */
import { BadArgument, process, spawn } from '../../../runtime/index.ts'
import {
  call,
  child,
  dynamicSupervisor,
  eventHandler,
  genEvent,
  genServer,
  genStatem,
  next,
  reply,
  start,
  stay,
  stopServer,
  supervisor,
  to,
} from '../../../stdlib/index.ts'
import { assert, suite } from '../../support/harness.ts'
import { realNode } from '../runtime/node-fixture.ts'

const test = suite('definitions')

/** As a program without types may write it. */
const untyped = <T = never>(value: unknown): T => value as T

function refuses(body: () => unknown, message: string): void {
  try {
    body()
  } catch (error) {
    assert.is(error instanceof BadArgument && error.message, message)
    return
  }
  assert.unreachable(`nothing refused, expected: ${message}`)
}

const init = (): null => null
const define: (given: unknown) => unknown = untyped(genServer('bad'))
const tree: (name: string, describe: unknown) => unknown = untyped(supervisor)
const crowd: (name: string, describe: unknown) => unknown = untyped(dynamicSupervisor)
const childOf: (module: unknown, arg?: unknown, options?: unknown) => unknown = untyped(child)
const server = (given: object) => () => define(given)

test('genServer', () => {
  refuses(() => define(5), 'genServer: expected an object, got 5')
  refuses(server({}), 'init: expected a function, got undefined')
  refuses(server({ init: 'x' }), 'init: expected a function, got "x"')
  refuses(server({ init, call: {} }), "genServer: there is no callback 'call'")
  refuses(server({ init, calls: 7 }), 'calls: expected an object, got 7')
  refuses(server({ init, calls: { get: 7 } }), 'calls.get: expected a function, got 7')
  refuses(
    server({ init, casts: { put: undefined } }),
    'casts.put: expected a function, got undefined',
  )
  for (const name of ['info', 'continue', 'terminate', 'formatStatus']) {
    refuses(server({ init, [name]: {} }), `${name}: expected a function, got object with keys `)
  }
  refuses(
    () => genServer('')({ init }),
    'module name: expected a string of 1 to 255 characters, got ""',
  )
})

test('genServer, inline', () => {
  refuses(server({ init, inline: 'yes' }), 'inline: expected an object, got "yes"')
  refuses(server({ init, inline: null }), 'inline: expected an object, got null')
  refuses(server({ init, inline: { call: true } }), "inline: there is no option 'call'")
  refuses(server({ init, inline: { calls: 1 } }), 'inline.calls: expected true or false, got 1')
})

test('genStatem', () => {
  const machine = (given: unknown) => () => genStatem('bad')(untyped(given))
  refuses(machine(null), 'genStatem: expected an object, got null')
  refuses(machine({ states: {} }), 'init: expected a function, got undefined')
  refuses(machine({ init, states: { a: 5 } }), 'states.a: expected an object, got 5')
})

test('genEvent and its handlers', () => {
  const handler: (given: unknown) => unknown = untyped(eventHandler<string>('bad'))
  const manager = (given: unknown) => () => genEvent<string>('bad')(untyped(given))
  refuses(manager(undefined), 'genEvent: expected an object, got undefined')
  refuses(manager({ handlers: 5 }), 'handlers: expected an array, got 5')
  refuses(manager({ handlers: [], install: 5 }), 'install: expected a function, got 5')
  refuses(manager({ handlers: [], timeoutMs: 5 }), "genEvent: there is no option 'timeoutMs'")
  refuses(() => handler({ init }), 'event: expected a function, got undefined')
  refuses(
    () => handler({ init, event: init, calls: { get: 1 } }),
    'calls.get: expected a function, got 1',
  )
})

test('supervisors and child specs', () => {
  refuses(() => tree('bad', 5), 'supervisor: expected a function, got 5')
  refuses(() => crowd('bad', undefined), 'dynamicSupervisor: expected a function, got undefined')
  const Good = genServer('good')({ init: () => next(null) })
  refuses(() => childOf({}), 'child: expected a module or behaviour, got object with keys ')
  refuses(() => childOf(Good, undefined, { restarts: 1 }), "options: there is no option 'restarts'")
  refuses(() => childOf(Good, undefined, 5), 'options: expected an object, got 5')
})

test('options of spawn, start and stopServer', async () => {
  const { node } = realNode()
  const Good = genServer('good')({ init: () => next(null) })
  const plain = process('plain', (self) => self.receive())
  refuses(() => spawn(node, plain, undefined, untyped(5)), 'spawn: expected options, got 5')
  refuses(
    () => spawn(node, plain, undefined, untyped({ nam: 'x' })),
    'spawn: option nam is unknown or has a bad value: x',
  )
  refuses(() => start(node, Good, undefined, untyped(5)), 'options: expected an object, got 5')
  refuses(
    () => start(node, Good, undefined, untyped({ names: 'x' })),
    "options: there is no option 'names'",
  )
  await node.run(async (self) => {
    const started = await start(self, Good)
    if (started.tag !== 'ok') throw new Error(started.tag)
    const failed = async (reason: unknown, timeoutMs: unknown): Promise<string> => {
      try {
        await stopServer(self, started.pid, untyped(reason), untyped(timeoutMs))
        return 'stopped'
      } catch (error) {
        return error instanceof BadArgument ? error.message : String(error)
      }
    }
    const reason = 'reason: expected a string or a tagged object, got 5'
    assert.is(await failed(5, 100), reason)
    assert.match(await failed('normal', -1), /^timeoutMs: /)
    // Nothing has been sent: it is still there to be stopped.
    assert.is(await failed('normal', 1000), 'stopped')
  })
})

test('hibernate is accepted, and does nothing', async () => {
  const { node } = realNode()
  type Sleepy = { calls: { ask: () => string } }
  const Sleepy = genServer<Sleepy>('sleepy')({
    init: () => next('awake', { hibernate: true }),
    calls: { ask: (state) => reply(state, state, { hibernate: true }) },
  })
  const Machine = genStatem<Sleepy, { on: null }>('sleepy.machine')({
    init: () => to('on', null, { hibernate: true }),
    states: { on: { calls: { ask: () => stay({ reply: 'awake', hibernate: true }) } } },
  })
  await node.run(async (self) => {
    const server = await start(self, Sleepy)
    const machine = await start(self, Machine)
    if (server.tag !== 'ok' || machine.tag !== 'ok') throw new Error('not started')
    assert.is(await call(self, server.pid, 'ask'), 'awake')
    assert.is(await call(self, machine.pid, 'ask'), 'awake')
  })
  refuses(() => next(null, untyped({ hibernate: 5 })), 'hibernate: expected true or false, got 5')
  refuses(() => stay(untyped({ hibernate: 5 })), 'hibernate: expected a boolean, got 5')
})

test.run()
