/** Hidden nodes (RT-15, D7): connected, and not counted among the nodes of the others. */
import {
  connectNode,
  disconnectNode,
  isNodeDown,
  isNodeUp,
  monitorNode,
  monitorNodes,
  type NodeKind,
  nodes,
  type Self,
  spawnAt,
} from '../../../src/index.ts'
import { assert, suite } from '../../support/harness.ts'
import { a, b, c, VirtualCluster } from '../../unit/src/dist/virtual-cluster.ts'
import { echoOf, modules, parrot } from './pair.ts'

const test = suite('hidden nodes')

async function withProbe() {
  const cluster = new VirtualCluster()
  const near = await cluster.start(a, { modules })
  const far = await cluster.start(b, { modules })
  const probe = await cluster.start(c, { modules, hidden: true })
  return { cluster, near, far, probe }
}

test('RT-15 D7 a hidden node is connected and works, and is not among nodes()', async () => {
  const { cluster, near, far, probe } = await withProbe()
  assert.ok(await cluster.drive(connectNode(near, b)))
  await cluster.run(probe, async (self) => {
    const pid = await spawnAt(self, a, parrot)
    assert.is(await echoOf(self, pid, 'from the probe'), 'from the probe')
  })
  await cluster.run(near, async (self) => {
    const pid = await spawnAt(self, c, parrot)
    assert.is(await echoOf(self, pid, 'to the probe'), 'to the probe')
  })
  assert.equal(
    [nodes(near), nodes(near, 'hidden'), nodes(near, 'connected').sort()],
    [[b], [c], [b, c]],
  )
  assert.equal([nodes(far), nodes(far, 'connected')], [[a], [a]])
  assert.equal([nodes(probe), nodes(probe, 'hidden'), nodes(probe, 'connected')], [[], [a], [a]])
})

/** Notes who comes and goes, of the kinds that are asked for. */
async function notes(self: Self, kinds: readonly NodeKind[], count: number): Promise<string[]> {
  for (const kind of kinds) monitorNodes(self, true, kind)
  const seen: string[] = []
  while (seen.length < count) {
    const message = await self.receive((m) => isNodeUp()(m) || isNodeDown()(m))
    seen.push(
      isNodeUp()(message) ? `up ${message.node}` : `down ${(message as { node: string }).node}`,
    )
  }
  for (const kind of kinds) monitorNodes(self, false, kind)
  return seen
}

test('D5 nodeup and nodedown of a hidden node come to those who ask for hidden nodes', async () => {
  const { cluster, near } = await withProbe()
  const asked: Record<string, readonly NodeKind[]> = {
    visible: ['visible'],
    hidden: ['hidden'],
    connected: ['connected'],
    twice: ['hidden', 'connected', 'hidden'],
  }
  const counts: Record<string, number> = { visible: 2, hidden: 2, connected: 4, twice: 8 }
  const seen = Object.entries(asked).map(async ([name, kinds]) => [
    name,
    await near.run((self) => notes(self, kinds, counts[name] ?? 0)),
  ])
  await cluster.pass(1)
  for (const node of [b, c]) {
    assert.ok(await cluster.drive(connectNode(near, node)))
    assert.ok(disconnectNode(near, node))
    await cluster.until('it is gone', () => nodes(near, 'connected').length === 0)
  }
  const visible = [`up ${b}`, `down ${b}`]
  const hidden = [`up ${c}`, `down ${c}`]
  assert.equal(Object.fromEntries(await cluster.drive(Promise.all(seen))), {
    visible,
    hidden,
    connected: [...visible, ...hidden],
    twice: [`up ${b}`, `down ${b}`, ...hidden.flatMap((line) => [line, line, line])],
  })
})

test('D5 one false takes back what was asked for its kind, and no other', async () => {
  const { cluster, near } = await withProbe()
  await cluster.run(near, async (self) => {
    for (const kind of ['visible', 'hidden', 'hidden'] as const) monitorNodes(self, true, kind)
    monitorNodes(self, false, 'hidden')
    assert.ok(await connectNode(self, c))
    assert.ok(await connectNode(self, b))
    assert.equal(await self.receive(), { tag: 'nodeup', node: b })
    assert.is(self.receive(null, { timeoutMs: 0, otherwise: 'nothing' }), 'nothing')
  })
})

test('D4 the loss of one hidden node is told to who monitors it', async () => {
  const { cluster, near } = await withProbe()
  await cluster.run(near, async (self) => {
    monitorNode(self, c, true)
    assert.ok(await connectNode(self, c))
    disconnectNode(self, c)
    assert.is((await self.receive(isNodeDown(c))).node, c)
  })
})

test('another kind of node is refused by name', async () => {
  const { cluster, near } = await withProbe()
  await cluster.run(near, (self) => {
    const odd = 'invisible' as NodeKind
    assert.throws(() => nodes(self, odd), /kind: expected visible, hidden, connected, got/)
    assert.throws(() => monitorNodes(self, true, odd), /kind: expected visible/)
  })
})

test.run()
