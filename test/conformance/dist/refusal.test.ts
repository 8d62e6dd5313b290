/**
 * Who is not let in (RT-16, P13, DST-04, AUT-14, AUT-16), what cannot be sent, and what must not
 * wait (RT-19).
 */
import { systemOf } from '../../../runtime/kernel.ts'
import {
  at,
  call,
  channelStatistics,
  connectNode,
  isDown,
  nodes,
  type Pid,
  process,
  type Self,
  spawn,
} from '../../../src/index.ts'
import { assert, suite } from '../../support/harness.ts'
import { a, b, c, VirtualCluster } from '../../unit/src/dist/virtual-cluster.ts'
import { hear, idle, modules, pair, server } from './pair.ts'

const test = suite('refusals')

async function reasonOfCall(calling: () => Promise<unknown>): Promise<string> {
  try {
    await calling()
    return 'it was sent'
  } catch (error) {
    return String(error)
  }
}

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

test('P13 strangers leave nothing behind, whatever names they claim', async () => {
  const cluster = new VirtualCluster()
  const near = await cluster.start(a, { modules })
  const before = [...systemOf(near).processes].length
  for (let n = 1; n <= 20; n++) {
    const stranger = await cluster.start(`stranger${n}@10.0.1.${n}`, { cookie: 'another' })
    assert.is(await cluster.drive(connectNode(stranger, a)), false)
    await cluster.drive(stranger.stop())
  }
  const { peers, processes } = systemOf(near)
  await cluster.until('the attempts are over', () => [...processes].length === before)
  assert.equal([[...peers.keys()], nodes(near)], [[], []])
  const refused = cluster.logs(a, 'dist handshake failed').length
  assert.ok(refused >= 20, `${refused} were refused`)
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
