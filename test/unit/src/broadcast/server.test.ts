/**
 * The broadcast process and its API on whole nodes in virtual time: rows PLM-* of the cluster spec
 * that the rules alone cannot show.
 */
import { process, type Self, send, spawn } from '../../../../runtime/index.ts'
import { systemOf } from '../../../../runtime/kernel.ts'
import { broadcastName } from '../../../../src/broadcast/server.ts'
import {
  broadcast,
  broadcastStatistics,
  type Pid,
  subscribeBroadcast,
  unsubscribeBroadcast,
} from '../../../../src/index.ts'
import { limits } from '../../../../src/limits.ts'
import { membershipName } from '../../../../src/membership/server.ts'
import { assert, suite } from '../../../support/harness.ts'
import { ScriptedPeer } from '../dist/scripted-peer.ts'
import { type Ear, nth, OverlayScene, seed } from '../membership/overlay-scene.ts'

const test = suite('broadcast of a node')

const slow = { deadlineMs: 30_000 }
const [n1, n2] = [nth(1), nth(2)]

type Listening = { readonly scene: OverlayScene; readonly ears: ReadonlyMap<string, Ear> }

/** So many nodes beside the seed, on each a process that hears `news`. */
async function listening(others: number): Promise<Listening> {
  const scene = await OverlayScene.of(others)
  const ears = new Map<string, Ear>()
  for (const name of scene.nodes.keys()) ears.set(name, await listen(scene, name))
  return { scene, ears }
}

function listen(scene: OverlayScene, name: string, topic = 'news'): Promise<Ear> {
  return scene.hear(name, (self) => subscribeBroadcast(self, topic))
}

function publish(scene: OverlayScene, name: string, payload: unknown, id?: string) {
  const request = id === undefined ? {} : { id }
  return scene.cluster.drive(broadcast(scene.node(name), 'news', payload, request))
}

function payloads(ear: Ear | undefined): unknown[] {
  return (ear?.heard ?? []).filter(({ tag }) => tag === 'broadcast').map(({ payload }) => payload)
}

const upTo = (count: number): number[] => Array.from({ length: count }, (_, n) => n)

test('every node hears each broadcast once, its maker too (PLM-01, PLM-10)', async () => {
  const { scene, ears } = await listening(6)
  const names = [...scene.nodes.keys()]
  for (const n of upTo(40)) {
    assert.equal(await publish(scene, names[n % names.length] ?? seed, n), { tag: 'ok' })
  }
  await scene.cluster.until('all is there', () =>
    [...ears.values()].every((ear) => payloads(ear).length >= 40),
  )
  await scene.cluster.pass(120_000)
  for (const ear of ears.values()) {
    assert.equal(
      payloads(ear).sort((a, b) => Number(a) - Number(b)),
      upTo(40),
    )
    for (const { payload, origin } of ear.heard) {
      assert.is(origin, names[Number(payload) % names.length])
    }
  }
  const own = ears.get(seed)?.heard.find(({ origin }) => origin === seed)
  assert.is(own?.from, seed)
})

test('a tree forms: one body for each other node (PLM-02, PLM-03)', async () => {
  const { scene, ears } = await listening(6)
  const sent = (metric: string) =>
    [...scene.nodes.keys()].reduce((sum, name) => sum + scene.counted(name, metric), 0)
  const all = async (count: number) => {
    for (const n of upTo(count)) await publish(scene, n1, n)
    await scene.cluster.pass(2_000)
  }
  await all(20)
  const before = [sent('skein.plumtree.gossip.sent'), sent('skein.plumtree.ihave.sent')] as const
  await all(10)
  assert.is(sent('skein.plumtree.gossip.sent') - before[0], 10 * (scene.nodes.size - 1))
  assert.ok(sent('skein.plumtree.ihave.sent') > before[1])
  for (const ear of ears.values()) assert.is(payloads(ear).length, 30)
  const { eagerPeers, lazyPeers, cachedMessages } = await scene.cluster.drive(
    broadcastStatistics(scene.node(n1)),
  )
  assert.equal([...eagerPeers, ...lazyPeers].sort(), [...(await scene.active(n1))].sort())
  assert.ok(cachedMessages >= 30)
})

test('the same id is broadcast once, by whomever (PLM-08)', async () => {
  const { scene, ears } = await listening(2)
  assert.equal(await publish(scene, n1, 'first', 'day 1'), { tag: 'ok' })
  await scene.cluster.pass(5_000)
  assert.equal(await publish(scene, n1, 'again', 'day 1'), { tag: 'error', reason: 'knownId' })
  assert.equal(await publish(scene, n2, 'again', 'day 1'), { tag: 'error', reason: 'knownId' })
  await scene.cluster.pass(60_000)
  for (const ear of ears.values()) {
    assert.equal(payloads(ear), ['first'])
    assert.is(ear.heard[0]?.origin, undefined, 'a key of the caller’s names no origin')
  }
})

test(
  'an id is forgotten, and the same one is new again (PLM-07)',
  async () => {
    const { scene, ears } = await listening(1)
    assert.equal(await publish(scene, n1, 1, 'key'), { tag: 'ok' })
    await scene.cluster.pass(400_000)
    const { cachedBytes } = await scene.cluster.drive(broadcastStatistics(scene.node(n1)))
    assert.is(cachedBytes < 1_000, true, 'bodies do not stay')
    assert.equal(await publish(scene, n1, 2, 'key'), { tag: 'ok' })
    await scene.cluster.pass(5_000)
    assert.equal(payloads(ears.get(seed)), [1, 2])
  },
  slow,
)

test('what is too large, or no topic or id, is refused and nothing of it is sent', async () => {
  const { scene, ears } = await listening(1)
  const node = scene.node(n1)
  const max = limits.broadcastPayloadMaxBytes
  const large = new Uint8Array(max)
  assert.equal(await publish(scene, n1, large), { tag: 'error', reason: 'payloadTooLarge' })
  const fits = new Uint8Array(max - 16)
  assert.equal(await publish(scene, n1, fits), { tag: 'ok' })
  const long = 'x'.repeat(256)
  for (const topic of ['', long, '\ud800', 17, null, undefined, ['news']]) {
    // @ts-expect-error what callers without types may give
    await refused(broadcast(node, topic, 1), /topic: expected 1 to 255 characters, got /)
  }
  await refused(broadcast(node, 'skein.members', 1), /topic: .*system.*skein\.members/)
  for (const id of ['', long, '\ud800', 17, null]) {
    // @ts-expect-error what callers without types may give
    await refused(broadcast(node, 'news', 1, { id }), /id: expected 1 to 255 characters, got /)
  }
  for (const request of [null, 'text', { key: 'a' }]) {
    // @ts-expect-error what callers without types may give
    await refused(broadcast(node, 'news', 1, request), /broadcast: (expected|unknown) option/)
  }
  await scene.cluster.until('what fits is there', () => payloads(ears.get(seed)).length > 0)
  assert.equal(payloads(ears.get(seed)), [fits])
})

test('what cannot leave the node is refused, and the message says where it is', async () => {
  const { scene } = await listening(1)
  const node = scene.node(n1)
  await refused(broadcast(node, 'news', { a: [1, () => 1] }), /payload\.a\[1\]: .*cannot be sent/)
  const loop: { self?: unknown } = {}
  loop.self = loop
  await refused(broadcast(node, 'news', loop), /payload\..*cannot be sent/)
})

test('a pid in a payload can be used where it arrives', async () => {
  const scene = await OverlayScene.of(2)
  const answers: unknown[] = []
  const asking = process('fixture.asking', async (self: Self) => {
    await broadcast(self, 'news', { who: self.pid })
    for (;;) answers.push(await self.receive())
  })
  const answering = process('fixture.answering', async (self: Self) => {
    subscribeBroadcast(self, 'news')
    const isAsked = (message: unknown): message is { payload: { who: Pid } } =>
      typeof message === 'object' && message !== null && 'payload' in message
    const { payload } = await self.receive(isAsked)
    send(payload.who, `hello from ${systemOf(self).node}`)
  })
  for (const name of [seed, n2]) spawn(scene.node(name), answering)
  await scene.cluster.pass(100)
  spawn(scene.node(n1), asking)
  await scene.cluster.until('both answer', () => answers.length === 2)
  assert.equal(answers.sort(), [`hello from ${n2}`, `hello from ${seed}`])
})

test('a topic is heard by those who subscribed to it, once, until they end that', async () => {
  const scene = await OverlayScene.of(1)
  const node = scene.node(seed)
  const both = await scene.hear(seed, (self) => {
    for (const topic of ['news', 'sports', 'news']) subscribeBroadcast(self, topic)
  })
  const one = await scene.hear(seed, (self) => {
    for (let again = 0; again < 100; again++) {
      subscribeBroadcast(self, 'news')
      unsubscribeBroadcast(self, 'news')
    }
    subscribeBroadcast(self, 'sports')
    unsubscribeBroadcast(self, 'never subscribed')
  })
  const none = await scene.hear(seed, (self) => {
    subscribeBroadcast(self, 'news')
    unsubscribeBroadcast(self, 'news')
  })
  const dead = await listen(scene, seed)
  await scene.cluster.run(node, (self) => self.exit(dead.process.pid, 'kill'))
  for (const topic of ['news', 'sports', 'weather']) {
    await scene.cluster.drive(broadcast(scene.node(n1), topic, topic))
  }
  await scene.cluster.until('both topics are there', () => both.heard.length === 2)
  assert.equal([payloads(both).sort(), payloads(one)], [['news', 'sports'], ['sports']])
  assert.equal([none.heard, dead.heard], [[], []])
  assert.is(one.process.exitHooks?.length, 1, 'what is done when it ends does not pile up')
  await scene.restart(seed, broadcastName)
  await scene.cluster.until('those who listen are told', () => both.heard.length > 2)
  assert.equal(none.heard, [], 'who does not listen any more is not told')
})

test(
  'who was away learns what the others still hold',
  async () => {
    const { scene, ears } = await listening(3)
    const others = [...scene.nodes.keys()].filter((name) => name !== n1)
    await scene.block(n1, others)
    for (const name of others) await scene.block(name, [n1])
    await scene.until('n1 is alone', async () => (await scene.active(n1)).length === 0)
    await publish(scene, seed, 'while away')
    await publish(scene, n1, 'from away')
    await scene.cluster.pass(60_000)
    assert.equal(payloads(ears.get(n1)), ['from away'])
    for (const name of scene.nodes.keys()) await scene.unblock(name)
    await scene.joined()
    await scene.cluster.until('all have heard both', () =>
      [...ears.values()].every((ear) => payloads(ear).length === 2),
    )
  },
  slow,
)

test(
  'messages that found no room on a channel are caught up (8.6)',
  async () => {
    const { scene, ears } = await listening(2)
    const body = new Uint8Array(1_000_000)
    // All in one turn: more than waits for one peer.
    const work = upTo(20).map((n) => broadcast(scene.node(n1), 'news', [n, body]))
    await scene.cluster.drive(Promise.all(work))
    await scene.cluster.until('all is there', () =>
      [...ears.values()].every((ear) => payloads(ear).length >= 20),
    )
    assert.ok(scene.counted(n1, 'skein.plumtree.dropped') > 0, 'some were dropped')
    for (const ear of ears.values()) assert.is(payloads(ear).length, 20)
  },
  slow,
)

test('the process is killed: subscribers are told, and it works on', async () => {
  const { scene, ears } = await listening(2)
  await publish(scene, n1, 'before')
  await scene.cluster.pass(1_000)
  for (const name of [broadcastName, membershipName]) {
    await scene.restart(n1, name)
    await scene.joined()
  }
  const resyncs = (ears.get(n1)?.heard ?? []).filter(({ tag }) => tag === 'resync')
  assert.equal(resyncs, [
    { tag: 'resync', source: 'broadcast' },
    { tag: 'resync', source: 'broadcast' },
  ])
  for (const name of [n1, n2]) await publish(scene, name, `after, by ${name}`)
  await scene.cluster.until('all hear it', () =>
    [...ears.values()].every((ear) =>
      [n1, n2].every((name) => payloads(ear).includes(`after, by ${name}`)),
    ),
  )
})

test('a payload that cannot be decoded is counted and delivered to nobody', async () => {
  const { scene, ears } = await listening(1)
  const name = 'evil@10.6.6.6'
  const peer = await ScriptedPeer.established(scene.cluster, {
    name,
    target: seed,
    flags: ['services'],
  })
  const body = { topic: 'news', payload: Uint8Array.of(0xc1, 0xc1), round: 1, ageMs: 0 }
  const id = `${name}/00000000/00000000/00000000`
  peer.tell('broadcast', { tag: 'gossip', id, ...body })
  await scene.cluster.until('it is counted', () => {
    return scene.counted(seed, 'skein.plumtree.undecodable', { peer: name }) === 1
  })
  assert.is(scene.counted(seed, 'skein.plumtree.gossip.received', { from: name }), 1)
  await publish(scene, n1, 'honest')
  await scene.cluster.until('the honest one comes', () => payloads(ears.get(seed)).length > 0)
  assert.equal(payloads(ears.get(seed)), ['honest'])
})

async function refused(work: Promise<unknown>, message: RegExp): Promise<void> {
  try {
    await work
  } catch (error) {
    assert.match(String(error), message)
    return
  }
  assert.unreachable('it was not refused')
}

test.run()
