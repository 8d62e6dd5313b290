/**
 * Links whose signals cross on the way (rule L4), the data that production lets through (P11), and
 * what only the node itself may do (T1, T3): between two nodes on the memory carrier, where a delay
 * makes every crossing certain.
 */
import {
  exit,
  isDown,
  isExit,
  type Pid,
  process,
  type Reference,
  type Self,
  send,
  spawnAt,
} from '../../../src/index.ts'
import { assert, suite } from '../../support/harness.ts'
import { a, b, VirtualCluster } from '../../unit/src/dist/virtual-cluster.ts'
import { pair } from './pair.ts'

const test = suite('links over a slow network')

/** Ends with the reason it is told, or links with its boss when told so. */
const fellow = process('links.fellow', async (self: Self, boss: Pid) => {
  for (;;) {
    const order = await self.receive()
    if (order === 'link') self.link(boss)
    else return exit(String(order))
  }
})

async function slowPair() {
  const cluster = new VirtualCluster()
  const modules = [fellow]
  const near = await cluster.start(a, { modules })
  const far = await cluster.start(b, { modules })
  cluster.network.setDelay(50, 50)
  return { cluster, near, far }
}

/** A fellow that has dealt with all that was sent to it before. */
async function linkedFellow(self: Self): Promise<Pid> {
  const pid = await spawnAt(self, b, fellow, self.pid)
  self.link(pid)
  const ref = self.monitor({ tag: 'at', node: b, name: 'nobody' })
  await self.receive(isDown(ref))
  return pid
}

test('L4 an EXIT that crosses the unlink is not one of the link made anew', async () => {
  const { cluster, near } = await slowPair()
  await cluster.run(near, async (self) => {
    self.trapExit(true)
    const pid = await linkedFellow(self)
    const down = self.monitor(pid)
    self.exit(pid, 'over')
    self.unlink(pid)
    self.link(pid)
    assert.is((await self.receive(isDown(down))).reason, 'over')
    assert.is((await self.receive(isExit(pid))).reason, 'noproc')
    assert.is(await self.receive(isExit(), { timeoutMs: 1_000, otherwise: null }), null)
  })
})

test('L4 a link by the other side that crosses an unlink binds nobody by half', async () => {
  const { cluster, near } = await slowPair()
  await cluster.run(near, async (self) => {
    self.trapExit(true)
    const pid = await spawnAt(self, b, fellow, self.pid)
    self.send(pid, 'link')
    // Both make the link, ours is undone while theirs is on its way.
    await self.receive(null, { timeoutMs: 20, otherwise: null })
    self.link(pid)
    self.unlink(pid)
    await self.receive(null, { timeoutMs: 500, otherwise: null })
    self.link(pid)
    self.send(pid, 'over')
    assert.is((await self.receive(isExit(pid))).reason, 'over')
  })
})

test('P11 production refuses at the sender what cannot cross, by path', async () => {
  const cluster = new VirtualCluster()
  const modules = [fellow]
  const near = await cluster.start(a, { modules, checked: false })
  await cluster.start(b, { modules, checked: false })
  await cluster.run(near, async (self) => {
    const pid = await spawnAt(self, b, fellow, self.pid)
    const name = { tag: 'at', node: b, name: 'nobody' } as const
    const bad = { a: [() => 1] }
    for (const sending of [
      () => self.send(pid, bad),
      () => self.send(name, bad),
      () => send(pid, bad),
    ]) {
      assert.throws(sending, /message\.a\[0\]: .* cannot be sent to another node/)
    }
    // An end is told whatever its words.
    const down = self.monitor(pid)
    self.exit(pid, { tag: 'odd', bad })
    const { reason } = await self.receive(isDown(down))
    assert.is(typeof reason === 'object' && reason.tag, 'unsendable')
  })
})

test('T1 T3 a process there is no target of a timer, and a timer there is not cancelled', async () => {
  const { cluster, near, far } = await pair()
  let timer: Reference | undefined
  const ringing = far.run(async (self) => {
    self.register('setter')
    timer = self.sendAfter(1_000, self.pid, 'rings')
    self.send({ tag: 'at', node: a, name: 'asker' }, timer)
    return self.receive()
  })
  await cluster.run(near, async (self) => {
    self.register('asker')
    const ref = (await self.receive()) as Reference
    assert.is(String(ref), String(timer))
    assert.is(self.cancelTimer(ref), false)
    const there = { tag: 'at', node: b, name: 'setter' } as const
    assert.throws(() => self.sendAfter(1, there, 'x'), /must be on this node/)
  })
  assert.is(await cluster.drive(ringing), 'rings')
})

test.run()
