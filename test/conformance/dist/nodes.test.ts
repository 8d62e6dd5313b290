/**
 * Nodes coming and going (rules D1 to D9, RT-13, RT-14) on the memory carrier in virtual time: what
 * is told, how often, and in which order.
 */
import {
  at,
  call,
  callWithin,
  connectNode,
  disconnectNode,
  isDown,
  isExit,
  isNodeDown,
  isNodeUp,
  monitorNodes,
  nodes,
  type Self,
  spawn,
  spawnAt,
} from '../../../src/index.ts'
import { assert, suite } from '../../support/harness.ts'
import { a, b, c } from '../../unit/src/dist/virtual-cluster.ts'
import { failureOf } from '../otp/one-node.ts'
import { echoOf, hear, idle, linker, pair, parrot, server } from './pair.ts'

const test = suite('nodes')

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

test('D1 D8 D9 the unreachable: sends are silent, others hear of it', async () => {
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

test.run()
