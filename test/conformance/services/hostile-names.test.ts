/**
 * A peer that is authenticated, a member, and means harm, against the names of a cluster: malformed
 * deltas, other nodes' keys and tables, counters and clocks at their ends, a flood of names, huge
 * ones, answers without end, questions without answers. A million names are in
 * `cluster/hostile-names`. (What a member may claim of global names is stated, not defended:
 * docs/concepts/global.md.)
 */

import { logicalMax } from '../../../src/hlc/hlc.ts'
import { limits } from '../../../src/limits.ts'
import { assert, suite } from '../../support/harness.ts'
import {
  evil,
  HostileScene,
  heapBytes,
  nth,
  type Part,
  seed,
  services,
  tables,
  tinyEntries,
  wallMs,
} from './hostile-scene.ts'

const test = suite('services: a hostile peer')
const slow = { deadlineMs: 60_000 }

const maxEpoch = [limits.hlcWallMaxMs, logicalMax] as const
const maxVersion = Number.MAX_SAFE_INTEGER

const good: readonly { readonly [field: string]: unknown }[] = [
  { tag: 'digest', digest: 1 },
  { tag: 'vector', after: '', upTo: null, heads: [[evil, 1, 0, 1]] },
  { tag: 'heads', heads: [[nth(1), 1, 0, 1]] },
  { tag: 'pull', id: 1, epoch: [1, 0], version: 1 },
  { tag: 'refused', id: 1 },
  { tag: 'ack', id: 1, seq: 1 },
  {
    ...{ tag: 'chunk', id: 1, seq: 1, kind: 'entries', epoch: [1, 0], version: 1, from: 0 },
    ...{ first: true, last: true, end: true, ops: [['nx', new Uint8Array([1])]] },
  },
]
const junk: readonly unknown[] = [
  ...[null, true, -1, 0.5, 2 ** 48, maxVersion + 1, Number.NaN, 2n ** 80n, '', 'x'.repeat(70_000)],
  ...[[], [[]], {}, [[evil]], [[evil, -1, 0, 0]], [['../..', 1, 0, 1]], [[evil, 1, 0, 1, 1]]],
  ...[new Uint8Array(100), [['k', new Uint8Array(65_537)]], [['k', 1]], [[1]], [['k', null, 1]]],
  Array.from({ length: limits.replicaHeadsMax + 1 }, () => [evil, 1, 0, 1]),
  Array.from({ length: limits.replicaChunkOpsMax + 1 }, () => ['k']),
]

test(
  'rubbish, and messages with one field made bad, are counted and change nothing (WIR-05)',
  async () => {
    const hostile = await HostileScene.attack()
    const { scene } = hostile
    const bad = [...junk, { tag: '__proto__' }, { tag: 'constructor', constructor: 1 }]
    for (const table of tables) await hostile.flood(table, bad.length, (n) => bad[n])
    const malformed = () => scene.counted(seed, 'skein.replica.malformed', { peer: evil })
    assert.is(malformed(), tables.length * bad.length)
    const mixed = good.flatMap((message) =>
      Object.keys(message).flatMap((field) =>
        junk.map((value) => ({ ...message, [field]: value })),
      ),
    )
    for (const table of tables) await hostile.flood(table, mixed.length, (n) => mixed[n])
    assert.ok(malformed() > tables.length * mixed.length * 0.6)
    let n = 0
    for (const table of tables) {
      for (const payload of [...junk, ...mixed]) hostile.announce(table, payload, n++)
      await scene.cluster.pass(100)
    }
    await hostile.unharmed()
    assert.is(hostile.names(), 0)
  },
  slow,
)

test('what it says of the tables of others is asked of them, and seldom', async () => {
  const hostile = await HostileScene.attack()
  const { scene } = hostile
  const asked = () => scene.counted(seed, 'skein.replica.pull_sent')
  const before = asked()
  const ops = [['sservice n1'], [`n7`, hostile.bytes([hostile.peer.pid(1)])]]
  for (let n = 0; n < 2_000; n++) {
    const node = [nth(1), nth(2), seed][n % 3]
    const table = tables[n % tables.length] ?? services
    const version = n % 2 === 0 ? maxVersion : maxVersion - n
    hostile.announce(table, { node, from: 0, epoch: maxEpoch, version, ops }, n)
    const heads = [[node, wallMs(scene) + n, 0, version]]
    hostile.peer.tell(table, { tag: 'heads', heads })
    if (n % 100 === 99) await scene.cluster.pass(100)
  }
  await scene.cluster.pass(1_000)
  // Three tables, two authors, 3 s: a question each in 100 ms is what may be asked.
  assert.ok(asked() - before <= 3 * 2 * 35, `${asked() - before} questions`)
  assert.is(hostile.names(), 0)
  assert.equal(scene.look(seed, 7), [])
  await hostile.unharmed()
})

test('an entry under another key, or for a process of another node, is none', async () => {
  const hostile = await HostileScene.attack()
  const { scene, peer } = hostile
  const [theirs] = scene.look(seed, 'service n1')
  if (theirs === undefined) throw new Error('unreachable')
  const put = (key: string, value: unknown) => [key, hostile.bytes(value)] as const
  const ops = [
    put('sservice n1', [theirs.pid, { zone: 'evil' }]),
    put('sforged', [theirs.pid]),
    put('t"x"', [peer.pid(1), {}, 'another']),
    put('n007', [peer.pid(1)]),
    put('nNaN', [peer.pid(1)]),
    put(`s${'x'.repeat(300)}`, [peer.pid(1)]),
    put('', [peer.pid(1)]),
    put('sself', [peer.pid(1), { fine: true }]),
  ]
  await hostile.answer(services, [{ ops, last: true, end: true }])
  assert.is(hostile.names(), 1)
  assert.is(scene.counted(seed, 'skein.registry.malformed'), ops.length - 1)
  assert.equal(
    scene.look(seed, 'service n1').map(({ metadata }) => metadata),
    [{ zone: 'n1' }],
  )
  await hostile.unharmed()
})

test('it has the same name as others beside them, and they keep theirs', async () => {
  const hostile = await HostileScene.attack()
  const { scene, peer } = hostile
  const names = ['service n1', 'service s', 'service n2']
  const ops = names.map((name) => [`s${name}`, hostile.bytes([peer.pid(1)])] as const)
  await hostile.answer(services, [{ ops, last: true, end: true }])
  for (const name of names) assert.is(scene.look(seed, name).length, 2)
  assert.is(scene.look(seed, 'service s')[0]?.node, seed)
  await hostile.unharmed()
  await hostile.gone()
  for (const name of names) assert.is(scene.look(seed, name).length, 1)
})

test('epochs, versions and clocks at their ends', async () => {
  const hostile = await HostileScene.attack()
  const { scene, peer } = hostile
  const since = { wallMs: maxEpoch[0], logical: maxEpoch[1] }
  const claim = { name: 'later', pid: peer.pid(1), since, rank: 0 }
  const [, global] = tables
  const end = { last: true, end: true, epoch: maxEpoch, version: maxVersion }
  await hostile.answer(global, [{ ...end, ops: [['"later', hostile.bytes(claim)]] }])
  await hostile.answer(services, [{ ...end, ops: [['sa', hostile.bytes([peer.pid(1)])]] }])
  assert.is(hostile.names(), 1)
  // The victim is told that it had a table of that epoch itself, and is asked for it.
  for (const table of tables) {
    await hostile.flood(table, 50, (n) => ({
      tag: 'heads',
      heads: [[seed, maxEpoch[0] - n, maxEpoch[1], maxVersion]],
    }))
    await hostile.flood(table, 50, (n) => ({
      tag: 'pull',
      id: n,
      epoch: maxEpoch,
      version: maxVersion,
    }))
  }
  assert.ok(scene.counted(seed, 'skein.replica.epoch_refused', { peer: evil }) > 0)
  await hostile.unharmed()
  await hostile.gone()
  assert.is(hostile.names(), 0)
})

test(
  'tiny names are taken, and go with it',
  async () => {
    const hostile = await HostileScene.attack()
    const count = 5_000
    await hostile.answer(services, tinyEntries(hostile, count))
    assert.is(hostile.names(), count)
    await hostile.unharmed()
    await hostile.gone()
    await hostile.unharmed()
  },
  slow,
)

test(
  'metadata of many small parts weigh what they take, not the bytes they came as',
  async () => {
    const hostile = await HostileScene.attack()
    const { scene, peer } = hostile
    const metadata = { parts: Array.from({ length: 60_000 }, () => ({})) }
    const value = hostile.bytes([peer.pid(1), metadata])
    const entries = 40
    const before = await heapBytes()
    const parts = Array.from({ length: entries }, (_, n): Part => {
      const last = n === entries - 1
      return { first: n === 0, ops: [[`sheavy ${n}`, value]], last, end: last }
    })
    await hostile.answer(services, parts)
    const grown = (await heapBytes()) - before
    // The bytes alone are a fiftieth of what it may have.
    assert.ok(entries * value.length < limits.tableMaxBytes / 50)
    assert.ok(scene.counted(seed, 'skein.replica.full', { peer: evil }) > 0)
    assert.ok(hostile.names() > 0 && hostile.names() < entries)
    assert.ok(grown <= limits.tableMaxBytes, `${grown} bytes of the heap`)
    await hostile.unharmed()
  },
  slow,
)

test(
  'values as large as they may be take their room, and no more',
  async () => {
    const hostile = await HostileScene.attack()
    const { scene, peer } = hostile
    const text = 'x'.repeat(limits.tableValueMaxBytes - 100)
    const value = hostile.bytes([peer.pid(1), { text }])
    const tooLong = hostile.bytes([peer.pid(1), { text: `${text}${text}` }])
    const entries = Math.ceil(limits.tableMaxBytes / value.length) + 20
    const parts = Array.from({ length: entries }, (_, n): Part => {
      const last = n === entries - 1
      return { first: n === 0, ops: [[`slarge ${n}`, value]], last, end: last }
    })
    const malformed = () => scene.counted(seed, 'skein.replica.malformed', { peer: evil })
    await hostile.answer(services, [{ ops: [['slonger', tooLong]], last: true, end: true }])
    assert.is(malformed(), 1)
    await hostile.answer(services, parts)
    assert.ok(scene.counted(seed, 'skein.replica.full', { peer: evil }) > 0)
    assert.ok(hostile.names() * value.length <= limits.tableMaxBytes)
    await hostile.unharmed()
  },
  slow,
)

test(
  'an answer without end holds nobody else, and nothing of it is kept twice',
  async () => {
    const hostile = await HostileScene.attack()
    const { scene, peer } = hostile
    const entry = (n: number) => [`n${n}`, hostile.bytes([peer.pid(1)])] as const
    const id = await hostile.asked(services)
    for (let n = 0; n < 3_000; n++) {
      // It begins again and again, goes on, and goes back.
      const part: Part = { first: n % 7 === 0, ops: [entry(n % 50), [`n${n % 50}`]] }
      hostile.part(services, id, n % 11 === 0 ? 1 : n, part)
      if (n % 100 === 99) {
        await scene.cluster.pass(500)
        if (n % 1_000 === 999) await hostile.unharmed()
      }
    }
    assert.ok(hostile.names() <= 50)
    await hostile.unharmed()
  },
  slow,
)

test('parts nobody asked for, of other questions and out of order, are not taken', async () => {
  const hostile = await HostileScene.attack()
  const { peer } = hostile
  const ops = [['na', hostile.bytes([peer.pid(1)])]] as const
  await hostile.flood(services, 500, (n) => ({
    ...{ tag: 'chunk', id: n, seq: 1, kind: 'entries', epoch: [1, 0], version: 9, from: 0 },
    ...{ first: true, last: true, end: true, ops },
  }))
  assert.is(hostile.names(), 0)
  await hostile.answer(services, [{ kind: 'changes', from: 5, version: 9, ops }])
  assert.is(hostile.names(), 0)
  await hostile.unharmed()
})

test(
  'floods of questions are cut short, and what is answered waits for it',
  async () => {
    const hostile = await HostileScene.attack()
    const { scene, peer } = hostile
    for (let n = 0; n < 2_000; n++) scene.register(seed, `much ${n}`, { text: 'x'.repeat(500) })
    peer.deaf()
    const before = scene.counted(seed, 'skein.replica.part_sent')
    for (const table of tables) {
      await hostile.flood(table, 3_000, (n) => {
        if (n % 3 === 0) return { tag: 'pull', id: n }
        return n % 3 === 1 ? { tag: 'digest', digest: n } : { tag: 'ack', id: n - 2, seq: n }
      })
    }
    assert.ok(scene.counted(seed, 'skein.replica.flood', { peer: evil }) > 1_000)
    const sent = scene.counted(seed, 'skein.replica.part_sent') - before
    assert.ok(sent <= 1_000, `${sent} parts`)
    peer.listen()
    await hostile.unharmed()
  },
  slow,
)

test(
  'members that it makes up, some at addresses where nobody answers, keep no one from being asked',
  async () => {
    const hostile = await HostileScene.attack()
    const { scene, peer } = hostile
    const rest = { incarnation: wallMs(scene), creation: 1, version: '', metadata: {}, left: false }
    const per = limits.verdictEntriesMax
    const madeUp = (n: number) => `m${n}@10.7.7.${n % 250}`
    const count = 2_048
    await hostile.flood('members', count / per, (n) => ({
      ...{ tag: 'entries', want: [], more: false },
      news: Array.from({ length: per }, (_, i) => {
        return { tag: 'alive', node: madeUp(n * per + i), ...rest }
      }),
    }))
    const shuffled = limits.membershipPeersMax
    for (let at = 0; at < limits.discoveryHintsPerTellerMax; at += shuffled) {
      const peers = Array.from({ length: shuffled }, (_, i) => ({ node: madeUp(at + i), ageMs: 0 }))
      const hints = peers.map(({ node }) => [node, node.split('@')[1], 4433])
      const shuffle = { tag: 'shuffle', id: at, ttl: 0, origin: evil, peers, tried: [] }
      peer.tell('membership', [shuffle, hints])
    }
    await scene.cluster.pass(10)
    for (const table of tables) {
      await hostile.flood(table, count / 512, (n) => ({
        tag: 'heads',
        heads: Array.from({ length: 512 }, (_, i) => [madeUp(n * 512 + i), 1, 0, 9]),
      }))
    }
    // So many at once that they have to be asked for.
    for (let n = 0; n < 1_000; n++) scene.register(nth(1), `late ${n}`)
    const begunMs = scene.cluster.world.nowMs
    await scene.known('late 999', nth(1))
    const tookMs = scene.cluster.world.nowMs - begunMs
    assert.ok(tookMs <= 1_000, `${tookMs} ms`)
    await hostile.unharmed()
  },
  slow,
)

test.run()
