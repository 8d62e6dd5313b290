/**
 * Where JavaScript cannot give what OTP has, and what holds instead: killing without preemption
 * (rule P10), messages frozen instead of copied (P11).
 */
import {
  isDown,
  type Pid,
  process,
  processInfo,
  spawn,
  spawnMonitor,
  whereis,
} from '../../../runtime/index.ts'
import { call, genServer, reply, start } from '../../../stdlib/index.ts'
import { assert, suite } from '../../support/harness.ts'
import { inProcess, noMail, oneNode } from './one-node.ts'

const test = suite('otp: in JavaScript')

const waits = process('waits', async (self) => {
  await self.receive()
})

test('P10 a parked body is never resumed: no finally of it runs', () =>
  inProcess(async (self) => {
    const ran: string[] = []
    const body = process('parked', async (own) => {
      try {
        await own.receive((message) => message === 'go')
      } finally {
        ran.push('finally')
      }
    })
    const { pid, ref } = spawnMonitor(self, body)
    await self.yield()
    self.exit(pid, 'kill')
    await self.receive(isDown(ref))
    self.send(pid, 'go')
    await self.yield()
    assert.equal(ran, [])
  }))

test('P10 code that goes on after its process was killed has no effect', () =>
  inProcess(async (self) => {
    const failed: string[] = []
    const outlived = process('outlives', async (own, arg: { boss: Pid }) => {
      const acts: [string, () => unknown][] = [
        ['send', () => own.send(arg.boss, 'late')],
        ['spawn', () => spawn(own, waits)],
        ['register', () => own.register('late')],
        ['link', () => own.link(arg.boss)],
        ['monitor', () => own.monitor(arg.boss)],
        ['sendAfter', () => own.sendAfter(0, arg.boss, 'late')],
        ['exit', () => own.exit(arg.boss, 'kill')],
      ]
      try {
        own.exit(own.pid, 'mine')
      } catch {
        for (const [name, act] of acts) {
          try {
            act()
          } catch {
            failed.push(name)
          }
        }
      }
    })
    const { ref } = spawnMonitor(self, outlived, { boss: self.pid })
    await self.receive(isDown(ref))
    const all = ['send', 'spawn', 'register', 'link', 'monitor', 'sendAfter', 'exit']
    assert.equal(failed, all)
    await self.yield()
    assert.ok(noMail(self))
    assert.is(whereis(self, 'late'), undefined)
  }))

test('P10 code that waits after its process ended is parked for ever', () =>
  inProcess(async (self) => {
    const reached: string[] = []
    const body = process('waits on', async (own) => {
      try {
        own.exit(own.pid, 'mine')
      } catch {
        reached.push('catch')
      }
      try {
        own.send(own.pid, 'x')
      } catch {
        reached.push('send')
      }
      await own.receive()
      reached.push('after')
    })
    const { pid, ref } = spawnMonitor(self, body)
    await self.receive(isDown(ref))
    self.send(pid, 'wake up')
    await self.yield()
    assert.equal(reached, ['catch', 'send'])
  }))

test('P10 a wait for outside work does not go on after a kill', () =>
  inProcess(async (self) => {
    const reached: string[] = []
    let finish: (value: string) => void = () => undefined
    const outside = new Promise<string>((resolve) => {
      finish = resolve
    })
    const body = process('waits outside', async (own) => {
      reached.push(await own.wait(outside))
    })
    const { pid, ref } = spawnMonitor(self, body)
    await self.yield()
    self.exit(pid, 'kill')
    await self.receive(isDown(ref))
    finish('done')
    await self.yield()
    assert.equal(reached, [])
  }))

test('P10 exit hooks and the abort signal tell the reason of any end', () =>
  inProcess(async (self) => {
    const told: unknown[] = []
    const body = process('tells', async (own) => {
      own.onExit((reason) => told.push(reason))
      own.signal.addEventListener('abort', () => told.push(own.pid))
      await own.receive()
    })
    for (const reason of ['kill', 'shutdown']) {
      const { pid, ref } = spawnMonitor(self, body)
      await self.yield()
      self.exit(pid, reason)
      await self.receive(isDown(ref))
      assert.equal(told.splice(0), [reason === 'kill' ? 'killed' : reason, pid])
    }
  }))

test('P10 an exit hook that throws does not change the reason', async () => {
  const node = oneNode()
  const failures: unknown[] = []
  node.observe((event) => {
    if (event.tag === 'hookFailed') failures.push(event.error)
  })
  await node.run(async (self) => {
    const body = process('bad hook', async (own) => {
      own.onExit(() => {
        throw new Error('hook')
      })
    })
    const { ref } = spawnMonitor(self, body)
    assert.is((await self.receive(isDown(ref))).reason, 'normal')
  })
  assert.is(failures.length, 1)
})

test('P11 a sent object is frozen, a Map, a Set and bytes are copied', () =>
  inProcess(async (self) => {
    const sent = {
      list: [1],
      map: new Map([['k', 1]]),
      set: new Set([1]),
      bytes: new Uint8Array(2),
    }
    self.send(self.pid, sent)
    sent.map.set('k', 2)
    sent.set.add(2)
    sent.bytes[0] = 9
    assert.throws(() => sent.list.push(2), /not extensible/)
    assert.equal(await self.receive(), {
      list: [1],
      map: new Map([['k', 1]]),
      set: new Set([1]),
      bytes: new Uint8Array(2),
    })
  }))

test('P11 a frozen object stays what it was, however deep, and an accessor a value', () =>
  inProcess(async (self) => {
    let reads = 0
    const sent = {
      inner: { list: [{ n: 1 }] },
      get late() {
        return ++reads
      },
    }
    self.send(self.pid, sent.inner)
    assert.throws(() => Object.assign(sent.inner, { list: [] }), /read only/)
    assert.throws(() => Object.assign(sent.inner.list[0] ?? {}, { n: 2 }), /read only/)
    assert.is(await self.receive(), sent.inner, 'shared, not copied')
    self.send(self.pid, sent)
    const got = JSON.stringify(await self.receive())
    assert.match(got, /^{"inner":{"list":\[{"n":1}\]},"late":\d}$/)
    self.send(self.pid, sent)
    const again = await self.receive()
    const late = reads
    assert.is(JSON.stringify(again), JSON.stringify(again), 'to each reader the same')
    assert.is(reads, late, 'nobody runs code of the sender')
  }))

test('P11 in production messages are shared as they are', async () => {
  await oneNode([], { checked: false }).run(async (self) => {
    const sent = { list: [1], code: () => 1 }
    self.send(self.pid, sent)
    assert.is(await self.receive(), sent)
    sent.list.push(2)
    assert.equal(sent.list, [1, 2])
  })
})

test('P12 what JavaScript does not have is not made up', () =>
  inProcess((self) => {
    const known = [
      'handling links messageQueueLength messagesDropped module monitoredBy monitors name parent',
      'pid priority status trapExit',
    ]
    const info = processInfo(self, self.pid)
    assert.equal(Object.keys(info ?? {}).sort(), known.join(' ').split(' '))
  }))

test('P11 what cannot cross a node is refused at the sender, by path', () =>
  inProcess((self) => {
    const loop: { inner?: unknown } = {}
    loop.inner = { loop }
    class Account {}
    const bad: [unknown, RegExp][] = [
      [{ a: { f: () => 1 } }, /message\.a\.f: a function/],
      [[1, Symbol('s')], /message\[1\]: a symbol/],
      [{ b: [new Account()] }, /message\.b\[0\]: an instance of Account/],
      [loop, /cyclic/],
      [{ later: Promise.resolve(1) }, /message\.later: an instance of Promise/],
    ]
    for (const [message, why] of bad) assert.throws(() => self.send(self.pid, message), why)
    assert.ok(noMail(self))
  }))

test("P11 a server's state is not shared by its reply", () =>
  inProcess(async (self) => {
    type Store = { calls: { items: () => string[] } }
    const store = genServer<Store>('store')({
      init: () => ({ items: ['a'] }),
      calls: { items: (state) => reply(state.items, state) },
    })
    const started = await start(self, store)
    if (started.tag !== 'ok') throw new Error('it starts')
    const items = await call(self, started.pid, 'items')
    assert.throws(() => items.push('b'), /not extensible/)
    assert.equal(await call(self, started.pid, 'items'), ['a'])
  }))

test.run()
