/**
 * Pids of a node's former incarnation, used after its restart (rules P6, D6): they are dead, and
 * to ask about them is no offence. Found by the simulation: the answer to a link was taken for a
 * forgery, because it came in the name of a pid of another creation, and cost the channel.
 */
import { isDown, isExit, type Pid, process, type Self, spawn } from '../../../../runtime/index.ts'
import { connectNode, monitorNodes } from '../../../../src/dist/index.ts'
import { Simulation } from '../../../../src/testing/index.ts'
import { assert, suite } from '../../../support/harness.ts'

const a = 'a@h1'
const b = 'b@h2'

const idle = process('idle', async (self) => {
  await self.receive()
})

/** Runs `body` on `a`, connected with the new incarnation of `b`; `former` lived on the old one. */
async function afterRestart(body: (self: Self, former: Pid) => Promise<void>): Promise<void> {
  const sim = new Simulation({ seed: 1, nodes: [a, b] })
  const here = await sim.start(a)
  const former = spawn(await sim.start(b), idle)
  sim.crash(b)
  await sim.start(b)
  const run = here.run(async (self) => {
    await connectNode(self, b)
    monitorNodes(self, true)
    await body(self, former)
    // What comes after the answer still finds the channel up.
    const later = await self.receive(null, { timeoutMs: 2_000, otherwise: null })
    assert.is(later, null)
  })
  await sim.settle('the run', run)
  sim.close()
}

const test = suite('former incarnation')

test('a link answers noproc and the channel stays', () =>
  afterRestart(async (self, former) => {
    self.trapExit(true)
    self.link(former)
    assert.is((await self.receive(isExit())).reason, 'noproc')
  }))

test('a monitor answers noproc and the channel stays', () =>
  afterRestart(async (self, former) => {
    const down = await self.receive(isDown(self.monitor(former)))
    assert.is(down.reason, 'noproc')
  }))

test('an unlink at once is acknowledged and the channel stays', () =>
  afterRestart(async (self, former) => {
    self.trapExit(true)
    self.link(former)
    self.unlink(former)
    assert.is(await self.receive(isExit(), { timeoutMs: 1_000, otherwise: 'none' }), 'none')
  }))

test('linked again at once, the first answer is not taken for the second link', () =>
  afterRestart(async (self, former) => {
    self.trapExit(true)
    for (let times = 0; times < 3; times++) {
      self.link(former)
      self.unlink(former)
    }
    self.link(former)
    assert.is((await self.receive(isExit())).reason, 'noproc')
    assert.is(await self.receive(isExit(), { timeoutMs: 1_000, otherwise: 'none' }), 'none')
  }))

test('exits and messages to it vanish and the channel stays', () =>
  afterRestart(async (self, former) => {
    self.send(former, 'late')
    self.exit(former, 'kill')
    assert.ok(await connectNode(self, b))
  }))

test.run()
