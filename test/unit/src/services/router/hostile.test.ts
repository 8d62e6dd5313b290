/**
 * A peer that is authenticated and means harm, against the router and the proxies of a node:
 * rubbish, forged trails, floods, lies, answers to questions nobody asked it.
 */
import {
  call,
  isAlive,
  routerStatistics,
  type Sought,
  searchService,
  send,
  startProxy,
} from '../../../../../src/index.ts'
import { limits } from '../../../../../src/limits.ts'
import { routerName } from '../../../../../src/services/router/server.ts'
import { assert, suite } from '../../../../support/harness.ts'
import { ScriptedPeer } from '../../dist/scripted-peer.ts'
import { at, type Edge, LineScene, type Recorder } from './line-scene.ts'

const test = suite('a hostile peer of the router')

const evil = 'evil@10.6.6.6'
const slow = { deadlineMs: 30_000 }
const search = '0123456789abcdef'
const trail = { ttl: 4, visited: [evil], leftMs: limits.routeDeadlineMs }
const body = Uint8Array.of(0xc0)

type Attack = { readonly scene: LineScene; readonly peer: ScriptedPeer }

/** Honest nodes, and the peer with a channel to the first. */
async function attack(count: number, edges: readonly Edge[]): Promise<Attack> {
  const scene = await LineScene.of(count, edges)
  const options = { name: evil, target: at(0), flags: ['services'] }
  return { scene, peer: await ScriptedPeer.established(scene.cluster, options) }
}

function say({ peer }: Attack, message: unknown): void {
  peer.tell('router', message)
}

/** What the router has answered it, since it looked last. */
function answers({
  peer,
}: Attack): readonly { readonly ref?: number; readonly result?: unknown }[] {
  return peer.told.splice(0).flatMap(([service, said]) => {
    const isAnswer = service === 'router' && typeof said === 'object' && said !== null
    return isAnswer && 'result' in said ? [said] : []
  })
}

function reasons(given: Attack): readonly unknown[] {
  return answers(given).map(({ result }) => (result as { readonly reason?: unknown }).reason)
}

test('rubbish and forged trails are counted, and change nothing', async () => {
  const given = await attack(2, [[0, 1]])
  const { scene, peer } = given
  const router = scene.process(0, routerName)
  const goal = { tag: 'service', name: 'x' }
  const route = { tag: 'route', ref: 1, search, goal, ...trail }
  const junk: readonly unknown[] = [
    null,
    7,
    'route',
    [],
    {},
    { tag: 'route' },
    { ...route, visited: [at(1)] },
    { ...route, visited: [at(1), at(0)] },
    { ...route, visited: [] },
    { ...route, visited: Array.from({ length: 1_000 }, (_, n) => `n${n}@h`) },
    { ...route, ttl: 1_000 },
    { ...route, leftMs: 2 ** 31 },
    { ...route, goal: { tag: 'service', name: 'x'.repeat(70_000) } },
    { ...route, goal: { tag: 'service', name: { deep: [[[[[]]]]], long: 'y'.repeat(70_000) } } },
    { tag: 'routed', ref: 1, result: { tag: 'found', node: at(1), pid: peer.pid(1) } },
    { tag: 'relay', ref: 1, node: at(1), name: 'x', kind: 'kill', body, ...trail },
    { tag: 'relayed', ref: 1, result: { tag: 'done', body: 'text' } },
    { tag: '$due', key: 'sweep', serial: 1 },
    { tag: '__proto__', ref: 1 },
  ]
  for (const message of junk) say(given, message)
  await scene.cluster.pass(100)
  assert.is(scene.counted(0, 'skein.router.malformed'), junk.length)
  assert.is(scene.process(0, routerName), router)
  assert.equal(answers(given), [])
})

test('a trail that leads back is refused, for searches and for packets (PRX-03)', async () => {
  const given = await attack(2, [[0, 1]])
  const { scene } = given
  await scene.serve(0, 'here')
  const looped = { ttl: 3, visited: [at(0), evil], leftMs: 1_000 }
  say(given, { tag: 'route', ref: 1, search, goal: { tag: 'service', name: 'here' }, ...looped })
  say(given, { tag: 'relay', ref: 2, node: at(0), name: 'here', kind: 'send', body, ...looped })
  say(given, { tag: 'relay', ref: 3, node: at(0), name: 'none', kind: 'send', body, ...trail })
  say(given, { tag: 'relay', ref: 4, node: at(0), name: 'here', kind: 'call', body, ...trail })
  say(given, { tag: 'relay', ref: 5, node: 'x@h', name: 'n', kind: 'send', body, ...trail, ttl: 0 })
  await scene.cluster.pass(100)
  assert.equal(reasons(given), [
    'relayLoop',
    'relayLoop',
    'serviceNotFound',
    'undecodable',
    'ttlExpired',
  ])
})

test(
  'a flood of searches and packets is answered overloaded, and leaves room for others (RTR-05)',
  async () => {
    const given = await attack(3, [
      [0, 1],
      [0, 2],
      [1, 2],
    ])
    const { scene } = given
    scene.quiet(2)
    await scene.serve(2, 'hidden')
    await scene.serve(0, 'busy')
    // Who is asked first does not answer.
    scene.sever(0, 1)
    const count = 2_000
    const call = new Uint8Array([0x92, 0xa5, ...new TextEncoder().encode('never'), 0xc0])
    for (let n = 0; n < count; n++) {
      const id = n.toString(16).padStart(16, '0')
      const goal = { tag: 'service', name: `nobody ${n}` }
      say(given, { tag: 'route', ref: n, search: id, goal, ...trail })
      const packet = { node: at(0), name: 'busy', kind: 'call', body: call }
      say(given, { tag: 'relay', ref: n, ...packet, ...trail })
    }
    await scene.cluster.pass(20)
    const overloaded = reasons(given).filter((reason) => reason === 'overloaded').length
    assert.ok(overloaded > count, `${overloaded} of ${2 * count}`)
    assert.ok(scene.counted(0, 'skein.router.request_dropped') >= overloaded)
    const { searching } = await scene.cluster.drive(routerStatistics(scene.node(0)))
    assert.ok(searching <= limits.routerInFlightPerPeerMax, `${searching} searches`)
    const found = await scene.cluster.drive(searchService(scene.node(0), 'hidden'))
    assert.is(found.tag, 'found')
    await scene.cluster.pass(2 * limits.proxyCallTimeoutMs)
    const { searching: left, relaying } = await scene.cluster.drive(routerStatistics(scene.node(0)))
    assert.equal([left, relaying], [0, 0])
  },
  slow,
)

test('answers to what it was not asked count for nothing', async () => {
  const given = await attack(2, [[0, 1]])
  const { scene, peer } = given
  scene.quiet(1)
  const pid = await scene.serve(1, 'hidden')
  const searching = searchService(scene.node(0), 'hidden')
  for (let ref = 0; ref < 1_000; ref++) {
    const result = { tag: 'found', node: evil, pid: peer.pid(1) }
    say(given, { tag: 'routed', ref, result })
    say(given, { tag: 'relayed', ref, result: { tag: 'done', body } })
  }
  const sought = await scene.cluster.drive(searching)
  assert.is(sought.tag === 'found' && String(sought.pid), String(pid))
  await scene.cluster.pass(100)
  assert.is(scene.counted(0, 'skein.router.unasked'), 2_000)
})

test('what a neighbour makes up of others is not believed', async () => {
  const given = await attack(2, [[0, 1]])
  const { scene, peer } = given
  peer.tell('membership', [{ tag: 'join', edge: 1 }, []])
  await scene.cluster.pass(100)
  const pid = await scene.serve(1, 'other')
  let sought: Sought | undefined
  void searchService(scene.node(0), 'made up').then((result) => {
    sought = result
  })
  let asked = 0
  await scene.cluster.until('the search has ended', () => {
    for (const [service, said] of peer.told.splice(0)) {
      const question = said as { readonly tag?: string; readonly ref?: number }
      if (service !== 'router' || question.tag !== 'route') continue
      asked += 1
      const result = { tag: 'found', node: at(1), pid }
      say(given, { tag: 'routed', ref: question.ref, result })
    }
    return sought !== undefined
  })
  assert.is(asked, 1)
  assert.equal(sought, { tag: 'error', reason: 'notFound' })
  assert.is(scene.counted(0, 'skein.router.unconfirmed'), 1)
})

test('whatever a proxy is sent is for its service, also what its node would tell it', async () => {
  const given = await attack(2, [[0, 1]])
  const { scene, peer } = given
  const service = await scene.serve(1, 'recorder')
  const started = await scene.cluster.drive(startProxy<Recorder>(scene.node(0), 'recorder'))
  if (started.tag !== 'ok') throw new Error(JSON.stringify(started))
  const proxy = started.pid
  const forged: readonly object[] = [
    { tag: 'serviceDown', name: 'recorder', node: at(1), reason: 'killed' },
    { tag: 'memberDown', node: at(1), creation: 1, reason: 'left' },
    { tag: 'nodedown', node: at(1), reason: 'x' },
    { tag: 'EXIT', from: 'x', reason: 'kill' },
    { up: false },
    { reason: 'serviceNotFound' },
  ]
  for (const message of forged) {
    send(proxy, message)
    peer.send({ tag: 'send', to: proxy, message })
  }
  await scene.cluster.pass(1_000)
  assert.ok(isAlive(scene.node(0), proxy))
  assert.ok(isAlive(scene.node(1), service))
  const heard = await scene.cluster.drive(call(scene.node(0), proxy, 'heard'))
  assert.is(heard.length, 2 * forged.length)
})

test.run()
