/**
 * The membership process and its API on whole nodes in virtual time: rows MEM-*, EVT-* and BRG-* of
 * the cluster spec that the rules alone cannot show.
 */
import { systemOf } from '../../../../runtime/kernel.ts'
import {
  activeView,
  connectNode,
  join,
  leave,
  nodes,
  passiveView,
  subscribeMembership,
  unsubscribeMembership,
} from '../../../../src/index.ts'
import { membershipName } from '../../../../src/membership/server.ts'
import { assert, suite } from '../../../support/harness.ts'
import { type Ear, nth, OverlayScene, seed } from './overlay-scene.ts'

const test = suite('membership of a node')

/** Much virtual time, or many nodes. */
const slow = { deadlineMs: 30_000 }
const [n1, n2, n3] = [nth(1), nth(2), nth(3)]

test('who knows the seed alone comes to reach all (MEM-03)', async () => {
  const scene = await OverlayScene.of(6)
  for (const [name, node] of scene.nodes) {
    const others = [...scene.nodes.keys()].filter((other) => other !== name)
    await scene.until(`${name} has heard of all`, async () => {
      const view = await scene.view(name)
      const known = [view.active, view.passive, view.pending, view.failed].flat()
      return others.every((other) => known.some((peer) => peer.node === other))
    })
    // Those that nobody configured are found where others said they are.
    for (const other of others) {
      assert.is(await scene.cluster.drive(connectNode(node, other)), true, `${name} to ${other}`)
    }
  }
})

test('a join makes an edge (MEM-01), told once at both ends (EVT-01, EVT-02)', async () => {
  const scene = new OverlayScene()
  await scene.start(seed)
  await scene.start(n1, { join: [] })
  const far = await scene.hear(seed, subscribeMembership)
  const near = await scene.hear(n1, subscribeMembership)
  await scene.cluster.drive(join(scene.node(n1), seed))
  await scene.joined()
  await scene.cluster.pass(120_000)
  assert.equal(near.heard, [{ tag: 'peerUp', node: seed }, { tag: 'joined' }])
  assert.equal(far.heard, [{ tag: 'peerUp', node: n1 }, { tag: 'joined' }])
})

test('joining oneself and what is no name are refused (MEM-02)', async () => {
  const scene = new OverlayScene()
  const node = await scene.start(seed)
  await refused(join(node, seed), /join: s@10\.1\.0\.1 is this node itself/)
  for (const bad of ['', 'nobody', 'a@b@c', '-a@b', 'a@b/..', 17, null, { toString: () => n1 }]) {
    // @ts-expect-error what callers without types may give
    await refused(join(node, bad), /join: expected the name of a node, got /)
  }
  assert.equal((await scene.view(seed)).pending, [])
})

test('joining the dead is no error, and it is tried again (MEM-02, MEM-20)', async () => {
  const scene = new OverlayScene()
  const node = await scene.start(n1)
  await scene.cluster.drive(join(node, seed))
  await scene.cluster.pass(60_000)
  assert.equal(await scene.active(n1), [])
  await scene.start(seed)
  await scene.joined()
})

test('a contact list may name the node itself (MEM-19)', async () => {
  const scene = new OverlayScene()
  for (const name of [seed, n1]) await scene.start(name, { join: [seed] })
  await scene.joined()
  assert.equal(nodes(scene.node(seed)), [n1])
})

test('a seed without contacts dials nobody (MEM-22)', async () => {
  const scene = new OverlayScene()
  const node = await scene.start(seed)
  await scene.cluster.pass(300_000)
  const { active, passive, pending, failed, lost } = await scene.view(seed)
  assert.equal([active, passive, pending, failed, lost], [[], [], [], [], []])
  assert.equal(nodes(node, 'connected'), [])
})

test('a channel makes no neighbour (BRG-02), and serves a join (BRG-01)', async () => {
  const scene = new OverlayScene()
  await scene.start(seed)
  const node = await scene.start(n1, { join: [] })
  assert.is(await scene.cluster.drive(connectNode(node, seed)), true)
  await scene.cluster.pass(60_000)
  assert.equal(await scene.active(n1), [])
  await scene.cluster.drive(join(node, seed))
  await scene.joined()
  assert.is(scene.cluster.of(n1, 'nodeup').length, 1)
})

test('a neighbour that is lost is told of once and replaced (BRG-03, MEM-09)', async () => {
  const scene = await OverlayScene.of(4)
  const [victim] = await scene.active(seed)
  if (victim === undefined) throw new Error('no neighbour')
  const ear = await scene.hear(seed, subscribeMembership)
  scene.crash(victim)
  await scene.until('it is noticed', async () => !(await scene.active(seed)).includes(victim))
  await scene.joined()
  const down = ear.heard.filter(({ node, tag }) => node === victim && tag === 'peerDown')
  assert.equal(down, [{ tag: 'peerDown', node: victim, reason: 'nodedown' }])
})

test('everybody has at most as many neighbours as told, and nobody twice (MEM-05)', async () => {
  const scene = await OverlayScene.of(9, { cluster: { membership: { activeSize: 3 } } })
  for (let look = 0; look < 60; look++) {
    await scene.cluster.pass(2_000)
    for (const [name, node] of scene.nodes) {
      const active = await scene.cluster.drive(activeView(node))
      const both = [name, ...active, ...(await scene.cluster.drive(passiveView(node)))]
      assert.ok(active.length <= 3, `${name} has ${active.join(' ')}`)
      assert.is(new Set(both).size, both.length, both.join(' '))
    }
  }
})

test('who leaves is let go at once, stays away, and may come back (MEM-18)', async () => {
  const scene = await OverlayScene.of(3)
  const node = scene.node(n1)
  const before = await scene.active(n1)
  const own = await scene.hear(n1, subscribeMembership)
  const others: Ear[] = []
  for (const name of before) others.push(await scene.hear(name, subscribeMembership))
  const channels = nodes(node).sort()
  await scene.cluster.drive(leave(node))
  const downs = before.map((name) => ({ tag: 'peerDown', node: name, reason: 'left' }))
  await scene.cluster.until('all have heard', () => others.every(({ heard }) => heard.length > 0))
  assert.equal(own.heard, [...downs, { tag: 'left' }])
  for (const { heard } of others) {
    assert.equal(heard[0], { tag: 'peerDown', node: n1, reason: 'left' })
  }
  // Longer than every timer that would look for neighbours.
  await scene.cluster.pass(600_000)
  assert.equal([await scene.active(n1), (await scene.view(n1)).left], [[], true])
  for (const name of before) assert.not((await scene.active(name)).includes(n1))
  assert.equal(nodes(node).sort(), channels)
  await scene.cluster.drive(join(node, seed))
  await scene.joined()
  assert.is((await scene.view(n1)).left, false)
})

test(
  'the blocked are in no view, and found again when they are no longer (MEM-24)',
  async () => {
    const scene = await OverlayScene.of(5)
    const left = [seed, n1, n2]
    const right = [n3, nth(4), nth(5)]
    const ear = await scene.hear(seed, subscribeMembership)
    const lost = (await scene.active(seed)).filter((name) => right.includes(name))
    for (const name of left) await scene.block(name, right)
    for (const name of right) await scene.block(name, left)
    const halves = async () => (await scene.isOverlay(left)) && (await scene.isOverlay(right))
    await scene.until('two halves', halves)
    await scene.cluster.pass(120_000)
    assert.ok(await halves(), 'they stay apart')
    const blocked = ear.heard.filter(({ reason }) => reason === 'blocked').map(({ node }) => node)
    assert.equal(blocked.sort(), lost.sort())
    for (const name of [...left, ...right]) await scene.unblock(name)
    await scene.joined()
  },
  slow,
)

test('all contacts gone: alone, and back with them (MEM-21)', async () => {
  const scene = await OverlayScene.of(2)
  for (const name of [seed, n2]) scene.crash(name)
  await scene.until('n1 is alone', async () => (await scene.active(n1)).length === 0)
  await scene.cluster.pass(300_000)
  for (const name of [seed, n2]) await scene.start(name)
  await scene.joined()
})

test('names of those it met outlive a node, and lead it back', async () => {
  const scene = await OverlayScene.of(2)
  await scene.until('n1 has met n2', async () => {
    return (await scene.active(n1)).includes(n2)
  })
  const kept = () => {
    const file = scene.cluster.disk(n1).get(`data/${n1}/membership/lost-nodes`)
    return new TextDecoder().decode(file?.bytes)
  }
  await scene.cluster.until('both are kept', () => kept() === `${n2}\n${seed}\n`)
  scene.crash(n1)
  await scene.until('n1 is missed', async () => !(await scene.active(seed)).includes(n1))
  // No contact this time, and an address of the seed alone.
  await scene.start(n1, { join: [] })
  await scene.joined()
})

test('so they do when the node was stopped in order', async () => {
  const scene = await OverlayScene.of(2)
  await scene.cluster.pass(120_000)
  await scene.stop(n1)
  await scene.cluster.pass(120_000)
  await scene.start(n1, { join: [] })
  await scene.joined()
})

test('a list of names that is damaged or cannot be kept keeps no node from working', async () => {
  const scene = new OverlayScene()
  await scene.start(seed)
  const bytes = new TextEncoder().encode(
    `\0\xff rubbish\n../../etc\n${n2}\n\n${'x'.repeat(400)}@y\n`,
  )
  const path = `data/${n1}/membership/lost-nodes`
  scene.cluster.disk(n1).set(path, { bytes, mode: 0o600 })
  await scene.start(n1)
  await scene.joined()
  const names = (await scene.view(n1)).lost.map((peer) => peer.node).sort()
  assert.equal(names, [n2, seed], 'the one name in it, and the contact')
})

test('the process is killed: subscribers are told, and all goes on (EVT-04)', async () => {
  const scene = await OverlayScene.of(3)
  const ear = await scene.hear(n1, subscribeMembership)
  await scene.restart(n1, membershipName)
  await scene.joined()
  assert.equal(ear.heard[0], { tag: 'resync', source: 'membership' })
  assert.is(ear.heard.filter(({ tag }) => tag === 'resync').length, 1)
  const seen = ear.heard.length
  scene.crash(n2)
  await scene.until('news comes', async () => ear.heard.length > seen)
})

test('who is blocked stays so when the process is killed', async () => {
  const scene = await OverlayScene.of(2)
  await scene.block(n1, [n2])
  await scene.restart(n1, membershipName)
  await scene.cluster.pass(300_000)
  assert.equal((await scene.view(n1)).blocked, [n2])
  assert.not((await scene.active(n1)).includes(n2))
})

test('twice subscribed is once, and the dead are forgotten (EVT-03)', async () => {
  const scene = new OverlayScene()
  await scene.start(seed)
  const twice = await scene.hear(seed, (self) => {
    subscribeMembership(self)
    subscribeMembership(self)
  })
  const none = await scene.hear(seed, (self) => {
    for (let again = 0; again < 100; again++) {
      subscribeMembership(self)
      unsubscribeMembership(self)
    }
  })
  const dead = await scene.hear(seed, subscribeMembership)
  await scene.cluster.run(scene.node(seed), (self) => self.exit(dead.process.pid, 'kill'))
  await scene.start(n1)
  await scene.joined()
  assert.equal(twice.heard, [{ tag: 'peerUp', node: n1 }, { tag: 'joined' }])
  assert.equal([none.heard, dead.heard], [[], []])
  assert.is(none.process.exitHooks?.length, 1, 'what is done when it ends does not pile up')
})

test('counters as the cluster spec, section 22, names them', async () => {
  const scene = await OverlayScene.of(2)
  const node = scene.node(n1)
  await scene.until('it has shuffled', async () => {
    return scene.counted(n1, 'skein.hyparview.shuffle') > 0
  })
  const [peer = ''] = await scene.active(n1)
  assert.is(scene.counted(n1, 'skein.hyparview.peer_up', { peer }), 1)
  assert.is(scene.counted(n1, 'skein.hyparview.joined'), 1)
  const targets = [seed, n2].map((target) =>
    scene.counted(n1, 'skein.hyparview.shuffle', { target }),
  )
  assert.is(targets[0]! + targets[1]!, scene.counted(n1, 'skein.hyparview.shuffle'))
  scene.crash(peer)
  await scene.until('it is missed', async () => {
    return scene.counted(n1, 'skein.hyparview.peer_down', { peer, reason: 'nodedown' }) === 1
  })
  await scene.cluster.drive(leave(node))
  assert.is(scene.counted(n1, 'skein.hyparview.left'), 1)
})

test('a contact that answers the dial and nothing else is given up in time (MEM-17)', async () => {
  const scene = new OverlayScene()
  // Its services are not to be reached: it has channels, and no overlay.
  await scene.start(seed, { cluster: false })
  const options = { cluster: { membership: { pendingTimeoutMs: 2_000 } } }
  const node = await scene.start(n1, options)
  await scene.until('it is given up', async () => {
    return scene.counted(n1, 'skein.hyparview.pending_timeout', { peer: seed }) > 0
  })
  assert.equal(await scene.active(n1), [])
  assert.equal(nodes(node), [seed])
})

test('a node that hides has no neighbours and is nobody’s', async () => {
  const scene = await OverlayScene.of(1)
  const hidden = await scene.start(n2, { hidden: true })
  assert.is(await scene.cluster.drive(connectNode(hidden, seed)), true)
  await scene.cluster.drive(join(scene.node(seed), n2))
  await scene.cluster.pass(300_000)
  const { active, passive } = await scene.view(seed)
  assert.equal([active.map(({ node }) => node), passive], [[n1], []])
  await refused(activeView(hidden), /n2@10\.1\.0\.3 has no overlay/)
})

test('nothing runs once the node has stopped', async () => {
  const scene = await OverlayScene.of(2)
  const node = scene.node(n1)
  await scene.stop(n1)
  assert.is([...systemOf(node).processes].length, 0)
  for (const name of [seed, n2]) {
    assert.not((await scene.active(name)).includes(n1))
    // It said so: nobody looks for it.
    assert.not((await scene.view(name)).failed.some((peer) => peer.node === n1))
  }
})

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
