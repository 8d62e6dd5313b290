/**
 * Proxies on whole nodes in virtual time: what they forward, by which way, what callers are told
 * when it cannot be done, and when a proxy ends.
 */
import { Exit, type Pid, type Ref } from '../../../../../runtime/index.ts'
import {
  call,
  callWithin,
  cast,
  getProxy,
  global,
  isAlive,
  listProxies,
  lookupService,
  registerGlobalName,
  registerService,
  type StartedProxy,
  send,
  startProxy,
  stopProxy,
  unregisterService,
  whereisName,
} from '../../../../../src/index.ts'
import { limits } from '../../../../../src/limits.ts'
import { keeperName } from '../../../../../src/services/proxy/keeper.ts'
import { assert, suite } from '../../../../support/harness.ts'
import { at, LineScene, type Recorder, recorder } from '../router/line-scene.ts'

const test = suite('service proxies')

const slow = { deadlineMs: 30_000 }

async function pidOf(starting: Promise<StartedProxy<Recorder>>): Promise<Ref<Recorder>> {
  const started = await starting
  if (started.tag !== 'ok') throw new Error(`no proxy: ${JSON.stringify(started)}`)
  return started.pid
}

/** A proxy that host code of the node holds. */
function proxyOf(scene: LineScene, place: number, name: string): Promise<Ref<Recorder>> {
  return scene.cluster.drive(pidOf(startProxy<Recorder>(scene.node(place), name)))
}

/** The reason a call fails with. */
async function failure(scene: LineScene, calling: Promise<unknown>): Promise<unknown> {
  try {
    return await scene.cluster.drive(calling.then((value) => ({ value })))
  } catch (error) {
    if (error instanceof Exit) return error.reason
    throw error
  }
}

async function gone(scene: LineScene, place: number, name: string, pid: Pid): Promise<void> {
  await scene.cluster.until('the proxy has ended', () => !isAlive(scene.node(place), pid))
  assert.is(await scene.cluster.drive(getProxy(scene.node(place), name)), undefined)
}

test('calls, casts and messages are forwarded, and answers come back (PRX-01)', async () => {
  const scene = await LineScene.line(2)
  await scene.serve(1, 'recorder')
  const proxy = await proxyOf(scene, 0, 'recorder')
  const here = scene.node(0)
  assert.is(await scene.cluster.drive(getProxy(here, 'recorder')), proxy)
  assert.equal(await scene.cluster.drive(call(here, proxy, 'echo', { a: [1, proxy] })), {
    a: [1, proxy],
  })
  cast(here, proxy, 'note', 'cast')
  send(proxy, 'plain')
  assert.equal(await scene.cluster.drive(call(here, proxy, 'heard')), ['cast', 'plain'])
  assert.equal(await failure(scene, callWithin(here, 500, proxy, 'never')), 'timeout')
  const failed = await failure(scene, call(here, proxy, 'fail'))
  assert.is((failed as { message?: string }).message, 'as it was asked')
})

test('a process of another node calls through a proxy of this one', async () => {
  const scene = await LineScene.line(3)
  await scene.serve(2, 'recorder')
  const proxy = await proxyOf(scene, 1, 'recorder')
  const echo = scene.run(0, (self) => call(self, proxy, 'echo', 'from afar'))
  assert.is(await echo, 'from afar')
})

test('without a channel all is relayed, and nothing else changes (PRX-03)', async () => {
  const scene = await LineScene.line(4)
  await scene.serve(3, 'recorder')
  const proxy = await proxyOf(scene, 0, 'recorder')
  const here = scene.node(0)
  assert.equal(await scene.cluster.drive(call(here, proxy, 'echo', { n: 1n })), { n: 1n })
  cast(here, proxy, 'note', 'cast')
  send(proxy, 'plain')
  assert.equal(await scene.cluster.drive(call(here, proxy, 'heard')), ['cast', 'plain'])
  assert.not(scene.channels(0).includes(at(3)))
  assert.ok(scene.counted(1, 'skein.router.relayed') > 0)
  const failed = await failure(scene, call(here, proxy, 'fail'))
  assert.is((failed as { message?: string }).message, 'as it was asked')
})

test(
  'a service out of reach, and one that is nowhere (PRX-02)',
  async () => {
    const scene = await LineScene.line(7)
    scene.quiet(6)
    await scene.serve(6, 'far')
    const start = (place: number, name: string) =>
      scene.cluster.drive(startProxy(scene.node(place), name))
    assert.equal(await start(0, 'far'), { tag: 'error', reason: 'ttlExpired' })
    assert.equal(await start(3, 'nowhere'), { tag: 'error', reason: 'serviceNotFound' })
  },
  slow,
)

test('one proxy of a name, however many ask at once (PRX-06)', async () => {
  const scene = await LineScene.line(2)
  await scene.serve(1, 'recorder')
  const here = scene.node(0)
  const asking = Array.from({ length: 5 }, () => pidOf(startProxy<Recorder>(here, 'recorder')))
  const pids = await scene.cluster.drive(Promise.all(asking))
  assert.is(new Set(pids).size, 1)
  assert.equal(await scene.cluster.drive(listProxies(here)), [
    { name: 'recorder', node: at(1), pid: pids[0], holders: 1 },
  ])
})

test('a proxy ends with its service, and its callers are told (PRX-05)', async () => {
  const scene = await LineScene.line(2)
  const here = scene.node(0)
  const service = await scene.serve(1, 'mortal')
  const mortal = await proxyOf(scene, 0, 'mortal')
  const waiting = failure(scene, call(here, mortal, 'never'))
  await scene.run(1, (self) => self.exit(service, 'kill'))
  assert.ok(['serviceNotFound', 'killed'].includes(String(await waiting)))
  await gone(scene, 0, 'mortal', mortal)
  await scene.serve(1, 'retired')
  const retired = await proxyOf(scene, 0, 'retired')
  await scene.cluster.until('it is known', () => lookupService(here, 'retired').length > 0)
  unregisterService(scene.node(1), 'retired')
  await gone(scene, 0, 'retired', retired)
})

test('a proxy ends with the node of its service', async () => {
  const scene = await LineScene.line(3)
  await scene.serve(2, 'recorder')
  const proxy = await proxyOf(scene, 1, 'recorder')
  const here = scene.node(1)
  assert.is(await scene.cluster.drive(call(here, proxy, 'echo', 1)), 1)
  const waiting = failure(scene, callWithin(here, 60_000, proxy, 'never'))
  scene.cluster.crash(at(2))
  assert.equal(await waiting, { tag: 'nodedown', node: at(2) })
  await gone(scene, 1, 'recorder', proxy)
})

test('a proxy that nobody holds ends after a minute, not before', async () => {
  const scene = await LineScene.line(2)
  await scene.serve(1, 'recorder')
  const here = scene.node(0)
  const held = scene.run(0, async (self) => {
    const pid = await pidOf(startProxy<Recorder>(self, 'recorder'))
    assert.is(await pidOf(startProxy<Recorder>(here, 'recorder')), pid)
    return pid
  })
  const proxy = await held
  await scene.cluster.pass(limits.proxyUnheldMaxMs * 2)
  assert.ok(isAlive(here, proxy), 'host code holds it')
  await scene.cluster.drive(stopProxy(here, 'recorder'))
  await scene.cluster.pass(limits.proxyUnheldMaxMs - 1_000)
  assert.ok(isAlive(here, proxy), 'somebody may come back')
  assert.is(await proxyOf(scene, 0, 'recorder'), proxy)
  await scene.cluster.pass(limits.proxyUnheldMaxMs * 2)
  assert.ok(isAlive(here, proxy), 'it is held again')
  await scene.cluster.drive(stopProxy(here, 'recorder'))
  await scene.cluster.pass(limits.proxyUnheldMaxMs + 1_000)
  await gone(scene, 0, 'recorder', proxy)
})

test('messages that find no room on the way are dropped and counted (PRX-04)', async () => {
  const scene = await LineScene.line(3)
  await scene.serve(2, 'recorder')
  const proxy = await proxyOf(scene, 0, 'recorder')
  const here = scene.node(0)
  // So that nothing waits for a dial any more.
  assert.is(await scene.cluster.drive(call(here, proxy, 'echo', 1)), 1)
  const count = limits.proxyCastMaxInFlight + 100
  for (let at = 0; at < count; at++) cast(here, proxy, 'note', at)
  await scene.cluster.pass(1_000)
  assert.is(scene.counted(0, 'skein.service_proxy.cast_dropped'), 100)
  const heard = await scene.cluster.drive(call(here, proxy, 'heard'))
  const arrived = Array.from({ length: limits.proxyCastMaxInFlight }, (_, at) => at)
  assert.equal(heard, arrived)
  cast(here, proxy, 'note', 'later')
  await scene.cluster.pass(1_000)
  assert.is((await scene.cluster.drive(call(here, proxy, 'heard'))).at(-1), 'later')
})

test('what cannot be relayed fails its caller, and nothing else', async () => {
  const scene = await LineScene.line(3)
  await scene.serve(2, 'recorder')
  const proxy = await proxyOf(scene, 0, 'recorder')
  const here = scene.node(0)
  const large = new Uint8Array(limits.relayBodyMaxBytes)
  const failed = await failure(scene, call(here, proxy, 'echo', large))
  const max = limits.relayBodyMaxBytes
  assert.equal(failed, { tag: 'systemLimit', limit: 'relayBody', max })
  assert.is(await scene.cluster.drive(call(here, proxy, 'echo', 'small')), 'small')
})

test('a way that breaks is as if the node were lost, and another one is found', async () => {
  const scene = await LineScene.of(4, [
    [0, 1],
    [0, 2],
    [1, 3],
    [2, 3],
  ])
  await scene.serve(3, 'recorder')
  const proxy = await proxyOf(scene, 0, 'recorder')
  const here = scene.node(0)
  assert.is(await scene.cluster.drive(call(here, proxy, 'echo', 1)), 1)
  const used = scene.counted(1, 'skein.router.relayed') > 0 ? 1 : 2
  const waiting = failure(scene, callWithin(here, 60_000, proxy, 'never'))
  scene.cluster.crash(at(used))
  assert.equal(await waiting, { tag: 'nodedown', node: at(3) })
  assert.is(await scene.cluster.drive(call(here, proxy, 'echo', 2)), 2)
})

test('a proxy goes over to a channel once there is one', async () => {
  const scene = await LineScene.line(3)
  await scene.serve(2, 'recorder')
  const proxy = await proxyOf(scene, 0, 'recorder')
  const here = scene.node(0)
  assert.is(await scene.cluster.drive(call(here, proxy, 'echo', 1)), 1)
  const relayed = scene.counted(0, 'skein.router.relayed')
  assert.ok(relayed > 0)
  scene.cluster.network.heal()
  await scene.cluster.pass(limits.proxyDialAgainMs + 1_000)
  await scene.cluster.drive(call(here, proxy, 'echo', 2))
  await scene.cluster.pass(1_000)
  const before = scene.counted(0, 'skein.router.relayed')
  assert.is(await scene.cluster.drive(call(here, proxy, 'echo', 3)), 3)
  assert.is(scene.counted(0, 'skein.router.relayed'), before)
})

test('a keeper that was started anew leaves no proxy without one', async () => {
  const scene = await LineScene.line(2)
  await scene.serve(1, 'recorder')
  const before = await proxyOf(scene, 0, 'recorder')
  const keeper = scene.process(0, keeperName)
  await scene.run(0, (self) => self.exit(keeper.pid, 'kill'))
  await scene.cluster.until('the proxy has ended', () => !isAlive(scene.node(0), before))
  await scene.until('it can be asked again', async () => {
    const list = await listProxies(scene.node(0)).catch(() => undefined)
    return list?.length === 0
  })
  const after = await proxyOf(scene, 0, 'recorder')
  assert.is(await scene.cluster.drive(call(scene.node(0), after, 'echo', 1)), 1)
})

test('a proxy can have a global name, which goes with its service (GLB-01, GLB-02)', async () => {
  const scene = await LineScene.line(2)
  const service = await scene.serve(1, 'recorder')
  const here = scene.node(0)
  const proxy = await proxyOf(scene, 0, 'recorder')
  assert.equal(registerGlobalName(here, 'the recorder', { pid: proxy }), { tag: 'ok' })
  const name = global(recorder, 'the recorder')
  await scene.cluster.until('all know it', () => whereisName(scene.node(1), name) !== undefined)
  assert.is(await scene.run(1, (self) => call(self, name, 'echo', 'back')), 'back')
  await scene.run(1, (self) => self.exit(service, 'kill'))
  await gone(scene, 0, 'recorder', proxy)
  for (const place of [0, 1]) {
    const node = scene.node(place)
    await scene.cluster.until('it is free', () => whereisName(node, name) === undefined)
  }
})

test('the end of a process that gave its name to another one does not end the proxy', async () => {
  const scene = await LineScene.line(2)
  const former = await scene.serve(1, 'recorder')
  const heir = await scene.serve(1, 'heir')
  const [here, there] = [scene.node(0), scene.node(1)]
  await scene.until('it is known', async () => lookupService(here, 'recorder').length === 1)
  const proxy = await proxyOf(scene, 0, 'recorder')
  assert.is(await scene.cluster.drive(call(here, proxy, 'echo', 1)), 1)
  unregisterService(there, 'recorder')
  registerService(there, 'recorder', { pid: heir })
  await scene.cluster.pass(1_000)
  cast(here, proxy, 'note', 'heir')
  assert.equal(await scene.cluster.drive(call(here, proxy, 'heard')), ['heir'])
  await scene.run(1, (self) => self.exit(former, 'kill'))
  await scene.cluster.pass(1_000)
  assert.is(await scene.cluster.drive(call(here, proxy, 'echo', 2)), 2)
  await scene.run(1, (self) => self.exit(heir, 'kill'))
  await gone(scene, 0, 'recorder', proxy)
})

test.run()
