/**
 * Processes that acknowledge their start (rules B1 to B3), and what a crash report says (rules Z1,
 * Z2): who it was, whom it descends from, why, and that a failing `init` is reported once.
 */
import {
  Exit,
  exit,
  isDown,
  isExit,
  type LocalNode,
  type Pid,
  process,
  processInfo,
  type Reason,
  type Self,
  spawn,
  spawnLink,
  spawnMonitor,
  type TraceEvent,
  whereis,
} from '../../../runtime/index.ts'
import {
  ancestors,
  genServer,
  genStatem,
  type Init,
  ignore,
  start,
  startable,
  startLink,
  startMonitor,
  stop,
} from '../../../stdlib/index.ts'
import { assert, suite } from '../../support/harness.ts'
import { inProcess, noMail, oneNode, virtualNode } from './one-node.ts'

const test = suite('otp: proc_lib')

type Way = 'acks' | 'fails' | 'ignores' | 'throws' | 'returns' | 'hangs' | 'twice'

const ready = startable('ready', async (self, way: Way, init: Init) => {
  if (way === 'fails') return init.fail('not today')
  if (way === 'ignores') return init.ignore()
  if (way === 'throws') throw new Exit('thrown')
  if (way === 'returns') return null
  if (way === 'hangs') await self.receive((message) => message === 'never')
  init.ack()
  if (way === 'twice') init.ack()
  await self.receive((message) => message === 'end')
  return way === 'twice' ? init.fail('too late to fail') : null
})

const counting = genServer<{}>('counting')({ init: () => 0 })

const untyped = (value: unknown): never => value as never

type Logged = Extract<TraceEvent, { readonly tag: 'log' }>

function crashesOf(node: LocalNode): Logged[] {
  const crashes: Logged[] = []
  node.observe((event) => {
    if (event.tag === 'log' && event.message === 'process crashed') crashes.push(event)
  })
  return crashes
}

test('B1 a start returns when the process acknowledges', () =>
  inProcess(async (self) => {
    const started = await start(self, ready, 'acks', { name: 'ready' })
    assert.ok(started.tag === 'ok')
    assert.is(whereis(self, 'ready'), started.pid)
    const second = await start(self, ready, 'acks', { name: 'ready' })
    assert.equal(second, { tag: 'error', reason: { tag: 'alreadyStarted', pid: started.pid } })
  }))

test('B1 death before it acknowledges is an error, a normal one too', async () => {
  const { run } = virtualNode()
  await run(async (self) => {
    const results: unknown[] = []
    for (const way of ['fails', 'ignores', 'throws', 'returns', 'hangs'] as const) {
      const result = await start(self, ready, way, { timeoutMs: 20 })
      results.push(result.tag === 'error' ? result.reason : result.tag)
    }
    assert.equal(results, ['not today', 'ignore', 'thrown', 'normal', 'timeout'])
    assert.ok(noMail(self))
  })
})

test('B1 linked: a parent that traps sees one EXIT, after a time limit none', async () => {
  const { run } = virtualNode()
  await run(async (self) => {
    self.trapExit(true)
    const rows = [
      ['fails', 'not today', 'not today'],
      ['ignores', 'ignore', 'normal'],
      ['throws', 'thrown', 'thrown'],
      ['returns', 'normal', 'normal'],
    ] as const
    for (const [way, told, seen] of rows) {
      const result = await startLink(self, ready, way)
      assert.is(result.tag === 'error' ? result.reason : result.tag, told)
      assert.is((await self.receive(isExit())).reason, seen)
    }
    const late = await startLink(self, ready, 'hangs', { timeoutMs: 20 })
    assert.equal(late, { tag: 'error', reason: 'timeout' })
    await self.yield()
    assert.ok(noMail(self))
    const started = await startLink(self, ready, 'acks')
    assert.ok(started.tag === 'ok')
    self.send(started.pid, 'end')
    assert.is((await self.receive(isExit(started.pid))).reason, 'normal')
  })
})

test('B1 linked: a parent that does not trap dies of a failed start, and of nothing else', () =>
  inProcess(async (self) => {
    const parent = process('parent', async (own, way: Way) => {
      await startLink(own, ready, way)
      return exit('went on')
    })
    const rows = [
      ['fails', 'not today'],
      ['throws', 'thrown'],
      ['ignores', 'went on'],
      ['returns', 'went on'],
    ] as const
    for (const [way, reason] of rows) {
      const { ref } = spawnMonitor(self, parent, way)
      assert.is((await self.receive(isDown(ref))).reason, reason)
    }
  }))

test('B2 what it began as: the module of its callbacks, not what runs them', () =>
  inProcess(async (self) => {
    const known: unknown[] = []
    for (const module of [ready, counting]) {
      const started = await start<unknown, never>(self, module, untyped('acks'))
      if (started.tag === 'ok') known.push(processInfo(self, started.pid)?.module)
    }
    assert.equal(known, ['ready', 'counting'])
  }))

test('B1 startMonitor and a second acknowledgement', () =>
  inProcess(async (self) => {
    const failed = await startMonitor(self, ready, 'fails')
    assert.equal(failed, { tag: 'error', reason: 'not today' })
    assert.ok(noMail(self))
    const started = await startMonitor(self, ready, 'twice')
    assert.ok(started.tag === 'ok')
    self.send(started.pid, 'end')
    assert.is((await self.receive(isDown(started.ref))).reason, 'too late to fail')
  }))

test('B1 a killed starter is never told; spawned, a process acknowledges to nobody', () =>
  inProcess(async (self) => {
    const { pid, ref } = spawnMonitor(self, ready, 'acks')
    self.send(pid, 'end')
    assert.is((await self.receive(isDown(ref))).reason, 'normal')
    assert.throws(() => startable('bad', 1 as never), /body: expected a function, got 1/)
  }))

test('B3 a failure is told when the name is free and the process is gone', () =>
  inProcess(async (self) => {
    const failed = await start(self, ready, 'fails', { name: 'gone' })
    assert.is(failed.tag, 'error')
    assert.is(whereis(self, 'gone'), undefined)
    const wrong = startable('wrong', (_self, _arg: null, init) => init.fail(5 as never))
    const refused = await start(self, wrong, null)
    assert.ok(refused.tag === 'error' && typeof refused.reason === 'object')
    assert.match(String(refused.reason.message), /reason: expected a string or a tagged object/)
  }))

test('B2 ancestors are the parent first, by name where it has one', () =>
  inProcess(async (self) => {
    const boss = self.pid
    const grandchild = process('grandchild', async (own) => {
      own.send(boss, own.pid)
      await own.receive()
    })
    const child = process('child', async (own) => {
      own.register('the child')
      spawnLink(own, grandchild)
      await own.receive()
    })
    const pid = spawn(self, child)
    const youngest = (await self.receive()) as Pid
    assert.equal(ancestors(self, youngest), ['the child', boss])
    assert.equal(ancestors(self, pid), [boss])
    assert.equal(ancestors(self, boss), [])
    const ref = self.monitor(youngest)
    self.exit(pid, 'kill')
    await self.receive(isDown(ref))
    assert.is(ancestors(self, youngest), undefined)
  }))

test('Z1 a crash report names process, module, ancestors, links, mail and reason', async () => {
  const node = oneNode()
  const crashes = crashesOf(node)
  await node.run(async (self) => {
    const friend = spawn(self, ready, 'acks')
    const crashing = process('crashing', async (own) => {
      own.register('crasher')
      own.link(friend)
      await own.receive((message) => message === 'crash')
      throw new RangeError('boom')
    })
    const { pid, ref } = spawnMonitor(self, crashing)
    for (const message of ['left', 'over', 'crash']) self.send(pid, message)
    await self.receive(isDown(ref))
    const [report, ...more] = crashes
    const { reason, ...fields } = report?.fields ?? {}
    assert.equal(more, [])
    assert.equal(fields, {
      pid,
      module: 'crashing',
      name: 'crasher',
      ancestors: [self.pid],
      messageQueueLength: 2,
      links: [friend],
    })
    const error = reason as Exclude<Reason, string>
    assert.equal([report?.level, error.tag, error.message], ['error', 'error', 'boom'])
    assert.match(String(error.stack), /proc-lib\.test\.ts/)
  })
})

test('Z1 a report of a process with very many links names the first hundred', async () => {
  const node = oneNode()
  const crashes = crashesOf(node)
  await node.run(async (self) => {
    const crowd = process('crowd', async (own) => {
      own.trapExit(true)
      for (let n = 0; n < 150; n++) spawnLink(own, ready, 'acks')
      throw new Error('crowded')
    })
    const { ref } = spawnMonitor(self, crowd)
    await self.receive(isDown(ref))
  })
  const links = crashes[0]?.fields.links
  assert.ok(Array.isArray(links) && links.length === 100)
})

type Beginning = 'stops' | 'throws' | 'shuts down' | 'ignores' | 'bad'

const beginning = genServer<{}>('beginning')({
  init: (way: Beginning) => {
    if (way === 'stops') return stop('no disk')
    if (way === 'throws') throw new Error('init')
    if (way === 'shuts down') return stop('shutdown')
    return ignore()
  },
})

test('Z2 an init that fails is one crash report; shutdown and ignore are none', async () => {
  const node = oneNode()
  const crashes = crashesOf(node)
  const begin = async (self: Self, way: Beginning): Promise<number> => {
    const before = crashes.length
    await start(self, beginning, way)
    self.trapExit(true)
    const linked = await startLink(self, beginning, way)
    assert.is.not(linked.tag, 'ok')
    return crashes.length - before
  }
  await node.run(async (self) => {
    assert.is(await begin(self, 'stops'), 2)
    assert.is(await begin(self, 'throws'), 2)
    assert.is(await begin(self, 'shuts down'), 0)
    assert.is(await begin(self, 'ignores'), 0)
  })
  assert.is(crashes[0]?.fields.reason, 'no disk')
})

test('Z2 a state machine whose init fails is one crash report', async () => {
  const machine = genStatem<{}, { only: null }>('z2.machine')({
    init: (way: 'stops' | 'throws' | 'shuts down') => {
      if (way === 'throws') throw new Error('init')
      return stop(way === 'stops' ? 'no disk' : 'shutdown')
    },
    states: { only: {} },
  })
  const node = oneNode()
  const crashes = crashesOf(node)
  await node.run(async (self) => {
    for (const way of ['stops', 'throws', 'shuts down'] as const) await start(self, machine, way)
  })
  const [first, second, ...more] = crashes
  assert.equal([first?.fields.reason, more.length], ['no disk', 0])
  const error = second?.fields.reason as Exclude<Reason, string> | undefined
  assert.is(error?.message, 'init')
})

test.run()
