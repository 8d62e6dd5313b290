/**
 * The callbacks of an application (rules K2, K3): what `start` may answer, phases, and the order of
 * a stop.
 */
import { Exit, isAlive, isDown, process, whereis } from '../../../runtime/index.ts'
import {
  application,
  child,
  ensureAllStarted,
  genServer,
  loadedApplications,
  runningApplications,
  startApplication,
  startLink,
  stopApplication,
  supervisor,
} from '../../../stdlib/index.ts'
import { assert, suite } from '../../support/harness.ts'
import { inProcess, oneNode } from './one-node.ts'
import { error, idle, namesOf, ok, recorded, untyped } from './recorded.ts'

const test = suite('otp: application callbacks')

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

test.run()
