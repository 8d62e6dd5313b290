/** VIA-*: behaviours under names of the cluster, here, elsewhere and without a carrier. */
import {
  isDown,
  isExit,
  type LocalNode,
  type Self,
  type ViaName,
  whereisName,
} from '../../../runtime/index.ts'
import {
  lookupService,
  registerService,
  startNode,
  subscribeServices,
  unregisterService,
  updateMetadata,
} from '../../../src/index.ts'
import {
  call,
  cast,
  child,
  genServer,
  next,
  Registry,
  reply,
  start,
  startLink,
  stop,
  stopServer,
  supervisor,
  via,
} from '../../../stdlib/index.ts'
import { assert, cleanup, suite } from '../../support/harness.ts'
import { failureOf } from '../otp/one-node.ts'
import { nth, ServicesScene, seed, toldOf } from './services-scene.ts'

const test = suite('services: via')

const [n1, n2] = [nth(1), nth(2)]

type Cart = {
  calls: { count: () => number; node: () => string }
  casts: { add: (n: number) => void; fail: () => void }
}

const Cart = genServer<Cart>('cluster.cart')({
  init: (count: number, self) => {
    updateMetadata(self, 'described', { count })
    return count < 0 ? stop('negative') : next(count)
  },
  calls: {
    count: (count) => reply(count, count),
    node: (count, _arg, self) => reply(self.node, count),
  },
  casts: {
    add: (count, n) => next(count + n),
    fail: (count) => stop('broken', count),
  },
  info: (count) => next(count),
})

const cart = (name: string) => via(Cart, 'cluster', name)
const room = (name: string) => via(Cart, 'cluster', { room: name })

const Shop = supervisor('cluster.shop', (names: readonly string[]) => ({
  strategy: 'oneForOne',
  children: names.map((name) => child(Cart, 0, { id: name, name: cart(name) })),
}))

async function started(self: Self, name: ReturnType<typeof cart>, count = 0) {
  const result = await start(self, Cart, count, { name })
  if (result.tag !== 'ok') throw new Error(`it starts: ${JSON.stringify(result)}`)
  return result.pid
}

/** A node that has nobody to talk to. */
async function alone(): Promise<LocalNode> {
  const node = await startNode({ name: 'alone@127.0.0.1', modules: [Cart, Shop], quiet: true })
  cleanup(() => node.stop())
  return node
}

const oneNode = async (body: (self: Self) => Promise<void>): Promise<void> =>
  (await alone()).run(body)

test('VIA-01 started, called, cast, monitored and stopped on a node without a carrier', () =>
  oneNode(async (self) => {
    for (const name of [cart('ada'), room('general'), via(Cart, 'cluster', 7)]) {
      const pid = await started(self, name, 1)
      assert.is(whereisName(self, name), pid)
      cast(self, name, 'add', 4)
      assert.is(await call(self, name, 'count'), 5)
      self.send(name, 'hello')
      const ref = self.monitor(name)
      await stopServer(self, name)
      const down = await self.receive(isDown(ref))
      assert.equal(down.target, { ...name })
      assert.is(whereisName(self, name), undefined)
    }
  }))

test('VIA-02 a name that is taken here: already started, and nothing else happens', () =>
  oneNode(async (self) => {
    const pid = await started(self, room('general'))
    const again = await start(self, Cart, 0, { name: room('general') })
    assert.equal(again, { tag: 'error', reason: { tag: 'alreadyStarted', pid } })
    assert.is(lookupService(self, { room: 'general' }).length, 1)
  }))

test('VIA-02 nobody has the name: a send throws, a call fails, a cast and whereis do not', () =>
  oneNode(async (self) => {
    assert.throws(() => self.send(cart('nobody'), 'x'), /nobody has the name "nobody"/)
    assert.throws(() => self.send(room('none'), 'x'), /nobody has the name object/)
    assert.is(await failureOf(call(self, cart('nobody'), 'count')), 'noproc')
    cast(self, cart('nobody'), 'add', 1)
    assert.is(whereisName(self, cart('nobody')), undefined)
    assert.is(whereisName(self, via(Cart, 'cluster', { at: new Date(0) })), undefined)
    const dated = { tag: 'via', registry: 'cluster', name: { at: new Date(0) } } as const
    assert.throws(() => cart(''), /name: expected/)
    assert.throws(() => start(self, Cart, 0, { name: dated }), /name\.at: .*Date/)
  }))

test('VIA-02 a start that fails leaves no name', () =>
  oneNode(async (self) => {
    const failed = await start(self, Cart, -1, { name: cart('ada') })
    assert.equal(failed, { tag: 'error', reason: 'negative' })
    assert.is(whereisName(self, cart('ada')), undefined)
    await started(self, cart('ada'))
  }))

test('VIA-01 a process has its name when init runs, and may say more of itself there', () =>
  oneNode(async (self) => {
    await started(self, cart('described'), 3)
    assert.equal(lookupService(self, 'described')[0]?.metadata, { count: 3 })
  }))

test('VIA-01 a linked process that hears of the end finds the name free', () =>
  oneNode(async (self) => {
    self.trapExit(true)
    const result = await startLink(self, Cart, 0, { name: cart('ada') })
    if (result.tag !== 'ok') throw new Error('it starts')
    self.exit(result.pid, 'kill')
    await self.receive(isExit(result.pid))
    assert.is(whereisName(self, cart('ada')), undefined)
  }))

test('VIA-01 a supervised restart has the name again', () =>
  oneNode(async (self) => {
    const shop = await start(self, Shop, ['ada', 'bob'])
    assert.is(shop.tag, 'ok')
    const before = whereisName(self, cart('ada'))
    cast(self, cart('ada'), 'fail')
    while (whereisName(self, cart('ada')) === before) await self.yield()
    while (whereisName(self, cart('ada')) === undefined) await self.yield()
    assert.is(await call(self, cart('ada'), 'count'), 0)
  }))

test('VIA-01 started here, called, cast and stopped from another node', async () => {
  const scene = await ServicesScene.with(2)
  for (const [name, key] of [
    [cart('ada'), 'ada'],
    [room('general'), { room: 'general' }],
  ] as const) {
    await scene.cluster.run(scene.node(n1), (self) => started(self, name, 1))
    await scene.known(key, n1)
    const answers = await scene.cluster.run(scene.node(n2), async (self) => {
      cast(self, name, 'add', 2)
      const ref = self.monitor(name)
      const got = [await call(self, name, 'count'), await call(self, name, 'node')]
      await stopServer(self, name)
      const { target, reason } = await self.receive(isDown(ref))
      return [...got, target, reason]
    })
    assert.equal(answers, [3, n1, { ...name }, 'normal'])
    await scene.known(key)
  }
})

test('VIA-01 a process of another node is linked with by its name', async () => {
  const scene = await ServicesScene.with(2)
  await scene.cluster.run(scene.node(n1), (self) => started(self, cart('ada')))
  await scene.known('ada', n1)
  const reason = await scene.cluster.run(scene.node(n2), async (self) => {
    self.trapExit(true)
    const pid = whereisName(self, cart('ada'))
    if (pid === undefined) throw new Error('it is known')
    self.link(pid)
    cast(self, cart('ada'), 'fail')
    return (await self.receive(isExit(pid))).reason
  })
  assert.is(reason, 'broken')
})

test('VIA-02 one name on two nodes: each prefers its own, a third takes the first', async () => {
  const scene = await ServicesScene.with(2)
  for (const node of [n1, n2]) {
    await scene.cluster.run(scene.node(node), (self) => started(self, cart('ada')))
  }
  await scene.known('ada', n1, n2)
  const asked = [n1, n2, seed].map((node) =>
    scene.cluster.run(scene.node(node), (self) => call(self, cart('ada'), 'node')),
  )
  assert.equal(await Promise.all(asked), [n1, n2, n1])
})

test('VIA-01 a supervised restart is found by others under the same name', async () => {
  const scene = await ServicesScene.with(2, { modules: [Cart, Shop] })
  const ear = await scene.hear(n2, (self) => subscribeServices(self, { name: 'ada' }))
  const shop = scene.cluster.run(scene.node(n1), (self) => start(self, Shop, ['ada']))
  assert.is((await shop).tag, 'ok')
  await scene.known('ada', n1)
  const first = scene.look(n2, 'ada')[0]?.pid
  await scene.cluster.run(scene.node(n2), (self) => cast(self, cart('ada'), 'fail'))
  await scene.cluster.until('another one has it', () => {
    const [now] = scene.look(n2, 'ada')
    return now !== undefined && now.pid !== first
  })
  assert.is(await scene.cluster.run(scene.node(n2), (self) => call(self, cart('ada'), 'count')), 0)
  assert.equal(toldOf(ear, 'ada'), [
    'serviceRegistered n1',
    'serviceDown n1 "broken"',
    'serviceRegistered n1',
  ])
})

test('VIA-02 a call to a name whose node is lost fails, and the name goes', async () => {
  const scene = await ServicesScene.with(3)
  await scene.cluster.run(scene.node(n1), (self) => started(self, cart('ada')))
  await scene.known('ada', n1)
  scene.crash(n1)
  const failed = await scene.cluster.run(scene.node(n2), (self) =>
    failureOf(call(self, cart('ada'), 'count')),
  )
  assert.ok(failed === 'timeout' || (typeof failed === 'object' && failed.tag === 'nodedown'))
  await scene.known('ada')
  const gone = scene.cluster.run(scene.node(n2), (self) =>
    failureOf(call(self, cart('ada'), 'count')),
  )
  assert.is(await gone, 'noproc')
})

test('VIA-02 the registries of one node go on refusing objects, saying so', () =>
  oneNode(async (self) => {
    const opened = await start(self, Registry, { keys: 'unique' }, { name: 'carts' })
    assert.is(opened.tag, 'ok')
    const name: ViaName<Cart> = { tag: 'via', registry: 'carts', name: { user: 'ada' } }
    assert.throws(() => start(self, Cart, 0, { name }), /name: expected a string.*got object/)
    assert.is(whereisName(self, name), undefined)
    assert.throws(() => self.send(name, 'x'), /nobody has the name object with keys user/)
    assert.is(await failureOf(call(self, name, 'count')), 'noproc')
    const taken = await start(self, Registry, { keys: 'unique' }, { name: 'cluster' })
    assert.is(taken.tag, 'error')
  }))

test('VIA-02 a process may have other names beside the one it started under', () =>
  oneNode(async (self) => {
    const pid = await started(self, cart('ada'))
    assert.equal(registerService(self, 'second', { pid }), { tag: 'ok' })
    assert.is(await call(self, cart('second'), 'count'), 0)
    unregisterService(self, 'ada')
    assert.is(whereisName(self, cart('ada')), undefined)
    assert.is(whereisName(self, cart('second')), pid)
  }))

test.run()
