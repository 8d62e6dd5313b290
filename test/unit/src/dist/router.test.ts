/**
 * The route to a node that is not connected, no longer connected, or does not keep up: who waits,
 * who is told, and that everyone is told once.
 */
import { systemOf } from '../../../../runtime/kernel.ts'
import { closeCode } from '../../../../src/dist/protocol.ts'
import {
  at,
  call,
  callWithin,
  channelStatistics,
  connectNode,
  disconnectNode,
  isDown,
  isExit,
  monitorNodes,
  nodes,
  type Pid,
  process,
  type Reason,
  type Self,
  send,
  spawn,
  spawnAt,
} from '../../../../src/index.ts'
import { limits } from '../../../../src/limits.ts'
import type { Node } from '../../../../src/node/node.ts'
import { failureOf } from '../../../conformance/otp/one-node.ts'
import { assert, suite } from '../../../support/harness.ts'
import { counter, counterName, reader } from './hostile.ts'
import { ScriptedPeer } from './scripted-peer.ts'
import { a, b, c, tablesOf, VirtualCluster } from './virtual-cluster.ts'

const test = suite('router')

/** Links with the pid it gets, traps, and keeps what it hears. */
const heard: unknown[] = []
const witness = process('router.witness', async (self: Self, to: Pid) => {
  self.trapExit(true)
  self.link(to)
  for (;;) heard.push(await self.receive())
})

/** Sends blocks to a name elsewhere, without ever waiting, until it dies of it. */
const pourer = process('router.pourer', async (self: Self, node: string) => {
  await self.receive()
  const block = new Uint8Array(1024 * 1024)
  for (;;) self.send({ tag: 'at', node, name: 'sink' }, block)
})

const modules = [counter, reader, witness, pourer]

async function pair(cluster: VirtualCluster): Promise<{ near: Node; far: Node }> {
  const near = await cluster.start(a, { modules })
  const far = await cluster.start(b, { modules })
  spawn(far, counter, 0, { name: counterName })
  return { near, far }
}

const absent = 'absent@10.0.0.1'

test('signals wait for the connection, in order, and all of them leave', async () => {
  const cluster = new VirtualCluster()
  const { near, far } = await pair(cluster)
  cluster.network.setDelay(50, 50)
  const got: unknown[] = []
  const ear = process('router.ear', async (self: Self) => {
    for (;;) got.push(await self.receive())
  })
  spawn(far, ear, undefined, { name: 'ear' })
  await cluster.run(near, (self) => {
    for (let n = 0; n < 1000; n++) self.send({ tag: 'at', node: b, name: 'ear' }, n)
    assert.equal(nodes(self), [])
  })
  await cluster.until('all is there', () => got.length === 1000)
  assert.equal(
    got,
    Array.from({ length: 1000 }, (_, n) => n),
  )
})

test('a dial that fails tells everyone who waits, once, and leaves nothing', async () => {
  const cluster = new VirtualCluster()
  const { near } = await pair(cluster)
  const before = tablesOf(near, c)
  const told = await cluster.run(near, async (self) => {
    self.trapExit(true)
    const name = { tag: 'at', node: c, name: 'x' } as const
    const refs = Array.from({ length: 50 }, () => self.monitor(name))
    const calls = refs.map(() => failureOf(callWithin(self, 60_000, at(c, counter, 'x'), 'add', 1)))
    const spawns = refs.map(() => failureOf(spawnAt(self, c, reader, undefined, { link: true })))
    const dials = refs.map(() => connectNode(self, c))
    for (let n = 0; n < 50; n++) self.send(name, n)
    const downs: Reason[] = []
    for (const ref of refs) downs.push((await self.receive(isDown(ref))).reason)
    const all = [
      downs,
      await Promise.all(calls),
      await Promise.all(spawns),
      await Promise.all(dials),
    ]
    assert.is(self.receive(null, { timeoutMs: 0, otherwise: 'nothing' }), 'nothing')
    return all
  })
  const [downs, calls, spawns, dials] = told
  assert.ok(downs?.every((reason) => reason === 'noconnection'))
  assert.ok(spawns?.every((reason) => reason === 'noconnection'))
  assert.ok(calls?.every((reason) => JSON.stringify(reason) === `{"tag":"nodedown","node":"${c}"}`))
  assert.ok(dials?.every((up) => up === false))
  assert.equal(tablesOf(near, c), before)
  assert.is(cluster.logs(a, 'dial failed').length, 1, 'one dial for all of them')
})

test('a link to a pid of a node that is gone fires noconnection', async () => {
  const cluster = new VirtualCluster()
  const { near, far } = await pair(cluster)
  const pid = await cluster.run(near, (self) => spawnAt(self, b, reader))
  await cluster.drive(far.stop())
  await cluster.until('it is gone', () => nodes(near).length === 0)
  await cluster.run(near, async (self) => {
    self.trapExit(true)
    self.link(pid)
    assert.is((await self.receive(isExit(pid))).reason, 'noconnection')
    assert.is(self.receive(null, { timeoutMs: 0, otherwise: 'nothing' }), 'nothing')
  })
})

test('a name nobody resolves fails at once, without a dial', async () => {
  const cluster = new VirtualCluster()
  const { near } = await pair(cluster)
  const atMs = cluster.world.nowMs
  assert.is(await cluster.drive(connectNode(near, absent)), false)
  assert.ok(cluster.world.nowMs - atMs < 10)
})

test('a channel that goes down is told in order, however many depend on it', async () => {
  const cluster = new VirtualCluster()
  const { near } = await pair(cluster)
  const order = await cluster.run(near, async (self) => {
    self.trapExit(true)
    monitorNodes(self, true)
    const pid = await spawnAt(self, b, reader)
    for (let n = 0; n < 5_000; n++) self.monitor(pid)
    const name = { tag: 'at', node: b, name: counterName } as const
    disconnectNode(self, b)
    // While five thousand are being told, a new signal asks for a new channel.
    const again = self.monitor(name)
    const seen: string[] = []
    for (;;) {
      const message = await self.receive()
      if (isDown()(message)) {
        if (message.ref === again) throw new Error('the new monitor must not fire')
        seen.push('DOWN')
      } else seen.push(JSON.stringify(message))
      if (seen.filter((line) => line.includes('nodeup')).length === 2) return seen
    }
  })
  const up = JSON.stringify({ tag: 'nodeup', node: b })
  const down = JSON.stringify({ tag: 'nodedown', node: b, reason: 'disconnect' })
  assert.equal(order.slice(-2), [down, up])
  assert.is(order.filter((line) => line === 'DOWN').length, 5_000)
  assert.equal(nodes(near), [b])
})

test('connectNode during a shutdown of the old channel waits for the new one', async () => {
  const cluster = new VirtualCluster()
  const { near } = await pair(cluster)
  await cluster.run(near, async (self) => {
    const pid = await spawnAt(self, b, reader)
    for (let n = 0; n < 5_000; n++) self.monitor(pid)
    disconnectNode(self, b)
    assert.is(await connectNode(self, b), true)
  })
  assert.equal(nodes(near), [b])
})

test('a stop while a dial is under way answers those who wait', async () => {
  const cluster = new VirtualCluster()
  const { near } = await pair(cluster)
  const dialing = connectNode(near, c)
  await cluster.pass(1)
  await cluster.drive(near.stop())
  assert.is(await cluster.drive(dialing), false)
  assert.is(await cluster.drive(connectNode(near, b)), false, 'and afterwards')
})

/** Cuts the wire, then lets `pourer` pour until it dies. Gives its reason. */
async function overflow(cluster: VirtualCluster, near: Node, pid: Pid): Promise<Reason> {
  cluster.network.partition([['10.0.0.1'], ['10.0.0.2']])
  return cluster.run(near, async (self) => {
    const ref = self.monitor(pid)
    self.send(pid, 'go')
    return (await self.receive(isDown(ref))).reason
  })
}

test('a sender that pours into a full queue ends with systemLimit', async () => {
  const cluster = new VirtualCluster()
  const { near } = await pair(cluster)
  await cluster.drive(connectNode(near, b))
  const reason = await overflow(cluster, near, spawn(near, pourer, b))
  assert.equal(reason, { tag: 'systemLimit', limit: 'distQueue', node: b })
  const queued = channelStatistics(near, b)?.queuedBytes ?? 0
  const max = limits.distQueueMaxBytes * limits.distQueueOverflowFactor
  const slack = 4 * 1024 * 1024
  assert.ok(queued > max - slack && queued < max + slack, `${queued}`)
  assert.equal(nodes(near), [b], 'the channel is kept')
})

test('before the connection the queue has the same bound', async () => {
  const cluster = new VirtualCluster()
  const { near } = await pair(cluster)
  const pid = spawn(near, pourer, b)
  const reason = await overflow(cluster, near, pid)
  assert.equal(reason, { tag: 'systemLimit', limit: 'distQueue', node: b })
})

test('the end of a sender that overflowed still reaches those it was linked with', async () => {
  const cluster = new VirtualCluster()
  const { near } = await pair(cluster)
  const pid = spawn(near, pourer, b)
  heard.length = 0
  await cluster.run(near, (self) => spawnAt(self, b, witness, pid))
  await cluster.pass(10)
  const reason = await overflow(cluster, near, pid)
  cluster.network.heal()
  await cluster.until('the witness hears', () => heard.length > 0)
  assert.equal(heard, [{ tag: 'EXIT', from: heard.length > 0 ? fromOf(heard[0]) : null, reason }])
  await cluster.run(near, async (self) => {
    assert.ok((await call(self, at(b, counter, counterName), 'add', 1)) > 0, 'the channel works')
  })
})

function fromOf(message: unknown): unknown {
  return typeof message === 'object' && message !== null && 'from' in message ? message.from : null
}

test('host code that pours is not ended: what is too much is a dead letter', async () => {
  const cluster = new VirtualCluster()
  const { near } = await pair(cluster)
  const pid = await cluster.run(near, (self) => spawnAt(self, b, reader))
  cluster.network.partition([['10.0.0.1'], ['10.0.0.2']])
  const block = new Uint8Array(1024 * 1024)
  for (let n = 0; n < 70; n++) send(pid, block)
  const lost = cluster.of(a, 'deadLetter').filter(({ detail }) => /is full/.test(detail))
  assert.ok(lost.length > 0 && lost.length < 10, `${lost.length}`)
})

test('connections that say nothing are let go at the deadline, and hold up nobody', async () => {
  const cluster = new VirtualCluster()
  const { near, far } = await pair(cluster)
  const silent: ScriptedPeer[] = []
  const options = { name: 'mute@10.6.6.6', target: b }
  for (let n = 0; n < limits.authAttemptsPerAddressMax; n++) {
    silent.push(await ScriptedPeer.dial(cluster, options))
  }
  const more = await ScriptedPeer.dial(cluster, options)
  assert.is((await more.end()).code, closeCode.limit)
  assert.is(await cluster.drive(connectNode(near, b)), true)
  await cluster.until('all silent ones are let go', () => silent.every(({ closed }) => closed))
  assert.ok(silent.every(({ closed }) => closed?.code === closeCode.authenticationFailed))
  assert.ok([...systemOf(far).processes].length < 20)
})

test('an authenticated peer that stays silent is let go at the deadline', async () => {
  const cluster = new VirtualCluster()
  const { far } = await pair(cluster)
  const peer = await ScriptedPeer.dial(cluster, { name: 'mute@10.6.6.6', target: b })
  assert.is((await peer.authenticate()).tag, 'ok')
  peer.openControl()
  const end = await peer.end()
  assert.is(end.code, closeCode.handshakeFailed)
  assert.is(end.reason, 'timeout')
  assert.equal(nodes(far), [])
})

test('handshake messages out of order, and frames before the authentication, end it', async () => {
  const cluster = new VirtualCluster()
  const { far } = await pair(cluster)
  const say: readonly ((peer: ScriptedPeer) => void)[] = [
    (peer) => peer.say({ tag: 'ack', digest: new Uint8Array(32) }),
    (peer) => peer.say({ tag: 'status', status: 'ok' }),
    (peer) => peer.sendControl(1, Uint8Array.of(0xc1)),
    (peer) => peer.rawControl(new Uint8Array(5000).fill(0xff)),
  ]
  for (const bad of say) {
    const peer = await ScriptedPeer.dial(cluster, { name: 'odd@10.6.6.6', target: b })
    bad(peer)
    await peer.authenticate().catch(() => undefined)
    assert.is((await peer.end()).by, 'peer')
    cluster.wipe('odd@10.6.6.6')
  }
  assert.equal(nodes(far), [])
  const early = await ScriptedPeer.dial(cluster, { name: 'early@10.6.6.7', target: b })
  early.raw(Uint8Array.of(0, 0, 0, 1, 10))
  assert.is((await early.authenticate()).tag, 'ok')
  assert.is((await early.handshake()).tag, 'up', 'data that came early waits for its time')
})

test('a peer with another cookie, or another name than its own, is refused', async () => {
  const cluster = new VirtualCluster()
  const { far } = await pair(cluster)
  const options = { name: 'x@10.6.6.6', target: b, cookie: 'wrong' }
  const wrong = await ScriptedPeer.dial(cluster, options)
  assert.is((await wrong.authenticate()).tag, 'ok')
  assert.is((await wrong.handshake()).tag, 'closed')
  assert.is((await wrong.end()).reason, 'cookieMismatch')
  const liar = await ScriptedPeer.dial(cluster, { name: 'y@10.6.6.6', target: b })
  assert.is((await liar.authenticate()).tag, 'ok')
  liar.say({ tag: 'name', version: 1, node: a, creation: 1, flags: [], mandatory: [] })
  assert.is((await liar.end()).reason, 'wrongNodeName')
  assert.equal(nodes(far), [])
  assert.is(cluster.of(b, 'nodeup').length, 0)
})

test.run()
