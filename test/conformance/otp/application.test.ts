/**
 * Applications (rules K1, K6): load, start with dependencies, stop, unload, and which processes
 * belong to which.
 */
import { isDown, process, type Self, spawn, whereis } from '../../../runtime/index.ts'
import {
  application,
  applicationOf,
  call,
  ensureAllStarted,
  genServer,
  loadApplication,
  loadedApplications,
  reply,
  runningApplications,
  startApplication,
  startLink,
  stopApplication,
  stopApplications,
  unloadApplication,
} from '../../../stdlib/index.ts'
import { assert, suite } from '../../support/harness.ts'
import { inProcess, noMail, oneNode } from './one-node.ts'
import { error, idle, namesOf, ok, recorded } from './recorded.ts'

const test = suite('otp: application')

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

test('K3 the order is that of the starts, whatever was loaded first', () =>
  inProcess(async (self) => {
    const life: string[] = []
    const [a, b, c] = ['a', 'b', 'c'].map((name) => recorded(name, life))
    if (!a || !b || !c) throw new Error('three')
    for (const app of [c, a, b]) await loadApplication(self, app)
    for (const app of [b, c, a]) await startApplication(self, app)
    assert.equal(await namesOf(self), ['b', 'c', 'a'])
    await stopApplication(self, b)
    await startApplication(self, b)
    assert.equal(await namesOf(self), ['c', 'a', 'b'])
    life.length = 0
    await stopApplications(self)
    const stops = ['b', 'a', 'c'].flatMap((name) => [`prepStop ${name}`, `stop ${name}`])
    assert.equal(life, stops)
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

test('K6 a process whose forebears have all ended still belongs to its application', () =>
  inProcess(async (self) => {
    const heir = process('heir', async (own, left: number) => {
      if (left === 0) {
        self.send(self.pid, { last: own.pid })
        await own.receive()
      } else spawn(own, heir, left - 1)
    })
    const top = process('top', async (own) => {
      spawn(own, heir, 20)
      await own.receive()
    })
    await startApplication(self, application('shop', { start: (own) => startLink(own, top) }))
    const told = await self.receive((message) => typeof message === 'object')
    const last = (told as { last: Self['pid'] }).last
    assert.is(applicationOf(self, last), 'shop')
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

test('mail that looks like an end, to the controller or to a master, changes nothing', () =>
  inProcess(async (self) => {
    const masters: Self['pid'][] = []
    const shop = application('shop', {
      start: (own) => {
        masters.push(own.pid)
        return startLink(own, idle)
      },
    })
    await startApplication(self, shop, { type: 'permanent' })
    const [info] = await runningApplications(self)
    const controller = whereis(self, 'skein.applications')
    for (const to of [controller, masters[0]]) {
      if (to === undefined) throw new Error('both run')
      for (const from of [info?.pid, masters[0], controller, 5, null]) {
        self.send(to, { tag: 'EXIT', from, reason: null })
      }
      self.send(to, { tag: '$running', master: 5 })
      self.send(to, null)
    }
    self.send(masters[0] ?? self.pid, 'hello')
    assert.equal(await namesOf(self), ['shop'])
    assert.equal(await stopApplication(self, shop), ok)
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
