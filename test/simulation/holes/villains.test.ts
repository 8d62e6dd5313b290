/**
 * What scripted villains can take of whole nodes, over channels that they authenticated with keys
 * of their own: a view (eclipse), the spare peers (poison), the broadcasts (floods of IHAVE and
 * GRAFT), or somebody else's name. Each is open without its remedy, where one can be turned off.
 * The rules alone are shown in `test/unit/src/membership/{quota,shuffle}.test.ts` and
 * `test/unit/src/broadcast/hostile.test.ts`.
 */
import { broadcastStatistics, members, membership } from '../../../src/index.ts'
import type { ClusterOptions } from '../../../src/node/cluster-options.ts'
import { assert, suite } from '../../support/harness.ts'
import { Stage, type Villain } from './stage.ts'

const test = suite('holes for villains')
const deadline = { deadlineMs: 60_000 }
const victim = 'a1@a1'

type Scene = { readonly stage: Stage; readonly gang: readonly Villain[] }

/** Honest nodes of some age, and villains with channels to the first of them. */
async function scene(villains: number, cluster: ClusterOptions): Promise<Scene> {
  const stage = new Stage({ honest: 5, villains, cluster })
  await stage.start()
  await stage.sim.run(10_000)
  const gang: Villain[] = []
  for (const name of stage.villains) gang.push(await stage.villain(name))
  for (const villain of gang) {
    assert.ok(await stage.sim.settle('a villain connects', villain.connect(victim)))
  }
  return { stage, gang }
}

/** Rounds of a second each. */
async function rounds(stage: Stage, count: number, round: (n: number) => void): Promise<void> {
  for (let n = 1; n <= count; n++) {
    round(n)
    await stage.sim.run(1_000)
  }
}

/** Honest peers of the victim after a flood of joins and urgent proposals. */
async function eclipsed(membershipOptions: ClusterOptions['membership']): Promise<Scene> {
  const brisk = { activeSize: 3, protectAfterMs: 5_000, ...membershipOptions }
  const { stage, gang } = await scene(6, { membership: brisk })
  await rounds(stage, 90, (n) => {
    for (const [i, villain] of gang.entries()) {
      const asks = { tag: 'neighbor', edge: n, priority: 'high' }
      villain.tell(victim, 'membership', (n + i) % 2 === 0 ? { tag: 'join', edge: n } : asks)
    }
  })
  return { stage, gang }
}

test(
  'a flood of joins takes the whole view of a node that has neither quotas nor protected slots',
  async () => {
    const none = { evictionEveryMs: 0, evictionPerNodeMs: 0, requestsMax: 0, protectedSlots: 0 }
    const { stage } = await eclipsed(none)
    const peers = (await stage.views()).get(victim) ?? []
    assert.equal(
      peers.filter((peer) => stage.honest.includes(peer)),
      [],
    )
    await stage.say('a2@a2', 'unheard')
    await stage.sim.run(2_000)
    assert.not(stage.whoHeard('unheard').nodes.includes(victim))
  },
  deadline,
)

test(
  'with them it keeps honest peers, and hears all broadcasts',
  async () => {
    const { stage } = await eclipsed({})
    const peers = (await stage.views()).get(victim) ?? []
    const kept = peers.filter((peer) => stage.honest.includes(peer))
    assert.ok(kept.length >= 2, `keeps ${peers.join(' ')}`)
    await stage.say('a2@a2', 'heard')
    await stage.sim.run(2_000)
    assert.is(stage.whoHeard('heard').nodes.length, 5)
  },
  deadline,
)

/** Made-up spares that the victim knows from a villain, a peer of it, after shuffles. */
async function poisoned(options: ClusterOptions['membership']): Promise<number> {
  const { stage, gang } = await scene(1, {
    membership: { activeSize: 5, passiveSize: 20, requestsMax: 0, ...options },
  })
  const [villain] = gang
  villain?.tell(victim, 'membership', { tag: 'join', edge: 1 })
  await stage.sim.run(500)
  assert.ok((await stage.views()).get(victim)?.includes('v1@v1'))
  const made = (n: number, i: number) => ({ node: `made-up${n}-${i}@nowhere`, ageMs: 0 })
  await rounds(stage, 10, (n) => {
    const peers = Array.from({ length: 8 }, (_, i) => made(n, i))
    villain?.tell(victim, 'membership', {
      tag: 'shuffle',
      id: n,
      ttl: 1,
      origin: 'v1@v1',
      peers,
      tried: [],
    })
  })
  const { passive } = await stage.sim.settle('the victim tells', membership(stage.node(victim)))
  return passive.filter(({ node, from }) => from === 'v1@v1' && node.startsWith('made-up')).length
}

test(
  'made-up names fill the passive view, unless hearsay of one sender has a share of it',
  async () => {
    const many = await poisoned({ hearsayMax: 20, metSlots: 0 })
    assert.ok(many > 15, `${many} of 20`)
    const some = await poisoned({})
    assert.ok(some > 0 && some <= 8, `${some} made-up names`)
  },
  deadline,
)

const digits = (n: number): string => n.toString(36).padStart(8, '0')

/** Announcements of what does not exist, by a neighbour. */
async function announced(broadcast: ClusterOptions['broadcast']): Promise<number> {
  const membershipOptions = { activeSize: 6, requestsMax: 0 }
  const { stage, gang } = await scene(1, {
    membership: membershipOptions,
    broadcast: broadcast ?? {},
  })
  const [villain] = gang
  villain?.tell(victim, 'membership', { tag: 'join', edge: 1 })
  await stage.sim.run(500)
  let pending = 0
  for (let n = 0; n < 8; n++) {
    const ids = Array.from(
      { length: 1_000 },
      (_, i) => `v1@v1/aaaaaaaa/${digits(n * 1_000 + i)}/bbbbbbbb`,
    )
    villain?.tell(victim, 'broadcast', { tag: 'ihave', ids, rounds: ids.map(() => 1) })
    await stage.sim.run(20)
    const statistics = broadcastStatistics(stage.node(victim))
    const { pendingIhaves } = await stage.sim.settle('the victim tells', statistics)
    pending = Math.max(pending, pendingIhaves)
  }
  await stage.say('a3@a3', 'meanwhile')
  await stage.sim.run(3_000)
  assert.is(stage.whoHeard('meanwhile').nodes.length, 5)
  return pending
}

test(
  'announcements of what does not exist fill a table, of which one neighbour has a share',
  async () => {
    const open = { missingMax: 100_000, missingPerPeerMax: 100_000, brokenPromisesMax: 100_000 }
    assert.is(await announced(open), 8_000)
    assert.ok((await announced({})) <= 2_048)
  },
  deadline,
)

/** Messages that a neighbour gets by asking again and again for the same ones. */
async function grafted(broadcast: ClusterOptions['broadcast']): Promise<number> {
  const membershipOptions = { activeSize: 6, requestsMax: 0 }
  const { stage, gang } = await scene(1, {
    membership: membershipOptions,
    broadcast: broadcast ?? {},
  })
  const [villain] = gang
  villain?.tell(victim, 'membership', { tag: 'join', edge: 1 })
  await stage.sim.run(500)
  for (let n = 0; n < 20; n++) await stage.say(victim, `news ${n}`)
  await stage.sim.run(1_000)
  const ids = (villain?.heardOf('broadcast', 'ihave') ?? []).flatMap((ihave) => ihave.ids)
  assert.is(ids.length, 20)
  for (let n = 0; n < 50; n++) villain?.tell(victim, 'broadcast', { tag: 'graft', ids })
  await stage.sim.run(900)
  return villain?.heardOf('broadcast', 'gossip').length ?? 0
}

test(
  'who asks for the same broadcasts again and again gets so many per second',
  async () => {
    assert.is(await grafted({}), 1_000)
    const few = await grafted({ answersPerSecondMax: 100 })
    assert.ok(few > 0 && few <= 200, `${few} messages`)
  },
  deadline,
)

test(
  'a message counts for the node whose channel it came by, whomever it names',
  async () => {
    const { stage, gang } = await scene(1, { membership: { activeSize: 6 } })
    const [villain] = gang
    const claims = { node: 'x@x', from: 'x@x', sender: 'x@x', origin: 'x@x' }
    villain?.tell(victim, 'membership', { tag: 'join', edge: 1, ...claims })
    await stage.sim.run(1_000)
    const view = await stage.sim.settle('the victim tells', membership(stage.node(victim)))
    const named = [...view.active, ...view.passive, ...view.pending, ...view.failed]
    assert.ok(view.active.some(({ node }) => node === 'v1@v1'))
    assert.not(named.some(({ node }) => node === 'x@x'))
  },
  deadline,
)

test(
  'who says that others left or are down is believed for a moment at most',
  async () => {
    const digestPeriodMs = 1_000
    const { stage, gang } = await scene(1, {
      membership: { activeSize: 6 },
      verdict: { digestPeriodMs },
    })
    const [villain] = gang
    villain?.tell(victim, 'membership', { tag: 'join', edge: 1 })
    await stage.sim.run(500)
    const known = await stage.sim.settle('the victim tells', members(stage.node(victim)))
    const other = known.find(({ node }) => node === 'a3@a3')
    assert.is(other?.state, 'up')
    const incarnation = 2_000_000_000_000
    const forged = {
      tag: 'alive',
      node: 'a3@a3',
      creation: other?.creation,
      version: '',
      metadata: {},
    }
    villain?.tell(victim, 'members', { ...forged, incarnation, left: true })
    villain?.tell(victim, 'members', { tag: 'down', node: 'a4@a4', incarnation, by: 'a2@a2' })
    await stage.sim.run(20_000)
    for (const name of stage.honest) {
      const list = await stage.sim.settle('a node tells', members(stage.node(name)))
      const states = list
        .filter(({ node }) => stage.honest.includes(node))
        .map(({ state }) => state)
      assert.equal(states, Array(5).fill('up'), name)
    }
  },
  deadline,
)

test.run()
