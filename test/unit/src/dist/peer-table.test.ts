/**
 * What a node keeps of a peer goes when nobody needs it any more, also when the process it was for
 * has ended meanwhile. Found by the simulation, which compares the books of both nodes.
 */
import { type Pid, process, spawn, spawnMonitorAt } from '../../../../runtime/index.ts'
import { systemOf } from '../../../../runtime/kernel.ts'
import { connectNode } from '../../../../src/dist/index.ts'
import type { Node } from '../../../../src/node/node.ts'
import { Simulation } from '../../../../src/testing/index.ts'
import { assert, suite } from '../../../support/harness.ts'

const a = 'a@h1'
const b = 'b@h2'

const idle = process('idle', async (self) => {
  await self.receive()
})

type Pair = { readonly sim: Simulation; readonly here: Node; readonly there: Node }

async function connected(): Promise<Pair> {
  const sim = new Simulation({ seed: 1, nodes: [a, b] })
  const here = await sim.start(a)
  const there = await sim.start(b, { modules: [idle] })
  assert.ok(await sim.settle('connected', connectNode(here, b)))
  sim.setPath(0, 10, 10)
  return { sim, here, there }
}

const test = suite('peer table')

test('an unlink is acknowledged to a process that has ended since', async () => {
  const { sim, here, there } = await connected()
  const pid = spawn(there, idle)
  const unlinks = process('unlinks', (self, to: Pid) => {
    self.link(to)
    self.unlink(to)
  })
  spawn(here, unlinks, pid)
  await sim.run(5)
  assert.is(systemOf(here).peers.get(b)?.unlinking.size, 1, 'the answer is on its way')
  await sim.run(1_000)
  assert.is(systemOf(here).peers.get(b)?.unlinking.size, 0)
  sim.close()
})

test('the monitor of a spawn goes with an owner that ended before the answer', async () => {
  const { sim, here, there } = await connected()
  const impatient = process('impatient', async (self) => {
    void spawnMonitorAt(self, b, idle)
    await self.yield()
  })
  spawn(here, impatient)
  const watches = (): number => systemOf(there).peers.get(a)?.watches.size ?? 0
  await sim.until('the spawn is carried out', () => watches() === 1, 1_000)
  await sim.until('the monitor is gone', () => watches() === 0, 1_000)
  assert.is(systemOf(here).peers.get(b)?.spawns.size, 0)
  sim.close()
})

test.run()
