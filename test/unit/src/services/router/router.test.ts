/**
 * Searches of the overlay on whole nodes in virtual time: who is found how far away, what is
 * remembered of it, and when that is forgotten.
 */

import type { NameTerm } from '../../../../../runtime/index.ts'
import { partOf } from '../../../../../src/dist/index.ts'
import {
  findRoute,
  forgetRoutes,
  listProxies,
  lookupService,
  process,
  registerService,
  routerStatistics,
  type Self,
  searchService,
  spawn,
  startProxy,
  unregisterService,
  whereisService,
} from '../../../../../src/index.ts'
import { limits } from '../../../../../src/limits.ts'
import { Registry } from '../../../../../src/services/registry/registry.ts'
import { routerName } from '../../../../../src/services/router/server.ts'
import { assert, suite } from '../../../../support/harness.ts'
import { VirtualCluster } from '../../dist/virtual-cluster.ts'
import { OverlayScene } from '../../membership/overlay-scene.ts'
import { at, type Edge, LineScene, mute } from './line-scene.ts'

const test = suite('overlay router')

const slow = { deadlineMs: 30_000 }

test('a service that nobody was told of is found by asking (RTR-01)', async () => {
  const scene = await LineScene.of(3, [
    [0, 1],
    [1, 2],
    [0, 2],
  ])
  scene.quiet(2)
  const pid = await scene.serve(2, 'hidden')
  const found = await scene.cluster.drive(whereisService(scene.node(0), 'hidden'))
  assert.equal(
    { ...found, pid: undefined },
    {
      tag: 'ok',
      name: 'hidden',
      node: at(2),
      metadata: {},
      pid: undefined,
    },
  )
  assert.is(found.tag === 'ok' && String(found.pid), String(pid))
  const none = await scene.cluster.drive(whereisService(scene.node(0), 'nobody'))
  assert.equal(none, { tag: 'error', reason: 'notFound' })
})

test(
  'five hops are searched and no more, and nobody is asked twice (RTR-02)',
  async () => {
    const scene = await LineScene.line(7)
    for (const place of [5, 6]) scene.quiet(place)
    await scene.serve(5, 'near')
    await scene.serve(6, 'far')
    const search = (name: string) => scene.cluster.drive(searchService(scene.node(0), name))
    const near = await search('near')
    assert.is(near.tag === 'found' && near.node, at(5))
    assert.is(near.tag === 'found' && near.via, at(1))
    const asked = () => scene.nodes.map((_, place) => scene.counted(place, 'skein.router.asked'))
    const before = asked()
    assert.equal(await search('far'), { tag: 'error', reason: 'ttlExpired' })
    const after = asked()
    assert.equal(
      after.map((count, place) => count - (before[place] ?? 0)),
      [1, 1, 1, 1, 1, 0, 0],
    )
  },
  slow,
)

const triangle: readonly Edge[] = [
  [0, 1],
  [1, 2],
  [0, 2],
]

function askedBy(scene: LineScene): readonly number[] {
  return scene.nodes.map((_, place) => scene.counted(place, 'skein.router.asked'))
}

function routesOf(scene: LineScene, place: number): Promise<number> {
  return scene.cluster.drive(routerStatistics(scene.node(place)).then(({ routes }) => routes))
}

test('what was found is asked for at one hop, until it goes (RTR-03)', async () => {
  const scene = await LineScene.of(3, triangle)
  scene.quiet(2)
  const pid = await scene.serve(2, 'hidden')
  const search = () => scene.cluster.drive(searchService(scene.node(0), 'hidden'))
  assert.is((await search()).tag, 'found')
  const before = askedBy(scene)
  const again = await search()
  assert.equal(
    { ...again, pid: again.tag === 'found' && String(again.pid) },
    { tag: 'found', node: at(2), pid: String(pid), via: undefined },
  )
  assert.equal(askedBy(scene), [(before[0] ?? 0) + 1, before[1], before[2]])
  assert.is(await routesOf(scene, 0), 1)
  unregisterService(scene.node(2), 'hidden')
  assert.equal(await search(), { tag: 'error', reason: 'notFound' })
})

test('a name that is told of and goes leaves no way behind (RTR-03)', async () => {
  const scene = await LineScene.of(3, triangle)
  await scene.serve(2, 'told')
  const here = scene.node(0)
  assert.is((await scene.cluster.drive(searchService(here, 'told'))).tag, 'found')
  assert.is(await routesOf(scene, 0), 1)
  await scene.cluster.until('it is known', () => lookupService(here, 'told').length === 1)
  unregisterService(scene.node(2), 'told')
  await scene.until('the way is forgotten', async () => (await routesOf(scene, 0)) === 0)
})

test('the loss of a node takes the ways to it and through it (RTR-03)', async () => {
  const scene = await LineScene.line(3)
  scene.quiet(2)
  await scene.serve(2, 'hidden')
  assert.is((await scene.cluster.drive(searchService(scene.node(0), 'hidden'))).tag, 'found')
  assert.is(await routesOf(scene, 0), 2)
  scene.cluster.crash(at(1))
  await scene.until('the ways are forgotten', async () => (await routesOf(scene, 0)) === 0)
})

test(
  'a way is forgotten after half an hour, used or not (RTR-04)',
  async () => {
    const scene = await LineScene.of(3, triangle)
    scene.quiet(2)
    await scene.serve(2, 'hidden')
    assert.is((await scene.cluster.drive(searchService(scene.node(0), 'hidden'))).tag, 'found')
    await scene.cluster.pass(limits.routeCacheTtlMs - 60_000)
    assert.is(await routesOf(scene, 0), 1)
    await scene.cluster.pass(60_000 + limits.routeCacheSweepPeriodMs)
    assert.is(await routesOf(scene, 0), 0)
  },
  { deadlineMs: 60_000 },
)

test('ways to nodes: over a channel, by a neighbour, none (RTR-06)', async () => {
  const scene = await LineScene.line(3)
  const route = (node: string) => scene.cluster.drive(findRoute(scene.node(0), node))
  assert.equal(await route(at(0)), { tag: 'direct', node: at(0) })
  assert.equal(await route(at(1)), { tag: 'direct', node: at(1) })
  assert.equal(await route(at(2)), { tag: 'via', peer: at(1) })
  scene.cluster.crash(at(1))
  await scene.until('nobody is beside it', async () => (await route(at(2))).tag === 'noRoute')
  const bad = await scene.cluster.drive(
    findRoute(scene.node(0), 'no name').catch((error: unknown) => String(error)),
  )
  assert.match(String(bad), /findRoute: expected the name of a node, got .no name./)
})

test('a neighbour that does not answer leaves time for the others', async () => {
  const scene = await LineScene.of(4, [
    [0, 1],
    [0, 2],
    [1, 3],
    [2, 3],
  ])
  scene.quiet(3)
  await scene.serve(3, 'hidden')
  // It has the channel, and is silent.
  scene.sever(0, 1)
  const found = await scene.cluster.drive(searchService(scene.node(0), 'hidden'))
  assert.is(found.tag === 'found' && found.node, at(3))
  await scene.cluster.drive(forgetRoutes(scene.node(0)))
  assert.is(await routesOf(scene, 0), 0)
})

test('a router that was started anew knows its neighbours', async () => {
  const scene = await LineScene.of(3, triangle)
  scene.quiet(2)
  await scene.serve(2, 'hidden')
  const before = scene.process(0, routerName)
  await scene.run(0, (self) => self.exit(before.pid, 'kill'))
  await scene.cluster.until('it is back', () => scene.process(0, routerName) !== before)
  const found = await scene.cluster.drive(searchService(scene.node(0), 'hidden'))
  assert.is(found.tag, 'found')
})

test(
  'in an overlay of twelve everybody finds what nobody was told of',
  async () => {
    const scene = await OverlayScene.of(11)
    const names = [...scene.nodes.keys()]
    const module = process('fixture.idle', async (self: Self) => {
      await self.receive()
    })
    const services = names.slice(0, 4)
    for (const name of services) {
      const node = scene.node(name)
      partOf(node, Registry)?.spreadBy(mute)
      registerService(node, name, { pid: spawn(node, module) })
    }
    for (const name of names) {
      for (const service of services) {
        const sought = await scene.cluster.drive(searchService(scene.node(name), service))
        assert.is(sought.tag === 'found' && sought.node, service, `${name} seeks ${service}`)
      }
    }
  },
  slow,
)

test('a name that is too deep to be asked for is refused, and harms no router', async () => {
  const scene = await LineScene.line(2)
  const router = scene.process(0, routerName)
  const here = scene.node(0)
  const deep = (depth: number): NameTerm => (depth === 0 ? 'x' : [deep(depth - 1)])
  for (const depth of [56, 57, 62, 63, 64, 65]) {
    const isName = depth <= 56
    for (const seek of [searchService, whereisService, startProxy] as const) {
      const sought = seek(here, deep(depth)).then(({ tag }) => tag === 'error')
      const answered = await scene.cluster.drive(sought.catch((error: unknown) => String(error)))
      if (isName) assert.is(answered, true)
      else assert.match(String(answered), /nesting beyond 56 cannot be part of a name/)
    }
    assert.is(scene.process(0, routerName), router)
  }
})

test('a node without an overlay is refused', async () => {
  const cluster = new VirtualCluster()
  const alone = await cluster.start('a@10.0.0.1', { cluster: false })
  const refused = async (asking: () => Promise<unknown>): Promise<void> => {
    const answer = await cluster.drive(asking().catch((error: unknown) => String(error)))
    assert.match(String(answer), /has no overlay/)
  }
  await refused(() => searchService(alone, 'x'))
  await refused(() => findRoute(alone, 'b@10.0.0.2'))
  await refused(() => startProxy(alone, 'x'))
  await refused(async () => listProxies(alone))
})

test.run()
