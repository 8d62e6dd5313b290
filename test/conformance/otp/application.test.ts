/**
 * Applications (rules K1 to K3, K5, K6): load, start with dependencies, phases, stop in order,
 * configuration in layers, and which processes belong to which.
 */
import {
  BadArgument,
  Exit,
  isAlive,
  isDown,
  process,
  type Self,
  spawn,
  whereis,
} from '../../../runtime/index.ts'
import {
  type Application,
  application,
  applicationOf,
  call,
  child,
  configureApplications,
  ensureAllStarted,
  genServer,
  getEnv,
  loadApplication,
  loadedApplications,
  reply,
  runningApplications,
  setEnv,
  startApplication,
  startLink,
  stopApplication,
  stopApplications,
  supervisor,
  unloadApplication,
} from '../../../stdlib/index.ts'
import { assert, suite } from '../../support/harness.ts'
import { failureOf, inProcess, noMail, oneNode } from './one-node.ts'

const test = suite('otp: application')

const ok = { tag: 'ok' }
const error = (reason: unknown) => ({ tag: 'error', reason })

const idle = process('idle', async (self) => {
  await self.receive()
})

/** An application with one process, and a record of what its callbacks were called for. */
function recorded(
  name: string,
  life: string[],
  dependsOn: readonly (string | Application)[] = [],
): Application {
  return application(name, {
    dependsOn,
    start: (self) => {
      life.push(`start ${name}`)
      return startLink(self, idle)
    },
    prepStop: (state) => {
      life.push(`prepStop ${name}`)
      return state
    },
    stop: () => void life.push(`stop ${name}`),
  })
}

const namesOf = async (self: Self): Promise<string[]> =>
  (await runningApplications(self)).map(({ name }) => name)

test('K1 load, start, stop, unload: each once, and what it says the second time', () =>
  inProcess(async (self) => {
    const shop = recorded('shop', [])
    const told = (tag: string) => error({ tag, application: 'shop' })
    assert.equal(await loadApplication(self, shop), ok)
    assert.equal(await loadApplication(self, shop), told('alreadyLoaded'))
    assert.equal(await stopApplication(self, shop), told('notStarted'))
    assert.equal(await startApplication(self, shop), ok)
    assert.equal(await startApplication(self, 'shop'), told('alreadyStarted'))
    assert.equal(await unloadApplication(self, shop), told('running'))
    assert.equal(await stopApplication(self, shop), ok)
    assert.equal(await stopApplication(self, shop), told('notStarted'))
    assert.equal(await unloadApplication(self, shop), ok)
    assert.equal(await unloadApplication(self, shop), told('notLoaded'))
    assert.ok(noMail(self), 'nothing of it reaches the caller')
  }))

test('K1 an application the node does not know', () =>
  inProcess(
    async (self) => {
      const unknown = { tag: 'unknownApplication', application: 'nowhere' }
      assert.equal(await loadApplication(self, 'nowhere'), error(unknown))
      assert.equal(await startApplication(self, 'nowhere'), error(unknown))
      assert.equal(await startApplication(self, 'idle'), error({ ...unknown, application: 'idle' }))
      assert.equal(await ensureAllStarted(self, ['nowhere']), {
        tag: 'error',
        application: 'nowhere',
        reason: unknown,
      })
    },
    [idle],
  ))

test('K1 one listed among the modules of the node is found by name', () =>
  inProcess(
    async (self) => {
      assert.equal(await startApplication(self, 'shop'), ok)
      assert.equal(await namesOf(self), ['shop'])
    },
    [recorded('shop', [])],
  ))

test('K1 start needs the dependencies running and does not start them', () =>
  inProcess(async (self) => {
    const life: string[] = []
    const db = recorded('db', life)
    const shop = recorded('shop', life, [db])
    const missing = error({ tag: 'notStarted', application: 'db' })
    assert.equal(await startApplication(self, shop), missing)
    await loadApplication(self, db)
    assert.equal(await startApplication(self, shop), missing, 'loaded is not running')
    await startApplication(self, db)
    assert.equal(await startApplication(self, shop), ok)
    assert.equal(life, ['start db', 'start shop'])
  }))

test('K1 ensureAllStarted: in order, tells those it started, nothing the second time', () =>
  inProcess(async (self) => {
    const life: string[] = []
    const log = recorded('log', life)
    const db = recorded('db', life, [log])
    const web = recorded('web', life, [log])
    const shop = recorded('shop', life, [db, web, 'log'])
    await startApplication(self, log)
    const started = ['db', 'web', 'shop']
    assert.equal(await ensureAllStarted(self, shop), { tag: 'ok', started })
    assert.equal(await ensureAllStarted(self, [shop, web]), { tag: 'ok', started: [] })
    assert.equal(await namesOf(self), ['log', ...started])
    assert.equal(
      life,
      ['log', ...started].map((name) => `start ${name}`),
    )
  }))

test('K1 ensureAllStarted: if one fails those it started are stopped, and no others', () =>
  inProcess(async (self) => {
    const life: string[] = []
    const log = recorded('log', life)
    const db = recorded('db', life, [log])
    const web = recorded('web', life, [db])
    const broken = application('broken', {
      dependsOn: [web],
      start: () => ({ tag: 'error', reason: 'noLicence' }),
    })
    await startApplication(self, log)
    assert.equal(await ensureAllStarted(self, [broken, log]), {
      tag: 'error',
      application: 'broken',
      reason: { tag: 'startFailed', application: 'broken', reason: 'noLicence' },
    })
    assert.equal(await namesOf(self), ['log'])
    const stops = ['prepStop web', 'stop web', 'prepStop db', 'stop db']
    assert.equal(life, ['start log', 'start db', 'start web', ...stops])
  }))

test('K1 a circle of dependencies is told by its path', () =>
  inProcess(
    async (self) => {
      const reason = { tag: 'circularDependency', path: ['a', 'b', 'c', 'a'] }
      assert.equal(await ensureAllStarted(self, 'a'), { tag: 'error', application: 'a', reason })
      assert.equal(await namesOf(self), [])
    },
    [recorded('a', [], ['b']), recorded('b', [], ['c']), recorded('c', [], ['a'])],
  ))

test('K1 several that start one application at once share one start', () =>
  inProcess(async (self) => {
    const life: string[] = []
    const shop = recorded('shop', life)
    const starts = [1, 2, 3].map(() => startApplication(self, shop))
    assert.equal(await Promise.all(starts), [ok, ok, ok])
    assert.equal(life, ['start shop'])
    const stops = [1, 2].map(() => stopApplication(self, shop))
    const again = startApplication(self, shop)
    assert.equal(await Promise.all(stops), [ok, ok])
    assert.equal(await again, ok, 'a start that comes while it stops is done afterwards')
    assert.equal(life, ['start shop', 'prepStop shop', 'stop shop', 'start shop'])
  }))

test('K1 host code may do the same with the node', async () => {
  const node = oneNode()
  const shop = recorded('shop', [])
  assert.equal(await ensureAllStarted(node, shop), { tag: 'ok', started: ['shop'] })
  assert.is((await runningApplications(node))[0]?.name, 'shop')
  assert.equal(await stopApplication(node, shop), ok)
})

const failures = {
  'an error': [() => ({ tag: 'error', reason: { tag: 'noLicence' } }), { tag: 'noLicence' }],
  ignore: [() => ({ tag: 'ignore' }), { tag: 'badReturnValue', got: 'ignore' }],
  junk: [() => 7, { tag: 'badReturnValue', got: '7' }],
  'an exit': [
    () => {
      throw new Exit({ tag: 'later' })
    },
    { tag: 'later' },
  ],
} as const

for (const [what, [start, reason]] of Object.entries(failures)) {
  test(`K2 start answers ${what}: nothing runs, the reason is told`, () =>
    inProcess(async (self) => {
      const app = application('broken', { start: untyped(start) })
      const failed = error({ tag: 'startFailed', application: 'broken', reason })
      assert.equal(await startApplication(self, app, { type: 'permanent' }), failed)
      assert.equal(await namesOf(self), [])
      assert.equal((await loadedApplications(self)).length, 1, 'it stays loaded')
    }))
}

/** Lets a test hand over what the compiler refuses. */
const untyped = (value: unknown): never => value as never

test('K2 start throws: the error is the reason', () =>
  inProcess(async (self) => {
    const app = application('broken', {
      start: () => {
        throw new Error('no disk')
      },
    })
    const result = await startApplication(self, app)
    const reason = result.tag === 'error' ? result.reason : 'ok'
    if (typeof reason !== 'object') throw new Error('it fails')
    const { reason: why } = reason
    assert.is(reason.tag, 'startFailed')
    assert.ok(typeof why === 'object' && why !== null && 'message' in why)
    assert.is(why.message, 'no disk')
  }))

test('K2 the callbacks get type, configuration and state; phases run in order before it runs', () =>
  inProcess(async (self) => {
    const seen: unknown[] = []
    const app = application('shop', {
      env: { port: 80 },
      start: async (own, { type, env }) => {
        seen.push([type, env.port])
        const started = await startLink(own, idle)
        return started.tag === 'ok' ? { ...started, state: { opened: 1 } } : started
      },
      startPhases: [
        {
          name: 'open',
          run: (_, { env }, state) => void seen.push(['open', env.port, state.opened]),
        },
        {
          name: 'announce',
          run: async (own) => {
            await own.yield()
            seen.push(['announce', (await namesOf(own)).length])
          },
        },
      ],
      prepStop: (state) => ({ opened: state.opened + 1 }),
      stop: (state) => void seen.push(['stop', state.opened]),
    })
    assert.equal(await startApplication(self, app, { type: 'transient' }), ok)
    await stopApplication(self, app)
    const phases = [
      ['open', 80, 1],
      ['announce', 0],
    ]
    assert.equal(seen, [['transient', 80], ...phases, ['stop', 2]])
  }))

test('K2 a phase that fails ends the start, and the tree with it', () =>
  inProcess(async (self) => {
    const seen: string[] = []
    const app = application('shop', {
      start: (own) => startLink(own, idle, undefined, { name: 'shop.idle' }),
      startPhases: [
        {
          name: 'open',
          run: () => {
            throw new Exit('closed')
          },
        },
        { name: 'never', run: () => void seen.push('never') },
      ],
      stop: () => void seen.push(`stop ${String(whereis(self, 'shop.idle'))}`),
    })
    const reason = { tag: 'startPhaseFailed', phase: 'open', reason: 'closed' }
    const failed = error({ tag: 'startFailed', application: 'shop', reason })
    assert.equal(await startApplication(self, app), failed)
    assert.equal(seen, ['stop undefined'])
    assert.is(whereis(self, 'shop.idle'), undefined)
  }))

test('K3 stop: prepStop, then the tree with shutdown, then stop; dependants go on', () => {
  const life: string[] = []
  const worker = genServer<{}>('worker')({
    init: (_, own) => {
      own.trapExit(true)
      return null
    },
    terminate: (reason) => void life.push(`end ${String(reason)}`),
  })
  const tree = supervisor('tree', () => ({ children: [child(worker)] }))
  const db = application('db', {
    start: (own) => startLink(own, tree),
    prepStop: (state) => {
      life.push('prepStop')
      return state
    },
    stop: () => void life.push('stop'),
  })
  const shop = recorded('shop', [], [db])
  return inProcess(
    async (self) => {
      assert.equal(await ensureAllStarted(self, shop), { tag: 'ok', started: ['db', 'shop'] })
      assert.equal(await stopApplication(self, db), ok)
      assert.equal(life, ['prepStop', 'end shutdown', 'stop'])
      assert.equal(await namesOf(self), ['shop'])
    },
    [worker, tree],
  )
})

test('K3 last words that fail are reported and stop nothing', async () => {
  const node = oneNode()
  const messages: string[] = []
  node.observe((event) => {
    if (event.tag === 'log' && event.level === 'error') messages.push(event.message)
  })
  const app = application('shop', {
    start: (self) => startLink(self, idle),
    prepStop: () => {
      throw new Error('not now')
    },
    stop: () => Promise.reject(new Error('nor now')),
  })
  await startApplication(node, app)
  const [info] = await runningApplications(node)
  assert.equal(await stopApplication(node, app), ok)
  assert.is(info?.pid && isAlive(node, info.pid), false)
  assert.equal(messages, ['application: prepStop failed', 'application: stop failed'])
})

test('K3 a tree that does not end in its time is killed', () =>
  inProcess(async (self) => {
    const stubborn = process('stubborn', async (own) => {
      own.trapExit(true)
      for (;;) await own.receive()
    })
    const app = application('shop', { shutdown: 1, start: (own) => startLink(own, stubborn) })
    await startApplication(self, app)
    const [info] = await runningApplications(self)
    if (!info?.pid) throw new Error('it runs')
    const ref = self.monitor(info.pid)
    assert.equal(await stopApplication(self, app), ok)
    assert.is((await self.receive(isDown(ref))).reason, 'killed')
  }))

test('K3 stopApplications: all of them, the last started first', () =>
  inProcess(async (self) => {
    const life: string[] = []
    const db = recorded('db', life)
    const shop = recorded('shop', life, [db])
    await ensureAllStarted(self, shop)
    life.length = 0
    await stopApplications(self)
    assert.equal(life, ['prepStop shop', 'stop shop', 'prepStop db', 'stop db'])
    assert.equal(await namesOf(self), [])
  }))

test('K1 an application without processes runs and stops as others do', () =>
  inProcess(async (self) => {
    const library = application('library', { description: 'words', version: '1.2.3' })
    await startApplication(self, library)
    const info = { name: 'library', description: 'words', version: '1.2.3' }
    const running = await runningApplications(self)
    assert.equal(running, [{ ...info, type: 'temporary', pid: null }])
    assert.equal(await stopApplication(self, library), ok)
    assert.equal(await loadedApplications(self), [info])
  }))

test('K5 defaults, then config when it is loaded, then setEnv, until it is unloaded', () =>
  inProcess(async (self) => {
    const shop = application('shop', { env: { port: 80, host: 'a', tls: false } })
    const missing = { tag: 'notLoaded', application: 'shop' }
    assert.equal(await failureOf(getEnv(self, shop, 'port')), missing)
    assert.equal(await failureOf(setEnv(self, shop, 'port', 1)), missing)
    await configureApplications(self, { shop: { port: 8080, host: 'b' }, other: { x: 1 } })
    await loadApplication(self, shop)
    await configureApplications(self, { shop: { port: 1 } })
    const values = async () => [
      await getEnv(self, shop, 'port'),
      await getEnv(self, shop, 'host'),
      await getEnv(self, shop, 'tls'),
    ]
    assert.equal(await values(), [8080, 'b', false], 'config over defaults, at load')
    await setEnv(self, shop, 'host', 'c')
    await startApplication(self, shop)
    await stopApplication(self, shop)
    assert.equal(await values(), [8080, 'c', false], 'setEnv survives stop and start')
    await unloadApplication(self, shop)
    await loadApplication(self, shop)
    assert.equal(await values(), [1, 'a', false], 'and is lost when it is unloaded')
  }))

test('K5 the configuration can be read while the application starts', () =>
  inProcess(async (self) => {
    let seen = 0
    const shop: Application<{ port: number }> = application('shop', {
      env: { port: 80 },
      start: async (own) => {
        seen = await getEnv(own, shop, 'port')
        return startLink(own, idle)
      },
    })
    assert.equal(await startApplication(self, shop), ok)
    assert.is(seen, 80)
  }))

test('K6 a process belongs to the application that its ancestors belong to', () =>
  inProcess(async (self) => {
    const pids: Self['pid'][] = []
    const deep = process('deep', async (own, level: number) => {
      pids.push(own.pid)
      if (level > 0) spawn(own, deep, level - 1)
      await own.receive()
    })
    const shop = application('shop', { start: (own) => startLink(own, deep, 3) })
    await startApplication(self, shop)
    while (pids.length < 4) await self.yield()
    assert.equal(
      pids.map((pid) => applicationOf(self, pid)),
      ['shop', 'shop', 'shop', 'shop'],
    )
    assert.is(applicationOf(self, self.pid), undefined)
  }))

test('an application cannot be started as a plain process, here or from elsewhere', () =>
  inProcess(async (self) => {
    const life: string[] = []
    const shop = recorded('shop', life)
    const pid = spawn(self, shop, { controller: self.pid, type: 'permanent', env: {} })
    const ref = self.monitor(pid)
    const { reason } = await self.receive(isDown(ref))
    assert.match(typeof reason === 'object' ? String(reason.message) : reason, /startApplication/)
    assert.equal(life, [])
  }))

test('the controller ends: every application is stopped, the last started first', () =>
  inProcess(async (self) => {
    const life: string[] = []
    const db = recorded('db', life)
    await ensureAllStarted(self, recorded('shop', life, [db]))
    life.length = 0
    const controller = whereis(self, 'skein.applications')
    if (controller === undefined) throw new Error('it runs')
    const ref = self.monitor(controller)
    self.exit(controller, 'kill')
    await self.receive(isDown(ref))
    while (life.length < 4) await self.yield()
    assert.equal([...life].sort(), ['prepStop db', 'prepStop shop', 'stop db', 'stop shop'])
    assert.equal(await startApplication(self, db), ok, 'a new one is started when it is needed')
  }))

const badDefinitions: readonly (readonly [string, () => unknown, RegExp])[] = [
  ['an empty name', () => application(''), /module name/],
  [
    'a start that is none',
    () => application('a', { start: untyped(1) }),
    /start: expected a function/,
  ],
  [
    'phases without run',
    () => application('a', { startPhases: [untyped({ name: 'x' })] }),
    /startPhases/,
  ],
  ['a function in env', () => application('a', { env: { f: () => 1 } }), /env\.f/],
  [
    'env that is no object',
    () => application('a', { env: untyped([1]) }),
    /env: expected an object/,
  ],
  ['a dependency that is none', () => application('a', { dependsOn: [untyped(5)] }), /dependsOn/],
  ['a negative shutdown', () => application('a', { shutdown: -1 }), /shutdown: expected/],
]

for (const [what, make, message] of badDefinitions) {
  test(`a definition with ${what} is refused where it is written`, () => {
    assert.throws(make, (thrown: unknown) => {
      return thrown instanceof BadArgument && message.test(thrown.message)
    })
  })
}

test('bad arguments of the functions are refused by name', () =>
  inProcess(async (self) => {
    const refusal = async (promise: Promise<unknown>): Promise<string> => {
      try {
        await promise
      } catch (thrown) {
        if (thrown instanceof BadArgument) return thrown.message
      }
      throw new Error('it should have been refused')
    }
    const shop = recorded('shop', [])
    assert.match(await refusal(startApplication(self, untyped(5))), /got 5/)
    const always = startApplication(self, shop, { type: untyped('always') })
    assert.match(await refusal(always), /type: expected permanent/)
    assert.match(
      await refusal(configureApplications(self, untyped({ shop: 1 }))),
      /config\['shop'\]/,
    )
    await startApplication(self, shop)
    assert.match(await refusal(startApplication(self, recorded('shop', []))), /two modules/)
  }))

test('a server of an application is called as any other', () =>
  inProcess(async (self) => {
    const hello = genServer<{ calls: { hello: () => string } }>('hello')({
      init: () => null,
      calls: { hello: (state) => reply('hello', state) },
    })
    const app = application('greeter', { start: (own) => startLink(own, hello) })
    await startApplication(self, app)
    const [info] = await runningApplications(self)
    if (!info?.pid) throw new Error('it runs')
    assert.is(
      await call<{ calls: { hello: () => string } }, 'hello'>(self, info.pid, 'hello'),
      'hello',
    )
  }))

test.run()
