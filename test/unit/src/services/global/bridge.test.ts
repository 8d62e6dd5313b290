/**
 * Services of the registry `cluster` under global names (GLB-01, GLB-02): those of this node by
 * their own process, those of others by a proxy.
 */
import {
  call,
  getProxy,
  global,
  globalRegister,
  registerService,
  stopProxy,
  unregisterService,
  whereisService,
} from '../../../../../src/index.ts'
import { assert, suite } from '../../../../support/harness.ts'
import { GlobalScene, Keeper, nth, seed } from './global-scene.ts'

const test = suite('services under global names')

const [n1, n2] = [nth(1), nth(2)]

/** A server of n1 that all know as a service. */
async function service(scene: GlobalScene, name: string) {
  const pid = await scene.claim(n1, `the pid of ${name}`, 5)
  assert.equal(registerService(scene.node(n1), name, { pid }), { tag: 'ok' })
  for (const node of scene.nodes.keys()) {
    await scene.until('it is known', async () => {
      return (await whereisService(scene.node(node), name)) !== undefined
    })
  }
  return pid
}

test('a service of this node has the name itself; a second time it is refused', async () => {
  const scene = await GlobalScene.with(2)
  const pid = await service(scene, 'sum')
  const registered = await scene.cluster.drive(globalRegister(scene.node(n1), 'sum'))
  assert.equal(registered, { tag: 'ok', pid })
  await scene.known('sum', pid)
  for (const node of [n1, n2]) {
    const again = await scene.cluster.drive(globalRegister(scene.node(node), 'sum'))
    const holder = scene.holder(node, 'sum')
    assert.equal(again, { tag: 'error', reason: { tag: 'alreadyRegistered', pid: holder } })
  }
  assert.is(await scene.cluster.drive(getProxy(scene.node(n2), 'sum')), undefined)
})

test('a service of another node has it through a proxy, which answers for it', async () => {
  const scene = await GlobalScene.with(2)
  await service(scene, 'sum')
  const registered = await scene.cluster.run(scene.node(n2), (self) => globalRegister(self, 'sum'))
  assert.is(registered.tag, 'ok')
  const proxy = await scene.cluster.drive(getProxy(scene.node(n2), 'sum'))
  assert.ok(proxy)
  await scene.known('sum', proxy)
  for (const node of [seed, n1, n2]) {
    const sum = await scene.cluster.drive(call(scene.node(node), global(Keeper, 'sum'), 'add', 0))
    assert.is(sum, 5)
  }
  await scene.cluster.pass(120_000)
  await scene.known('sum', proxy)
})

test('the end of the proxy, and that of the service, frees the name', async () => {
  const scene = await GlobalScene.with(2)
  await service(scene, 'one')
  const other = await service(scene, 'two')
  for (const name of ['one', 'two']) {
    const { tag } = await scene.cluster.drive(globalRegister(scene.node(n2), name))
    assert.is(tag, 'ok')
    await scene.known(name, scene.holder(n2, name))
  }
  await scene.cluster.drive(stopProxy(scene.node(n2), 'one'))
  await scene.known('one', undefined)
  await scene.cluster.run(scene.node(n1), (self) => self.exit(other, 'kill'))
  await scene.known('two', undefined)
})

test('what nobody knows as a service is not found', async () => {
  const scene = await GlobalScene.with(2)
  const missing = await scene.cluster.drive(globalRegister(scene.node(n2), 'nobody'))
  assert.equal(missing, { tag: 'error', reason: 'serviceNotFound' })
  const pid = await service(scene, 'gone')
  unregisterService(scene.node(n1), 'gone')
  await scene.until('it is gone', async () => {
    const { tag } = await globalRegister(scene.node(n2), 'gone')
    return tag === 'error'
  })
  assert.is(scene.holder(n1, 'the pid of gone'), pid)
  // @ts-expect-error what callers without types may give
  const bad = scene.cluster.drive(globalRegister(scene.node(n2), { a: 1 }))
  assert.match(await bad.then(String, String), /name: expected a string of 1 to 255/)
})

test('two who ask at once share one proxy, which keeps the name', async () => {
  const scene = await GlobalScene.with(2)
  await service(scene, 'sum')
  const asking = [1, 2].map(() => globalRegister(scene.node(n2), 'sum'))
  const [first, second] = await scene.cluster.drive(Promise.all(asking))
  assert.is(first?.tag, 'ok')
  const pid = scene.holder(n2, 'sum')
  assert.equal(second, { tag: 'error', reason: { tag: 'alreadyRegistered', pid } })
  await scene.cluster.pass(120_000)
  assert.is(scene.holder(n2, 'sum'), pid)
})

test.run()
