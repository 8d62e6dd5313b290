/**
 * The member list on whole nodes in virtual time: who is told of whom, with which reason, and what
 * a node says of itself.
 */
import {
  connectNode,
  describeSelf,
  disconnectNode,
  join,
  leave,
  type Member,
  members,
  monitorNodes,
  subscribeMembers,
  unsubscribeMembers,
} from '../../../../src/index.ts'
import { membersName } from '../../../../src/members/server.ts'
import { membershipName } from '../../../../src/membership/server.ts'
import { assert, suite } from '../../../support/harness.ts'
import { type Ear, nth, OverlayScene, seed } from '../membership/overlay-scene.ts'

const test = suite('members')

const slow = { deadlineMs: 30_000 }
const [n1, n2, n3] = [nth(1), nth(2), nth(3)]

/** The seed and so many others that all list each other. */
async function agreed(others: number): Promise<OverlayScene> {
  const scene = await OverlayScene.of(others)
  await scene.agreed()
  return scene
}

async function memberOf(
  scene: OverlayScene,
  name: string,
  of: string,
): Promise<Member | undefined> {
  const list = await scene.cluster.drive(members(scene.node(name)))
  return list.find(({ node }) => node === of)
}

/** What was told of `node`, as `tag` or `tag reason`. */
function toldOf(ear: Ear, node: string): string[] {
  return ear.heard
    .filter((news) => news.node === node)
    .map(({ tag, reason }) => (reason === undefined ? String(tag) : `${tag} ${reason}`))
}

test('everybody comes to list everybody, sorted, with what each says of itself', async () => {
  const scene = new OverlayScene()
  await scene.start(seed, { cluster: { version: '1.2.3', metadata: { zone: 'a' } } })
  const ear = await scene.hear(seed, subscribeMembers)
  for (const name of [n1, n2, n3]) await scene.start(name)
  await scene.agreed()
  for (const name of scene.nodes.keys()) {
    const list = await scene.cluster.drive(members(scene.node(name)))
    assert.equal(
      list.map(({ node, state }) => `${node} ${state}`),
      [n1, n2, n3, seed].map((node) => `${node} up`),
    )
    const { version, metadata } = list[3] ?? {}
    assert.equal([version, metadata], ['1.2.3', { zone: 'a' }])
  }
  for (const name of [n1, n2, n3]) assert.equal(toldOf(ear, name), ['memberUp'])
  assert.equal(toldOf(ear, seed), [], 'of oneself nothing is told')
})

test('a node says something else of itself, and the others are told once', async () => {
  const scene = await agreed(3)
  const ear = await scene.hear(seed, subscribeMembers)
  await scene.cluster.drive(describeSelf(scene.node(n1), { metadata: { role: 'worker' } }))
  await scene.cluster.drive(describeSelf(scene.node(n1), { version: '2' }))
  await scene.until('all know', async () => {
    for (const name of scene.nodes.keys()) {
      const member = await memberOf(scene, name, n1)
      if (member?.version !== '2' || member.metadata.role !== 'worker') return false
    }
    return true
  })
  assert.equal(toldOf(ear, n1), ['memberUpdated', 'memberUpdated'])
})

test('more than a description holds is refused by name, and changes nothing', async () => {
  const scene = await agreed(1)
  const node = scene.node(n1)
  const many = Object.fromEntries(Array.from({ length: 33 }, (_, n) => [`k${n}`, '']))
  const unsendable = [{ k: '\ud800' }, { '\udfff': 'v' }, { ['__proto__']: 'v' }]
  const bad = [many, { k: 'x'.repeat(1_024) }, { k: 1 }, 'text', null, ['a'], ...unsendable]
  for (const metadata of bad) {
    // @ts-expect-error what callers without types may give
    await refused(describeSelf(node, { metadata }), /metadata: must be at most 32 texts by name/)
  }
  for (const version of ['x'.repeat(65), '\ud800', 2, null]) {
    // @ts-expect-error what callers without types may give
    await refused(describeSelf(node, { version }), /version: must be text of at most 64/)
  }
  for (const description of [null, 'text', { zone: 'a' }]) {
    // @ts-expect-error what callers without types may give
    await refused(describeSelf(node, description), /describeSelf: (expected|unknown) option/)
  }
  const { version, metadata } = (await memberOf(scene, n1, n1)) ?? {}
  assert.equal([version, metadata], ['', {}])
})

test('a machine that loses power: nodedown at once, suspected, then down (VER-1)', async () => {
  const scene = await agreed(4)
  const ear = await scene.hear(seed, subscribeMembers)
  const channels = await scene.hear(seed, (self) => monitorNodes(self, true))
  const connected = await scene.cluster.drive(connectNode(scene.node(seed), n1))
  assert.is(connected, true)
  scene.crash(n1)
  await scene.cluster.until('the channel is lost', () =>
    channels.heard.some(({ tag, node }) => tag === 'nodedown' && node === n1),
  )
  assert.equal(toldOf(ear, n1), [], 'no verdict yet')
  assert.is((await memberOf(scene, seed, n1))?.state, 'up')
  await scene.cluster.until('the verdict', () => toldOf(ear, n1).length === 2)
  assert.equal(toldOf(ear, n1), ['memberSuspect', 'memberDown unreachable'])
  assert.is((await memberOf(scene, seed, n1))?.state, 'down')
  await scene.cluster.pass(120_000)
  assert.is(toldOf(ear, n1).length, 2)
})

test('a channel that is lost and found again is no verdict (VER-1)', async () => {
  const scene = await agreed(3)
  const ears = new Map<string, Ear>()
  for (const name of scene.nodes.keys()) ears.set(name, await scene.hear(name, subscribeMembers))
  for (let again = 0; again < 5; again++) {
    for (const peer of await scene.active(seed)) disconnectNode(scene.node(seed), peer)
    await scene.cluster.pass(20_000)
  }
  await scene.joined()
  const news = [...ears.values()].flatMap(({ heard }) => heard.map(({ tag }) => tag))
  assert.equal(
    news.filter((tag) => tag === 'memberDown'),
    [],
  )
})

test('who stops in order has left, and is never suspected (VER-7)', async () => {
  const scene = await agreed(4)
  const ears: Ear[] = []
  for (const name of [seed, n2, n3]) ears.push(await scene.hear(name, subscribeMembers))
  await scene.stop(n1)
  await scene.cluster.until('all are told', () => ears.every((ear) => toldOf(ear, n1).length > 0))
  await scene.cluster.pass(120_000)
  for (const ear of ears) assert.equal(toldOf(ear, n1), ['memberDown left'])
  assert.is((await memberOf(scene, seed, n1))?.state, 'left')
})

test('who leaves the overlay and runs on has left, and is up again when it joins', async () => {
  const scene = await agreed(3)
  const ear = await scene.hear(seed, subscribeMembers)
  await scene.cluster.drive(leave(scene.node(n1)))
  await scene.cluster.until('it is told', () => toldOf(ear, n1).length > 0)
  await scene.cluster.pass(300_000)
  assert.equal(toldOf(ear, n1), ['memberDown left'])
  for (const name of [seed, n2, n3]) {
    assert.is((await memberOf(scene, name, n1))?.state, 'left', name)
  }
  await scene.cluster.drive(join(scene.node(n1), seed))
  await scene.joined()
  await scene.agreed()
  assert.equal(toldOf(ear, n1), ['memberDown left', 'memberUp'])
})

for (const process of [membershipName, membersName]) {
  test(`who has left stays away when ${process} starts again`, async () => {
    const scene = await agreed(2)
    await scene.cluster.drive(leave(scene.node(n1)))
    await scene.restart(n1, process)
    await scene.cluster.pass(300_000)
    assert.equal([await scene.active(n1), (await scene.view(n1)).left], [[], true])
    for (const name of [n1, seed, n2]) {
      assert.is((await memberOf(scene, name, n1))?.state, 'left', name)
    }
    await scene.cluster.drive(join(scene.node(n1), seed))
    await scene.agreed()
  })
}

test('what a program does to its description afterwards changes nothing', async () => {
  const metadata = { zone: 'a' }
  const scene = new OverlayScene()
  await scene.start(seed, { cluster: { metadata } })
  metadata.zone = 'x'.repeat(2_000)
  await scene.restart(seed, membersName)
  await scene.start(n1)
  await scene.agreed()
  assert.equal((await memberOf(scene, n1, seed))?.metadata, { zone: 'a' })
})

test('a bad contact does not bring a node back that has left', async () => {
  const scene = await agreed(1)
  await scene.cluster.drive(leave(scene.node(n1)))
  await refused(join(scene.node(n1), n1), /this node itself/)
  await scene.cluster.pass(60_000)
  assert.is((await memberOf(scene, seed, n1))?.state, 'left')
})

test('a node that starts again is told as down, restarted, and up (VER-6)', async () => {
  const scene = await agreed(3)
  const before = await memberOf(scene, seed, n1)
  const ear = await scene.hear(seed, subscribeMembers)
  scene.crash(n1)
  await scene.start(n1)
  await scene.agreed()
  await scene.cluster.pass(60_000)
  const after = await memberOf(scene, seed, n1)
  assert.is.not(after?.creation, before?.creation)
  const told = ear.heard.filter(({ node, tag }) => node === n1 && tag !== 'memberSuspect')
  assert.equal(
    told.map(({ tag, creation, reason }) => [tag, creation, reason]),
    [
      ['memberDown', before?.creation, 'restarted'],
      ['memberUp', after?.creation, undefined],
    ],
  )
})

test(
  'a node of which nothing arrived for a while has its say (VER-2)',
  async () => {
    const scene = await agreed(4)
    const ears = new Map<string, Ear>()
    for (const name of scene.nodes.keys()) ears.set(name, await scene.hear(name, subscribeMembers))
    const host = n1.slice(n1.indexOf('@') + 1)
    const others = [...scene.nodes.keys()].filter((name) => name !== n1)
    scene.cluster.network.partition([[host]])
    await scene.until('it is suspected', async () => {
      return others.some((name) => toldOf(ears.get(name) ?? never, n1).includes('memberSuspect'))
    })
    scene.cluster.network.heal()
    await scene.joined()
    await scene.agreed()
    const last = others.map((name) => toldOf(ears.get(name) ?? never, n1).at(-1))
    for (const tag of last) assert.ok(tag === 'memberUpdated' || tag === 'memberUp', String(last))
  },
  slow,
)

test(
  'halves that were apart for long list each other again',
  async () => {
    const scene = await agreed(3)
    const hosts = [seed, n1].map((name) => name.slice(name.indexOf('@') + 1))
    scene.cluster.network.partition([hosts])
    await scene.until('each half has given up the other', async () => {
      const far = await memberOf(scene, seed, n2)
      return far?.state === 'down' && (await memberOf(scene, n3, n1))?.state === 'down'
    })
    await scene.cluster.pass(180_000)
    scene.cluster.network.heal()
    await scene.joined()
    await scene.agreed()
  },
  slow,
)

test('the process is killed: subscribers are told, and nobody is down', async () => {
  const scene = await agreed(3)
  await scene.cluster.drive(describeSelf(scene.node(n1), { version: '7' }))
  const ears = new Map<string, Ear>()
  for (const name of scene.nodes.keys()) ears.set(name, await scene.hear(name, subscribeMembers))
  await scene.restart(n1, membersName)
  await scene.agreed()
  await scene.until('it describes itself as before', async () => {
    return (await memberOf(scene, seed, n1))?.version === '7'
  })
  assert.equal(ears.get(n1)?.heard[0], { tag: 'resync', source: 'members' })
  for (const ear of ears.values()) {
    assert.not(ear.heard.some(({ tag }) => tag === 'memberDown'))
  }
})

test('subscribing twice is once, unsubscribing ends it', async () => {
  const scene = new OverlayScene()
  await scene.start(seed)
  const twice = await scene.hear(seed, (self) => {
    for (let again = 0; again < 2; again++) subscribeMembers(self)
  })
  const none = await scene.hear(seed, (self) => {
    subscribeMembers(self)
    unsubscribeMembers(self)
  })
  await scene.start(n1)
  await scene.agreed()
  assert.equal([toldOf(twice, n1), none.heard], [['memberUp'], []])
})

test('a node that hides is no member, whatever it says', async () => {
  const scene = await agreed(1)
  const hidden = await scene.start(n2, { hidden: true })
  assert.is(await scene.cluster.drive(connectNode(hidden, seed)), true)
  await scene.cluster.pass(120_000)
  assert.is(await memberOf(scene, seed, n2), undefined)
  await refused(members(hidden), /members: n2@10\.1\.0\.3 has no overlay/)
})

const never: Ear = {
  heard: [],
  get process(): never {
    throw new Error('nobody listens')
  },
}

async function refused(work: Promise<unknown>, message: RegExp): Promise<void> {
  try {
    await work
  } catch (error) {
    assert.match(String(error), message)
    return
  }
  assert.unreachable('it was not refused')
}

test.run()
