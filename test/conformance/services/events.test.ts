/** SEV-*: what subscribers on all nodes hear of names, in virtual time. */
import {
  subscribeServices,
  unregisterService,
  unsubscribeServices,
  updateMetadata,
} from '../../../src/index.ts'
import { assert, suite } from '../../support/harness.ts'
import { nth, ServicesScene, seed, toldOf } from './services-scene.ts'

const test = suite('services: events')

const [n1, n2, n3] = [nth(1), nth(2), nth(3)]
const nodes = [seed, n1, n2]

async function ears(scene: ServicesScene) {
  return Promise.all(nodes.map((node) => scene.hear(node, (self) => subscribeServices(self))))
}

test('SEV-01 registered, updated and unregistered are told everywhere', async () => {
  const scene = await ServicesScene.with(2)
  const all = await ears(scene)
  scene.register(n1, 'db', { load: 1 })
  await scene.cluster.until('it came', () => all.every((ear) => toldOf(ear, 'db').length === 1))
  updateMetadata(scene.node(n1), 'db', { load: 2 })
  await scene.cluster.until('it changed', () => all.every((ear) => toldOf(ear, 'db').length === 2))
  unregisterService(scene.node(n1), 'db')
  await scene.cluster.until('it went', () => all.every((ear) => toldOf(ear, 'db').length === 3))
  const told = ['serviceRegistered n1', 'serviceUpdated n1', 'serviceUnregistered n1']
  for (const ear of all) {
    assert.equal(toldOf(ear, 'db'), told)
    assert.equal(
      ear.heard.map(({ metadata }) => metadata),
      [{ load: 1 }, { load: 2 }, { load: 2 }],
    )
  }
})

test('SEV-02 an end is told with its reason: here at once, elsewhere later', async () => {
  const scene = await ServicesScene.with(2)
  const pid = scene.register(n1, 'db')
  await scene.known('db', n1)
  const all = await ears(scene)
  await scene.end(n1, pid, { tag: 'broken', part: 'wheel' })
  assert.equal(
    all.map((ear) => ear.heard.length),
    [0, 1, 0],
    'here at once',
  )
  await scene.cluster.until('all hear', () => all.every((ear) => ear.heard.length === 1))
  const down = 'serviceDown n1 {"tag":"broken","part":"wheel"}'
  for (const ear of all) assert.equal(toldOf(ear, 'db'), [down])
})

test('SEV-02 a process that is replaced in the same turn is told of twice', async () => {
  const scene = await ServicesScene.with(2)
  const pid = scene.register(n1, 'db')
  await scene.known('db', n1)
  const all = await ears(scene)
  const ended = scene.end(n1, pid)
  await ended
  scene.register(n1, 'db')
  await scene.cluster.until('all hear', () => all.every((ear) => ear.heard.length >= 2))
  for (const ear of all) {
    assert.equal(toldOf(ear, 'db'), ['serviceDown n1 "killed"', 'serviceRegistered n1'])
  }
})

test('SEV-03 filters, and who has ended or has enough, on another node', async () => {
  const scene = await ServicesScene.with(2)
  const stop: (() => void)[] = []
  const one = await scene.hear(n2, (self) => subscribeServices(self, { name: 'job.1' }))
  const some = await scene.hear(n2, (self) => subscribeServices(self, { pattern: /^job\./ }))
  const odd = await scene.hear(n2, (self) => subscribeServices(self, (name) => name === 7))
  const done = await scene.hear(n2, (self) => {
    subscribeServices(self)
    stop.push(() => unsubscribeServices(self))
  })
  await scene.cluster.run(scene.node(n2), () => stop[0]?.())
  for (const name of ['job.1', 'job.2', 'other', 7]) scene.register(n1, name)
  await scene.known(7, n1)
  await scene.known('other', n1)
  await scene.known('job.2', n1)
  const names = [one, some, odd, done].map(({ heard }) => heard.map(({ name }) => name))
  assert.equal(names, [['job.1'], ['job.1', 'job.2'], [7], []])
})

test('SEV-04 the names of a lost node go down, one told for each', async () => {
  const scene = await ServicesScene.with(4)
  scene.register(n3, 'db')
  scene.register(n3, 'web')
  await scene.known('web', n3)
  await scene.known('db', n3)
  const all = await ears(scene)
  scene.crash(n3)
  await scene.cluster.until('all hear', () => all.every((ear) => ear.heard.length >= 2))
  const reason = JSON.stringify({ tag: 'nodedown', node: n3 })
  for (const ear of all) {
    for (const name of ['db', 'web']) assert.equal(toldOf(ear, name), [`serviceDown n3 ${reason}`])
  }
})

test('SEV-04 the names of a node that leaves go with that reason', async () => {
  const scene = await ServicesScene.with(3)
  scene.register(n3, 'db')
  await scene.known('db', n3)
  const all = await ears(scene)
  await scene.stop(n3)
  await scene.cluster.until('all hear', () => all.every((ear) => ear.heard.length > 0))
  // Its processes end before it says goodbye, or with it.
  for (const ear of all) {
    const [told = ''] = toldOf(ear, 'db')
    assert.match(told, /^serviceDown n3 ("shutdown"|\{"tag":"left")/)
    assert.is(ear.heard.length, 1)
  }
})

test('when the source is started anew subscribers are told to read again', async () => {
  const scene = await ServicesScene.with(2)
  const ear = await scene.hear(n2, (self) => subscribeServices(self, { name: 'nobody' }))
  await scene.restart(n2, 'skein.replica.services')
  await scene.cluster.until('it is told', () => ear.heard.length > 0)
  assert.equal(ear.heard, [{ tag: 'resync', source: 'services' }])
})

test.run()
