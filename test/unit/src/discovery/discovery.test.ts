/**
 * The chain of backends: order, fan-out, union and memory. Rows DSC-01 and DSC-06 to DSC-09 of the
 * cluster spec.
 */
import { type DiscoveryBackend, tableBackend } from '../../../../src/discovery/index.ts'
import { limits } from '../../../../src/limits.ts'
import { assert, suite } from '../../../support/harness.ts'
import { assertLogged, at, counting, DiscoveryScene, hanging, shown } from './discovery-scene.ts'

const test = suite('discovery')

const b = 'b@there'
const { discoveryHitMs, discoveryMissMs } = limits

test('a table answers without a turn of the event loop (DSC-01)', async () => {
  const scene = new DiscoveryScene()
  await scene.open(tableBackend('static', new Map([[b, at('10.0.0.2')]])))
  let found: readonly string[] = []
  void scene.discovery.resolve(b).then((addresses) => {
    found = shown(addresses)
  })
  await Promise.resolve()
  assert.equal(found, ['10.0.0.2:4433'])
  assert.equal(await scene.resolve('c@there'), [])
})

test('the first that knows wins, the others are not asked (DSC-06)', async () => {
  const scene = new DiscoveryScene()
  const first = counting('first', { [b]: at('10.0.0.1') })
  const second = counting('second', { [b]: at('10.0.0.2'), 'c@there': at('10.0.0.3') })
  await scene.open(first, second)
  assert.equal(await scene.resolve(b), ['10.0.0.1:4433'])
  assert.equal(second.asked, [])
  assert.equal(await scene.resolve('c@there'), ['10.0.0.3:4433'])
  assert.equal(first.asked, [b, 'c@there'])
})

test('the order is the one given', async () => {
  const scene = new DiscoveryScene()
  const table = tableBackend('static', new Map([[b, at('10.0.0.2')]]))
  await scene.open(counting('mine', { [b]: at('10.0.0.1') }), table)
  assert.equal(await scene.resolve(b), ['10.0.0.1:4433'])
})

test('registrations fan out, and lists are united (DSC-07)', async () => {
  const scene = new DiscoveryScene()
  const told: string[] = []
  const telling = (name: string, nodes: readonly string[]): DiscoveryBackend => ({
    name,
    register: async (node, { host, port }) => void told.push(`${name} + ${node} ${host}:${port}`),
    unregister: async (node) => void told.push(`${name} - ${node}`),
    listNodes: () => nodes,
  })
  const mute: DiscoveryBackend = { name: 'mute' }
  await scene.open(telling('x', [b, 'd@there']), mute, telling('y', ['a@there', b]))
  await scene.drive(scene.discovery.publish(at('0.0.0.0', 5000)))
  // The host others know is that of the name; the socket may be bound to all of them.
  assert.equal(told, ['x + me@here here:5000', 'y + me@here here:5000'])
  assert.equal(await scene.drive(scene.discovery.listNodes()), ['a@there', b, 'd@there'])
  await scene.drive(scene.discovery.unpublish())
  await scene.drive(scene.discovery.unpublish())
  assert.equal(told.slice(2), ['x - me@here', 'y - me@here'])
})

test('nothing is published without a port (DSC-09)', async () => {
  const scene = new DiscoveryScene()
  const told: string[] = []
  await scene.open({ name: 'x', register: (node) => void told.push(node) })
  await scene.drive(scene.discovery.publish(undefined))
  await scene.drive(scene.discovery.unpublish())
  assert.equal(told, [])
  assertLogged(scene, 'no listen port found; skipping discovery publish', /me@here/)
})

test('a backend of the user gets its arguments and its surroundings, once (DSC-08)', async () => {
  const scene = new DiscoveryScene()
  const given: unknown[] = []
  const own: DiscoveryBackend = {
    name: 'own',
    init(args, env) {
      given.push(args, env.node, env.platform.clock.now())
      env.log('info', 'ready')
    },
    lookup(node) {
      given.push(node)
      return at('10.0.0.9', 9)
    },
  }
  await scene.open({ backend: own, args: { prefix: 'nodes/' } })
  assert.equal(await scene.resolve(b), ['10.0.0.9:9'])
  assert.equal(given, [{ prefix: 'nodes/' }, 'me@here', scene.world.nowMs, b])
  assertLogged(scene, 'ready', /\{\}/)
})

test('one that cannot be readied is left out', async () => {
  const scene = new DiscoveryScene()
  const broken = counting('broken', { [b]: at('10.0.0.1') })
  const init = async (): Promise<never> => {
    throw new Error('no such table')
  }
  const stuck = {
    ...counting('stuck', {}),
    init: (): Promise<never> => new Promise(() => undefined),
  }
  await scene.open({ ...broken, init }, stuck, counting('good', { [b]: at('10.0.0.2') }))
  assert.equal(await scene.resolve(b), ['10.0.0.2:4433'])
  assert.equal(broken.asked, [])
  assertLogged(scene, 'discovery backend failed', /broken.*init.*no such table/)
  assertLogged(scene, 'discovery backend did not answer', /stuck.*init/)
})

test('many who ask at once share one lookup', async () => {
  const scene = new DiscoveryScene()
  const backend = counting('one', { [b]: at('10.0.0.1') })
  await scene.open(backend)
  const answers = await scene.drive(
    Promise.all(Array.from({ length: 50 }, () => scene.discovery.resolve(b))),
  )
  assert.is(answers.length, 50)
  for (const answer of answers) assert.equal(shown(answer), ['10.0.0.1:4433'])
  assert.equal(backend.asked, [b])
})

test('what was found is remembered for its time', async () => {
  const scene = new DiscoveryScene()
  const backend = counting('one', { [b]: at('10.0.0.1') })
  await scene.open(backend)
  await scene.resolve(b)
  await scene.pass(discoveryHitMs - 1)
  await scene.resolve(b)
  assert.is(backend.asked.length, 1)
  await scene.pass(1)
  await scene.resolve(b)
  assert.is(backend.asked.length, 2)
})

test('that nothing was found is remembered for its shorter time', async () => {
  const scene = new DiscoveryScene()
  const backend = counting('one', {})
  await scene.open(backend)
  assert.equal(await scene.resolve(b), [])
  await scene.pass(discoveryMissMs - 1)
  assert.equal(await scene.resolve(b), [])
  assert.is(backend.asked.length, 1)
  await scene.pass(1)
  await scene.resolve(b)
  assert.is(backend.asked.length, 2)
})

test('an address that led nowhere is dropped, the last one with all that was known', async () => {
  const scene = new DiscoveryScene()
  const backend = counting('one', { [b]: [at('10.0.0.1'), at('10.0.0.2')] })
  await scene.open(backend)
  assert.equal(await scene.resolve(b), ['10.0.0.1:4433', '10.0.0.2:4433'])
  scene.discovery.unreachable(b, at('10.0.0.1'))
  scene.discovery.unreachable(b, at('10.0.0.7'))
  assert.equal(await scene.resolve(b), ['10.0.0.2:4433'])
  assert.is(backend.asked.length, 1)
  scene.discovery.unreachable(b, at('10.0.0.2'))
  assert.equal(await scene.resolve(b), ['10.0.0.1:4433', '10.0.0.2:4433'])
  assert.is(backend.asked.length, 2)
})

test('a node that has gone is looked up again', async () => {
  const scene = new DiscoveryScene()
  const backend = counting('one', { [b]: at('10.0.0.1') })
  await scene.open(backend)
  await scene.resolve(b)
  scene.discovery.forget(b)
  await scene.resolve(b)
  assert.is(backend.asked.length, 2)
})

test('nodes started here come first, and their coming and going is noticed at once', async () => {
  const scene = new DiscoveryScene()
  await scene.open(counting('one', { [b]: at('10.0.0.1') }))
  assert.equal(await scene.resolve(b), ['10.0.0.1:4433'])
  scene.discovery.add(b, at('worker', 2))
  assert.equal(await scene.resolve(b), ['worker:2'])
  scene.discovery.remove(b)
  assert.equal(await scene.resolve(b), ['10.0.0.1:4433'])
})

test('one that comes while it is being looked up is not forgotten for it', async () => {
  const scene = new DiscoveryScene()
  let answer: (found: undefined) => void = () => undefined
  const slow = (): Promise<undefined> =>
    new Promise((resolve) => {
      answer = resolve
    })
  await scene.open({ name: 'slow', lookup: slow })
  const before = scene.discovery.resolve(b)
  scene.discovery.add(b, at('worker', 2))
  answer(undefined)
  assert.equal(shown(await scene.drive(before)), [])
  assert.equal(await scene.resolve(b), ['worker:2'])
})

test('names no node can have are asked of nobody', async () => {
  const scene = new DiscoveryScene()
  const backend = counting('one', {})
  await scene.open(backend)
  for (const name of ['', 'x', '../x', '.a@b', 'a@b@c', `${'x'.repeat(300)}@h`, '__proto__']) {
    assert.equal(await scene.resolve(name), [])
  }
  assert.equal(backend.asked, [])
})

test('the memory of names is bounded: what was learned first goes first', async () => {
  const scene = new DiscoveryScene()
  const backend = counting('one', {})
  await scene.open(backend)
  const first = 'n0@there'
  for (let n = 0; n < limits.discoveryCacheMax; n++) await scene.discovery.resolve(`n${n}@there`)
  await scene.discovery.resolve(first)
  assert.is(backend.asked.length, limits.discoveryCacheMax)
  await scene.discovery.resolve('one-more@there')
  await scene.discovery.resolve('n1@there')
  await scene.discovery.resolve(first)
  assert.equal(backend.asked.slice(limits.discoveryCacheMax), ['one-more@there', first])
})

test('so is the number of names being asked about', async () => {
  const scene = new DiscoveryScene()
  const stuck = hanging()
  await scene.open(stuck)
  const waiting = Array.from({ length: limits.discoveryLookupsMax }, (_, n) =>
    scene.discovery.resolve(`n${n}@there`),
  )
  assert.equal(shown(await scene.discovery.resolve(b)), [])
  assert.is(stuck.asked.length, limits.discoveryLookupsMax)
  assertLogged(scene, 'too many nodes are being looked up', /b@there/)
  await scene.drive(Promise.all(waiting))
})

test("this node's own address is nobody else's", async () => {
  const scene = new DiscoveryScene()
  await scene.open(counting('one', { [b]: [at('here', 5000), at('10.0.0.2')] }))
  await scene.drive(scene.discovery.publish(at('0.0.0.0', 5000)))
  assert.equal(await scene.resolve(b), ['10.0.0.2:4433'])
})

test.run()
