/**
 * A peer that is authenticated, and a member, and means harm to a table replica: whatever it says,
 * the process stays the same, others' entries are untouched, and what is kept of it is bounded.
 */
import { Broadcasting } from '../../../../src/broadcast/index.ts'
import { partOf } from '../../../../src/dist/index.ts'
import { limits } from '../../../../src/limits.ts'
import { assert, suite } from '../../../support/harness.ts'
import { ScriptedPeer } from '../dist/scripted-peer.ts'
import { wallMs } from '../members/hostile-scene.ts'
import { nth, seed } from '../membership/overlay-scene.ts'
import { processName, TableScene } from './table-scene.ts'

const test = suite('a hostile peer of a table replica')

const slow = { deadlineMs: 90_000 }
const evil = 'evil@10.6.6.6'
const [n1, n2] = [nth(1), nth(2)]
const max = Number.MAX_SAFE_INTEGER

type Attack = { readonly scene: TableScene; readonly peer: ScriptedPeer; readonly pid: unknown }

/** Three honest nodes with entries, and the peer, a member for the seed. */
async function attack(): Promise<Attack> {
  const scene = await TableScene.with(2)
  for (const name of [seed, n1, n2]) scene.table(name).put('mine', { port: 1 })
  for (const name of [seed, n1, n2]) await scene.converged(name)
  const options = { name: evil, target: seed, flags: ['services'] }
  const peer = await ScriptedPeer.established(scene.cluster, options)
  const news = {
    tag: 'alive',
    node: evil,
    incarnation: wallMs(scene),
    creation: peer.creation,
    version: '',
    metadata: {},
    left: false,
  }
  peer.tell('members', { tag: 'entries', news: [news], want: [], more: false })
  await scene.cluster.pass(100)
  return { scene, peer, pid: scene.process(seed, processName).pid }
}

function say({ peer }: Attack, body: unknown): void {
  peer.tell(processName, body)
}

/** What the victim has asked it, by tag. */
function heard({ peer }: Attack, tag: string): Readonly<Record<string, unknown>>[] {
  return peer.told.flatMap(([service, body]) => {
    if (service !== processName || typeof body !== 'object' || body === null) return []
    const fields = { ...body }
    return 'tag' in fields && fields.tag === tag ? [fields] : []
  })
}

function counted({ scene }: Attack, name: string): number {
  return scene.counted(seed, `skein.replica.${name}`, { replica: 'test' })
}

/** Terms as they travel. */
function encoder({ scene }: Attack): (term: unknown) => Uint8Array {
  const codec = partOf(scene.node(seed), Broadcasting)?.codec
  return (term) => {
    const encoded = codec?.encode(term)
    if (encoded?.tag !== 'ok') throw new Error('not to be encoded')
    return encoded.bytes.slice()
  }
}

async function unharmed({ scene, pid }: Attack): Promise<void> {
  assert.is(scene.process(seed, processName).pid, pid)
  scene.table(n1).put('later', { port: 2 })
  scene.table(seed).put('later', { port: 3 })
  for (const name of [n1, n2, seed]) await scene.converged(name)
  assert.is(scene.seen(seed, n1), 'later=2 mine=1')
  assert.is(scene.seen(n1, seed), 'later=3 mine=1')
}

const epoch = [1_800_000_000_000, 0] as const

const junk: readonly unknown[] = [
  null,
  1,
  'digest',
  [],
  {},
  { tag: 'digest' },
  { tag: 'digest', digest: -1 },
  { tag: 'digest', digest: 2 ** 60 },
  { tag: 'vector', after: '', upTo: null },
  { tag: 'vector', after: '', upTo: 7, heads: [] },
  { tag: 'heads', heads: [['../..', 1, 1, 1]] },
  { tag: 'heads', heads: [[n1, -1, 0, 1]] },
  { tag: 'heads', heads: [[n1, max, 0, 1]] },
  { tag: 'heads', heads: [[n1, 1, 2 ** 33, 1]] },
  { tag: 'heads', heads: [[n1, 1, 1, 1.5]] },
  { tag: 'heads', heads: Array.from({ length: 2_000 }, () => [n1, 1, 1, 1]) },
  { tag: 'pull', id: 'x' },
  { tag: 'pull', id: 1, epoch: [1], version: 1 },
  { tag: 'chunk', id: 1 },
  { tag: 'ack', id: 1, seq: -1 },
  { tag: 'constructor' },
]

test('rubbish is counted and changes nothing', async () => {
  const given = await attack()
  for (let round = 0; round < 10; round++) {
    for (const body of junk) say(given, body)
    await given.scene.cluster.pass(10)
  }
  assert.is(counted(given, 'malformed'), junk.length * 10)
  await unharmed(given)
})

test('heads of honest nodes, however high, only lead to a few questions to these', async () => {
  const given = await attack()
  const { scene } = given
  const pulls = counted(given, 'pull_sent')
  for (let n = 0; n < 2_000; n++) {
    const version = n % 2 === 0 ? max : 1_000 + n
    const heads = [n1, n2].map((node) => [node, epoch[0], n, version])
    say(given, { tag: n % 3 === 0 ? 'heads' : 'vector', after: '', upTo: null, heads })
    if (n % 100 === 0) await scene.cluster.pass(10)
  }
  await scene.cluster.pass(1_000)
  assert.ok(counted(given, 'flood') > 1_000)
  assert.ok(counted(given, 'pull_sent') - pulls <= 60)
  await unharmed(given)
  assert.is(scene.seen(n1, n2), 'mine=1')
})

test('what it says of its victim makes that one count on, or is too high to be true', async () => {
  const given = await attack()
  const { scene } = given
  const head = (wall: number, logical: number) => [seed, wall, logical, 7]
  say(given, { tag: 'heads', heads: [head(limits.hlcWallMaxMs, 2 ** 32 - 1)] })
  await scene.cluster.pass(1_000)
  assert.is(counted(given, 'epoch_refused'), 1)
  const soon = wallMs(scene) + 60_000
  say(given, { tag: 'heads', heads: [head(soon, 5)] })
  await scene.cluster.pass(2_000)
  say(given, { tag: 'pull', id: 1 })
  await scene.cluster.pass(100)
  const [chunk] = heard(given, 'chunk')
  assert.equal(chunk?.epoch, [soon, 6])
  // Its neighbours did not have to start over.
  assert.is(scene.counted(seed, 'skein.replica.epoch_refused', { replica: 'test' }), 1)
  for (let n = 0; n < 1_000; n++) say(given, { tag: 'heads', heads: [head(soon, 100 + n)] })
  await scene.cluster.pass(100)
  assert.ok(counted(given, 'flood') > 900)
  await unharmed(given)
})

test('answers nobody asked for, and broadcasts for others, are not believed', async () => {
  const given = await attack()
  const { scene, peer } = given
  const term = encoder(given)
  const ops = [['forged', term({ port: 666 })], ['mine']]
  for (let id = 0; id < 100; id++) {
    const part = { id, seq: 1, kind: 'entries', epoch, version: 9, from: 0, ops }
    say(given, { tag: 'chunk', ...part, first: true, last: true, end: true })
  }
  const delta = { node: n1, from: 1, epoch, version: 3, ops }
  for (const from of [0, 1]) {
    const id = `${n1}/zzzzzzzz/0000000${from}/00000000`
    const gossip = { tag: 'gossip', id, topic: processName, round: 1, ageMs: 0 }
    peer.tell('broadcast', { ...gossip, payload: term({ ...delta, from }) })
  }
  await scene.cluster.pass(5_000)
  for (const at of [seed, n1, n2]) {
    for (const of of [seed, n1, n2, evil]) {
      assert.is(scene.seen(at, of), of === evil ? '' : 'mine=1', `${of} at ${at}`)
    }
  }
  await unharmed(given)
})

test('what it says for another is not believed either when it fits what is known', async () => {
  const given = await attack()
  const { scene, peer } = given
  const term = encoder(given)
  say(given, { tag: 'digest', digest: 1 })
  await scene.cluster.until('it knows all heads', () => heard(given, 'vector').length > 0)
  const heads: unknown = heard(given, 'vector').at(-1)?.heads
  if (!Array.isArray(heads)) throw new Error('no heads')
  const [, wallMs, logical, version] = heads.find(([node]) => node === n1)
  const ops = [['forged', term({ port: 666 })], ['mine']]
  const delta = { node: n1, from: version, epoch: [wallMs, logical], version: version + 1, ops }
  const id = `${evil}/zzzzzzzz/00000001/00000000`
  const gossip = { tag: 'gossip', id, topic: processName, round: 1, ageMs: 0 }
  peer.tell('broadcast', { ...gossip, payload: term(delta) })
  await scene.cluster.pass(5_000)
  assert.is(scene.seen(seed, n1), 'mine=1')
  await unharmed(given)
})

test('the entries of its own that are none are left out, and the others taken', async () => {
  const given = await attack()
  const { scene } = given
  const bad = [
    ['number', Uint8Array.of(7)],
    ['cut', Uint8Array.of(0x81)],
    ['never', Uint8Array.of(0xc1)],
    ['throws', Uint8Array.of(0x81, 0xa4, ...Buffer.from('port'), 0xa5, ...Buffer.from('throw'))],
    ['good', Uint8Array.of(0x81, 0xa4, ...Buffer.from('port'), 8)],
    ['gone', null, Uint8Array.of(0xc1)],
  ]
  say(given, { tag: 'heads', heads: [[evil, ...epoch, 5]] })
  await scene.cluster.until('it is asked', () => heard(given, 'pull').length > 0)
  const { id } = heard(given, 'pull').at(-1) ?? {}
  const part = { id, seq: 1, kind: 'entries', epoch, version: max, from: 0, ops: bad }
  say(given, { tag: 'chunk', ...part, first: true, last: true, end: true })
  await scene.cluster.pass(100)
  assert.is(counted(given, 'invalid'), 4)
  assert.is(scene.seen(seed, evil), 'good=8')
  await unharmed(given)
})

test(
  'more tiny names of its own than there is room for: so many are taken, and honest ones all',
  async () => {
    const given = await attack()
    const { scene, peer } = given
    say(given, { tag: 'heads', heads: [[evil, ...epoch, 5]] })
    await scene.cluster.until('it is asked', () => heard(given, 'pull').length > 0)
    const { id } = heard(given, 'pull').at(-1) ?? {}
    const value = Uint8Array.of(0x81, 0xa4, ...Buffer.from('port'), 8)
    const rest = { kind: 'entries', epoch, version: 1, from: 0, last: false, end: false }
    const per = limits.replicaChunkOpsMax
    const many = limits.tableEntriesMax + 50_000
    for (let seq = 0; seq * per < many; seq++) {
      const ops = Array.from({ length: per }, (_, n) => [`${seq * per + n}`, value])
      say(given, { tag: 'chunk', id, seq, ...rest, first: seq === 0, ops })
      if (seq % 50 === 49) {
        await scene.cluster.pass(1)
        peer.told.length = 0
      }
    }
    await scene.cluster.pass(100)
    assert.is(scene.table(seed).entriesOf(evil).size, limits.tableEntriesMax)
    assert.ok(counted(given, 'full') >= 50_000)
    await unharmed(given)
    // It is never settled, so nobody else hears of it; and it goes when it is down.
    assert.is(scene.seen(n1, evil), '')
    peer.connection.close(0, 'gone')
    await scene.cluster.until('it is gone', () => !scene.table(seed).nodes().includes(evil))
    await unharmed(given)
  },
  slow,
)

test(
  'who asks without end, or never acknowledges, is served within bounds',
  async () => {
    const given = await attack()
    const { scene } = given
    for (let n = 0; n < 20_000; n++) scene.table(seed).put(`k${n}`, { port: n })
    for (let id = 0; id < 3_000; id++) {
      say(given, { tag: 'pull', id })
      if (id % 100 === 0) await scene.cluster.pass(1)
    }
    await scene.cluster.pass(100)
    assert.ok(counted(given, 'flood') > 2_500)
    const parts = heard(given, 'chunk').length
    await scene.cluster.pass(60_000)
    assert.is(heard(given, 'chunk').length, parts)
    const { id, seq } = heard(given, 'chunk').at(-1) ?? {}
    say(given, { tag: 'ack', id, seq })
    await scene.cluster.pass(100)
    // It was given up.
    assert.is(heard(given, 'chunk').length, parts)
    for (let n = 0; n < 20_000; n++) scene.table(seed).remove(`k${n}`)
    await unharmed(given)
  },
  slow,
)

test.run()
