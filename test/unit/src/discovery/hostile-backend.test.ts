/** Backends that throw, lie, flood and hang: what they cost, and that the chain goes on. */
import type { DiscoveryBackend } from '../../../../src/discovery/index.ts'
import { limits } from '../../../../src/limits.ts'
import { assert, suite } from '../../../support/harness.ts'
import { assertLogged, at, counting, DiscoveryScene, hanging, shown } from './discovery-scene.ts'

const test = suite('hostile discovery backends')

const b = 'b@there'
const { discoveryBackendTimeoutMs, discoveryRestMs } = limits

test('who throws knows nothing, and the next is asked', async () => {
  const faults: readonly (() => never)[] = [
    () => {
      throw new Error('out of order')
    },
    () => {
      throw null
    },
  ]
  for (const fault of faults) {
    const scene = new DiscoveryScene()
    const late = async (): Promise<never> => fault()
    const good = counting('good', { [b]: at('10.0.0.2') })
    await scene.open({ name: 'at once', lookup: fault }, { name: 'later', lookup: late }, good)
    assert.equal(await scene.resolve(b), ['10.0.0.2:4433'])
    assert.is(scene.messages().filter((text) => text === 'discovery backend failed').length, 2)
  }
})

/** What a backend may answer that is no address, whatever its type says. */
const nonsense: readonly unknown[] = [
  7,
  'localhost:4433',
  {},
  { host: 'h' },
  { host: 'h', port: '4433' },
  { host: 'h', port: 0 },
  { host: 'h', port: 65_536 },
  { host: 'h', port: Number.NaN },
  { host: '', port: 1 },
  { host: 'a b', port: 1 },
  { host: '../etc/passwd', port: 1 },
  { host: '0.0.0.0', port: 1 },
  { host: '999.1.1.1', port: 1 },
  { host: 'x'.repeat(300), port: 1 },
  [{ host: 'h' }, 7, null],
  () => at('10.0.0.1'),
  Object.defineProperty({}, 'host', {
    get() {
      throw new Error('a trap')
    },
  }),
]

test('who answers nonsense knows nothing, and the next is asked', async () => {
  for (const answer of nonsense) {
    for (const given of [answer, Promise.resolve(answer)]) {
      const scene = new DiscoveryScene()
      const lookup = (() => given) as unknown as DiscoveryBackend['lookup'] & object
      await scene.open({ name: 'liar', lookup }, counting('good', { [b]: at('10.0.0.2') }))
      assert.equal(await scene.resolve(b), ['10.0.0.2:4433'])
      assertLogged(scene, 'discovery backend failed', /liar.*lookup/)
    }
  }
})

test('who answers too much is cut short', async () => {
  const scene = new DiscoveryScene()
  const many = Array.from({ length: 100_000 }, (_, n) => at(`10.0.${n >> 8}.${n & 255}`, 1))
  await scene.open(counting('flood', { [b]: [at('10.0.0.0', 1), ...many] }))
  const found = await scene.resolve(b)
  assert.is(found.length, limits.discoveryAddressesMax)
  assert.is(new Set(found).size, found.length)
})

test('lists: invalid names are left out, no list is a failure, and the rest is heard', async () => {
  const scene = new DiscoveryScene()
  const list = (name: string, given: unknown): DiscoveryBackend => ({
    name,
    listNodes: (() => given) as unknown as () => readonly string[],
  })
  await scene.open(
    list('odd', ['../x', '.a@b', 'a@b@c', 7, null, 'x', b]),
    list('text', 'b@there'),
    { name: 'throws', listNodes: () => Promise.reject(new Error('no')) },
    list('none', undefined),
    hanging(),
    list('good', ['c@there']),
  )
  assert.equal(await scene.drive(scene.discovery.listNodes()), [b, 'c@there'])
  assertLogged(scene, 'discovery backend failed', /text.*no list/)
  assertLogged(scene, 'discovery backend did not answer', /hanging.*listNodes/)
})

test('who hangs delays the chain by its time limit and no more', async () => {
  const scene = new DiscoveryScene()
  await scene.open(hanging(), counting('good', { [b]: at('10.0.0.2') }))
  const startedMs = scene.world.nowMs
  assert.equal(await scene.resolve(b), ['10.0.0.2:4433'])
  assert.is(scene.world.nowMs - startedMs, discoveryBackendTimeoutMs)
})

test('who hangs again and again is left alone for a while, then has one try', async () => {
  const scene = new DiscoveryScene()
  const stuck = hanging()
  await scene.open(stuck, counting('good', {}))
  const lookups = 10
  for (let n = 0; n < lookups; n++) await scene.resolve(`n${n}@there`)
  assert.is(stuck.asked.length, limits.discoveryTimeoutsMax)
  await scene.pass(discoveryRestMs)
  for (let n = 0; n < lookups; n++) await scene.resolve(`m${n}@there`)
  assert.is(stuck.asked.length, limits.discoveryTimeoutsMax + 1)
})

test('who rests is closed all the same', async () => {
  const scene = new DiscoveryScene()
  let closed = 0
  const close = (): void => {
    closed += 1
  }
  await scene.open({ ...hanging(), close })
  for (let n = 0; n < limits.discoveryTimeoutsMax; n++) await scene.resolve(`n${n}@there`)
  assertLogged(scene, 'discovery backend did not answer', /restsMs/)
  scene.discovery.close()
  assert.is(closed, 1)
})

test('a late answer is not heard, and proves that the backend is alive', async () => {
  const scene = new DiscoveryScene()
  const answers: ((address: ReturnType<typeof at>) => void)[] = []
  await scene.open({
    name: 'slow',
    lookup: () => new Promise((resolve) => void answers.push(resolve)),
  })
  for (let n = 0; n < limits.discoveryTimeoutsMax; n++) {
    assert.equal(await scene.resolve(`n${n}@there`), [])
  }
  const before = answers.length
  assert.equal(await scene.resolve('resting@there'), [])
  assert.is(answers.length, before)
  answers[0]?.(at('10.0.0.1'))
  await scene.pass(0)
  const asked = scene.discovery.resolve(b)
  answers[before]?.(at('10.0.0.2'))
  assert.equal(shown(await scene.drive(asked)), ['10.0.0.2:4433'])
})

test('closing answers who waits, closes every backend, and leaves no timer', async () => {
  const scene = new DiscoveryScene()
  const closed: string[] = []
  const closing = (backend: DiscoveryBackend): DiscoveryBackend => ({
    ...backend,
    close: () => void closed.push(backend.name),
  })
  const throwing = closing(counting('two', {}))
  const trap = (): never => {
    throw new Error('not closing')
  }
  await scene.open(closing(hanging('one')), { ...throwing, close: trap }, closing(hanging('three')))
  const waiting = scene.discovery.resolve(b)
  const listing = scene.discovery.listNodes()
  scene.discovery.close()
  assert.equal(shown(await waiting), [])
  assert.equal(await listing, [])
  assert.equal(closed, ['one', 'three'])
  const before = scene.world.nowMs
  assert.not(scene.world.advance())
  assert.is(scene.world.nowMs, before)
  assert.equal(shown(await scene.discovery.resolve('c@there')), [])
})

test.run()
