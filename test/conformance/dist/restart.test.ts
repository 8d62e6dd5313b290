/**
 * Crashes, restarts and simultaneous dials (RT-06, RT-09, RT-20): what a node knows of another one
 * that is not the one it was.
 */
import {
  connectNode,
  isDown,
  monitorNodes,
  nodes,
  type Self,
  spawn,
  spawnAt,
} from '../../../src/index.ts'
import { assert, suite } from '../../support/harness.ts'
import { a, b, VirtualCluster } from '../../unit/src/dist/virtual-cluster.ts'
import { echoOf, hear, idle, modules, pair, parrot } from './pair.ts'

const test = suite('restarts')

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

test.run()
