/**
 * Nodes coming and going (rules D1 to D9, RT-06, RT-09, RT-13, RT-14, RT-16, RT-20) on the memory
 * carrier in virtual time: what is told, how often, and in which order.
 */
import {
  type AnyModule,
  at,
  call,
  callWithin,
  channelStatistics,
  connectNode,
  disconnectNode,
  genServer,
  isDown,
  isExit,
  isNodeDown,
  isNodeUp,
  monitorNodes,
  nodes,
  type Pid,
  process,
  reply,
  type Self,
  spawn,
  spawnAt,
} from '../../../src/index.ts'
import type { Node } from '../../../src/node/node.ts'
import { assert, suite } from '../../support/harness.ts'
import { a, b, c, VirtualCluster } from '../../unit/src/dist/virtual-cluster.ts'
import { failureOf } from '../otp/one-node.ts'

const test = suite('nodes')

/** Sends what it gets to its boss. */
const echo = process('nodes.echo', async (self: Self, boss: Pid) => {
  for (;;) self.send(boss, await self.receive())
})

/** Answers `{ from, body }` with the body. */
const parrot = process('nodes.parrot', async (self: Self) => {
  for (;;) {
    const message = await self.receive(isAsk)
    self.send(message.from, message.body)
  }
})

type Ask = { readonly from: Pid; readonly body: unknown }

function isAsk(message: unknown): message is Ask {
  return typeof message === 'object' && message !== null && 'from' in message && 'body' in message
}

const idle = process('nodes.idle', async (self: Self) => {
  for (;;) await self.receive()
})

/** Links with the pid it is given and waits. */
const linker = process('nodes.linker', async (self: Self, to: Pid) => {
  self.link(to)
  for (;;) await self.receive()
})

type Server = { calls: { x: () => null; take: (value: unknown) => null } }

/** Only named in calls to where it does not run. */
const server = genServer<Server>('nodes.server')({
  init: () => null,
  calls: { x: (state) => reply(null, state), take: (state) => reply(null, state) },
})

async function reasonOfCall(calling: () => Promise<unknown>): Promise<string> {
  try {
    await calling()
    return 'it was sent'
  } catch (error) {
    return String(error)
  }
}

const modules: readonly AnyModule[] = [echo, parrot, idle, linker]

async function pair(cluster = new VirtualCluster()): Promise<{
  cluster: VirtualCluster
  near: Node
  far: Node
}> {
  const near = await cluster.start(a, { modules })
  const far = await cluster.start(b, { modules })
  return { cluster, near, far }
}

async function echoOf(self: Self, to: Pid, body: unknown): Promise<unknown> {
  self.send(to, { from: self.pid, body })
  return self.receive((message) => message === body)
}

test('D7 nodes() holds the connected ones and never the node itself', async () => {
  const { cluster, near, far } = await pair()
  assert.equal([nodes(near), nodes(far)], [[], []])
  assert.is(await cluster.drive(connectNode(near, b)), true)
  await cluster.until('b knows too', () => nodes(far).length > 0)
  assert.equal([nodes(near), nodes(far)], [[b], [a]])
  assert.is(await cluster.drive(connectNode(near, a)), true, 'itself')
  assert.equal(nodes(near), [b])
})

test('D1 any signal connects: a send to a name, a link, a monitor, a spawn', async () => {
  const signals: readonly ((self: Self) => unknown)[] = [
    (self) => self.send({ tag: 'at', node: b, name: 'nobody' }, 'hello'),
    (self) => self.monitor({ tag: 'at', node: b, name: 'nobody' }),
    (self) => spawnAt(self, b, idle),
    (self) => call(self, at(b, server, 'nobody'), 'x').catch(() => undefined),
  ]
  for (const signal of signals) {
    const { cluster, near } = await pair()
    await cluster.run(near, async (self) => {
      monitorNodes(self, true)
      await signal(self)
      await self.receive(isNodeUp(b))
    })
    assert.equal(nodes(near), [b])
  }
})

test('D1 D8 D9 the unreachable: sends are silent, others hear noconnection or nodedown', async () => {
  const { cluster, near } = await pair()
  const absent = 'absent@10.0.0.99'
  for (const target of [absent, c, 'not a name', '']) {
    await cluster.run(near, async (self) => {
      const name = { tag: 'at', node: target, name: 'x' } as const
      self.send(name, 'lost')
      const ref = self.monitor(name)
      assert.is((await self.receive(isDown(ref))).reason, 'noconnection')
      assert.is(await failureOf(spawnAt(self, target, idle)), 'noconnection')
      const calling = callWithin(self, 60_000, at(target, server, 'y'), 'x')
      assert.equal(await failureOf(calling), { tag: 'nodedown', node: target })
      assert.is(self.receive(null, { timeoutMs: 0, otherwise: 'nothing' }), 'nothing')
    })
    assert.is(await cluster.drive(connectNode(near, target)), false)
    assert.equal(nodes(near), [])
  }
})

test('D5 monitorNodes: each call adds a copy, one call takes all back', async () => {
  const { cluster, near } = await pair()
  await cluster.run(near, async (self) => {
    for (let n = 0; n < 3; n++) monitorNodes(self, true)
    await connectNode(self, b)
    for (let n = 0; n < 3; n++) assert.equal(await self.receive(), { tag: 'nodeup', node: b })
    disconnectNode(self, b)
    for (let n = 0; n < 3; n++) {
      assert.equal(await self.receive(), { tag: 'nodedown', node: b, reason: 'disconnect' })
    }
    monitorNodes(self, false)
    await connectNode(self, b)
    disconnectNode(self, b)
    assert.is(self.receive(null, { timeoutMs: 0, otherwise: 'nothing' }), 'nothing')
  })
})

test('D5 a subscriber that ended is forgotten', async () => {
  const { cluster, near } = await pair()
  await cluster.run(near, (self) => monitorNodes(self, true))
  assert.is(await cluster.drive(connectNode(near, b)), true)
  assert.equal(nodes(near), [b])
})

test('D5 nodeup is there before the first signal of the connection', async () => {
  const { cluster, near, far } = await pair()
  const received: unknown[] = []
  const done = cluster.run(near, async (self) => {
    monitorNodes(self, true)
    self.register('ear')
    while (received.length < 21) received.push(await self.receive())
  })
  const speaking = far.run((self) => {
    for (let n = 0; n < 20; n++) self.send({ tag: 'at', node: a, name: 'ear' }, n)
  })
  await Promise.all([done, speaking])
  assert.equal(received[0], { tag: 'nodeup', node: b })
  assert.equal(
    received.slice(1),
    Array.from({ length: 20 }, (_, n) => n),
  )
})

test('D2 D5 every link and monitor fires noconnection, and nodedown comes after them', async () => {
  const { cluster, near } = await pair()
  const size = 2_500
  const seen: string[] = []
  await cluster.run(near, async (self) => {
    self.trapExit(true)
    monitorNodes(self, true)
    const pid = await spawnAt(self, b, idle)
    for (let n = 0; n < size; n++) self.monitor(pid)
    for (let n = 0; n < 100; n++) self.link(await spawnAt(self, b, idle))
    await self.receive(isNodeUp(b))
    cluster.crash(b)
    for (;;) {
      const message = await self.receive()
      if (isNodeDown(b)(message)) break
      if (!isDown()(message) && !isExit()(message)) throw new Error(JSON.stringify(message))
      assert.is(message.reason, 'noconnection')
      seen.push(message.tag)
    }
    assert.is(self.receive(null, { timeoutMs: 0, otherwise: 'nothing' }), 'nothing')
  })
  assert.is(seen.filter((tag) => tag === 'DOWN').length, size)
  assert.is(seen.filter((tag) => tag === 'EXIT').length, 100)
})

test('D2 both sides hear of a cut; processes without links are found again', async () => {
  const { cluster, near, far } = await pair()
  const { lonely, linked } = await cluster.run(near, async (self) => {
    const boss = spawn(self, idle)
    return { lonely: await spawnAt(self, b, parrot), linked: await spawnAt(self, b, linker, boss) }
  })
  await cluster.pass(10)
  const ends = (name: string): unknown[] =>
    cluster.of(name, 'exit').filter(({ reason }) => reason === 'noconnection')
  cluster.network.partition([['10.0.0.1'], ['10.0.0.2']])
  await cluster.until('both are told', () => nodes(near).length + nodes(far).length === 0)
  await cluster.until('both linked ones died', () => ends(a).length + ends(b).length === 2)
  cluster.network.heal()
  await cluster.run(near, async (self) => {
    assert.is(await echoOf(self, lonely, 'again'), 'again')
    assert.is((await self.receive(isDown(self.monitor(linked)))).reason, 'noproc')
  })
})

test('D3 nothing is armed again by a new connection', async () => {
  const { cluster, near } = await pair()
  await cluster.run(near, async (self) => {
    self.trapExit(true)
    const pid = await spawnAt(self, b, parrot, undefined, { link: true })
    const ref = self.monitor(pid)
    disconnectNode(self, b)
    assert.is((await self.receive(isExit(pid))).reason, 'noconnection')
    assert.is((await self.receive(isDown(ref))).reason, 'noconnection')
    assert.is(
      (await self.receive(isDown(self.monitor(pid)))).reason,
      'noproc',
      'the link killed it',
    )
    const other = await spawnAt(self, b, parrot)
    const old = self.monitor(other)
    disconnectNode(self, b)
    assert.is((await self.receive(isDown(old))).reason, 'noconnection')
    assert.is(await echoOf(self, other, 'hello'), 'hello')
    self.exit(other, 'kill')
    assert.is((await self.receive(isDown(self.monitor(other)))).reason, 'noproc')
    assert.is(self.receive(null, { timeoutMs: 0, otherwise: 'nothing' }), 'nothing')
  })
})

test('D6 RT-09 after a restart the old pids are dead and the new ones answer', async () => {
  const { cluster, near, far } = await pair()
  const old = await cluster.run(near, async (self) => {
    const pid = await spawnAt(self, b, parrot, undefined, { name: 'parrot' })
    assert.is(await echoOf(self, pid, 'first'), 'first')
    return pid
  })
  await cluster.drive(far.stop())
  await cluster.until('it is gone', () => nodes(near).length === 0)
  await cluster.run(near, async (self) => {
    const gone = await self.receive(isDown(self.monitor(old)))
    assert.is(gone.reason, 'noconnection')
  })
  const again = await cluster.start(b, { modules })
  await cluster.run(near, async (self) => {
    const pid = await spawnAt(self, b, parrot, undefined, { name: 'parrot' })
    self.send(old, { from: self.pid, body: 'to the dead' })
    self.exit(old, 'kill')
    assert.is((await self.receive(isDown(self.monitor(old)))).reason, 'noproc')
    assert.is(await echoOf(self, pid, 'second'), 'second')
    assert.is(self.receive(null, { timeoutMs: 0, otherwise: 'nothing' }), 'nothing')
    assert.not.equal(String(pid), String(old))
  })
  assert.equal(nodes(again), [a])
})

test('RT-06 a crashed node is noticed within the silence the ticks allow', async () => {
  const cluster = new VirtualCluster({ network: { idleTimeoutMs: 3_600_000 } })
  const near = await cluster.start(a, { modules, tickMs: 100 })
  await cluster.start(b, { modules, tickMs: 100 })
  await cluster.run(near, async (self) => {
    const pid = await spawnAt(self, b, idle)
    const ref = self.monitor(pid)
    monitorNodes(self, true)
    await self.yield()
    const atMs = cluster.world.nowMs
    cluster.crash(b)
    assert.is((await self.receive(isDown(ref))).reason, 'noconnection')
    const tookMs = cluster.world.nowMs - atMs
    assert.ok(tookMs >= 300 && tookMs <= 600, `${tookMs} ms`)
    assert.equal(await self.receive(), { tag: 'nodedown', node: b, reason: 'tickTimeout' })
  })
})

test('a node that came back before it was missed takes the place of the old one', async () => {
  const cluster = new VirtualCluster({ network: { idleTimeoutMs: 3_600_000 } })
  const near = await cluster.start(a, { modules, tickMs: 60_000 })
  await cluster.start(b, { modules })
  const watching = near.run(async (self) => {
    self.register('ear')
    const ref = self.monitor(await spawnAt(self, b, idle))
    monitorNodes(self, true)
    const order: unknown[] = []
    while (order.length < 4) order.push(await self.receive())
    assert.ok(isDown(ref)(order[0]))
    assert.equal(order.slice(1), [
      { tag: 'nodedown', node: b, reason: 'superseded' },
      { tag: 'nodeup', node: b },
      'I am new',
    ])
  })
  await cluster.until('they are connected', () => nodes(near).length === 1)
  await cluster.pass(10)
  cluster.crash(b)
  const again = await cluster.start(b, { modules })
  await cluster.run(again, (self) => self.send({ tag: 'at', node: a, name: 'ear' }, 'I am new'))
  await cluster.drive(watching)
})

test('RT-14 disconnectNode cuts here and there, and the next signal connects again', async () => {
  const { cluster, near, far } = await pair()
  assert.is(disconnectNode(near, b), false)
  await cluster.drive(connectNode(near, b))
  await cluster.until('both know', () => nodes(far).length === 1)
  assert.is(disconnectNode(near, b), true)
  assert.equal(nodes(near), [])
  await cluster.until('b knows', () => nodes(far).length === 0)
  assert.equal(
    cluster.of(b, 'nodedown').map(({ reason }) => reason),
    ['disconnect'],
  )
  await cluster.run(near, async (self) => {
    const pid = await spawnAt(self, b, parrot)
    assert.is(await echoOf(self, pid, 'back'), 'back')
  })
})

test('O3 what was sent before the cut is not delivered after it', async () => {
  const { cluster, near, far } = await pair()
  const received: unknown[] = []
  const ear = await cluster.run(far, (self) => {
    return spawn(self, hear(received))
  })
  await cluster.run(near, async (self) => {
    await connectNode(self, b)
    for (let n = 0; n < 10; n++) self.send(ear, n)
    disconnectNode(self, b)
    for (let n = 100; n < 110; n++) self.send(ear, n)
  })
  await cluster.until('the later ones are there', () => received.includes(109))
  const late = received.filter((n) => Number(n) >= 100)
  const early = received.slice(0, received.length - late.length)
  assert.equal(
    late,
    Array.from({ length: 10 }, (_, n) => 100 + n),
    'in order, behind all others',
  )
  assert.equal(
    early,
    Array.from(early, (_, n) => n),
    'a prefix of the earlier ones',
  )
})

function hear(received: unknown[]) {
  return process('nodes.hear', async (self: Self) => {
    for (;;) received.push(await self.receive())
  })
}

test('RT-20 nodes that dial each other at once get one channel and lose nothing', async () => {
  for (let seed = 1; seed <= 25; seed++) {
    const cluster = new VirtualCluster({ seed })
    const { near, far } = await pair(cluster)
    cluster.network.setDelay(1, 1 + seed)
    const [atNear, atFar]: [unknown[], unknown[]] = [[], []]
    spawn(near, hear(atNear), undefined, { name: 'ear' })
    spawn(far, hear(atFar), undefined, { name: 'ear' })
    const speak = async (self: Self, to: string): Promise<void> => {
      for (let n = 0; n < 50; n++) self.send({ tag: 'at', node: to, name: 'ear' }, n)
      assert.is(await connectNode(self, to), true)
    }
    await cluster.drive(
      Promise.all([near.run((self) => speak(self, b)), far.run((self) => speak(self, a))]),
    )
    await cluster.until('all is there', () => atNear.length === 50 && atFar.length === 50)
    await cluster.pass(30_000)
    const all = Array.from({ length: 50 }, (_, n) => n)
    assert.equal([atNear, atFar], [all, all], `seed ${seed}`)
    assert.equal([nodes(near), nodes(far)], [[b], [a]])
    assert.is(cluster.network.traffic().length, 2, `seed ${seed}: one connection`)
    assert.is(cluster.of(a, 'nodeup').length, 1)
    assert.is(cluster.of(b, 'nodedown').length, 0)
  }
})

test('RT-16 a node with another cookie is nobody: no nodes(), no signal', async () => {
  const cluster = new VirtualCluster()
  const near = await cluster.start(a, { modules })
  const far = await cluster.start(b, { modules, cookie: 'another' })
  const received: unknown[] = []
  spawn(far, hear(received), undefined, { name: 'ear' })
  await cluster.run(near, async (self) => {
    self.send({ tag: 'at', node: b, name: 'ear' }, 'secret')
    const ref = self.monitor({ tag: 'at', node: b, name: 'ear' })
    assert.is((await self.receive(isDown(ref))).reason, 'noconnection')
  })
  assert.is(await cluster.drive(connectNode(far, a)), false)
  assert.equal([nodes(near), nodes(far), received], [[], [], []])
  assert.is(cluster.of(a, 'nodeup').length + cluster.of(b, 'nodeup').length, 0)
  const reasons = cluster.logs(b, 'dist handshake failed').map(({ fields }) => fields.reason)
  assert.ok(reasons.includes('cookieMismatch'))
})

test('DST-04 another node behind an address is refused, and says nothing of itself', async () => {
  const cluster = new VirtualCluster()
  const near = await cluster.start(a, {
    modules,
    nodes: { [c]: { host: '10.0.0.2', port: 4433 } },
  })
  const far = await cluster.start(b, { modules })
  assert.is(await cluster.drive(connectNode(near, c)), false)
  assert.equal([nodes(near), nodes(far)], [[], []])
  const [log] = cluster.logs(a, 'authentication failed')
  assert.is(log?.fields.peer, c)
})

test('AUT-14 a stranger with a known name and another key is refused', async () => {
  const { cluster, near, far } = await pair()
  assert.is(await cluster.drive(connectNode(near, b)), true)
  await cluster.drive(far.stop())
  await cluster.until('it is gone', () => nodes(near).length === 0)
  cluster.wipe(b)
  const stranger = await cluster.start(b, { modules })
  assert.is(await cluster.drive(connectNode(near, b)), false)
  assert.is(await cluster.drive(connectNode(stranger, a)), false)
  assert.equal([nodes(near), nodes(stranger)], [[], []])
  for (const log of cluster.logs(a, 'authentication failed')) {
    assert.is(log.fields.reason, 'keyMismatch')
    const prints = log.fields.fingerprints as { presented: string; expected: string }
    assert.match(prints.presented, /^[0-9a-f]{64}$/)
    assert.match(prints.expected, /^[0-9a-f]{64}$/)
    assert.not.equal(prints.presented, prints.expected)
  }
  assert.is(cluster.logs(a, 'authentication failed').length, 2)
})

test('AUT-16 a strict node knows nobody it has not pinned', async () => {
  const cluster = new VirtualCluster()
  const near = await cluster.start(a, { modules })
  const far = await cluster.start(b, { modules, trustMode: 'strict' })
  assert.is(await cluster.drive(connectNode(near, b)), false)
  assert.is(await cluster.drive(connectNode(far, a)), false)
  assert.equal([nodes(near), nodes(far)], [[], []])
})

test('RT-19 a large message does not hold back the small ones of others', async () => {
  const { cluster, near, far } = await pair()
  cluster.network.setDelay(1, 1)
  const sizes: number[] = []
  const sink = process('nodes.sink', async (self: Self) => {
    for (;;) {
      const message = await self.receive()
      sizes.push(message instanceof Uint8Array ? message.length : 0)
    }
  })
  const ear = spawn(far, sink)
  await cluster.drive(connectNode(near, b))
  const [large, small] = [8 * 1024 * 1024, 1]
  await cluster.run(near, async (self) => {
    self.send(ear, new Uint8Array(large))
    self.send(ear, new Uint8Array(2))
    for (let n = 0; n < 100; n++) spawn(self, spray, ear)
    await self.yield()
  })
  await cluster.until('all is there', () => sizes.length === 102)
  const at = sizes.indexOf(large)
  assert.is(sizes.filter((size, index) => size === small && index < at).length, 100)
  assert.is(sizes.at(-1), 2, 'behind the large one of the same sender')
})

const spray = process('nodes.spray', (self: Self, to: Pid) => {
  self.send(to, new Uint8Array(1))
})

test('a value that cannot travel is refused at its sender, with its path', async () => {
  for (const checked of [true, false]) {
    const cluster = new VirtualCluster()
    const near = await cluster.start(a, { modules, checked })
    const far = await cluster.start(b, { modules, checked })
    const ear = spawn(far, idle)
    await cluster.drive(connectNode(near, b))
    const before = channelStatistics(near, b)?.framesSent
    await cluster.run(near, async (self) => {
      const bad = { items: [0, 1, 2, { callback: () => 1 }] }
      assert.throws(() => self.send(ear, bad), /message\.items\[3\]\.callback/)
      const named = { tag: 'at', node: b, name: 'x' } as const
      assert.throws(() => self.send(named, bad), /message\.items\[3\]\.callback/)
      const failed = await reasonOfCall(() => call(self, at(b, server, 'x'), 'take', bad))
      assert.match(failed, /arg\.items\[3\]\.callback/)
    })
    assert.is(channelStatistics(near, b)?.framesSent, before, 'nothing was sent')
  }
})

test.run()
