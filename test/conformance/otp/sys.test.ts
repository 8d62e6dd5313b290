/**
 * Looking into a running server (rules Y1 to Y5, and G7 and G18 where they touch it): states and
 * their replacement, suspension, status; and that none of it can harm the server.
 */
import { isDown, process, type Ref, spawn } from '../../../runtime/index.ts'
import {
  call,
  callWithin,
  cast,
  genServer,
  reply,
  start,
  startLink,
  stopServer,
  sys,
} from '../../../stdlib/index.ts'
import { assert, suite } from '../../support/harness.ts'
import { begin, counter, type State, totalOf } from './counter.ts'
import { failureOf, inProcess, noMail, oneNode, virtualNode } from './one-node.ts'

const test = suite('otp: sys')

const plus = (n: number) => (state: State) => ({ ...state, total: state.total + n })

test('Y1 the state is read and replaced, running and suspended', () =>
  inProcess(async (self) => {
    const server = await begin(self)
    assert.is(totalOf(await sys.getState(self, server)), 0)
    assert.is(totalOf(await sys.replaceState(self, server, plus(5))), 5)
    await sys.suspend(self, server)
    assert.is(totalOf(await sys.getState(self, server)), 5)
    assert.is(totalOf(await sys.replaceState(self, server, plus(2))), 7)
    await sys.resume(self, server)
    assert.is(await call(self, server, 'add', 1), 8)
  }))

test('Y1 a replacement that fails is told and changes nothing', () =>
  inProcess(async (self) => {
    const server = await begin(self)
    const fail = (): never => {
      throw new RangeError('no')
    }
    const reason = await failureOf(sys.replaceState(self, server, fail))
    assert.ok(typeof reason === 'object' && reason.tag === 'callbackFailed')
    const later = await failureOf(sys.replaceState(self, server, async () => fail()))
    assert.ok(typeof later === 'object' && later.tag === 'callbackFailed')
    assert.is(await call(self, server, 'add', 1), 1)
  }))

test('Y1 what is shown is a copy: the server cannot be changed or frozen through it', () =>
  inProcess(async (self) => {
    class Box {
      readonly items: number[] = []
    }
    type Boxes = { calls: { put: (n: number) => number } }
    const boxes = genServer<Boxes>('sys.boxes')({
      init: () => ({ box: new Box(), run: () => 1, self: null as unknown }),
      calls: {
        put: (state, n) => {
          state.self = state
          return reply(state.box.items.push(n), state)
        },
      },
    })
    const started = await start(self, boxes)
    assert.ok(started.tag === 'ok')
    await call(self, started.pid, 'put', 7)
    const shown = await sys.getState(self, started.pid)
    assert.equal(shown, { box: { items: [7] }, run: '[function run]', self: '[circular]' })
    assert.is(await call(self, started.pid, 'put', 8), 2)
  }))

test('Y2 a suspended server leaves its mail in order and answers after resume', () =>
  inProcess(async (self) => {
    const server = await begin(self)
    await sys.suspend(self, server)
    cast(self, server, 'bump', 1)
    const first = call(self, server, 'add', 10)
    cast(self, server, 'bump', 100)
    const second = call(self, server, 'add', 1000)
    const status = await sys.getStatus(self, server)
    assert.equal(
      [status.status, status.queued, status.state],
      ['suspended', 4, { total: 0, secret: '***' }],
    )
    await sys.resume(self, server)
    assert.equal([await first, await second], [11, 1111])
    assert.is((await sys.getStatus(self, server)).status, 'running')
  }))

test('Y1 Y2 looking into a suspended server, and what is no request, does not resume it', () =>
  inProcess(async (self) => {
    const server = await begin(self)
    const door: Ref<unknown> = server
    await sys.suspend(self, server)
    cast(self, server, 'bump', 1)
    const looks: (() => Promise<unknown>)[] = [
      () => sys.getState(self, server),
      () => sys.getStatus(self, server),
      () => sys.replaceState(self, server, plus(10)),
      () => sys.statistics(self, server, true),
      () => sys.getStatistics(self, server),
      () => sys.noDebug(self, server),
      () => sys.suspend(self, server),
      () => failureOf(call(self, door as Ref<Forged>, '$sys', 'no such')),
    ]
    for (const look of looks) {
      await look()
      assert.is((await sys.getStatus(self, server)).status, 'suspended')
    }
    assert.is(totalOf(await sys.getState(self, server)), 10, 'the cast still waits')
    await sys.resume(self, server)
    assert.is(await call(self, server, 'add', 0), 11)
  }))

test('Y2 suspensions are not counted', () =>
  inProcess(async (self) => {
    const server = await begin(self)
    await sys.suspend(self, server)
    await sys.suspend(self, server)
    await sys.resume(self, server)
    assert.is(await call(self, server, 'add', 1), 1)
    await sys.resume(self, server)
    assert.is(await call(self, server, 'add', 1), 2)
  }))

test('Y2 a call to a suspended server times out; its late reply is dropped', async () => {
  const { run } = virtualNode()
  await run(async (self) => {
    const server = await begin(self)
    await sys.suspend(self, server)
    assert.is(await failureOf(callWithin(self, 50, server, 'add', 1)), 'timeout')
    await sys.resume(self, server)
    assert.is(await call(self, server, 'add', 1), 2)
    assert.ok(noMail(self))
  })
})

test('Y2 a suspended server whose mailbox is full still hears system requests', async () => {
  const node = oneNode()
  await node.run(async (self) => {
    for (const overflow of ['suspend', 'dropNewest', 'fail'] as const) {
      const started = await start(self, counter, null, { mailbox: { max: 2, overflow } })
      assert.ok(started.tag === 'ok')
      await sys.suspend(self, started.pid)
      for (let n = 0; n < 3; n++) cast(node, started.pid, 'bump', 1)
      assert.ok((await sys.getStatus(self, started.pid)).queued >= 2)
      await sys.resume(self, started.pid)
      const total = totalOf(await sys.getState(self, started.pid))
      assert.is(total, overflow === 'dropNewest' ? 2 : 3)
    }
  })
})

test('Y3 system requests wait behind earlier mail; a busy server times out', async () => {
  const { run } = virtualNode()
  await run(async (self) => {
    const server = await begin(self)
    cast(self, server, 'bump', 3)
    assert.is(totalOf(await sys.getState(self, server)), 3)
    const busy = call(self, server, 'busy')
    assert.is(await failureOf(sys.getState(self, server, 100)), 'timeout')
    self.send(server, 'go on')
    assert.is(await busy, null)
    assert.is(totalOf(await sys.getState(self, server)), 3)
  })
})

test('Y3 the dead and unknown are noproc; oneself; a plain process times out', async () => {
  const { run } = virtualNode()
  await run(async (self) => {
    const server = await begin(self)
    const ref = self.monitor(server)
    self.exit(server, 'kill')
    await self.receive(isDown(ref))
    assert.is(await failureOf(sys.getState(self, server)), 'noproc')
    assert.is(await failureOf(sys.suspend(self, { tag: 'local', name: 'nobody' })), 'noproc')
    assert.is(await failureOf(sys.getState(self, self.pid)), 'callingSelf')
    const plain = spawn(
      self,
      process('plain', async (other) => {
        await other.receive((message) => message === 'never')
      }),
    )
    assert.is(await failureOf(sys.getState(self, plain, 100)), 'timeout')
  })
})

test('Y5 the status names module, parent and mode; formatStatus hides what it wants', () =>
  inProcess(async (self) => {
    const started = await startLink(self, counter, null, { name: 'the counter' })
    assert.ok(started.tag === 'ok')
    const status = await sys.getStatus(self, started.pid)
    assert.equal(status, {
      pid: started.pid,
      module: 'sys.counter',
      name: 'the counter',
      status: 'running',
      parent: self.pid,
      hooks: [],
      queued: 0,
      state: { total: 0, secret: '***' },
    })
  }))

test('Y5 a failing formatStatus harms nobody and shows nothing', () =>
  inProcess(async (self) => {
    const fail = (): never => {
      throw new TypeError('format')
    }
    for (const formatStatus of [fail, async () => fail()]) {
      const secretive = genServer<{ calls: { ping: () => string } }>('sys.secretive')({
        init: () => ({ secret: 'password' }),
        calls: { ping: (state) => reply('pong', state) },
        formatStatus,
      })
      const started = await start(self, secretive)
      assert.ok(started.tag === 'ok')
      const { state } = await sys.getStatus(self, started.pid)
      const error = formatStatus === fail ? 'format' : 'formatStatus must not be async'
      assert.equal(state, { tag: 'formatStatusFailed', error: `TypeError: ${error}` })
      assert.is(await call(self, started.pid, 'ping'), 'pong')
    }
  }))

test('Y3 requests that are none are refused by the server, which goes on', () =>
  inProcess(async (self) => {
    const server = await begin(self)
    const door: Ref<unknown> = server
    const forged: unknown[] = [
      null,
      'getState',
      { tag: 'no such' },
      { tag: 'log', size: -1 },
      { tag: 'trace', on: 'yes' },
      { tag: 'terminate', reason: 5 },
      { tag: 'install', name: 'forged' },
      { tag: 'replaceState' },
      { tag: 'remove', name: 7 },
    ]
    for (const request of forged) {
      const ask = call(self, door as Ref<Forged>, '$sys', request as string)
      const reason = await failureOf(ask)
      assert.ok(typeof reason === 'object' && reason.tag === 'badCommand', String(request))
    }
    assert.is(await call(self, server, 'add', 1), 1)
  }))

type Forged = { calls: { $sys: (request: string) => unknown } }

test('G7 a system request begins the timeout anew, in full', async () => {
  const { run, world } = virtualNode()
  await run(async (self) => {
    const server = await begin(self, self.pid)
    const startMs = world.nowMs
    await call(self, server, 'idle', 1_000)
    const wait = async (ms: number): Promise<void> => {
      await self.receive((message) => message === 'never', { timeoutMs: ms, otherwise: null })
    }
    for (let n = 0; n < 5; n++) {
      await wait(800)
      await sys.getState(self, server)
    }
    assert.ok(noMail(self))
    assert.equal(await self.receive(), { tag: 'info', message: { tag: 'timeout' } })
    assert.ok(world.nowMs - startMs >= 5 * 800 + 1_000)
  })
})

test('G7 a timeout begins anew after a suspension', async () => {
  const { run } = virtualNode()
  await run(async (self) => {
    const server = await begin(self, self.pid)
    await call(self, server, 'idle', 1_000)
    await sys.suspend(self, server)
    await self.receive((message) => message === 'never', { timeoutMs: 5_000, otherwise: null })
    assert.ok(noMail(self))
    await sys.resume(self, server)
    assert.equal(await self.receive(), { tag: 'info', message: { tag: 'timeout' } })
  })
})

test('G18 a suspended server stops when it is told to', () =>
  inProcess(async (self) => {
    const server = await begin(self, self.pid)
    await sys.suspend(self, server)
    await stopServer(self, server, 'shutdown')
    assert.equal(await self.receive(), { tag: 'terminating', reason: 'shutdown' })
    assert.is(await failureOf(sys.resume(self, server)), 'noproc')
  }))

test('G12 the exit of its parent ends a suspended server', () =>
  inProcess(async (self) => {
    self.trapExit(true)
    const boss = self.pid
    const trapping = genServer<{}>('sys.trapping')({
      init: (_arg, own) => {
        own.trapExit(true)
        return null
      },
      terminate: (reason, _state, own) => {
        own.send(boss, { tag: 'terminating', reason })
      },
    })
    const parent = process('parent', async (own) => {
      const started = await startLink(own, trapping, undefined)
      if (started.tag === 'ok') await sys.suspend(own, started.pid)
      own.send(boss, 'suspended')
      await own.receive((message) => message === 'never')
    })
    const pid = spawn(self, parent)
    await self.receive((message) => message === 'suspended')
    self.exit(pid, 'gone')
    assert.equal(await self.receive(), { tag: 'terminating', reason: 'gone' })
  }))

test.run()
