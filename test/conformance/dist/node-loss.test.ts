/**
 * A node that is lost, or was never there, while somebody waits for it (rules D1, D4, D8, G16 to
 * G18, S1, S7): monitors of one node are counted, and whatever waits is told once.
 */
import {
  type AnyModule,
  abcast,
  ancestors,
  at,
  BadArgument,
  call,
  callWithin,
  cast,
  connectNode,
  disconnectNode,
  genServer,
  isExit,
  type Module,
  monitorNode,
  multiCall,
  next,
  nodes,
  type Pid,
  process,
  receiveResponse,
  type Self,
  sendRequest,
  spawn,
  spawnAt,
  spawnMonitorAt,
  start,
  stopServer,
} from '../../../src/index.ts'
import type { Node } from '../../../src/node/node.ts'
import { assert, suite } from '../../support/harness.ts'
import { a, b, VirtualCluster } from '../../unit/src/dist/virtual-cluster.ts'
import { failureOf, noMail } from '../otp/one-node.ts'
import { echoOf, idle, parrot } from './pair.ts'

const test = suite('node loss')

const absent = 'absent@10.0.0.99'
const lost = { tag: 'nodedown', node: b }

type Deaf = { calls: { never: () => null }; casts: { note: () => void } }

/** Answers no call, and does not stop when it is asked to. */
const deaf = genServer<Deaf>('loss.deaf')({
  init: () => null,
  calls: { never: (state) => next(state) },
  casts: { note: (state) => next(state) },
  terminate: async (_reason, _state, self) => {
    await self.receive((message) => message === 'never')
  },
})

/** Tells `boss` who its ancestors are, and does so through a child too. */
const heir: Module<unknown, { readonly boss: Pid; readonly children: number }> = process(
  'loss.heir',
  async (self, arg: { boss: Pid; children: number }) => {
    self.send(arg.boss, { ancestors: ancestors(self, self.pid) })
    if (arg.children > 0) spawn(self, heir, { boss: arg.boss, children: arg.children - 1 })
    await self.receive()
  },
)

const modules: readonly AnyModule[] = [idle, parrot, deaf, heir]

async function pair(): Promise<{ cluster: VirtualCluster; near: Node; far: Node }> {
  const cluster = new VirtualCluster()
  const near = await cluster.start(a, { modules })
  const far = await cluster.start(b, { modules })
  return { cluster, near, far }
}

async function pause(self: Self, timeoutMs: number): Promise<void> {
  await self.receive((message) => message === 'never', { timeoutMs, otherwise: null })
}

async function downs(self: Self, n: number, node: string, reason: string): Promise<void> {
  for (let i = 0; i < n; i++) {
    assert.equal(await self.receive(), { tag: 'nodedown', node, reason })
  }
  assert.ok(noMail(self))
}

test('D4 monitorNode is counted: n calls, n messages, each withdrawal takes one', async () => {
  const { cluster, near } = await pair()
  await cluster.run(near, async (self) => {
    for (let n = 0; n < 3; n++) monitorNode(self, b, true)
    monitorNode(self, b, false)
    assert.is(await connectNode(self, b), true)
    disconnectNode(self, b)
    await downs(self, 2, b, 'disconnect')
    assert.is(await connectNode(self, b), true)
    disconnectNode(self, b)
    await self.yield()
    assert.ok(noMail(self), 'each is told once')
    for (let n = 0; n < 2; n++) monitorNode(self, b, false)
    monitorNode(self, b, true)
    assert.is(await connectNode(self, b), true)
    disconnectNode(self, b)
    await downs(self, 1, b, 'disconnect')
  })
})

test('D4 monitorNode connects, and an unreachable node is down at once', async () => {
  const { cluster, near } = await pair()
  await cluster.run(near, async (self) => {
    monitorNode(self, b, true)
    while (nodes(self).length === 0) await pause(self, 1)
    for (const nowhere of [absent, 'not a name']) {
      for (let n = 0; n < 2; n++) monitorNode(self, nowhere, true)
      await downs(self, 2, nowhere, 'noconnection')
    }
    monitorNode(self, self.node, true)
    await pause(self, 60_000)
    assert.ok(noMail(self), 'a node does not lose itself')
    disconnectNode(self, b)
    await downs(self, 1, b, 'disconnect')
  })
})

test('D4 a crash is told of; who ended is forgotten; bad arguments are refused', async () => {
  const { cluster, near } = await pair()
  await cluster.run(near, async (self) => {
    monitorNode(self, b, true)
  })
  await cluster.run(near, async (self) => {
    monitorNode(self, b, true)
    assert.is(await connectNode(self, b), true)
    cluster.crash(b)
    const down = await self.receive()
    assert.equal([Object(down).tag, Object(down).node], ['nodedown', b])
    assert.ok(noMail(self))
    for (const [node, on] of [
      [5, true],
      ['', true],
      [b, 'yes'],
    ]) {
      assert.throws(
        () => Reflect.apply(monitorNode, null, [self, node, on]),
        (error: unknown) => error instanceof BadArgument,
      )
    }
  })
})

test('D1 a link to a pid, and a message to one, connect as well', async () => {
  const { cluster, near } = await pair()
  await cluster.run(near, async (self) => {
    self.trapExit(true)
    const signals: ((pid: Pid) => unknown)[] = [
      (pid) => self.link(pid),
      (pid) => self.send(pid, 'no question'),
      (pid) => self.exit(pid, 'normal'),
      (pid) => self.monitor(pid),
    ]
    for (const signal of signals) {
      const pid = await spawnAt(self, b, parrot)
      disconnectNode(self, b)
      assert.equal(nodes(self), [])
      signal(pid)
      while (nodes(self).length === 0) await pause(self, 1)
      assert.is(await echoOf(self, pid, String(signal)), String(signal))
    }
  })
})

test('D1 a link to a process of a node that is gone: EXIT noconnection', async () => {
  const { cluster, near, far } = await pair()
  const pid = await cluster.run(near, (self) => spawnAt(self, b, parrot))
  await cluster.drive(far.stop())
  await cluster.until('it is gone', () => nodes(near).length === 0)
  await cluster.run(near, async (self) => {
    self.trapExit(true)
    self.link(pid)
    assert.is((await self.receive(isExit(pid))).reason, 'noconnection')
  })
  const calm = cluster.run(near, async (self) => {
    self.link(pid)
    await self.receive()
  })
  assert.is(await failureOf(calm), 'noconnection')
})

test('D8 a call, a request, a stop: the connection is lost before the answer', async () => {
  const { cluster, near } = await pair()
  await cluster.run(near, async (self) => {
    const server = await spawnAt(self, b, deaf, undefined, { name: 'deaf' })
    const forever = Number.POSITIVE_INFINITY
    for (const to of [server, at(b, deaf, 'deaf')]) {
      assert.is(await connectNode(self, b), true)
      const request = sendRequest(self, to, 'never')
      const calling = failureOf(callWithin(self, forever, to, 'never'))
      disconnectNode(self, b)
      assert.equal(await calling, lost)
      const response = await receiveResponse(self, request)
      assert.equal(response, { tag: 'error', reason: lost, server: to })
    }
    const stopping = failureOf(stopServer(self, server))
    assert.is(await failureOf(callWithin(self, 50, server, 'never')), 'timeout')
    disconnectNode(self, b)
    assert.equal(await stopping, lost)
    assert.ok(noMail(self))
  })
})

test('D8 G16 G17 G18 a node that cannot be reached: nodedown', async () => {
  const { cluster, near } = await pair()
  await cluster.run(near, async (self) => {
    const nowhere = { tag: 'nodedown', node: absent }
    const to = at(absent, deaf, 'deaf')
    const response = await receiveResponse(self, sendRequest(self, to, 'never'))
    assert.equal(response, { tag: 'error', reason: nowhere, server: to })
    assert.equal(await failureOf(stopServer(self, to)), nowhere)
    assert.equal(await failureOf(call(self, to, 'never')), nowhere)
    assert.ok(noMail(self))
  })
})

test('D9 G15 casts never tell of a node that is lost or was never there', async () => {
  const { cluster, near } = await pair()
  await cluster.run(near, async (self) => {
    const server = await spawnAt(self, b, deaf, undefined, { name: 'deaf' })
    disconnectNode(self, b)
    for (const to of [server, at(b, deaf, 'deaf'), at(absent, deaf, 'deaf')]) {
      assert.is(cast(self, to, 'note'), undefined)
    }
    abcast(self, [at(absent, deaf, 'deaf'), at(b, deaf, 'deaf')], 'note')
    assert.is(await connectNode(self, absent), false)
    assert.ok(noMail(self))
  })
})

test('G17 a server that dies and a node that is lost while asked are bad nodes', async () => {
  const { cluster, near } = await pair()
  await cluster.run(near, async (self) => {
    const local = await start(self, deaf, undefined, { name: 'deaf' })
    if (local.tag !== 'ok') throw new Error('it starts')
    await spawnAt(self, b, deaf, undefined, { name: 'deaf' })
    const servers = [at(a, deaf, 'deaf'), at(b, deaf, 'deaf')]
    const asking = multiCall(self, Number.POSITIVE_INFINITY, servers, 'never')
    await pause(self, 50)
    self.exit(local.pid, 'kill')
    disconnectNode(self, b)
    assert.equal(await asking, {
      replies: [],
      badNodes: [
        { node: a, reason: 'killed' },
        { node: b, reason: lost },
      ],
    })
    assert.ok(noMail(self))
  })
})

test('S1 a spawn whose node is lost before it answers: noconnection, nothing else', async () => {
  const { cluster, near } = await pair()
  await cluster.run(near, async (self) => {
    self.trapExit(true)
    assert.is(await connectNode(self, b), true)
    const spawning = [
      failureOf(spawnAt(self, b, idle)),
      failureOf(spawnAt(self, b, idle, undefined, { link: true })),
      failureOf(spawnMonitorAt(self, b, idle)),
    ]
    disconnectNode(self, b)
    const expected = ['noconnection', 'noconnection', 'noconnection']
    assert.equal(await Promise.all(spawning), expected)
    assert.is(await connectNode(self, b), true)
    assert.ok(noMail(self))
  })
})

test('S7 B2 the ancestors of a process spawned elsewhere go back to who spawned it', async () => {
  const { cluster, near } = await pair()
  await cluster.run(near, async (self) => {
    const first = await spawnAt(self, b, heir, { boss: self.pid, children: 1 })
    assert.equal(await self.receive(), { ancestors: [self.pid] })
    assert.equal(await self.receive(), { ancestors: [first, self.pid] })
  })
})

test.run()
