/**
 * Messages between parts of the system over channels that exist: who says one is certain, none
 * causes a dial, none holds anybody, and what a peer sends to no purpose costs a bounded amount.
 */
import { process, type Self, spawn } from '../../../../runtime/index.ts'
import { processOfSelf } from '../../../../runtime/kernel.ts'
import { closeCode, serviceFrame } from '../../../../src/dist/protocol.ts'
import { isServiceMessage, type ServiceMessage, type Told } from '../../../../src/dist/services.ts'
import { connectNode, nodes } from '../../../../src/index.ts'
import { limits } from '../../../../src/limits.ts'
import { type Node, partsOf } from '../../../../src/node/node.ts'
import { assert, suite } from '../../../support/harness.ts'
import { deadLetters, evil, type Hostile, hostile, leavesNothing, wellFor } from './hostile.ts'
import { ScriptedPeer } from './scripted-peer.ts'
import { a, b, c, VirtualCluster } from './virtual-cluster.ts'

const test = suite('services')

const flags = ['services']

function servicesOf(node: Node) {
  const { dist } = partsOf(node)
  if (dist === undefined) throw new Error('no dist')
  return dist.router.services
}

/** What comes to `service` of the node; a process that is `deaf` reads nothing of it. */
async function listen(
  { cluster, node }: { readonly cluster: VirtualCluster; readonly node: Node },
  service: string,
  deaf = false,
): Promise<ServiceMessage[]> {
  const heard: ServiceMessage[] = []
  let listens = false
  const module = process('fixture.service', async (self: Self) => {
    servicesOf(node).listen(service, processOfSelf(self))
    listens = true
    if (deaf) await self.receive((message) => message === 'never')
    for (;;) heard.push(await self.receive(isServiceMessage))
  })
  spawn(node, module)
  await cluster.until('it listens', () => listens)
  return heard
}

type Two = { readonly cluster: VirtualCluster; readonly from: Node; readonly to: Node }

/** Two nodes that are connected and run no services of their own. */
async function two(hidden = false): Promise<Two> {
  const cluster = new VirtualCluster()
  const options = { cluster: false, tickMs: 3_600_000 } as const
  const to = await cluster.start(b, options)
  const from = await cluster.start(a, { ...options, hidden })
  assert.is(await cluster.drive(connectNode(from, b)), true)
  return { cluster, from, to }
}

test('what is said arrives in order, with who said it', async () => {
  const { cluster, from, to } = await two()
  const heard = await listen({ cluster, node: to }, 'x')
  const other = await listen({ cluster, node: to }, 'y')
  for (let n = 0; n < 1_000; n++) assert.is(servicesOf(from).tell(b, 'x', { n }), 'sent')
  assert.is(servicesOf(from).tell(b, 'y', 'alone'), 'sent')
  await cluster.until('all is there', () => heard.length === 1_000 && other.length === 1)
  assert.equal(
    heard.map(({ body }) => body),
    Array.from({ length: 1_000 }, (_, n) => ({ n })),
  )
  assert.equal([heard[0]?.node, heard[0]?.service, other[0]?.body], [a, 'x', 'alone'])
})

test('nothing is sent without a channel, and none is dialled (MEM-26)', async () => {
  const { cluster, from } = await two()
  await cluster.start(c, { cluster: false })
  const started = cluster.of(a, 'nodeup').length
  for (const node of [c, 'nobody@10.9.9.9', a, 'no name']) {
    assert.is(servicesOf(from).tell(node, 'x', 1), 'noChannel', node)
  }
  await cluster.pass(60_000)
  assert.equal([nodes(from), cluster.of(a, 'nodeup').length], [[b], started])
})

test('what nobody listens to is nothing, and who has ended no longer listens', async () => {
  const { cluster, from, to } = await two()
  assert.is(servicesOf(from).tell(b, 'x', 'too early'), 'sent')
  let over = false
  const brief = process('fixture.brief', async (self: Self) => {
    servicesOf(to).listen('x', processOfSelf(self))
    over = true
  })
  spawn(to, brief)
  await cluster.until('it has ended', () => over)
  assert.is(servicesOf(from).tell(b, 'x', 'too late'), 'sent')
  await cluster.pass(1_000)
  const heard = await listen({ cluster, node: to }, 'x')
  assert.is(servicesOf(from).tell(b, 'x', 'now'), 'sent')
  await cluster.until('it is heard', () => heard.length > 0)
  assert.equal(
    heard.map(({ body }) => body),
    ['now'],
  )
  assert.is(servicesOf(to).dropped, 0)
})

test('hidden nodes have services too: who counts them out is the service', async () => {
  const { cluster, from, to } = await two(true)
  const heard = await listen({ cluster, node: to }, 'x')
  assert.is(servicesOf(from).tell(b, 'x', 1), 'sent')
  await cluster.until('it is heard', () => heard.length === 1)
  assert.is(partsOf(to).dist?.router.isHidden(a), true)
})

test('what cannot be encoded is our own mistake, and named', async () => {
  const { from } = await two()
  const body = { deep: [() => 0] }
  assert.throws(
    () => servicesOf(from).tell(b, 'x', body),
    /^x: x\[1\]\.deep\[0\]: .*cannot be sent/,
  )
})

test('to a peer that does not read messages are dropped, and nobody waits', async () => {
  const cluster = new VirtualCluster()
  const node = await cluster.start(b, { cluster: false, tickMs: 3_600_000 })
  const peer = await ScriptedPeer.dial(cluster, { name: evil, target: b, flags })
  assert.is((await peer.authenticate()).tag, 'ok')
  peer.deaf()
  assert.is((await peer.handshake()).tag, 'up')
  await cluster.until('it is up', () => nodes(node).includes(evil))
  const services = servicesOf(node)
  const bytes = new Uint8Array(64 * 1024)
  const sent: number[] = []
  const told = new Map<Told, number>()
  for (let n = 0; n < 1_000; n++) {
    const result = services.tell(evil, 'x', [n, bytes])
    told.set(result, (told.get(result) ?? 0) + 1)
    if (result === 'sent') sent.push(n)
    await cluster.pass(0)
  }
  assert.is(services.dropped, told.get('busy'))
  assert.ok((told.get('busy') ?? 0) > 900, 'most were dropped')
  const queued = partsOf(node).dist?.router.statistics(evil)?.queuedBytes ?? 0
  const most = limits.distSenderQueueMaxBytes + limits.carrierStreamHighBytes + 2 * bytes.length
  assert.ok(queued <= most, `${queued} wait`)
  // Another service has its own room.
  assert.is(services.tell(evil, 'y', 'small'), 'sent')
  peer.listen()
  await cluster.until('all that was sent is there', () => peer.told.length === sent.length + 1)
  const numbers = peer.told.flatMap(([name, body]) =>
    name === 'x' && Array.isArray(body) ? [body[0]] : [],
  )
  assert.equal(numbers, sent, 'in order')
  assert.is(services.tell(evil, 'x', [0, bytes]), 'sent', 'there is room again')
})

test('a receiver that does not read drops what is above its backlog, and counts it', async () => {
  const scene = await hostile({ flags })
  const { cluster, victim, peer } = scene
  await listen({ cluster, node: victim }, 'x', true)
  const max = limits.distServiceBacklogMax / 2
  for (let n = 0; n < max + 500; n++) {
    peer.tell('x', n)
    if (n % 1_000 === 0) await cluster.pass(0)
  }
  await cluster.until('the rest is dropped', () => servicesOf(victim).dropped === 500)
  await wellFor(scene)
})

test('the same for bytes, however few the messages', async () => {
  const scene = await hostile({ flags })
  const { cluster, victim, peer } = scene
  await listen({ cluster, node: victim }, 'x', true)
  const large = new Uint8Array(8 * 1024 * 1024)
  const fit = Math.floor(limits.distServiceBacklogMaxBytes / 2 / large.length)
  for (let n = 0; n < fit + 4; n++) peer.tell('x', [n, large])
  await cluster.until('the rest is dropped', () => servicesOf(victim).dropped === 4)
  await wellFor(scene)
})

test('a peer without the flag is told nothing, and may say what it likes', async () => {
  const scene = await hostile()
  const { cluster, victim, peer } = scene
  const heard = await listen({ cluster, node: victim }, 'x')
  assert.is(servicesOf(victim).tell(evil, 'x', 1), 'noChannel')
  peer.tell('x', 'hello')
  await cluster.until('it is heard', () => heard.length === 1)
  await cluster.pass(300_000)
  assert.equal(peer.told, [], 'neither by this service nor by any of the cluster')
  await wellFor(scene)
})

const malformed: readonly (readonly [name: string, term: unknown])[] = [
  ['a text', 'x'],
  ['nothing', null],
  ['an empty list', []],
  ['a name alone', ['x']],
  ['three', ['x', 1, 2]],
  ['a name that is none', [17, 1]],
  ['a record', { 0: 'x', 1: 1, length: 2 }],
]

for (const [name, term] of malformed) {
  test(`${name} is no service message and ends the channel`, async () => {
    const scene = await hostile({ flags })
    scene.peer.term(serviceFrame, term)
    const end = await scene.peer.end()
    assert.equal([end.code, end.reason], [closeCode.protocolViolation, 'malformed service message'])
    await wellFor(scene)
  })
}

test('names that mean something to objects, and to nobody, are names of nobody', async () => {
  const scene = await hostile({ flags })
  const heard = await listen({ cluster: scene.cluster, node: scene.victim }, 'x')
  for (const name of ['__proto__', 'constructor', '', 'X', 'x '.repeat(10_000)]) {
    scene.peer.tell(name, 1)
  }
  scene.peer.frame(serviceFrame, Uint8Array.of(0xc1))
  scene.peer.tell('x', 'last')
  await scene.cluster.until('it is heard', () => heard.length === 1)
  assert.equal(deadLetters(scene).length, 1, 'what cannot be decoded is told of')
  assert.is(scene.peer.closed, undefined)
  await wellFor(scene)
})

test('a flood of names nobody listens to leaves nothing', async () => {
  const scene: Hostile = await hostile({ flags })
  for (let n = 0; n < 100_000; n++) {
    scene.peer.tell(`service ${n}`, n)
    if (n % 2_000 === 0) await scene.cluster.pass(0)
  }
  await wellFor(scene)
  await leavesNothing(scene)
})

test.run()
