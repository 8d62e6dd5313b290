/**
 * The net kernel and the link supervisor are processes and may die. Whatever dies, the node is
 * reachable again a moment later, and no channel is left that one side believes in and the other
 * does not.
 */
import type { Pid } from '../../../../runtime/index.ts'
import { systemOf } from '../../../../runtime/kernel.ts'
import { at, call, isNodeDown, monitorNodes, nodes, spawn } from '../../../../src/index.ts'
import type { Node } from '../../../../src/node/node.ts'
import { assert, suite } from '../../../support/harness.ts'
import { counter, counterName } from './hostile.ts'
import { a, b, VirtualCluster } from './virtual-cluster.ts'

const test = suite('net kernel')

async function pair(cluster: VirtualCluster): Promise<{ near: Node; far: Node }> {
  const modules = [counter]
  const near = await cluster.start(a, { modules })
  const far = await cluster.start(b, { modules })
  spawn(far, counter, 0, { name: counterName })
  spawn(near, counter, 0, { name: counterName })
  return { near, far }
}

function named(node: Node, name: string): Pid {
  const process = systemOf(node).names.get(name)
  if (process === undefined) throw new Error(`nobody is ${name}`)
  return process.pid
}

async function add(cluster: VirtualCluster, from: Node, to: string): Promise<number> {
  return cluster.run(from, (self) => call(self, at(to, counter, counterName), 'add', 1))
}

for (const name of ['skein.dist.kernel', 'skein.dist.links']) {
  test(`${name} killed: both sides hear of it, and talk again`, async () => {
    const cluster = new VirtualCluster()
    const { near, far } = await pair(cluster)
    assert.is(await add(cluster, near, b), 1)
    const heard = cluster.run(near, async (self) => {
      monitorNodes(self, true)
      await self.receive(isNodeDown(b))
    })
    await cluster.run(far, (self) => self.exit(named(far, name), 'kill'))
    await heard
    await cluster.until('the victim knows', () => cluster.of(b, 'nodedown').length === 1)
    assert.is(await add(cluster, near, b), 2)
    assert.is(await add(cluster, far, a), 1)
    assert.equal([nodes(near), nodes(far)], [[b], [a]])
  })
}

test('a connection that comes while the kernel dies is not kept open by nobody', async () => {
  const cluster = new VirtualCluster()
  const { near, far } = await pair(cluster)
  const dialing = add(cluster, near, b)
  for (let round = 0; round < 5; round++) {
    await cluster.pass(0)
    const kernel = systemOf(far).names.get('skein.dist.kernel')
    if (kernel !== undefined) await cluster.run(far, (self) => self.exit(kernel.pid, 'kill'))
  }
  await dialing.catch(() => undefined)
  await cluster.pass(60_000)
  assert.ok((await add(cluster, near, b)) > 0)
  assert.is(cluster.network.traffic().length, 2, 'one connection, two halves')
})

test('without a kernel nobody is reachable, and everyone who asks is told so', async () => {
  const cluster = new VirtualCluster()
  const { near } = await pair(cluster)
  const { route } = systemOf(near)
  const failed = await cluster.run(near, async (self) => {
    self.exit(named(near, 'skein.dist.kernel'), 'kill')
    // The kernel is dead now and not yet started again.
    const calling = call(self, at(b, counter, counterName), 'add', 1)
    return calling.catch((error: unknown) => String(error))
  })
  assert.match(String(failed), 'nodedown')
  assert.ok(systemOf(near).route === route)
  assert.is(await add(cluster, near, b), 1)
})

test.run()
