/** REG-*: names across the cluster, on whole nodes in virtual time. */
import { nodeOf } from '../../../runtime/index.ts'
import { systemOf } from '../../../runtime/kernel.ts'
import {
  lookupLocal,
  registerService,
  unregisterService,
  updateMetadata,
  whereisService,
} from '../../../src/index.ts'
import { assert, suite } from '../../support/harness.ts'
import { addressOf } from '../../unit/src/dist/virtual-cluster.ts'
import { nth, ServicesScene, seed } from './services-scene.ts'

const test = suite('services: registry')

const [n1, n2, n3] = [nth(1), nth(2), nth(3)]
const slow = { deadlineMs: 30_000 }

test('REG-01 a name is found elsewhere within a second, with pid, node and metadata', async () => {
  const scene = await ServicesScene.with(3)
  const startMs = scene.cluster.world.nowMs
  scene.register(n1, 'db', { zone: 'north', tags: ['a'] })
  await scene.known('db', n1)
  assert.ok(scene.cluster.world.nowMs - startMs < 1_000)
  for (const node of [seed, n2, n3]) {
    const [found] = scene.look(node, 'db')
    assert.is(found?.name, 'db')
    assert.is(found?.node, n1)
    assert.is(found && nodeOf(found.pid), n1)
    assert.equal(found?.metadata, { zone: 'north', tags: ['a'] })
    assert.is(lookupLocal(scene.node(node), 'db'), undefined)
  }
})

test('REG-02 what is unregistered is gone everywhere, its process alive', async () => {
  const scene = await ServicesScene.with(2)
  const pid = scene.register(n1, 'db')
  await scene.known('db', n1)
  unregisterService(scene.node(n1), 'db')
  await scene.known('db')
  const again = registerService(scene.node(n1), 'db', { pid })
  assert.equal(again, { tag: 'ok' })
  await scene.known('db', n1)
})

test('REG-03 a process that ends is gone everywhere', async () => {
  const scene = await ServicesScene.with(2)
  const pid = scene.register(n1, 'db')
  scene.register(n2, 'db')
  await scene.known('db', n1, n2)
  await scene.end(n1, pid)
  assert.is(lookupLocal(scene.node(n1), 'db'), undefined, 'here at once')
  await scene.known('db', n2)
})

test('REG-04 several nodes have one name; each lists its own first', async () => {
  const scene = await ServicesScene.with(3)
  for (const node of [n2, n1]) scene.register(node, 'db')
  await scene.known('db', n1, n2)
  const order = (at: string) => scene.look(at, 'db').map(({ node }) => node)
  assert.equal(order(n3), [n1, n2])
  assert.equal(order(n2), [n2, n1])
})

test('REG-05 metadata changes remotely; a second process is refused', async () => {
  const scene = await ServicesScene.with(2)
  const pid = scene.register(n1, 'db', { load: 1 })
  await scene.known('db', n1)
  const other = { pid: scene.holder(n1) }
  const refused = { tag: 'error', reason: { tag: 'alreadyRegistered', pid } }
  assert.equal(registerService(scene.node(n1), 'db', other), refused)
  updateMetadata(scene.node(n1), 'db', { load: 2 })
  const loads = () => [seed, n2].map((node) => scene.look(node, 'db')[0]?.metadata.load)
  await scene.cluster.until('it is known', () => loads().every((load) => load === 2))
})

test('REG-06 every node lists the names it knows', async () => {
  const scene = await ServicesScene.with(2)
  scene.register(n1, 'b')
  scene.register(n2, 'b')
  scene.register(n2, 'a')
  scene.register(seed, 7)
  const all = ['a', 'b', 7]
  const know = () => [seed, n1, n2].every((node) => scene.list(node).length === all.length)
  await scene.cluster.until('all is known', know)
  for (const node of [seed, n1, n2]) assert.equal(scene.list(node), all)
})

test('REG-07 REG-08 a name registered just now is found elsewhere by waiting for it', async () => {
  const scene = await ServicesScene.with(2)
  scene.register(n1, 'db')
  assert.equal(scene.look(n2, 'db'), [])
  const found = await scene.cluster.drive(whereisService(scene.node(n2), 'db'))
  assert.is(found.tag === 'ok' && found.node, n1)
  const absent = await scene.cluster.drive(whereisService(scene.node(n2), 'nobody'))
  assert.equal(absent, { tag: 'error', reason: 'notFound' })
})

test('REG-09 objects are names everywhere', async () => {
  const scene = await ServicesScene.with(2)
  const pid = scene.register(n1, { room: 'general', floor: 2 })
  await scene.known({ floor: 2, room: 'general' }, n1)
  assert.equal(scene.list(n2), [{ room: 'general', floor: 2 }])
  await scene.end(n1, pid)
  await scene.known({ floor: 2, room: 'general' })
})

test('REG-10 the names of a node that lost power go by the verdict, and no others', async () => {
  const scene = await ServicesScene.with(4)
  scene.register(n1, 'db')
  scene.register(n1, 'only')
  scene.register(n2, 'db')
  await scene.known('db', n1, n2)
  await scene.known('only', n1)
  scene.crash(n1)
  await scene.known('db', n2)
  await scene.known('only')
})

test('REG-10 the names of a node that stops in order go', async () => {
  const scene = await ServicesScene.with(3)
  scene.register(n1, 'db')
  await scene.known('db', n1)
  await scene.stop(n1)
  await scene.known('db')
})

test(
  'REG-10 a node that comes back has none of the names it had',
  async () => {
    const scene = await ServicesScene.with(3)
    scene.register(n1, 'db')
    scene.register(n1, 'other')
    await scene.known('other', n1)
    scene.crash(n1)
    await scene.known('db')
    await scene.start(n1)
    scene.register(n1, 'other')
    await scene.known('other', n1)
    await scene.cluster.pass(60_000)
    await scene.known('db')
  },
  slow,
)

test('REG-11 who joins late learns of all there are', async () => {
  const scene = await ServicesScene.with(2)
  for (const name of ['a', 'b', 'c']) scene.register(n1, name, { name })
  await scene.known('c', n1)
  await scene.start(n3)
  await scene.known('a', n1)
  await scene.known('b', n1)
  await scene.known('c', n1)
})

test(
  'REG-12 a healed partition: both sides know all, and nothing that went meanwhile',
  async () => {
    const scene = await ServicesScene.with(3)
    const gone = scene.register(n1, 'gone')
    await scene.known('gone', n1)
    const { network } = scene.cluster
    const hosts = (...nodes: string[]) => nodes.map((node) => addressOf(node).host)
    network.partition([hosts(seed, n1), hosts(n2, n3)])
    await scene.cluster.until(
      'they have lost each other',
      () => scene.look(n3, 'gone').length === 0,
    )
    await scene.end(n1, gone)
    scene.register(n1, 'left')
    scene.register(n2, 'right')
    await scene.cluster.pass(30_000)
    assert.equal(scene.list(n3), ['right'])
    assert.equal(scene.list(seed), ['left'])
    network.heal()
    await scene.known('left', n1)
    await scene.known('right', n2)
    await scene.known('gone')
  },
  slow,
)

test('REG-13 metadata selects: the least loaded worker', async () => {
  const scene = await ServicesScene.with(3)
  for (const [at, node] of [n1, n2, n3].entries()) scene.register(node, 'worker', { load: 9 - at })
  await scene.known('worker', n1, n2, n3)
  const load = (one: { metadata: { load?: unknown } }) => Number(one.metadata.load)
  const found = await scene.cluster.drive(
    whereisService(scene.node(seed), 'worker', {
      prefer: (all) => all.toSorted((a, b) => load(a) - load(b))[0],
    }),
  )
  assert.is(found.tag === 'ok' && found.node, n3)
})

test('a crash of what carries names loses none, here or elsewhere', async () => {
  const scene = await ServicesScene.with(2)
  const kept = scene.register(n1, 'kept')
  scene.register(n2, 'far')
  await scene.known('far', n2)
  for (const part of ['skein.replica.services', 'skein.services', 'skein.members']) {
    const { names } = systemOf(scene.node(n1))
    await scene.cluster.until(`${part} runs`, () => names.has(part))
    await scene.restart(n1, part)
    assert.is(lookupLocal(scene.node(n1), 'kept'), kept)
  }
  scene.register(n1, 'after')
  await scene.known('after', n1)
  await scene.known('kept', n1)
  await scene.known('far', n2)
})

test('a node that hides, and one without a cluster, has its names for itself', async () => {
  const scene = await ServicesScene.with(1)
  await scene.start(n2, { hidden: true })
  await scene.start(n3, { cluster: false })
  for (const node of [n2, n3]) {
    const pid = scene.register(node, 'own')
    assert.is(lookupLocal(scene.node(node), 'own'), pid)
  }
  scene.register(seed, 'public')
  await scene.cluster.until('n1 knows', () => scene.look(n1, 'public').length === 1)
  await scene.cluster.pass(10_000)
  for (const node of [n2, n3]) assert.equal(scene.list(node), ['own'])
  assert.equal(scene.list(n1), ['public'])
})

test.run()
