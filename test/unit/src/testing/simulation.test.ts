/** The simulated cluster: machines, power, disks, time, and what it refuses to wait for. */
import { isDown, process, type Self, spawn } from '../../../../runtime/index.ts'
import { connectNode, nodes } from '../../../../src/dist/index.ts'
import { Simulation, SimulationError } from '../../../../src/testing/index.ts'
import { at, call, child, genServer, reply } from '../../../../stdlib/index.ts'
import { assert, suite } from '../../../support/harness.ts'

const a = 'a@h1'
const b = 'b@h2'

type Counter = { calls: { add: (by: number) => number } }
const counter = genServer<Counter>('counter')({
  init: (_: undefined) => 0,
  calls: { add: (sum, by) => reply(sum + by, sum + by) },
})
const counting = {
  modules: [counter],
  root: child(counter, undefined, { id: 'counter', name: 'counter' }),
}
const addTo = (self: Self, node: string): Promise<number> =>
  call(self, at(node, counter, 'counter'), 'add', 1)

async function pair(seed = 1): Promise<Simulation> {
  const sim = new Simulation({ seed, nodes: [a, b] })
  for (const name of sim.names) await sim.start(name, counting)
  return sim
}

async function refusal(promise: Promise<unknown>): Promise<Error> {
  try {
    await promise
  } catch (error) {
    if (error instanceof Error) return error
  }
  throw new Error('it was not refused')
}

const test = suite('simulated cluster')

test('nodes talk in virtual time', async () => {
  const sim = await pair()
  sim.setPath(0, 100, 100)
  const answer = sim.node(a)?.run((self) => addTo(self, b))
  assert.is(await sim.settle('the answer', answer ?? Promise.reject()), 1)
  assert.ok(sim.world.nowMs >= 600, 'several round trips of 200 ms')
  sim.close()
})

test('a crash is silent, the silence ends the channel, the restart is somebody else', async () => {
  const sim = await pair()
  const here = sim.node(a)
  const seen: string[] = []
  const watch = here?.run(async (self) => {
    await addTo(self, b)
    const ref = self.monitor(at(b, counter, 'counter'))
    const { reason } = await self.receive(isDown(ref))
    seen.push(String(reason))
  })
  await sim.run(1_000)
  sim.crash(b)
  assert.is(sim.node(b), undefined)
  await sim.settle('the loss is noticed', watch ?? Promise.reject())
  assert.equal(seen, ['noconnection'])
  await sim.start(b, counting)
  const again = here?.run((self) => addTo(self, b))
  assert.is(await sim.settle('the answer', again ?? Promise.reject()), 1, 'a new counter')
  sim.close()
})

test('nothing of a crashed node runs any more', async () => {
  const sim = await pair()
  const node = sim.node(a)
  const ran: string[] = []
  const busy = process('busy', async (self) => {
    self.onExit(() => ran.push('hook'))
    for (;;) {
      await self.receive(null, { timeoutMs: 10, otherwise: null })
      ran.push('turn')
    }
  })
  assert.ok(node)
  if (node !== undefined) spawn(node, busy)
  await sim.run(100)
  assert.ok(ran.length > 0)
  sim.crash(a)
  ran.length = 0
  await sim.run(1_000)
  assert.equal(ran, [])
  sim.close()
})

test('a disk is kept, reduced to the key, or blank; a stranger is refused', async () => {
  const sim = await pair()
  const reach = async (): Promise<boolean> => {
    const node = sim.node(a)
    return sim.settle('an answer', node === undefined ? Promise.reject() : connectNode(node, b))
  }
  assert.is(await reach(), true)
  for (const [disk, reached] of [
    ['kept', true],
    ['keysOnly', true],
    ['blank', false],
  ] as const) {
    sim.crash(b)
    await sim.run(20_000)
    await sim.start(b, { ...counting, disk })
    assert.is(await reach(), reached, disk)
  }
  sim.close()
})

test('partitions, one-way blocks and healing', async () => {
  const sim = await pair()
  const [here, there] = [sim.node(a), sim.node(b)]
  if (here === undefined || there === undefined) throw new Error('not running')
  const together = (): boolean => nodes(here).length === 1 && nodes(there).length === 1
  const apart = (): boolean => nodes(here).length === 0 && nodes(there).length === 0
  for (const cut of [
    () => sim.partition([a], [b]),
    () => sim.blockOneWay(a, b),
    () => sim.blockOneWay(b, a),
  ]) {
    await sim.settle('connected', connectNode(here, b))
    await sim.until('both know it', together, 1_000)
    cut()
    await sim.until('both have noticed', apart, 10_000)
    sim.heal()
  }
  sim.close()
})

test('a stopped node leaves nothing to run', async () => {
  const sim = await pair()
  await sim.settle('an answer', sim.node(a)?.run((self) => addTo(self, b)) ?? Promise.reject())
  for (const name of sim.names) await sim.settle('the stop', sim.shutdown(name))
  assert.is(sim.isOn(a), false)
  assert.is(sim.isOn(b), false)
  sim.close()
})

test('who waits for the outside world when nothing can run is named', async () => {
  // Whoever is in a cluster always has a timer that will run.
  const sim = new Simulation({ seed: 1, nodes: [a] })
  const node = await sim.start(a, { cluster: false })
  const waiting = node.run((self) => self.wait(new Promise(() => undefined)))
  const error = await refusal(sim.settle('the answer', waiting))
  assert.instance(error, SimulationError)
  assert.match(error.message, /nothing can run: the answer; in self\.wait.*\(skein\.run\) of a@h1/)
  assert.match((await refusal(sim.run(1_000))).message, /self\.wait.*\(skein\.run\)/)
  sim.close()
})

test('a run ends at its deadline and at its cap of steps, saying what it waited for', async () => {
  for (const [limits, words] of [
    [{ deadlineMs: 500 }, /the deadline of 500 ms: the moon/],
    [{ stepsMax: 500 }, /more than 500 steps: the moon/],
  ] as const) {
    const sim = new Simulation({ seed: 1, nodes: [a, b], ...limits })
    const here = await sim.start(a)
    await sim.start(b)
    await sim.settle('connected', connectNode(here, b))
    const error = await refusal(sim.until('the moon', () => false))
    assert.match(error.message, words)
    sim.close()
  }
})

test('a machine that stands still misses nothing but the time', async () => {
  const sim = await pair()
  const here = sim.node(a)
  await sim.settle('connected', here?.run((self) => addTo(self, b)) ?? Promise.reject())
  assert.ok(sim.pause(b))
  assert.not(sim.pause(b), 'it stands still already')
  const answer = here?.run((self) => addTo(self, b)) ?? Promise.reject()
  let answered = false
  void answer.then(() => {
    answered = true
  })
  await sim.run(300)
  assert.not(answered)
  assert.is(sim.stalledMs(b), 300)
  sim.resume(b)
  assert.is(await sim.settle('the answer', answer, 100), 2)
  assert.is(sim.stalledMs(b), 300)
  sim.close()
})

test('who stands still for too long is given up, and learns it afterwards', async () => {
  const sim = await pair()
  const [here, there] = [sim.node(a), sim.node(b)]
  if (here === undefined || there === undefined) throw new Error('not running')
  await sim.settle('connected', connectNode(here, b))
  assert.ok(sim.pause(b, 20_000))
  await sim.until('a gives it up', () => nodes(here).length === 0, 10_000)
  assert.equal(nodes(there), [a], 'b knows nothing yet')
  await sim.until('b knows it too', () => nodes(there).length === 0, 30_000)
  assert.is(await sim.settle('they meet again', connectNode(there, a)), true)
  sim.close()
})

test('the steps of a slow machine take their time', async () => {
  const sim = await pair()
  const here = sim.node(a)
  if (here === undefined) throw new Error('not running')
  const ask = async (): Promise<number> => {
    const atMs = sim.world.nowMs
    await sim.settle(
      'the answer',
      here.run((self) => addTo(self, b)),
    )
    return sim.world.nowMs - atMs
  }
  await ask()
  const fastMs = await ask()
  sim.slow(b, 20)
  const slowMs = await ask()
  assert.ok(slowMs > fastMs + 1 && sim.stalledMs(b) > 0, `${slowMs} after ${fastMs} ms`)
  sim.slow(b, 0)
  await sim.run(1_000)
  assert.is(await ask(), fastMs)
  sim.close()
})

test('clocks drift and step; timers keep to the clock of their machine', async () => {
  const sim = new Simulation({ seed: 1, nodes: [a, b] })
  const here = await sim.start(a, { driftPpm: 50_000 })
  const there = await sim.start(b, { wallSkewMs: -2_000 })
  const sleep = process('sleep', async (self) => {
    await self.receive(null, { timeoutMs: 10_000, otherwise: null })
  })
  const took = (node: typeof here): Promise<number> => {
    const atMs = sim.world.nowMs
    return node.run(async (self) => {
      const ref = self.monitor(spawn(self, sleep))
      await self.receive(isDown(ref))
      return sim.world.nowMs - atMs
    })
  }
  const [fast, exact] = await sim.settle('both', Promise.all([took(here), took(there)]))
  assert.ok(exact !== undefined && exact >= 10_000)
  assert.ok(fast !== undefined && fast < 9_850 && fast >= 10_000 / 1.05, `${fast} ms`)
  assert.ok(sim.clockMs(a) !== sim.clockMs(b), 'origins differ')
  assert.is(sim.wallErrorMs(b), -2_000)
  sim.stepClock(b, 5_000)
  assert.is(sim.wallErrorMs(b), 3_000)
  sim.close()
})

test('a crash in the middle of a write leaves the disk as real ones are left', async () => {
  const losses = { undone: 0, torn: 0 }
  for (let seed = 1; seed <= 20; seed++) {
    const sim = new Simulation({ seed, nodes: [a] })
    sim.setDisk(a, 40)
    void sim.boot(a)
    await sim.run(20 + 5 * seed)
    const { undone, torn } = sim.crash(a)
    losses.undone += undone
    losses.torn += torn
    assert.ok(await sim.start(a), `it boots from what is left, seed ${seed}`)
    sim.close()
  }
  assert.ok(losses.torn > 0, JSON.stringify(losses))
})

test('a node that nobody hears, one that hears nobody, and a far place', async () => {
  const sim = await pair()
  const [here, there] = [sim.node(a), sim.node(b)]
  if (here === undefined || there === undefined) throw new Error('not running')
  for (const cut of [() => sim.mute(b), () => sim.deafen(b)]) {
    await sim.settle('connected', connectNode(here, b))
    cut()
    await sim.until('both give up', () => nodes(here).length + nodes(there).length === 0, 10_000)
    sim.heal()
  }
  sim.setPlaces([[a], [b]], { loss: 0, delayMinMs: 200, delayMaxMs: 200 })
  const answerMs = async (): Promise<number> => {
    const atMs = sim.world.nowMs
    await sim.settle(
      'the answer',
      here.run((self) => addTo(self, b)),
    )
    return Math.floor(sim.world.nowMs - atMs)
  }
  assert.ok((await answerMs()) > 400, 'with the handshakes')
  assert.is(await answerMs(), 400)
  sim.setLink(a, b, { loss: 0, delayMinMs: 250, delayMaxMs: 250 })
  assert.is(await answerMs(), 450)
  sim.close()
})

test('mistakes are named', async () => {
  assert.throws(
    () => new Simulation({ seed: 1, nodes: ['a@h', 'b@h'] }),
    /every node needs a host of its own/,
  )
  const sim = await pair()
  assert.throws(() => sim.boot(a), /a@h1 is running/)
  assert.throws(() => sim.crash('c@h3'), /there is no node c@h3/)
  assert.throws(() => sim.slow(a, -1), /slow: .* got -1/)
  assert.throws(() => sim.setDisk(a, Number.NaN), /setDisk: .* got NaN/)
  assert.throws(() => sim.stepClock(a, Number.NaN), /stepClock: .* got NaN/)
  const first = sim.run(10)
  assert.match((await refusal(sim.run(10))).message, /driven twice/)
  await first
  sim.close()
})

test('an unobserved failed call ends its caller, as on a real platform', async () => {
  const sim = await pair()
  const careless = process('careless', async (self) => {
    void addTo(self, 'a@h1')
    void call(self, at(a, counter, 'nobody'), 'add', 1)
    await self.receive()
  })
  const reason = sim.node(a)?.run(async (self) => {
    const ref = self.monitor(spawn(self, careless))
    return (await self.receive(isDown(ref))).reason
  })
  assert.is(await sim.settle('the end', reason ?? Promise.reject()), 'noproc')
  sim.close()
})

test.run()
