/**
 * Discovery by DNS against answers that are right, wrong, too many, or never come. Row DSC-05 of
 * the cluster spec; real packets are in `unit/runtime/platform/node-resolver` and in `test:net`.
 */
import fc from 'fast-check'
import type { Resolver, ServiceRecord } from '../../../../runtime/platform/platform.ts'
import { seededRandom } from '../../../../runtime/platform/sim.ts'
import { type SimZone, simResolver } from '../../../../runtime/platform/sim-resolver.ts'
import { dnsBackend } from '../../../../src/discovery/dns.ts'
import { addressesIn, targetsIn } from '../../../../src/discovery/dns-answer.ts'
import { limits } from '../../../../src/limits.ts'
import { assert, suite } from '../../../support/harness.ts'
import { assertLogged, counting, DiscoveryScene } from './discovery-scene.ts'

const test = suite('discovery by DNS')

const service = '_skein._udp.h.example'
const node = 'n@h.example'

async function sceneOf(zone: SimZone, faults: Partial<Resolver> = {}): Promise<DiscoveryScene> {
  const scene = new DiscoveryScene({ zone })
  const { clock, random, resolver: open } = scene.platform
  const resolver = { ...open({ timeoutMs: 1 }), ...faults }
  await scene.open(
    dnsBackend({ resolver, clock, random, log: scene.log, port: () => 4433 }),
    counting('next', { 'next@h.example': { host: '10.9.9.9', port: 9 } }),
  )
  return scene
}

function srv(name: string, port: number, priority = 0, weight = 0): ServiceRecord {
  return { name, port, priority, weight }
}

test('the addresses of the host, IPv4 first, with the port agreed on (DSC-05)', async () => {
  const scene = await sceneOf(
    new Map([['h.example', { ipv6: ['2001:db8::1'], ipv4: ['10.0.0.1', '10.0.0.2'] }]]),
  )
  assert.equal(await scene.resolve(node), ['10.0.0.1:4433', '10.0.0.2:4433', '2001:db8::1:4433'])
})

test('localhost and IPv4 literals need no question (DSC-05)', async () => {
  const asked = (): never => {
    throw new Error('asked')
  }
  const scene = await sceneOf(new Map(), { addresses: asked, services: asked })
  assert.equal(await scene.resolve('n@localhost'), ['127.0.0.1:4433', '::1:4433'])
  assert.equal(await scene.resolve('n@Db.LocalHost'), ['127.0.0.1:4433', '::1:4433'])
  assert.equal(await scene.resolve('n@10.1.2.3'), ['10.1.2.3:4433'])
})

test('a host without records is logged, and the next backend is asked (DSC-05)', async () => {
  const scene = await sceneOf(new Map())
  assert.equal(await scene.resolve('next@h.example'), ['10.9.9.9:9'])
  assertLogged(scene, 'no records for host', /h\.example/)
})

test('SRV records give hosts and ports, and the host itself is no longer one', async () => {
  const scene = await sceneOf(
    new Map([
      [service, { services: [srv('second.example', 2, 20), srv('first.example', 1, 10)] }],
      ['first.example', { ipv4: ['10.0.0.1'], ipv6: ['::7'] }],
      ['second.example', { ipv4: ['10.0.0.2'] }],
      ['h.example', { ipv4: ['10.0.0.9'] }],
    ]),
  )
  assert.equal(await scene.resolve(node), ['10.0.0.1:1', '::7:1', '10.0.0.2:2'])
})

test('a domain that says it has no such service has none', async () => {
  for (const root of ['', '.']) {
    const scene = await sceneOf(
      new Map([
        [service, { services: [srv(root, 0)] }],
        ['h.example', { ipv4: ['10.0.0.9'] }],
      ]),
    )
    assert.equal(await scene.resolve(node), [])
    assertLogged(scene, 'no records for host', /SRV/)
  }
})

test('SRV targets that lead nowhere: no address, and no guess', async () => {
  const scene = await sceneOf(
    new Map([
      [service, { services: [srv('gone.example', 1)] }],
      ['h.example', { ipv4: ['10.0.0.9'] }],
    ]),
  )
  assert.equal(await scene.resolve(node), [])
})

test('SRV records nobody can use are as good as none', async () => {
  const odd = [
    srv('t.example', 0),
    srv('t.example', 65_536),
    srv('t.example', -1),
    srv('../etc', 1),
    srv('t.example\n', 1),
    srv('x'.repeat(300), 1),
    srv('t.example', 1, -1),
    srv('t.example', 1, 0, 65_536),
    { ...srv('t.example', 1), weight: undefined },
    null,
    7,
    'SRV',
  ] as readonly unknown[] as readonly ServiceRecord[]
  const scene = await sceneOf(
    new Map([
      [service, { services: odd }],
      ['h.example', { ipv4: ['10.0.0.9'] }],
      ['t.example', { ipv4: ['10.0.0.6'] }],
    ]),
  )
  assert.equal(await scene.resolve(node), ['10.0.0.9:4433'])
})

test('answers of the wrong type or family, and those for nobody, are left out', async () => {
  const ipv4 = [
    '::1',
    'localhost',
    '10.0.0',
    '10.0.0.256',
    '0.0.0.0',
    '224.0.0.1',
    7,
    null,
    '10.0.0.1',
  ]
  const ipv6 = ['10.0.0.2', '::', 'ff02::1', 'fe80', {}, '2001:db8::2']
  const zone = new Map([['h.example', { ipv4, ipv6 }]]) as unknown as SimZone
  assert.equal(await (await sceneOf(zone)).resolve(node), ['10.0.0.1:4433', '2001:db8::2:4433'])
})

test('answers without end are cut short, and few targets are asked about', async () => {
  const many = Array.from({ length: 5000 }, (_, n) => `10.1.${n >> 8}.${n & 255}`)
  const services = many.map((_, n) => srv(`t${n}.example`, n + 1))
  const zone: SimZone = new Map([[service, { services }]])
  for (const { name } of services) zone.set(name, { ipv4: many })
  const inner = simResolver(zone)
  const asked = new Set<string>()
  const scene = await sceneOf(zone, {
    addresses: (host, family) => {
      asked.add(host)
      return inner.addresses(host, family)
    },
  })
  assert.is((await scene.resolve(node)).length, limits.discoveryAddressesMax)
  // The host itself is asked about at the same time as its services.
  assert.is(asked.size, limits.discoveryTargetsMax + 1)
})

const never = (): Promise<never> => new Promise(() => undefined)

test('SRV or one family that is never answered does not hold up the rest', async () => {
  const zone: SimZone = new Map([['h.example', { ipv4: ['10.0.0.1'], ipv6: ['::7'] }]])
  const inner = simResolver(zone)
  const faults: readonly Partial<Resolver>[] = [
    { services: never },
    { addresses: (host, family) => (family === 6 ? never() : inner.addresses(host, family)) },
  ]
  for (const fault of faults) {
    const scene = await sceneOf(zone, fault)
    const startedMs = scene.world.nowMs
    assert.is((await scene.resolve(node))[0], '10.0.0.1:4433')
    assert.is(scene.world.nowMs - startedMs, limits.discoveryQuestionMaxMs)
    assert.equal(scene.messages(), [])
  }
})

test('a server that answers nothing: the next backend is asked, and the log says why', async () => {
  const scene = await sceneOf(new Map(), { addresses: never, services: never })
  assert.equal(await scene.resolve('next@h.example'), ['10.9.9.9:9'])
  assertLogged(scene, 'no records for host', /no answer in time/)
})

test('a server that fails, or a resolver that throws: the next backend is asked', async () => {
  const refused = async () =>
    ({ tag: 'error', reason: 'failed', message: 'queryA EREFUSED' }) as const
  const refusing = await sceneOf(new Map(), { addresses: refused, services: refused })
  assert.equal(await refusing.resolve('next@h.example'), ['10.9.9.9:9'])
  assertLogged(refusing, 'no records for host', /EREFUSED/)
  const reject = (): Promise<never> => Promise.reject(new Error('a broken resolver'))
  for (const fault of [{ addresses: reject }, { services: reject }]) {
    const broken = await sceneOf(new Map(), fault)
    assert.equal(await broken.resolve('next@h.example'), ['10.9.9.9:9'])
    assertLogged(broken, 'discovery backend failed', /dns.*a broken resolver/)
  }
})

test('services are tried by priority, and by chance according to weight (RFC 2782)', () => {
  const random = seededRandom(11)
  const first = new Map<string, number>()
  const rounds = 4000
  for (let n = 0; n < rounds; n++) {
    const records = [srv('last', 1, 2, 60_000), srv('heavy', 1, 1, 30), srv('light', 1, 1, 10)]
    const order = targetsIn(records, () => random.unit())
    assert.ok(order !== 'withdrawn')
    assert.is(order.length, 3)
    assert.is(order[2]?.name, 'last')
    const name = order[0]?.name ?? ''
    first.set(name, (first.get(name) ?? 0) + 1)
  }
  const share = (first.get('heavy') ?? 0) / rounds
  assert.ok(share > 0.7 && share < 0.8, `heavy came first in ${share} of the rounds`)
})

test('weights of nothing, and draws at the ends, leave no record out', () => {
  const records = [srv('a', 1), srv('b', 1), srv('c', 1, 0, 5)]
  for (const draw of [0, 0.5, 1 - Number.EPSILON]) {
    const order = targetsIn(records, () => draw)
    assert.ok(order !== 'withdrawn')
    assert.equal(order.map(({ name }) => name).sort(), ['a', 'b', 'c'])
    assert.is(order[0]?.name, 'c', 'a weight comes before none')
  }
})

test('whatever a server says decodes to something bounded, and never throws', () => {
  fc.assert(
    fc.property(
      fc.array(fc.anything(), { maxLength: 20 }),
      fc.double({ min: 0, max: 0.99 }),
      (given, unit) => {
        for (const family of [4, 6] as const) {
          assert.ok(addressesIn(given, family).length <= limits.discoveryAddressesMax)
        }
        const targets = targetsIn(given, () => unit)
        assert.ok(targets === 'withdrawn' || targets.length <= limits.discoveryTargetsMax)
      },
    ),
  )
})

test.run()
