/**
 * What is reported when something ends (rules Z1 to Z5): a crash once, where it happened; orderly
 * ends, exit signals and kills never; supervisors what they did about it.
 */
import {
  Exit,
  exit,
  isDown,
  isPid,
  type LocalNode,
  process,
  type Self,
  spawnLink,
  spawnMonitor,
  type TraceEvent,
} from '../../../runtime/index.ts'
import {
  call,
  cast,
  child,
  genServer,
  next,
  start,
  stop,
  supervisor,
} from '../../../stdlib/index.ts'
import { assert, suite } from '../../support/harness.ts'
import { oneNode } from './one-node.ts'

const test = suite('otp: logging')

type Logged = Extract<TraceEvent, { readonly tag: 'log' }>

function logOf(node: LocalNode): Logged[] {
  const logged: Logged[] = []
  node.observe((event) => {
    if (event.tag === 'log') logged.push(event)
  })
  return logged
}

async function ended(self: Self, way: () => unknown): Promise<void> {
  const { ref } = spawnMonitor(
    self,
    process('ends', async () => way()),
  )
  await self.receive(isDown(ref))
}

const fail = (thrown: unknown) => (): never => {
  throw thrown
}

const waits = process('waits', async (self) => {
  await self.receive()
})

test('Z4 an uncaught error is logged once, with its process and reason', async () => {
  const node = oneNode()
  const logged = logOf(node)
  await node.run((self) => ended(self, fail(new Error('lost'))))
  assert.equal(
    logged.map(({ level, message, fields }) => [level, message, fields.module]),
    [['error', 'process crashed', 'ends']],
  )
})

test('Z4 a process that returns exit(reason), or signals itself, is not logged', async () => {
  const node = oneNode()
  const logged = logOf(node)
  await node.run(async (self) => {
    await ended(self, () => exit('abnormal'))
    const { ref } = spawnMonitor(
      self,
      process('signals', (own) => own.exit(own.pid, 'abnormal')),
    )
    assert.is((await self.receive(isDown(ref))).reason, 'abnormal')
  })
  assert.equal(logged, [])
})

test('Z1 an uncaught Exit with a reason that is not orderly is logged once', async () => {
  const node = oneNode()
  const logged = logOf(node)
  await node.run((self) => ended(self, fail(new Exit('abnormal'))))
  assert.equal(
    logged.map(({ level, message, fields }) => [level, message, fields.reason]),
    [['error', 'process crashed', 'abnormal']],
  )
})

test('Z1 orderly ends are not logged', async () => {
  const node = oneNode()
  const logged = logOf(node)
  await node.run(async (self) => {
    const orderly = ['normal', 'shutdown', { tag: 'shutdown', detail: 'done' }] as const
    for (const reason of orderly) {
      await ended(self, () => exit(reason))
      await ended(self, fail(new Exit(reason)))
    }
  })
  assert.equal(logged, [])
})

test('Z1 dying of an exit signal is not logged', async () => {
  const node = oneNode()
  const logged = logOf(node)
  await node.run(async (self) => {
    for (const reason of ['kill', 'other', 'shutdown']) {
      const { pid, ref } = spawnMonitor(self, waits)
      self.exit(pid, reason)
      await self.receive(isDown(ref))
    }
    self.trapExit(true)
    const linked = process('linked', async (own) => {
      const pid = spawnLink(own, waits)
      own.exit(pid, 'broken')
      await own.receive()
    })
    const { ref } = spawnMonitor(self, linked)
    await self.receive(isDown(ref))
  })
  assert.equal(logged, [])
})

type Server = { casts: { crash: () => void; stopWith: (reason: string) => void } }

const server = genServer<Server>('server')({
  init: () => null,
  casts: {
    crash: fail(new Error('handler')),
    stopWith: (state, reason) => stop(reason, state),
  },
  info: (state) => next(state),
})

test('Z2 a server that crashes or stops abnormally is logged, an orderly stop is not', async () => {
  const node = oneNode()
  const logged = logOf(node)
  const counts: number[] = []
  await node.run(async (self) => {
    for (const reason of ['normal', 'shutdown', 'abnormal', null]) {
      const started = await start(self, server)
      if (started.tag !== 'ok') throw new Error('it starts')
      const ref = self.monitor(started.pid)
      if (reason === null) cast(self, started.pid, 'crash')
      else cast(self, started.pid, 'stopWith', reason)
      await self.receive(isDown(ref))
      counts.push(logged.length)
    }
  })
  assert.equal(counts, [0, 0, 1, 2])
})

test('Z3 a supervisor reports what its children did and that it gave up', async () => {
  const tree = supervisor('tree', () => ({
    intensity: 1,
    children: [child(waits)],
  }))
  const node = oneNode([tree, waits])
  const logged = logOf(node)
  await node.run(async (self) => {
    const started = await start(self, tree)
    if (started.tag !== 'ok') throw new Error('it starts')
    const ref = self.monitor(started.pid)
    for (let ends = 0; ends < 2; ends++) {
      // The supervisor answers when it is done with the end before this one.
      const [info] = await call(self, started.pid, 'whichChildren')
      if (!info?.pid) throw new Error('the child runs')
      const down = self.monitor(info.pid)
      self.send(info.pid, 'end')
      await self.receive(isDown(down))
    }
    assert.is((await self.receive(isDown(ref))).reason, 'shutdown')
  })
  const messages = logged.map(({ message }) => message)
  const about = ['progress', 'childTerminated', 'progress', 'childTerminated', 'shutdown']
  assert.equal(
    messages.filter((message) => message.startsWith('supervisor')),
    about.map((what) => `supervisor: ${what}`),
  )
})

test('Z3 a report names supervisor, child, module, pid and reason; starts are info', async () => {
  const broken = genServer<{}>('broken')({ init: () => stop({ tag: 'noDisk' }) })
  const tree = supervisor('tree', () => ({
    children: [child(waits, undefined, { id: 'w' }), child(broken, undefined, { id: 'b' })],
  }))
  const node = oneNode([tree, waits, broken])
  const logged = logOf(node)
  await node.run(async (self) => {
    const started = await start(self, tree)
    assert.is(started.tag, 'error')
  })
  const told = logged.filter(({ message }) => message.startsWith('supervisor'))
  const [progress, failed] = told
  assert.equal([told.length, progress?.level, failed?.level], [2, 'info', 'error'])
  const { supervisor: by, pid, ...rest } = progress?.fields ?? {}
  assert.ok(isPid(by) && isPid(pid))
  assert.equal(rest, { child: 'w', module: 'waits' })
  assert.is(failed?.message, 'supervisor: startError')
  const reason = { tag: 'noDisk' }
  assert.equal(failed?.fields, { supervisor: by, child: 'b', module: 'broken', pid: null, reason })
})

test('Z5 observers see processes come and go', async () => {
  const node = oneNode()
  const seen: string[] = []
  node.observe((event) => seen.push(event.tag))
  await node.run(async (self) => {
    await ended(self, () => undefined)
  })
  assert.ok(seen.includes('spawn') && seen.includes('exit'))
})

test.run()
