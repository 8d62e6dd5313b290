/**
 * Process groups on whole nodes in virtual time: members of all nodes on each, members that go with
 * their process, their scope or their node, and monitors whose events add up to what is read.
 */
import type { Pid, Reference } from '../../../../../runtime/index.ts'
import { process, type Self, spawn } from '../../../../../runtime/index.ts'
import {
  child,
  demonitorGroups,
  GroupScope,
  groupMembers,
  groupScope,
  joinGroup,
  leaveGroup,
  localGroupMembers,
  monitorGroup,
  monitorGroups,
  type NodeOptions,
  send,
  start,
  startNode,
  stopServer,
  supervisor,
  whichGroups,
  whichLocalGroups,
} from '../../../../../src/index.ts'
import { assert, cleanup, suite } from '../../../../support/harness.ts'
import { type Ear, nth, OverlayScene, seed } from '../../membership/overlay-scene.ts'

const test = suite('groups of a cluster')

const slow = { deadlineMs: 60_000 }
const [n1, n2, n3] = [nth(1), nth(2), nth(3)]

const Member = process('fixture.member', async (self: Self) => {
  for (;;) await self.receive()
})

const Scopes = supervisor('fixture.scopes', (_: undefined) => ({
  children: [groupScope('rooms')],
}))

const options: Partial<NodeOptions> = {
  modules: [GroupScope, Scopes, Member],
  cluster: { verdict: { suspicionAlpha: 1, suspicionBeta: 1 } },
}

async function scene(others: number): Promise<OverlayScene> {
  const scene = await OverlayScene.of(others, options)
  await scene.agreed()
  return scene
}

function member({ nodes }: OverlayScene, name: string): Pid {
  const node = nodes.get(name)
  if (node === undefined) throw new Error(`${name} was not started`)
  return spawn(node, Member)
}

function texts(pids: readonly unknown[]): string[] {
  return pids.map(String).sort()
}

/** All nodes give these as the members. */
function known(
  scene: OverlayScene,
  group: unknown,
  pids: readonly Pid[],
  scope?: string,
): Promise<void> {
  const wanted = texts(pids).join()
  return scene.cluster.until(`${JSON.stringify(group)} is ${wanted}`, () =>
    [...scene.nodes.values()].every((node) => {
      return texts(groupMembers(node, group, scope)).join() === wanted
    }),
  )
}

function end(scene: OverlayScene, name: string, pid: Pid): Promise<void> {
  return scene.cluster.run(scene.node(name), (self) => self.exit(pid, 'kill'))
}

test('members of all nodes are seen on each, its own first, as often as they joined', async () => {
  const cluster = await scene(3)
  const [p, q, r] = [member(cluster, n1), member(cluster, n1), member(cluster, n2)]
  const group = { room: 'green', floor: 1 }
  assert.equal(joinGroup(cluster.node(n1), group, [p, q]), { tag: 'ok' })
  assert.equal(joinGroup(cluster.node(n1), group, p), { tag: 'ok' })
  assert.equal(joinGroup(cluster.node(n2), group, r), { tag: 'ok' })
  await known(cluster, group, [p, q, p, r])
  const seen = groupMembers(cluster.node(n1), { floor: 1, room: 'green' })
  assert.equal(seen.slice(0, 3), [p, p, q])
  assert.equal(localGroupMembers(cluster.node(n1), group), [p, p, q])
  assert.equal(localGroupMembers(cluster.node(n3), group), [])
  assert.equal(whichGroups(cluster.node(n3)), [group])
  assert.equal(whichLocalGroups(cluster.node(n3)), [])
  assert.equal(leaveGroup(cluster.node(n1), group, [p, q]), { tag: 'ok' })
  await known(cluster, group, [p, r])
  assert.equal(leaveGroup(cluster.node(n3), group, []), { tag: 'error', reason: 'notJoined' })
})

test('what is sent to the members arrives', async () => {
  const cluster = await scene(2)
  const ear: Ear = await cluster.hear(n1, (self) => joinGroup(self, 'news', self.pid))
  await known(cluster, 'news', [ear.process.pid])
  for (const pid of groupMembers(cluster.node(n2), 'news')) send(pid, { tag: 'hello' })
  await cluster.cluster.until('it is heard', () => ear.heard.length === 1)
  assert.equal(ear.heard, [{ tag: 'hello' }])
})

test('who ends has left, before its end is told here, and soon everywhere', async () => {
  const cluster = await scene(2)
  const [p, q] = [member(cluster, n1), member(cluster, n1)]
  joinGroup(cluster.node(n1), 'g', [p, p, q])
  await known(cluster, 'g', [p, p, q])
  await cluster.cluster.run(cluster.node(n1), async (self) => {
    const ref = self.monitor(p)
    self.exit(p, 'kill')
    await self.receive((message) => hasRef(message, ref))
    assert.equal(groupMembers(self, 'g'), [q])
  })
  await known(cluster, 'g', [q])
  assert.equal(joinGroup(cluster.node(n1), 'g', [q, p]), { tag: 'error', reason: 'noproc' })
  assert.equal(groupMembers(cluster.node(n1), 'g'), [q])
})

test(
  'members leave with their node, by the verdict; what was only cut off comes back',
  async () => {
    const cluster = await scene(4)
    const [p, q, r] = [member(cluster, n1), member(cluster, n2), member(cluster, n3)]
    joinGroup(cluster.node(n1), 'g', p)
    joinGroup(cluster.node(n2), 'g', q)
    joinGroup(cluster.node(n3), 'g', r)
    await known(cluster, 'g', [p, q, r])
    cluster.crash(n1)
    await known(cluster, 'g', [q, r])
    await cluster.stop(n2)
    await known(cluster, 'g', [r])
    cluster.cluster.network.partition([[n3.split('@')[1] ?? '']])
    await cluster.cluster.until('it is given up', () => {
      return groupMembers(cluster.node(seed), 'g').length === 0
    })
    assert.equal(texts(groupMembers(cluster.node(n3), 'g')), texts([r]))
    cluster.cluster.network.heal()
    await known(cluster, 'g', [r])
  },
  slow,
)

test('a node that comes late knows all, one that is started again what is new', async () => {
  const cluster = await scene(2)
  const p = member(cluster, n1)
  joinGroup(cluster.node(n1), 'g', p)
  await cluster.start(n3, options)
  await cluster.agreed()
  await known(cluster, 'g', [p])
  await cluster.stop(n1)
  await cluster.start(n1, options)
  await cluster.agreed()
  const again = member(cluster, n1)
  joinGroup(cluster.node(n1), 'g', again)
  await known(cluster, 'g', [again])
})

test('scopes: apart from each other, under a tree, complete when they start late', async () => {
  const cluster = await scene(2)
  for (const name of [n1, n2]) {
    const started = await cluster.cluster.drive(start(cluster.node(name), Scopes))
    assert.is(started.tag, 'ok')
  }
  const p = member(cluster, n1)
  joinGroup(cluster.node(n1), 'g', p, 'rooms')
  assert.equal(groupMembers(cluster.node(n1), 'g'), [])
  await cluster.cluster.until('it is known', () => {
    return groupMembers(cluster.node(n2), 'g', 'rooms').length === 1
  })
  assert.throws(() => groupMembers(cluster.node(seed), 'g', 'rooms'), /scope: none named "rooms"/)
  const late = await cluster.cluster.drive(start(cluster.node(seed), Scopes))
  assert.is(late.tag, 'ok')
  assert.equal(texts(groupMembers(cluster.node(seed), 'g', 'rooms')), texts([p]))
  const scopes = cluster.process(n1, 'rooms')
  await end(cluster, n1, scopes.pid)
  await cluster.cluster.until('it runs again', () => {
    return cluster.process(n1, 'rooms') !== scopes
  })
  assert.equal(groupMembers(cluster.node(n1), 'g', 'rooms'), [], 'they have left, as in OTP')
  await known(cluster, 'g', [], 'rooms')
})

test('monitors: what is there, then every change, on all nodes the same in the end', async () => {
  const cluster = await scene(2)
  const p = member(cluster, n1)
  joinGroup(cluster.node(n1), 'g', [p, p])
  await known(cluster, 'g', [p, p])
  const first: { ref?: Reference; groups?: unknown; members?: unknown } = {}
  const ear = await cluster.hear(n2, (self) => {
    const { ref, groups } = monitorGroups(self)
    Object.assign(first, { ref, groups })
  })
  const one = await cluster.hear(n2, (self) => {
    Object.assign(first, { members: monitorGroup(self, 'h').members })
  })
  assert.equal(first.groups, [{ group: 'g', members: groupMembers(cluster.node(n2), 'g') }])
  assert.equal(first.members, [])
  const q = member(cluster, n2)
  joinGroup(cluster.node(n2), 'h', [q])
  await end(cluster, n1, p)
  await cluster.cluster.until('both are told', () => ear.heard.length === 2)
  const told = ({ heard }: Ear) =>
    heard.map(({ tag, group, pids }) => [tag, group, Array.isArray(pids) && texts(pids)])
  assert.equal(told(ear), [
    ['groupJoin', 'h', texts([q])],
    ['groupLeave', 'g', texts([p, p])],
  ])
  assert.equal(told(one), [['groupJoin', 'h', texts([q])]])
  await cluster.cluster.run(cluster.node(n2), (self) => {
    const { ref } = monitorGroups(self)
    assert.ok(demonitorGroups(self, ref))
    assert.not(demonitorGroups(self, ref))
    assert.not(first.ref !== undefined && demonitorGroups(self, first.ref), 'of another process')
  })
})

test('the processes of the system end and lose no member', async () => {
  const cluster = await scene(2)
  const p = member(cluster, n1)
  joinGroup(cluster.node(n1), 'g', p)
  await known(cluster, 'g', [p])
  for (const name of [n1, n2]) await cluster.restart(name, 'skein.replica.skein.groups')
  const q = member(cluster, n2)
  joinGroup(cluster.node(n2), 'g', q)
  await known(cluster, 'g', [p, q])
})

test('what is no process of this node, no group and no scope is refused by name', async () => {
  const cluster = await scene(1)
  const [p, far] = [member(cluster, n1), member(cluster, seed)]
  const node = cluster.node(n1)
  joinGroup(cluster.node(seed), 'g', far)
  await known(cluster, 'g', [far])
  const [theirs] = groupMembers(node, 'g')
  assert.ok(theirs)
  for (const change of [joinGroup, leaveGroup]) {
    assert.throws(() => change(node, 'g', theirs ?? p), /is a process of another node/)
    // @ts-expect-error what callers without types may give
    assert.throws(() => change(node, 'g', 'p'), /expected a pid, got "p"/)
    assert.throws(() => change(node, () => 1, p), /group: .* cannot name a group/)
    assert.throws(() => change(node, 'g', p, 'other'), /scope: none named "other"/)
  }
  assert.throws(() => groupMembers(node, 'x'.repeat(1_100)), /group: takes \d+ bytes, at most 1024/)
  const lone = await startNode({ name: 'lone@127.0.0.1', modules: [GroupScope], quiet: true })
  cleanup(() => lone.stop())
  assert.throws(() => groupMembers(lone, 'g'), /lone@127.0.0.1 has no overlay/)
})

test('a list with a process that has ended does not join, and leaves without it', async () => {
  const cluster = await scene(1)
  const node = cluster.node(n1)
  const [p, q] = [member(cluster, n1), member(cluster, n1)]
  joinGroup(node, 'g', [p, q])
  await cluster.cluster.run(node, (self) => self.exit(q, 'kill'))
  assert.equal(joinGroup(node, 'g', [q, p]), { tag: 'error', reason: 'noproc' })
  assert.equal(groupMembers(node, 'g'), [p])
  assert.equal(leaveGroup(node, 'g', [q, p]), { tag: 'ok' })
  assert.equal(groupMembers(node, 'g'), [])
  assert.equal(leaveGroup(node, 'g', [q]), { tag: 'error', reason: 'notJoined' })
})

test('a scope starts under a name that nobody has, and ends in order', async () => {
  const cluster = await scene(1)
  const node = cluster.node(n1)
  const begin = (name?: string) => {
    const given = name === undefined ? {} : { name }
    return cluster.cluster.drive(start(node, GroupScope, undefined, given))
  }
  const first = await begin('mine')
  assert.is(first.tag, 'ok')
  const second = await begin('mine')
  assert.is(
    second.tag === 'error' && typeof second.reason === 'object' && second.reason.tag,
    'alreadyStarted',
  )
  for (const name of [undefined, 'pg']) {
    const refused = await begin(name)
    assert.is(refused.tag, 'error')
  }
  await cluster.cluster.run(node, async (self) => {
    if (first.tag === 'ok') await stopServer(self, first.pid)
  })
  assert.throws(() => groupMembers(node, 'g', 'mine'), /scope: none named "mine"/)
  assert.is((await begin('mine')).tag, 'ok')
  assert.equal(child(GroupScope, undefined, { id: 'x', name: 'x' }), groupScope('x'))
})

function hasRef(message: unknown, ref: Reference): boolean {
  return typeof message === 'object' && message !== null && 'ref' in message && message.ref === ref
}

test.run()
