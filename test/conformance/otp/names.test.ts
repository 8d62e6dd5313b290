/** Registered names on one node (rules N1 to N4). */
import {
  isDown,
  isExit,
  process,
  processes,
  processInfo,
  type Self,
  spawn,
  spawnLink,
  spawnMonitor,
  whereis,
  whereisName,
} from '../../../runtime/index.ts'
import { limits } from '../../../runtime/limits.ts'
import { genServer, local, start, startLink } from '../../../stdlib/index.ts'
import { assert, suite } from '../../support/harness.ts'
import { inProcess, noMail } from './one-node.ts'

const test = suite('otp: names')

const waits = process('waits', async (self) => {
  await self.receive()
})

const bad = /BadArgument/

function refusal(act: () => unknown): string {
  try {
    act()
  } catch (error) {
    return String(error)
  }
  return 'it was allowed'
}

test('N1 a taken name is refused and changes nothing', () =>
  inProcess((self) => {
    const holder = spawn(self, waits, undefined, { name: 'taken' })
    assert.match(
      refusal(() => self.register('taken')),
      /BadArgument: register: name 'taken' is taken/,
    )
    assert.match(
      refusal(() => spawn(self, waits, undefined, { name: 'taken' })),
      bad,
    )
    assert.is(whereis(self, 'taken'), holder)
  }))

test('N1 a spawn refused for its name leaves no process, link or monitor', () =>
  inProcess(async (self) => {
    self.trapExit(true)
    self.register('mine')
    const before = processes(self)
    for (const refused of [
      () => spawn(self, waits, undefined, { name: 'mine' }),
      () => spawnLink(self, waits, undefined, { name: 'mine' }),
      () => spawnMonitor(self, waits, undefined, { name: 'mine' }),
    ]) {
      assert.match(refusal(refused), bad)
    }
    assert.equal(processes(self), before)
    assert.equal(processInfo(self, self.pid)?.links, [])
    assert.equal(processInfo(self, self.pid)?.monitors, [])
    await self.yield()
    assert.ok(noMail(self))
  }))

test('N1 a name that is no string, empty or too long is refused', () =>
  inProcess((self) => {
    const give = (name: unknown): string =>
      refusal(() => Reflect.apply(self.register, self, [name]))
    const tooLong = 'x'.repeat(limits.nameMaxBytes + 1)
    for (const name of ['', tooLong, undefined, null, 7]) assert.match(give(name), bad)
    assert.is(whereis(self, ''), undefined)
  }))

test('N1 a bad name changes nothing, whichever function is given it', () =>
  inProcess((self) => {
    self.register('mine')
    for (const name of ['', undefined, null, 7, {}, 'unknown']) {
      assert.match(
        refusal(() => Reflect.apply(self.unregister, self, [name])),
        bad,
      )
      assert.is(Reflect.apply(whereis, null, [self, name]), undefined)
    }
    for (const name of [null, 'mine', {}, { tag: 'local' }, { tag: 'x', name: 'mine' }]) {
      assert.match(
        refusal(() => Reflect.apply(whereisName, null, [self, name])),
        bad,
      )
    }
    assert.is(whereis(self, 'mine'), self.pid)
  }))

test('N3 a process has one name', () =>
  inProcess((self) => {
    self.register('first')
    assert.match(
      refusal(() => self.register('second')),
      /already has the name 'first'/,
    )
    self.unregister('first')
    self.register('second')
    assert.is(whereis(self, 'second'), self.pid)
    assert.is(whereis(self, 'first'), undefined)
  }))

test('N2 unregistering an unknown name is refused, whereis finds nobody', () =>
  inProcess((self) => {
    assert.match(
      refusal(() => self.unregister('unknown')),
      /nobody has the name 'unknown'/,
    )
    assert.is(whereis(self, 'unknown'), undefined)
  }))

test('N4 death frees the name before anybody hears of it', () =>
  inProcess(async (self) => {
    const seen: unknown[] = []
    const heir = process('heir', async (own, arg: { target: Self['pid'] }) => {
      const ref = own.monitor(arg.target)
      await own.receive(isDown(ref))
      seen.push(whereis(own, 'throne'))
      own.register('throne')
    })
    for (let round = 0; round < 50; round++) {
      const holder = spawn(self, waits, undefined, { name: 'throne' })
      const { ref } = spawnMonitor(self, heir, { target: holder })
      await self.yield()
      self.exit(holder, 'kill')
      await self.receive(isDown(ref))
    }
    assert.equal(new Set(seen), new Set([undefined]))
    assert.is(seen.length, 50)
  }))

test('N4 a crash, a return and a kill free the name alike', () =>
  inProcess(async (self) => {
    const ends = process('ends', async (own) => {
      if ((await own.receive()) === 'crash') throw new Error('crash')
    })
    for (const way of ['crash', 'return']) {
      const { pid, ref } = spawnMonitor(self, ends, undefined, { name: 'used' })
      self.send(pid, way)
      await self.receive(isDown(ref))
      assert.is(whereis(self, 'used'), undefined)
    }
  }))

test('N4 a linked process that hears of the end finds the name free, and can have it', () =>
  inProcess(async (self) => {
    self.trapExit(true)
    for (const how of ['kill', 'shutdown', 'normal']) {
      const holder = spawnLink(self, waits, undefined, { name: 'throne' })
      if (how === 'normal') self.send(holder, 'end')
      else self.exit(holder, how)
      await self.receive(isExit(holder))
      assert.is(whereis(self, 'throne'), undefined)
      self.register('throne')
      self.unregister('throne')
    }
  }))

test('N1 names of servers: the second start tells who has it', () =>
  inProcess(async (self) => {
    let inits = 0
    const server = genServer<Record<never, never>>('server')({
      init: () => {
        inits++
        return null
      },
    })
    const first = await start(self, server, undefined, { name: 'server' })
    if (first.tag !== 'ok') throw new Error('it starts')
    self.trapExit(true)
    const again = await startLink(self, server, undefined, { name: 'server' })
    assert.equal(again, { tag: 'error', reason: { tag: 'alreadyStarted', pid: first.pid } })
    assert.is(inits, 1)
    assert.ok(noMail(self))
    assert.is(self.send(local(server, 'server'), 'note'), 'note')
  }))

test.run()
