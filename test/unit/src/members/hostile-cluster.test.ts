/**
 * A peer that is authenticated and means harm, against the parts of the cluster of a node. A
 * million made-up members are in `cluster/tiny-names`.
 */
import { seededRandom } from '../../../../runtime/platform/sim.ts'
import { broadcastStatistics } from '../../../../src/index.ts'
import { limits } from '../../../../src/limits.ts'
import { assert, suite, useSeed } from '../../../support/harness.ts'
import { nth, seed } from '../membership/overlay-scene.ts'
import { attack, evil, flood, isWellFormed, tinyNames, unharmed, wallMs } from './hostile-scene.ts'

const test = suite('a hostile peer of the cluster')

const slow = { deadlineMs: 60_000 }
const services = ['membership', 'broadcast', 'members'] as const
const batch = 500

const junk: readonly unknown[] = [
  null,
  true,
  -1,
  1.5,
  2n ** 80n,
  '',
  'join',
  'x'.repeat(10_000),
  new Uint8Array(1_000),
  [],
  [[], []],
  [null, null],
  [{ tag: 'join' }, []],
  [{ tag: 'join', edge: -1 }, []],
  [{ tag: 'join', edge: 1 }, {}],
  [{ tag: 'join', edge: 1 }, Array.from({ length: 1_000 }, () => ['x@y', 'z', 1])],
  [{ tag: 'shuffle', id: 1, ttl: 33, origin: 'x@y', peers: [], tried: [] }, []],
  [{ tag: 'shuffle', id: 1, ttl: 3, origin: '../..', peers: [], tried: [] }, []],
  [{ tag: 'forwardJoin', peer: { node: 'x@y', ageMs: -1 }, ttl: 1 }, []],
  { tag: 'gossip' },
  { tag: 'gossip', id: '/k', topic: '', payload: new Uint8Array(), round: 1, ageMs: 0 },
  { tag: 'gossip', id: 'k', topic: 't', payload: new Uint8Array(), round: 1, ageMs: 0 },
  { tag: 'ihave', ids: ['/k'], rounds: [] },
  { tag: 'ihave', ids: Array.from({ length: 2_000 }, (_, n) => `/${n}`), rounds: [] },
  { tag: 'buckets', hashes: [1] },
  { tag: 'streams', buckets: [99], streams: [], ids: [], partial: false, answer: true },
  { tag: 'probe', seq: 'x' },
  { tag: 'alive', node: 'x@y', incarnation: -1 },
  { tag: 'entries', news: [{}], want: [], more: true },
  { tag: 'differ', parts: [{ path: 'zz', sums: [] }], listings: [] },
  { tag: '__proto__' },
  { tag: 'constructor', constructor: 1 },
]

test('rubbish is counted and changes nothing', async () => {
  const given = await attack()
  for (const service of services) {
    await flood(given, service, junk.length * 3, (n) => junk[n % junk.length])
  }
  const { scene } = given
  const malformed = { peer: evil }
  assert.is(scene.counted(seed, 'skein.hyparview.malformed', malformed), junk.length * 3)
  assert.is(scene.counted(seed, 'skein.plumtree.malformed', malformed), junk.length * 3)
  assert.is(scene.counted(seed, 'skein.members.malformed', malformed), junk.length * 3)
  await unharmed(given)
})

test(
  'good messages with one field made bad are no better',
  async () => {
    const given = await attack()
    const seedOfRun = 11
    useSeed(seedOfRun)
    const random = seededRandom(seedOfRun)
    const pick = <T>(from: readonly T[]): T | undefined =>
      from[Math.floor(random.unit() * from.length)]
    const good: readonly (readonly [string, object])[] = [
      ['membership', { tag: 'neighbor', edge: 7, priority: 'high' }],
      ['membership', { tag: 'neighborReply', edge: 7, accept: true, peers: [] }],
      ['membership', { tag: 'disconnect', edge: 7, reason: 'leave', peers: [] }],
      ['membership', { tag: 'shuffle', id: 1, ttl: 3, origin: evil, peers: [], tried: [] }],
      ['membership', { tag: 'edgeCheck', edge: 7 }],
      ['broadcast', { tag: 'ihave', ids: ['/k'], rounds: [1] }],
      ['broadcast', { tag: 'graft', ids: ['/k'] }],
      ['broadcast', { tag: 'digest', hash: 1 }],
      ['broadcast', { tag: 'offer', ids: ['/k'], more: true }],
      ['members', { tag: 'probeRequest', seq: 1, node: nth(1) }],
      ['members', { tag: 'suspect', node: nth(1), incarnation: 1, by: evil }],
      ['members', { tag: 'entries', news: [], want: [nth(1)], more: true }],
    ]
    for (let n = 0; n < 3_000; n++) {
      const [service = '', message = {}] = pick(good) ?? []
      const field = pick(Object.keys(message)) ?? 'tag'
      const body = { ...message, [field]: pick(junk) }
      given.peer.tell(service, service === 'membership' ? [body, []] : body)
      if (n % batch === 0) await given.scene.cluster.pass(1)
    }
    await unharmed(given)
  },
  slow,
)

test(
  'a flood of joins and proposals takes one edge at most, and evicts nobody for long',
  async () => {
    const given = await attack()
    const { scene } = given
    const flooding = { tag: 'neighbor', priority: 'high' }
    await flood(given, 'membership', 20_000, (n) => [
      n % 2 === 0 ? { tag: 'join', edge: n } : { ...flooding, edge: n },
      [],
    ])
    assert.ok(scene.counted(seed, 'skein.hyparview.flood', { peer: evil }) > 19_000)
    assert.ok((await scene.active(seed)).filter((name) => name !== evil).length > 0)
    await unharmed(given)
  },
  slow,
)

test(
  'a hundred thousand made-up peers in shuffles, with addresses, displace no honest one',
  async () => {
    const given = await attack()
    const { scene } = given
    const per = limits.membershipPeersMax
    let made = 0
    await flood(given, 'membership', Math.ceil(100_000 / per), (n) => {
      const peers = Array.from({ length: per }, () => ({ node: `m${made++}@10.7.7.7`, ageMs: 0 }))
      const hints = peers.map(({ node }) => [node, '10.7.7.7', 4433])
      const message = { tag: 'shuffle', id: n, ttl: 0, origin: evil, peers, tried: [] }
      return [message, [[nth(1), '10.7.7.7', 4433], ...hints]]
    })
    assert.ok(isWellFormed(scene))
    const { passive } = await scene.view(seed)
    const madeUp = passive.filter(({ node }) => node.endsWith('10.7.7.7'))
    assert.ok(madeUp.length <= 8, `${madeUp.length} made-up names`)
    // What it said of an honest node hides nobody: the edge to it is made anew all the same.
    await scene.cluster.pass(120_000)
    await unharmed(given)
  },
  slow,
)

test(
  'floods of announcements and grafts of what does not exist are cut short',
  async () => {
    const given = await attack()
    const { scene } = given
    given.peer.tell('membership', [{ tag: 'join', edge: 1 }, []])
    await scene.cluster.pass(10)
    const max = limits.broadcastIdsMax
    const rounds = Array.from({ length: max }, () => 1)
    await flood(given, 'broadcast', 400, (n) => {
      const ids = Array.from({ length: max }, (_, at) => `/never ${n} ${at}`)
      return n % 2 === 0 ? { tag: 'ihave', ids, rounds } : { tag: 'graft', ids }
    })
    assert.ok(isWellFormed(scene))
    const { pendingIhaves } = await scene.cluster.drive(broadcastStatistics(scene.node(seed)))
    assert.ok(pendingIhaves <= limits.broadcastMissingPerPeerMax, `${pendingIhaves} are waited for`)
    await scene.cluster.pass(30_000)
    await unharmed(given)
  },
  slow,
)

test(
  'suspicions and verdicts it makes up take no honest member away',
  async () => {
    const given = await attack()
    const { scene } = given
    const honest = [...scene.nodes.keys()]
    const incarnation = wallMs(scene) + 10_000
    for (let round = 0; round < 20; round++) {
      await flood(given, 'members', 500, (n) => ({
        tag: n % 2 === 0 ? 'suspect' : 'down',
        node: honest[n % honest.length],
        incarnation: incarnation + round * 1_000,
        by: n % 3 === 0 ? evil : nth(1 + (n % 3)),
      }))
      await scene.cluster.pass(1_000)
    }
    await scene.cluster.pass(60_000)
    await scene.agreed()
    await unharmed(given)
  },
  slow,
)

test(
  'a hundred thousand tiny names leave room for every honest one',
  async () => {
    assert.ok((await tinyNames(100_000)) <= limits.membersMax)
  },
  slow,
)

test(
  'many broadcasts of its own are heard as its own, and bounded in what is kept',
  async () => {
    const given = await attack()
    const { scene, ears } = given
    const payload = Uint8Array.of(0xc0)
    const id = (n: number) => `${nth(1)}/zzzzzzzz/${n.toString(36).padStart(8, '0')}/00000000`
    await flood(given, 'broadcast', 20_000, (n) => ({
      tag: 'gossip',
      id: id(n),
      topic: 'news',
      payload,
      round: 1,
      ageMs: 0,
    }))
    assert.ok(isWellFormed(scene))
    const at = [...scene.nodes.keys()].indexOf(seed)
    const forged = ears[at]?.heard ?? []
    assert.ok(forged.length > 0)
    // The claim of an id is not the sender, which is certain.
    assert.ok(forged.every(({ origin, from }) => origin === nth(1) && from === evil))
    await unharmed(given)
  },
  { deadlineMs: 120_000 },
)

test.run()
