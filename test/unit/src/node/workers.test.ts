/** Nodes on worker threads: they are nodes like any other, started, met and stopped together. */
import {
  call,
  channelStatistics,
  disconnectNode,
  isDown,
  monitorNodes,
  nodes,
  pins,
  spawnAt,
  startNode,
  startWorkers,
  type WorkerNode,
} from '../../../../src/index.ts'
import type { Node } from '../../../../src/node/node.ts'
import { assert, suite } from '../../../support/harness.ts'
import { until } from '../../../support/until.ts'
import { Counter, Delegate } from './fixtures/worker-program.ts'
import { leader, program } from './worker-team.ts'

const test = suite('worker nodes')
const slow = { deadlineMs: 30_000 }

async function oneWorker(node: Node): Promise<WorkerNode> {
  const [worker] = await startWorkers(node, { count: 1, program })
  if (worker === undefined) throw new Error('no worker')
  return worker
}

test(
  'they are connected, run what is spawned at them, and reach each other',
  async () => {
    const node = await leader()
    const workers = await startWorkers(node, { count: 2, program })
    const names = ['worker-1@localhost', 'worker-2@localhost']
    assert.equal(
      workers.map(({ name }) => name),
      names,
    )
    assert.equal(nodes(node).sort(), names)
    await node.run(async (self) => {
      for (const [at, name] of names.entries()) {
        const counter = await spawnAt(self, name, Counter, at * 10)
        assert.is(await call(self, counter, 'add', 1), at * 10 + 1)
        assert.equal(await call(self, counter, 'where'), { node: name, pid: counter })
        const other = names[1 - at] ?? ''
        await spawnAt(self, name, Delegate, { to: self.pid, node: other })
        assert.equal(await self.receive(), { from: name, sum: 42 })
      }
    })
    await node.stop()
    assert.equal(nodes(node), [])
  },
  slow,
)

test(
  'one that is stopped is gone in order, and its name is free again',
  async () => {
    const node = await leader()
    const worker = await oneWorker(node)
    await node.run(async (self) => {
      monitorNodes(self, true)
      const counter = await spawnAt(self, worker.name, Counter, 0)
      self.monitor(counter)
      await worker.stop()
      const down = await self.receive(isDown())
      assert.is(down.reason, 'noconnection')
      assert.equal(await self.receive(), {
        tag: 'nodedown',
        node: worker.name,
        reason: 'connectionClosed',
      })
    })
    await worker.stop()
    const again = await oneWorker(node)
    assert.is(again.name, worker.name)
    assert.equal(nodes(node), [worker.name])
  },
  slow,
)

test(
  'a channel that was cut is made again, whoever needs it',
  async () => {
    const node = await leader()
    const worker = await oneWorker(node)
    await node.run(async (self) => {
      const counter = await spawnAt(self, worker.name, Counter, 0)
      assert.ok(disconnectNode(self, worker.name))
      assert.is(await call(self, counter, 'add', 1), 1, 'dialled from here')
      await spawnAt(self, worker.name, Delegate, { to: self.pid, node: node.name })
      assert.equal(await self.receive(), { from: worker.name, sum: 42 })
      assert.ok((channelStatistics(self, worker.name)?.framesReceived ?? 0) > 0)
    })
  },
  slow,
)

test(
  'their keys are pinned while they live, and nothing of them is stored',
  async () => {
    const disk = new Map()
    const node = await leader({ trustMode: 'strict' }, disk)
    const before = [...disk.keys()]
    const worker = await oneWorker(node)
    assert.equal(
      pins(node).map((pin) => pin.node),
      [worker.name],
    )
    assert.equal([...disk.keys()], before)
    await worker.stop()
    assert.equal(pins(node), [])
    assert.equal([...disk.keys()], before)
  },
  slow,
)

test(
  'a team beside another one has names of its own',
  async () => {
    const node = await leader()
    const [first] = await startWorkers(node, { count: 1, program, name: 'left' })
    const [second] = await startWorkers(node, { count: 1, program, name: 'right' })
    assert.equal([first?.name, second?.name], ['left-1@localhost', 'right-1@localhost'])
    const taken = await startWorkers(node, { count: 2, program, name: 'left' }).catch(reasonOf)
    assert.is(taken, 'keyMismatch')
    assert.equal(nodes(node).sort(), ['left-1@localhost', 'right-1@localhost'])
    await until('both still answer', () => nodes(node).length === 2)
  },
  slow,
)

test('a node needs the worker carrier', async () => {
  const node = await startNode({ name: 'alone@localhost' })
  const failed = await startWorkers(node, { count: 1, program }).catch(reasonOf)
  await node.stop()
  assert.is(failed, 'noWorkerCarrier')
})

test('no worker takes the name of its node', async () => {
  const node = await leader({ name: 'worker-1@localhost' })
  assert.is(await startWorkers(node, { count: 1, program }).catch(reasonOf), 'keyMismatch')
  assert.equal(pins(node), [])
})

test('a node that has been stopped has no workers', async () => {
  const node = await leader()
  await node.stop()
  assert.is(await startWorkers(node, { count: 1, program }).catch(reasonOf), 'stopped')
})

test(
  'a node that is stopped while its workers start leaves none behind',
  async () => {
    for (const turns of [0, 1, 200]) {
      const node = await leader()
      const starting = startWorkers(node, { count: 1, program }).catch(reasonOf)
      for (let turn = 0; turn < turns; turn++) await new Promise((next) => setImmediate(next))
      await node.stop()
      const result = await starting
      assert.ok(result === 'stopped' || result === 'workerFailed' || Array.isArray(result))
      assert.equal(pins(node), [])
    }
  },
  slow,
)

function reasonOf(error: unknown): unknown {
  return error instanceof Error && 'reason' in error ? error.reason : error
}

test('bad options are refused by name', async () => {
  const node = await leader()
  const bad: readonly (readonly [object, RegExp])[] = [
    [{ count: 0, program }, /count: .*from 1 to 64, got 0/],
    [{ count: 65, program }, /count/],
    [{ count: 1.5, program }, /count/],
    [{ count: 1, program: './program.ts' }, /program: expected a URL/],
    [{ count: 1, program, name: 'a@b' }, /name: .*letters/],
    [{ count: 1, program, heapMaxMb: 0 }, /heapMaxMb/],
    [{ count: 1, program, modules: [] }, /options: .*modules/],
  ]
  for (const [options, message] of bad) {
    const failed = await startWorkers(node, { count: 1, program, ...options }).catch(String)
    assert.match(String(failed), message)
  }
  assert.equal(nodes(node), [])
})

test.run()
