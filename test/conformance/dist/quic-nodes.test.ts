/**
 * What only real processes and real datagrams can show (RT-06, RT-09, RT-20, DST-02): a killed
 * process, a restarted one on the same port, both sides dialling at once, and a wire that says
 * nothing to who listens.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { quicCarrier } from '../../../src/carrier/quic/index.ts'
import {
  type Address,
  connectNode,
  isDown,
  isExit,
  isNodeDown,
  monitorNodes,
  type Node,
  nodes,
  startNode,
} from '../../../src/index.ts'
import { assert, cleanup, suite } from '../../support/harness.ts'
import { forwarder } from '../../support/udp.ts'
import { until } from '../../support/until.ts'
import { makePuppet, nextGot, puppet, settled, tell } from '../topics/puppet.ts'
import { placeOf } from '../topics/topic.ts'
import { FarNode } from './far-node.ts'

const test = suite('two processes over QUIC')

const near = 'near@127.0.0.1'
const far = 'far@127.0.0.1'
const host = '127.0.0.1'

function freshDir(): string {
  const dir = mkdtempSync(join(tmpdir(), 'skein-nodes-'))
  cleanup(() => rmSync(dir, { recursive: true, force: true }))
  return dir
}

/** A port that was free a moment ago. */
async function freePort(): Promise<number> {
  const carrier = quicCarrier({ host, port: 0 })
  const node = await startNode({
    name: 'probe@127.0.0.1',
    dataDir: freshDir(),
    cookie: 'x',
    carrier,
  })
  const { port } = node.address ?? { port: 0 }
  await node.stop()
  return port
}

function startFar(dir: string, port = 0, peerPort?: number): FarNode {
  const args = [far, near, join(dir, far), String(port)]
  if (peerPort !== undefined) args.push(String(peerPort))
  const child = new FarNode(new URL('./quic-child.ts', import.meta.url), args)
  cleanup(() => child.kill('SIGKILL'))
  return child
}

async function startNear(dir: string, farAddress: Address, port = 0): Promise<Node> {
  const node = await startNode({
    name: near,
    dataDir: join(dir, near),
    carrier: quicCarrier({ host, port }),
    nodes: { [far]: farAddress },
    modules: [puppet],
    cookie: 'the cookie',
    tickMs: 100,
  })
  cleanup(() => node.stop())
  return node
}

test('RT-06 a killed process: links, monitors, then nodedown, all within the ticks', async () => {
  const dir = freshDir()
  const child = startFar(dir)
  const node = await startNear(dir, { host, port: await child.port() })
  await node.run(async (self) => {
    self.trapExit(true)
    monitorNodes(self, true)
    const pid = await makePuppet(self, placeOf(node, far), 'there')
    const ref = self.monitor(pid)
    self.link(pid)
    await settled(self, pid)
    child.kill('SIGKILL')
    assert.is((await self.receive(isExit(pid))).reason, 'noconnection')
    assert.is((await self.receive(isDown(ref))).reason, 'noconnection')
    assert.is((await self.receive(isNodeDown(far))).reason, 'tickTimeout')
  })
  assert.is(await child.ended, 'SIGKILL')
})

test('RT-09 a process that is started again has a new creation', async () => {
  const dir = freshDir()
  const first = startFar(dir)
  const port = await first.port()
  const node = await startNear(dir, { host, port })
  const old = await node.run((self) => makePuppet(self, placeOf(node, far), 'there'))
  first.kill('SIGKILL')
  await first.ended
  const second = startFar(dir, port)
  assert.is(await second.port(), port)
  await until('the old one is given up', () => nodes(node).length === 0)
  await node.run(async (self) => {
    const pid = await makePuppet(self, placeOf(node, far), 'there')
    tell(self, old, { tag: 'send', to: self.pid, message: 'from the grave' })
    assert.is((await self.receive(isDown(self.monitor(old)))).reason, 'noproc')
    self.send(pid, 'hello')
    assert.is(await nextGot(self, pid), 'hello')
    assert.is(self.receive(null, { timeoutMs: 0, otherwise: 'nothing' }), 'nothing')
  })
})

test('RT-20 both dial at once: one channel, one nodeup each, nothing lost', async () => {
  const dir = freshDir()
  const [farPort, nearPort] = [await freePort(), await freePort()]
  const child = startFar(dir, farPort, nearPort)
  await child.port()
  const node = await startNear(dir, { host, port: farPort }, nearPort)
  let ups = 0
  node.observe((event) => {
    if (event.tag === 'nodeup') ups++
  })
  const [there, here] = await Promise.all([child.ask('connect'), connectNode(node, far)])
  assert.equal([there, here], [true, true])
  await node.run(async (self) => {
    const pid = await makePuppet(self, placeOf(node, far), 'there')
    for (let n = 0; n < 100; n++) self.send(pid, n)
    for (let n = 0; n < 100; n++) assert.is(await nextGot(self, pid), n)
  })
  assert.equal(await child.ask('nodes'), { nodes: [near], ups: 1 })
  assert.equal([nodes(node), ups], [[far], 1])
})

test('DST-02 nothing that is sent can be read on the wire', async () => {
  const dir = freshDir()
  const child = startFar(dir)
  const wire = await forwarder({ host, port: await child.port() })
  const node = await startNear(dir, wire.address)
  const marker = 'a marker that nobody may read'
  await node.run(async (self) => {
    const pid = await makePuppet(self, placeOf(node, far), 'there')
    for (let n = 0; n < 20; n++) self.send(pid, `${marker} ${n}`)
    for (let n = 0; n < 20; n++) assert.is(await nextGot(self, pid), `${marker} ${n}`)
  })
  const seen = Buffer.concat(wire.seen.map(({ datagram }) => datagram))
  assert.ok(wire.seen.some(({ up }) => up) && wire.seen.some(({ up }) => !up))
  for (const secret of [marker, 'topic.puppet', 'the cookie', near]) {
    assert.not(seen.includes(secret), secret)
  }
})

test('a wire that falls silent ends the channel on both sides', async () => {
  const dir = freshDir()
  const child = startFar(dir)
  const wire = await forwarder({ host, port: await child.port() })
  const node = await startNear(dir, wire.address)
  assert.is(await connectNode(node, far), true)
  wire.cut = true
  await until('this side knows', () => nodes(node).length === 0)
  let there: unknown
  do there = await child.ask('nodes')
  while (JSON.stringify(there) !== JSON.stringify({ nodes: [], ups: 1 }))
  wire.cut = false
  assert.is(await connectNode(node, far), true)
})

test.run()
