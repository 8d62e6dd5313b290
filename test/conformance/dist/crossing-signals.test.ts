/**
 * Signals that cross on the way (rule L4), answers in the name of the dead (O1, M8), what a cut
 * takes along (O3), and timers, which only their own node sets and cancels (T1, T3): between two
 * nodes on the memory carrier, where a delay makes every crossing certain.
 */
import {
  call,
  connectNode,
  disconnectNode,
  exit,
  isDown,
  isExit,
  isNodeDown,
  monitorNodes,
  type Pid,
  process,
  type Ref,
  type Reference,
  type Self,
  spawn,
  spawnAt,
} from '../../../src/index.ts'
import { assert, suite } from '../../support/harness.ts'
import { a, b, VirtualCluster } from '../../unit/src/dist/virtual-cluster.ts'
import { failureOf } from '../otp/one-node.ts'
import { pair } from './pair.ts'

const test = suite('signals that cross')

/** Ends with the reason it is told, or links with its boss when told so. */
const fellow = process('links.fellow', async (self: Self, boss: Pid) => {
  for (;;) {
    const order = await self.receive()
    if (order === 'link') self.link(boss)
    else return exit(String(order))
  }
})

type Any = { calls: { any: () => null } }

/** Ends when it has said much. */
const speaker = process('links.speaker', async (self: Self, boss: Pid) => {
  await self.receive()
  self.send(boss, { words: 'x'.repeat(2_000_000) })
})

function isWords(message: unknown): boolean {
  return typeof message === 'object' && message !== null && 'words' in message
}

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

/** Three ways to ask about a process; the answer of a call is put behind what is there then. */
const askings: Readonly<Record<string, (self: Self, pid: Ref<Any>) => unknown>> = {
  monitor: (self, pid) => self.monitor(pid),
  link: (self, pid) => self.link(pid),
  call: async (self, pid) => self.send(self.pid, await failureOf(call(self, pid, 'any'))),
}

for (const [name, ask] of Object.entries(askings)) {
  test(`O1 M8 what the dead have sent precedes the answer in their name: ${name}`, async () => {
    let inFlight = 0
    for (let seed = 1; seed <= 10; seed++) {
      const cluster = new VirtualCluster({ seed })
      const near = await cluster.start(a, { modules: [speaker] })
      await cluster.start(b, { modules: [speaker] })
      cluster.network.setDelay(1, 60)
      await cluster.run(near, async (self) => {
        self.trapExit(true)
        for (let round = 0; round < 3; round++) {
          const untyped: Pid = await spawnAt(self, b, speaker, self.pid)
          const pid: Ref<Any> = untyped
          self.send(pid, 'go')
          // By then it is dead, and its words are on their way.
          const early = { timeoutMs: 150, otherwise: null }
          if ((await self.receive(isWords, early)) !== null) continue
          inFlight++
          await ask(self, pid)
          const seen = [await self.receive(), await self.receive()]
          assert.ok(isWords(seen[0]), `seed ${seed}: ${JSON.stringify(seen[1])} came first`)
        }
      })
    }
    assert.ok(inFlight > 10, `${inFlight} rounds had words on their way`)
  })
}

/** Keeps the numbers it gets, and `nodedown` where it hears of one. */
function diary(lines: unknown[]) {
  return process('crossing.diary', async (self: Self) => {
    monitorNodes(self, true)
    for (;;) {
      const message = await self.receive()
      if (typeof message === 'number') lines.push(message)
      else if (isNodeDown()(message)) lines.push('nodedown')
    }
  })
}

test('O3 a cut loses the last of what was sent, and none of it comes later', async () => {
  let midway = 0
  for (let seed = 1; seed <= 20; seed++) {
    const cluster = new VirtualCluster({ seed })
    const near = await cluster.start(a)
    const far = await cluster.start(b)
    cluster.network.setDelay(1, 60)
    cluster.network.setLoss(0.05)
    const lines: unknown[] = []
    spawn(far, diary(lines), undefined, { name: 'diary' })
    await cluster.run(near, async (self) => {
      const to = { tag: 'at', node: b, name: 'diary' } as const
      await connectNode(self, b)
      for (let n = 0; n < 300; n++) {
        self.send(to, n)
        if (n % 10 === 0) await self.receive(null, { timeoutMs: 5, otherwise: null })
      }
      disconnectNode(self, b)
      for (let n = 1_000; n < 1_010; n++) self.send(to, n)
    })
    await cluster.until('the later ones are there', () => lines.includes(1_009))
    const cut = lines.indexOf('nodedown')
    assert.equal(lines.slice(0, cut), numbers(0, cut), `seed ${seed}: the first ones`)
    assert.equal(lines.slice(cut + 1), numbers(1_000, 10), `seed ${seed}: after the cut`)
    if (cut > 0 && cut < 300) midway++
  }
  assert.ok(midway > 10, `${midway} cuts were amid the messages`)
})

function numbers(first: number, count: number): number[] {
  return Array.from({ length: count }, (_, n) => first + n)
}

test('T1 T3 a timer is for processes of its node, and cancelled by them alone', async () => {
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
