/**
 * Global names on whole nodes in virtual time: one holder in the cluster, found everywhere, and
 * released with its process; and what becomes of two when parts of the network meet again.
 */
import type { Pid, Ref, Self } from '../../../../../runtime/index.ts'
import { isAlive } from '../../../../../runtime/index.ts'
import {
  type ConflictVerdict,
  call,
  cast,
  child,
  type GlobalConflict,
  global,
  globalNames,
  Registry,
  registerGlobalName,
  resolveGlobalName,
  start,
  startNode,
  supervisor,
  sys,
  unregisterGlobalName,
  via,
  whereisName,
} from '../../../../../src/index.ts'
import { assert, cleanup, suite } from '../../../../support/harness.ts'
import { GlobalScene, Keeper, nth, seed, settle } from './global-scene.ts'

const test = suite('global')

const slow = { deadlineMs: 60_000 }
const [n1, n2, n3] = [nth(1), nth(2), nth(3)]

function isPidOf(result: unknown): result is Pid {
  return typeof result === 'object' && result !== null && !('tag' in result)
}

/** A process of `node` as that node's own API takes it. */
async function started(scene: GlobalScene, node: string, name: string, sum = 0): Promise<Pid> {
  const result = await scene.keep(node, name, sum)
  if (!isPidOf(result)) throw new Error(`${node}: ${JSON.stringify(result)}`)
  return result
}

test('a server started under a global name is called by it on every node (VIA-01)', async () => {
  const scene = await GlobalScene.with(3)
  const pid = await started(scene, n1, 'sum', 5)
  await scene.known('sum', pid)
  for (const node of scene.nodes.keys()) {
    const on = await scene.cluster.drive(call(scene.node(node), global(Keeper, 'sum'), 'name'))
    assert.is(on, n1)
  }
  const sum = await scene.cluster.drive(
    call(scene.node(n3), via(Keeper, 'global', 'sum'), 'add', 2),
  )
  assert.is(sum, 7)
  assert.equal(globalNames(scene.node(n2)), ['sum'])
})

test('a name that somebody is known to have is refused everywhere (GLB-01, VIA-02)', async () => {
  const scene = await GlobalScene.with(2)
  const pid = await started(scene, n1, 'sum')
  const node = scene.node(n1)
  assert.equal(registerGlobalName(node, 'sum', { pid }), {
    tag: 'error',
    reason: { tag: 'alreadyRegistered', pid },
  })
  await scene.known('sum', pid)
  for (const name of scene.nodes.keys()) {
    const refused = await scene.keep(name, 'sum')
    assert.equal(refused, { tag: 'alreadyStarted', pid: scene.holder(name, 'sum') })
  }
  const theirs = scene.holder(n2, 'sum')
  assert.equal(theirs && registerGlobalName(scene.node(n2), 'other', { pid: theirs }), {
    tag: 'error',
    reason: 'notLocal',
  })
  unregisterGlobalName(scene.node(n2), 'sum')
  assert.is(String(scene.holder(n2, 'sum')), String(pid), 'it is not theirs to take away')
  await scene.cluster.run(node, (self) => self.exit(pid, 'kill'))
  const dead = registerGlobalName(node, 'other', { pid })
  assert.equal(dead, { tag: 'error', reason: 'noproc' })
})

test('a name is released with its process, and may be had again (GLB-02)', async () => {
  const scene = await GlobalScene.with(2)
  const pid = await started(scene, n1, 'sum')
  await scene.known('sum', pid)
  await scene.cluster.run(scene.node(n1), async (self) => {
    const ref = self.monitor(pid)
    self.exit(pid, 'kill')
    await self.receive((message) => isDownOf(message, ref))
    assert.is(whereisName(self, global(Keeper, 'sum')), undefined, 'gone before its end is told')
  })
  await scene.known('sum', undefined)
  const again = await started(scene, n2, 'sum')
  await scene.known('sum', again)
  unregisterGlobalName(scene.node(n2), 'sum')
  await scene.known('sum', undefined)
  assert.ok(isAlive(scene.node(n2), again), 'only the name is gone')
})

test('a node that is down has no names; one that left in order neither', slowly, slow)

async function slowly(): Promise<void> {
  const scene = await GlobalScene.with(3)
  const [lost, left] = [await started(scene, n1, 'lost'), await started(scene, n2, 'left')]
  await scene.known('lost', lost)
  await scene.known('left', left)
  scene.crash(n1)
  await scene.stop(n2)
  await scene.known('lost', undefined)
  await scene.known('left', undefined)
  const again = await started(scene, n3, 'lost')
  await scene.known('lost', again)
}

test(
  'after a heal the earlier one has the name, and only the later one is stopped',
  async () => {
    const scene = await GlobalScene.with(3)
    const first = await started(scene, n1, 'sum', 1)
    await scene.known('sum', first)
    await scene.divide([n2, n3])
    assert.is(scene.holder(n2, 'sum'), undefined)
    const second = await started(scene, n2, 'sum', 2)
    await scene.known('sum', second, [n2, n3])
    await scene.known('sum', first, [seed, n1])
    const end = endOf(scene, n2, second)
    await scene.heal()
    await scene.known('sum', first)
    const { reason } = await scene.cluster.drive(end)
    assert.equal(shown(reason), {
      tag: 'shutdown',
      detail: { tag: 'globalConflict', name: 'sum', winner: String(first) },
    })
    assert.ok(isAlive(scene.node(n1), first))
    await settle(scene)
    assert.ok(isAlive(scene.node(n1), first))
    const sum = await scene.cluster.drive(call(scene.node(n2), global(Keeper, 'sum'), 'add', 0))
    assert.is(sum, 1)
  },
  slow,
)

test(
  'the resolver is called on the node of the loser alone, with both states, before it is stopped',
  async () => {
    const scene = await GlobalScene.with(3)
    const seen: { at: string; conflict: GlobalConflict; alive: boolean }[] = []
    const watch =
      (at: string) =>
      async (conflict: GlobalConflict): Promise<ConflictVerdict> => {
        seen.push({ at, conflict, alive: isAlive(scene.node(at), conflict.loser.pid) })
        return 'stop'
      }
    const first = await scene.claim(n1, 'sum', 10, watch(n1))
    await scene.known('sum', first)
    await scene.divide([n2, n3])
    const second = await scene.claim(n2, 'sum', 20, watch(n2))
    await scene.heal()
    await scene.known('sum', first)
    await scene.cluster.until('it is stopped', () => !isAlive(scene.node(n2), second))
    await settle(scene)
    assert.is(seen.length, 1)
    const [{ at, conflict, alive } = { at: '', conflict: undefined, alive: false }] = seen
    assert.is(at, n2)
    assert.ok(alive)
    assert.is(conflict?.name, 'sum')
    assert.equal(
      [conflict?.winner, conflict?.loser].map((side) => [
        String(side?.pid),
        side?.node,
        side?.state,
      ]),
      [
        [String(first), n1, { sum: 10, heard: [] }],
        [String(second), n2, { sum: 20, heard: [] }],
      ],
    )
    assert.ok(isAlive(scene.node(n1), first))
  },
  slow,
)

test(
  'a resolver hands the state over before its process ends',
  async () => {
    const scene = await GlobalScene.with(3)
    const first = await started(scene, n1, 'sum', 10)
    await scene.known('sum', first)
    await scene.divide([n2, n3])
    const second = await started(scene, n2, 'sum', 5)
    const set = resolveGlobalName(scene.node(n2), 'sum', async ({ winner, loser }, self) => {
      const { state } = loser
      const isState = typeof state === 'object' && state !== null && 'sum' in state
      if (isState && typeof state.sum === 'number')
        await call(self, asKeeper(winner.pid), 'add', state.sum)
      return 'stop'
    })
    assert.ok(set)
    assert.not(
      resolveGlobalName(scene.node(n3), 'sum', async () => 'stop'),
      'it is not of that node',
    )
    await scene.heal()
    await scene.cluster.until('it is stopped', () => !isAlive(scene.node(n2), second))
    const sum = await scene.cluster.drive(call(scene.node(n3), global(Keeper, 'sum'), 'add', 0))
    assert.is(sum, 15)
  },
  slow,
)

test(
  'release: the loser lives on without the name and is told; take: the winner gives way',
  async () => {
    const scene = await GlobalScene.with(3)
    const first = await scene.claim(n1, 'a', 1)
    const other = await scene.claim(n1, 'b', 1)
    await scene.known('a', first)
    await scene.known('b', other)
    await scene.divide([n2, n3])
    const released = await scene.claim(n2, 'a', 2, async () => 'release')
    const taker = await scene.claim(n2, 'b', 2, async () => 'take')
    await scene.heal()
    await scene.known('a', first)
    await scene.known('b', taker)
    await scene.cluster.until('the former winner is stopped', () => !isAlive(scene.node(n1), other))
    await settle(scene)
    assert.ok(isAlive(scene.node(n2), released))
    assert.ok(isAlive(scene.node(n2), taker))
    const state = await scene.cluster.drive(sys.getState(scene.node(n2), released))
    assert.equal(shown(state), {
      sum: 2,
      heard: [{ tag: 'globalConflict', name: 'a', winner: String(first) }],
    })
  },
  slow,
)

test(
  'resolvers that fail, hang or answer nonsense mean stop, and harm nobody else',
  async () => {
    const scene = await GlobalScene.with(3)
    const names = ['throws', 'hangs', 'nonsense', 'traps'] as const
    for (const name of names) await scene.known(name, await scene.claim(n1, name, 1))
    await scene.divide([n2, n3])
    const losers = [
      await scene.claim(n2, 'throws', 2, async () => {
        throw new Error('on purpose')
      }),
      await scene.claim(n2, 'hangs', 2, () => new Promise<ConflictVerdict>(() => undefined)),
      // @ts-expect-error what callers without types may give
      await scene.claim(n2, 'nonsense', 2, async () => 'whatever'),
      await scene.claim(n2, 'traps', 2),
    ]
    cast(scene.node(n2), global(Keeper, 'traps'), 'trap')
    await scene.heal()
    for (const name of names) await scene.known(name, scene.holder(n1, name))
    await scene.cluster.until('all losers are stopped', () =>
      losers.every((pid) => !isAlive(scene.node(n2), pid)),
    )
    for (const name of names) assert.is(scene.holder(n2, name)?.toString().includes(n1), true)
  },
  slow,
)

test(
  'two that register before they hear of each other: both may, then one of them has it',
  async () => {
    const scene = await GlobalScene.with(3)
    const pids = [await scene.claim(n1, 'sum', 1), await scene.claim(n2, 'sum', 2)]
    const [first] = pids
    await scene.known('sum', first)
    await scene.cluster.until('one is left', () => {
      const alive = pids.filter((pid, at) => isAlive(scene.node(at === 0 ? n1 : n2), pid))
      return alive.length === 1 && alive[0] === first
    })
  },
  slow,
)

test('a supervised server is found again under its name when it was restarted', async () => {
  const scene = await GlobalScene.with(2)
  const Tree = supervisor('fixture.tree', (_: undefined) => ({
    children: [child(Keeper, 3, { name: global(Keeper, 'sum') })],
  }))
  const begun = await scene.cluster.drive(start(scene.node(n1), Tree))
  assert.is(begun.tag, 'ok')
  const before = scene.holder(n1, 'sum')
  assert.ok(before)
  await scene.known('sum', before)
  await scene.cluster.run(scene.node(n1), (self) => before && self.exit(before, 'kill'))
  await scene.cluster.until('another one has the name everywhere', () => {
    const answers = scene.answers('sum')
    return answers.size === 1 && !answers.has(String(before)) && !answers.has('undefined')
  })
  const sum = await scene.cluster.drive(call(scene.node(n2), global(Keeper, 'sum'), 'add', 1))
  assert.is(sum, 4)
})

test(
  'the process that settles disputes is started again and settles them',
  async () => {
    const scene = await GlobalScene.with(3)
    const first = await started(scene, n1, 'sum', 1)
    await scene.divide([n2, n3])
    const second = await scene.claim(n2, 'sum', 2, () => new Promise(() => undefined))
    await scene.heal()
    await scene.known('sum', first)
    await scene.restart(n2, 'skein.global')
    await scene.restart(n2, 'skein.replica.skein.global')
    await scene.cluster.until('it is stopped', () => !isAlive(scene.node(n2), second))
    await scene.known('sum', first)
    assert.ok(isAlive(scene.node(n1), first))
  },
  slow,
)

test('resolvers at work end with the process that settles disputes', async () => {
  const scene = await GlobalScene.with(2)
  await scene.known('sum', await scene.claim(n1, 'sum', 1))
  await scene.divide([n2])
  const begun: Self[] = []
  const loser = await scene.claim(n2, 'sum', 2, (_, self) => {
    begun.push(self)
    return new Promise<ConflictVerdict>(() => undefined)
  })
  await scene.heal()
  await scene.cluster.until('the resolver has begun', () => begun.length === 1)
  await scene.restart(n2, 'skein.global')
  await scene.cluster.until('the loser is stopped', () => !isAlive(scene.node(n2), loser))
  await settle(scene)
  const left = begun.filter(({ pid }) => isAlive(scene.node(n2), pid))
  assert.is(begun.length, 2)
  assert.equal(left, [])
})

test('a node without a carrier has its own names', async () => {
  const node = await startNode({ name: 'lone@127.0.0.1', modules: [Keeper], quiet: true })
  cleanup(() => node.stop())
  await node.run(async (self) => {
    assert.equal(registerGlobalName(self, 'me'), { tag: 'ok' })
    assert.equal(registerGlobalName(self, 1), { tag: 'ok' })
    assert.is(whereisName(self, global(Keeper, 'me')), self.pid)
    assert.equal(new Set(globalNames(self)), new Set(['me', 1]))
  })
  assert.equal(globalNames(node), [])
  assert.throws(() => registerGlobalName(node, 'x'), /pid: a node registers one of its processes/)
})

test('no registry of a program can be called global', async () => {
  const node = await startNode({ name: 'lone@127.0.0.1', modules: [Registry], quiet: true })
  cleanup(() => node.stop())
  const started = await start(node, Registry, { keys: 'unique' }, { name: 'global' })
  assert.match(JSON.stringify(started), /name: 'global' is taken by the cluster/)
})

test('what is no name, no pid, no resolver or no option is refused by name', async () => {
  const node = await startNode({ name: 'lone@127.0.0.1', quiet: true })
  cleanup(() => node.stop())
  for (const name of ['', 'x'.repeat(256), '\ud800', Number.NaN, {}, null]) {
    // @ts-expect-error what callers without types may give
    assert.throws(() => registerGlobalName(node, name), /name: expected a string of 1 to 255/)
    // @ts-expect-error what callers without types may give
    assert.throws(() => unregisterGlobalName(node, name), /name: expected/)
  }
  // @ts-expect-error what callers without types may give
  assert.throws(() => registerGlobalName(node, 'x', { pid: 'p' }), /pid: expected a pid, got "p"/)
  // @ts-expect-error what callers without types may give
  assert.throws(() => registerGlobalName(node, 'x', { pdi: 1 }), /options: unknown option 'pdi'/)
  // @ts-expect-error what callers without types may give
  assert.throws(() => resolveGlobalName(node, 'x', 'stop'), /onConflict: expected a function/)
})

function isDownOf(message: unknown, ref: unknown): message is { readonly reason: unknown } {
  return typeof message === 'object' && message !== null && 'ref' in message && message.ref === ref
}

/** Why the process will have ended. */
function endOf(scene: GlobalScene, node: string, pid: Pid): Promise<{ readonly reason: unknown }> {
  return scene.node(node).run(async (self) => {
    const ref = self.monitor(pid)
    const down = await self.receive((message): message is { readonly reason: unknown } =>
      isDownOf(message, ref),
    )
    return { reason: down.reason }
  })
}

function asKeeper(pid: Ref<Keeper>): Ref<Keeper> {
  return pid
}

/** With pids as text. */
function shown(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value))
}

test.run()
