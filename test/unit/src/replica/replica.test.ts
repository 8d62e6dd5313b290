/** Replicas of a program, on whole nodes in virtual time: the rows REP-01 to REP-09. */
import { systemOf } from '../../../../runtime/kernel.ts'
import { broadcastUpdate, replica, startNode } from '../../../../src/index.ts'
import { limits } from '../../../../src/limits.ts'
import { assert, suite } from '../../../support/harness.ts'
import { ScriptedPeer } from '../dist/scripted-peer.ts'
import { nth, seed } from '../membership/overlay-scene.ts'
import { driverName, ownerName, ReplicaScene } from './replica-scene.ts'

const test = suite('replica of a program')

const slow = { deadlineMs: 60_000 }
const [n1, n2] = [nth(1), nth(2)]

test('REP-01 what one node tells, all merge, and it does not merge its own', async () => {
  const scene = await ReplicaScene.with(2)
  for (const at of [seed, n1, n2]) await scene.replicate(at, ['x'])
  await scene.add(n1, 'x', ['tea'])
  await scene.add(n2, 'x', ['milk'])
  await scene.same('x', ['tea', 'milk'], [seed, n1, n2])
  const merged = scene.calls.get(n1) ?? []
  assert.ok(merged.length > 0)
  assert.ok(merged.every((line) => !line.includes('tea')))
})

test('REP-02 REP-09 instances of one module know nothing of each other', async () => {
  const scene = await ReplicaScene.with(1)
  for (const at of [seed, n1]) await scene.replicate(at, ['x', 'y'])
  await scene.add(n1, 'x', ['tea'])
  await scene.add(seed, 'y', ['salt'])
  await scene.same('x', ['tea'], [seed, n1])
  await scene.same('y', ['salt'], [seed, n1])
  assert.equal(scene.calls.get(seed), [`merge x update ${n1} tea`])
  assert.equal(scene.calls.get(n1), [`merge y update ${seed} salt`])
})

test('REP-03 a payload of its own reaches mergeCustom, and nobody without it', async () => {
  const scene = await ReplicaScene.with(2)
  await scene.replicate(seed, ['x'])
  await scene.replicate(n1, ['x'])
  await scene.replicate(n2, ['x'], { custom: false })
  assert.equal(await scene.custom(n1, 'x', 'hello'), { tag: 'ok' })
  await scene.cluster.until('it is heard', () => (scene.calls.get(seed) ?? []).length > 0)
  assert.equal(scene.calls.get(seed), [`mergeCustom x hello ${n1}`])
  assert.equal(scene.calls.get(n1), [])
  await scene.add(n1, 'x', ['tea'])
  await scene.same('x', ['tea'], [seed, n1, n2])
})

test('REP-04 a new node gets what there is', async () => {
  const scene = await ReplicaScene.with(1)
  for (const at of [seed, n1]) await scene.replicate(at, ['x'])
  await scene.add(n1, 'x', ['tea', 'milk'])
  await scene.start(n2)
  await scene.replicate(n2, ['x'])
  await scene.same('x', ['tea', 'milk'], [n2])
  assert.ok((scene.calls.get(n2) ?? []).every((line) => line.includes(' sync ')))
})

test('REP-05 an instance started late gets what there is', async () => {
  const scene = await ReplicaScene.with(2)
  await scene.replicate(n1, ['x'])
  await scene.add(n1, 'x', ['tea'])
  await scene.replicate(n2, ['x'])
  await scene.replicate(seed, ['x'])
  await scene.same('x', ['tea'], [seed, n1, n2])
})

test('REP-06 a node that is down or has left is removed, with the reason', async () => {
  const scene = await ReplicaScene.with(2)
  await scene.replicate(seed, ['x'])
  scene.crash(n1)
  const removed = (line: string) => () => (scene.calls.get(seed) ?? []).includes(line)
  await scene.cluster.until('it is removed', removed(`removeNode x ${n1} unreachable`))
  await scene.stop(n2)
  await scene.cluster.until('it is removed too', removed(`removeNode x ${n2} left`))
  assert.is(scene.calls.get(seed)?.length, 2)
})

for (const { antiEntropyMs, heals } of [
  { antiEntropyMs: 30_000, heals: true },
  { antiEntropyMs: 0, heals: false },
]) {
  const what = heals ? 'comes by comparing' : 'does not come when comparing is off'
  test(`REP-07 what no broadcast brought ${what}`, async () => {
    const scene = await ReplicaScene.with(1, { cluster: { replica: { antiEntropyMs } } })
    for (const at of [seed, n1]) await scene.replicate(at, ['x'])
    await scene.cluster.pass(1_000)
    // Nobody is told: as if the broadcast had been lost.
    await scene.addSilently(n1, 'x', ['tea'])
    await scene.cluster.pass(120_000)
    assert.equal(await scene.words(seed, 'x'), heals ? ['tea'] : [])
  })
}

test('REP-08 an owner that is killed gets its state back, and a driver loses none', async () => {
  const scene = await ReplicaScene.with(2)
  for (const at of [seed, n1, n2]) await scene.replicate(at, ['x'])
  await scene.add(n1, 'x', ['tea', 'milk'])
  await scene.same('x', ['tea', 'milk'], [seed, n1, n2])
  await scene.restart(n2, ownerName('x'))
  await scene.same('x', ['tea', 'milk'], [n2])
  await scene.restart(n2, driverName('x'))
  await scene.add(n2, 'x', ['salt'])
  await scene.add(seed, 'x', ['oil'])
  await scene.same('x', ['tea', 'milk', 'salt', 'oil'], [seed, n1, n2])
})

test(
  'REP-08 an owner that is killed while a snapshot comes gets all of it',
  async () => {
    const scene = await ReplicaScene.with(1, { cluster: { replica: { antiEntropyMs: 0 } } })
    await scene.replicate(n1, ['x'])
    const words = Array.from({ length: 6_000 }, (_, at) => `word ${at}`)
    await scene.addSilently(n1, 'x', words)
    await scene.replicate(seed, ['x'])
    const sent = () => scene.counted(n1, 'skein.replica.part_sent')
    await scene.cluster.until('some has come', () => sent() > 8)
    await scene.restart(seed, ownerName('x'))
    assert.ok(sent() < 40)
    await scene.cluster.pass(60_000)
    assert.is((await scene.words(seed, 'x')).length, words.length)
  },
  slow,
)

test('when all is the same a few bytes are said, and nothing else', async () => {
  const scene = await ReplicaScene.with(1)
  for (const at of [seed, n1]) await scene.replicate(at, ['x'])
  await scene.add(
    n1,
    'x',
    Array.from({ length: 1_000 }, (_, at) => `word ${at}`),
  )
  await scene.cluster.pass(10_000)
  const sent = (metric: string) => {
    return (
      scene.counted(seed, `skein.replica.${metric}`) + scene.counted(n1, `skein.replica.${metric}`)
    )
  }
  const [digests, snapshots] = [sent('digest_sent'), sent('snapshot_sent')]
  await scene.cluster.pass(300_000)
  assert.ok(sent('digest_sent') >= digests + 12)
  assert.is(sent('snapshot_sent'), snapshots)
})

test(
  'a large snapshot comes in parts',
  async () => {
    const scene = await ReplicaScene.with(1)
    await scene.replicate(n1, ['x'])
    const words = Array.from({ length: 5_000 }, (_, at) => `${'long '.repeat(20)}${at}`)
    await scene.addSilently(n1, 'x', words)
    await scene.replicate(seed, ['x'])
    await scene.same('x', words, [seed])
    assert.ok(scene.counted(n1, 'skein.replica.part_sent') > 5)
  },
  slow,
)

test(
  'pieces that are too long for others keep none of the others back',
  async () => {
    const scene = await ReplicaScene.with(1)
    await scene.replicate(n1, ['x'])
    const text = 'x'.repeat(limits.broadcastPayloadMaxBytes)
    const long = ['a', 'b', 'c', 'd'].map((first) => `${first}${text}`)
    const words = Array.from({ length: 2_000 }, (_, at) => `word ${at}`)
    await scene.addSilently(n1, 'x', [...long, ...words])
    await scene.replicate(seed, ['x'])
    await scene.same('x', words, [seed])
    assert.ok(scene.counted(n1, 'skein.replica.too_long') >= 4)
  },
  slow,
)

test('a second instance of a name, bad names and absent ones are refused', async () => {
  const scene = await ReplicaScene.with(0)
  await scene.replicate(seed, ['x'])
  const refused = async (work: Promise<unknown>): Promise<string> => {
    try {
      await scene.cluster.drive(work)
    } catch (error) {
      if (error instanceof Error) return error.message
    }
    return 'not refused'
  }
  const running = systemOf(scene.node(seed)).names.get(driverName('x'))?.pid
  const again = await scene.driver(seed, { name: 'x' })
  assert.equal(again, { tag: 'error', reason: { tag: 'alreadyStarted', pid: running } })
  const nameless = await scene.driver(seed, { name: '' })
  assert.is(nameless.tag, 'error')
  const node = scene.node(seed)
  assert.match(await refused(broadcastUpdate(node, 'y', [])), /no replica .y. runs on this node/)
  const many = Array.from({ length: 5_000 }, () => 'x')
  assert.match(
    await refused(broadcastUpdate(node, 'x', many)),
    /pieces: expected a list of at most/,
  )
  const lone = await startNode({ name: 'lone@10.9.9.9', quiet: true })
  assert.match(await refused(broadcastUpdate(lone, 'x', [])), /lone@10.9.9.9 has no overlay/)
  await lone.stop()
})

test('callbacks that are none are refused where they are written', () => {
  const good = { isPiece: () => true, merge: () => undefined, snapshot: () => [] }
  const refused = [
    [undefined, /replica 'x': expected an object, got undefined/],
    [{ ...good, isPiece: undefined }, /replica 'x': isPiece: expected a function, got undefined/],
    [{ ...good, digest: 7 }, /replica 'x': digest: expected a function, got 7/],
    [{ ...good, removeNodes: () => 1 }, /replica 'x': there is no callback 'removeNodes'/],
    [{ ...good, antiEntropy: 0 }, /replica 'x': antiEntropy: expected a boolean, got 0/],
  ] as const
  for (const [callbacks, message] of refused) {
    assert.throws(() => Reflect.apply(replica('x'), undefined, [callbacks]), message)
  }
})

const junk: readonly unknown[] = [
  null,
  7,
  'part',
  [],
  {},
  { tag: 'compare' },
  { tag: 'compare', digest: 'x', asks: true },
  { tag: 'compare', digest: Uint8Array.of(0xc1), asks: true },
  { tag: 'part', id: 1, seq: 1, pieces: ['x'], end: true },
  { tag: 'part', id: -1, seq: 1, pieces: [], end: true },
  {
    tag: 'part',
    id: 1,
    seq: 1,
    pieces: Array.from({ length: 600 }, () => Uint8Array.of(0)),
    end: false,
  },
  { tag: 'ack', id: 1, seq: 2 ** 60 },
  { tag: '__proto__' },
]

test('a peer that says rubbish is counted, and the driver is the same process', async () => {
  const scene = await ReplicaScene.with(1)
  for (const at of [seed, n1]) await scene.replicate(at, ['x'])
  await scene.add(n1, 'x', ['tea'])
  await scene.same('x', ['tea'], [seed, n1])
  const before = systemOf(scene.node(seed)).names.get(driverName('x'))
  const options = { name: 'evil@10.6.6.6', target: seed, flags: ['services'] }
  const peer = await ScriptedPeer.established(scene.cluster, options)
  for (let round = 0; round < 20; round++) {
    for (const body of junk) peer.tell('skein.replica/x', body)
    await scene.cluster.pass(10)
  }
  // Pieces of the wrong kind, among one of the right.
  const pieces = [Uint8Array.of(0xc3), Uint8Array.of(0xa2, 0x6f, 0x6b), Uint8Array.of(0xc1)]
  peer.tell('skein.replica/x', { tag: 'part', id: 1, seq: 1, pieces, end: true })
  await scene.same('x', ['ok', 'tea'], [seed])
  assert.is(systemOf(scene.node(seed)).names.get(driverName('x')), before)
  assert.ok(scene.counted(seed, 'skein.replica.malformed') >= 20 * 10)
  assert.is(scene.counted(seed, 'skein.replica.invalid'), 2)
  for (let n = 0; n < 5_000; n++) {
    peer.tell('skein.replica/x', { tag: 'part', id: 2, seq: n, pieces: [], end: false })
  }
  await scene.cluster.pass(100)
  assert.ok(scene.counted(seed, 'skein.replica.flood') > 3_000)
  await scene.add(n1, 'x', ['salt'])
  await scene.same('x', ['ok', 'salt', 'tea'], [seed])
})

test('who compares without end is answered seldom, and costs few snapshots', async () => {
  const scene = await ReplicaScene.with(1)
  for (const at of [seed, n1]) await scene.replicate(at, ['x'])
  const options = { name: 'evil@10.6.6.6', target: seed, flags: ['services'] }
  const peer = await ScriptedPeer.established(scene.cluster, options)
  await scene.add(seed, 'x', ['tea'])
  for (let n = 0; n < 1_000; n++) {
    peer.tell('skein.replica/x', { tag: 'compare', digest: Uint8Array.of(n % 100), asks: true })
    if (n % 10 === 0) await scene.cluster.pass(1)
  }
  await scene.cluster.pass(100)
  assert.ok(scene.counted(seed, 'skein.replica.flood') > 900)
  assert.ok(scene.counted(seed, 'skein.replica.snapshot_sent') < 50)
})

test('who acknowledges nothing is given up, and may ask again', async () => {
  const scene = await ReplicaScene.with(0)
  await scene.replicate(seed, ['x'])
  const words = Array.from({ length: 2_000 }, (_, at) => `word ${at}`)
  await scene.addSilently(seed, 'x', words)
  const options = { name: 'slow@10.6.6.6', target: seed, flags: ['services'] }
  const peer = await ScriptedPeer.established(scene.cluster, options)
  const ask = { tag: 'compare', digest: Uint8Array.of(0), asks: false }
  const parts = (): number => scene.counted(seed, 'skein.replica.part_sent')
  const pass = async (ms: number): Promise<void> => {
    for (let passed = 0; passed < ms; passed += 500) {
      // So that the channel stays: an acknowledgement of nothing.
      peer.tell('skein.replica/x', { tag: 'ack', id: 0, seq: 0 })
      await scene.cluster.pass(500)
    }
  }
  peer.tell('skein.replica/x', ask)
  await pass(limits.replicaSendStalledMs / 2)
  assert.is(parts(), limits.replicaChunksUnheardMax)
  peer.tell('skein.replica/x', ask)
  await pass(limits.replicaSendStalledMs)
  assert.is(parts(), limits.replicaChunksUnheardMax)
  peer.tell('skein.replica/x', ask)
  await pass(1_000)
  assert.is(parts(), 2 * limits.replicaChunksUnheardMax)
})

test('what a peer says to the driver past its channel is not heard', async () => {
  const scene = await ReplicaScene.with(1)
  for (const at of [seed, n1]) await scene.replicate(at, ['x'])
  const driver = systemOf(scene.node(seed)).names.get(driverName('x'))
  if (driver === undefined) throw new Error('no driver')
  const options = { name: 'evil@10.6.6.6', target: seed, flags: ['services'] }
  const peer = await ScriptedPeer.established(scene.cluster, options)
  const pieces = [Uint8Array.of(0xa2, 0x6f, 0x6b)]
  const body = { tag: 'part', id: 1, seq: 1, pieces, end: true }
  const reason = { toString: 1, valueOf: 1 }
  for (const to of [driver.pid, driverName('x')]) {
    const said = { tag: '$service', service: 'skein.replica/x', node: n1, creation: 1, body }
    peer.send({ tag: 'send', to, message: said })
    peer.send({ tag: 'send', to, message: { tag: 'memberDown', node: n1, reason: 'left' } })
    peer.send({ tag: 'send', to, message: { tag: 'memberUp', node: n1 } })
    peer.send({ tag: 'send', to, message: { tag: 'memberDown', node: n1, reason } })
  }
  peer.send({ tag: 'exit', from: peer.pid(1), to: driver.pid, reason: 'kill' })
  await scene.cluster.pass(1_000)
  assert.equal(scene.calls.get(seed), [])
  assert.is(systemOf(scene.node(seed)).names.get(driverName('x')), driver)
  await scene.add(n1, 'x', ['tea'])
  await scene.same('x', ['tea'], [seed])
})

test.run()
