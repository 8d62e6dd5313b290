/** What spawn requests leave behind in the tables of a node, however they end. */
import { abandonSpawn, isDown, process, spawn, spawnRequest } from '../../../runtime/index.ts'
import { assert, suite } from '../../support/harness.ts'
import { simNode } from './node-fixture.ts'

const test = suite('spawn requests')

const idle = process('requests.idle', async (self) => {
  await self.receive()
})

for (const where of ['a@host', 'absent@host'] as const) {
  test(`a requester that ends first is forgotten, to ${where}`, async () => {
    const { node, system, exhaust } = simNode(1, {}, { modules: [idle] })
    let left: unknown
    const requester = process('requests.requester', (self) => {
      for (const monitor of [true, false]) spawnRequest(self, where, idle, undefined, { monitor })
      left = system.spawnRequests.size
    })
    const done = node.run(async (self) => {
      const ref = self.monitor(spawn(self, requester))
      assert.is((await self.receive(isDown(ref))).reason, 'normal')
    })
    await exhaust()
    await done
    assert.is(left, 2)
    assert.is(system.spawnRequests.size, 0)
  })
}

const taking = process('requests.taking', async (_self, _arg: unknown) => undefined)

test('one that throws, and one that is given up, leave nothing', async () => {
  const { node, system, exhaust } = simNode(1, {}, { modules: [idle, taking] })
  const done = node.run((self) => {
    // @ts-expect-error a module is wanted
    assert.throws(() => spawnRequest(self, 'a@host', 'idle'), /expected a module/)
    assert.throws(() => spawnRequest(self, 'a@host', taking, () => 1), /arg/)
    assert.is(system.spawnRequests.size, 0)
    const ref = spawnRequest(self, 'a@host', idle)
    assert.is(abandonSpawn(self, ref), true)
    assert.is(system.spawnRequests.size, 0)
  })
  await exhaust()
  await done
})

test('nobody else can give a request up', async () => {
  const { node, exhaust } = simNode(1, {}, { modules: [idle] })
  const done = node.run(async (self) => {
    const ref = spawnRequest(self, 'absent@host', idle)
    const other = process('requests.other', (own) => {
      self.send(self.pid, abandonSpawn(own, ref))
    })
    spawn(self, other)
    assert.is(await self.receive(), false)
  })
  await exhaust()
  await done
})

test.run()
