/** Selective receive (rules R1 to R6), with async bodies and with generator bodies. */
import {
  exit,
  isDown,
  type Module,
  type Pid,
  process,
  type Reason,
  type Self,
  send,
  spawn,
  spawnMonitor,
} from '../../../runtime/index.ts'
import { limits } from '../../../runtime/limits.ts'
import { assert, suite } from '../../support/harness.ts'
import { turn } from '../../support/until.ts'
import { errorOf, failureOf, inProcess, noMail, oneNode, virtualNode } from './one-node.ts'

const test = suite('otp: receive')

type Numbered = { readonly n: number }

const isNumber =
  (wanted: (n: number) => boolean) =>
  (message: unknown): message is Numbered =>
    typeof message === 'object' &&
    message !== null &&
    'n' in message &&
    typeof message.n === 'number' &&
    wanted(message.n)

const isEven = isNumber((n) => n % 2 === 0)

function fill(self: Self, to: Pid, count: number): void {
  for (let n = 0; n < count; n++) self.send(to, { n })
}

/** Takes the even ones, then the rest, and ends with the order in which it took them. */
const asyncSorter = process('async sorter', async (self, count: number) => {
  const order: number[] = []
  for (let at = 0; at < count / 2; at++) order.push((await self.receive(isEven)).n)
  for (let at = 0; at < count / 2; at++) {
    order.push((await self.receive(isNumber(() => true))).n)
  }
  return exit({ tag: 'took', order })
})

const generatorSorter = process('generator sorter', function* (self, count: number) {
  const order: number[] = []
  for (let at = 0; at < count / 2; at++) order.push((yield* self.take(isEven)).n)
  for (let at = 0; at < count / 2; at++) order.push((yield* self.take(isNumber(() => true))).n)
  return exit({ tag: 'took', order })
})

const bodies = { async: asyncSorter, generator: generatorSorter } as const

for (const [kind, module] of Object.entries(bodies)) {
  test(`R1 the oldest match first, the rest in order (${kind}, mail there before)`, () =>
    inProcess(async (self) => {
      const { pid, ref } = spawnMonitor(self, module, 8)
      fill(self, pid, 8)
      const { reason } = await self.receive(isDown(ref))
      assert.equal(reason, { tag: 'took', order: [0, 2, 4, 6, 1, 3, 5, 7] })
    }))

  test(`R1 the oldest match first, the rest in order (${kind}, mail one by one)`, () =>
    inProcess(async (self) => {
      const { pid, ref } = spawnMonitor(self, module, 8)
      for (let n = 7; n >= 0; n--) {
        await self.yield()
        self.send(pid, { n })
      }
      const { reason } = await self.receive(isDown(ref))
      assert.equal(reason, { tag: 'took', order: [6, 4, 2, 0, 7, 5, 3, 1] })
    }))

  test(`R1 a long backlog keeps its order (${kind})`, () =>
    inProcess(async (self) => {
      const { pid, ref } = spawnMonitor(self, module, 20_000)
      fill(self, pid, 20_000)
      const { reason } = await self.receive(isDown(ref))
      const all = Array.from({ length: 20_000 }, (_, n) => n)
      const expected = [...all.filter((n) => n % 2 === 0), ...all.filter((n) => n % 2 === 1)]
      assert.equal(reason, { tag: 'took', order: expected })
    }))
}

test('R1 without a predicate the oldest message is taken', () =>
  inProcess(async (self) => {
    fill(self, self.pid, 3)
    assert.equal(
      [await self.receive(), await self.receive(), await self.receive()],
      [{ n: 0 }, { n: 1 }, { n: 2 }],
    )
  }))

test('R2 a timeout of 0 looks at the whole queue once (async)', () =>
  inProcess(async (self) => {
    fill(self, self.pid, 101)
    const last = isNumber((n) => n === 100)
    assert.equal(await self.receive(last, { timeoutMs: 0, otherwise: null }), { n: 100 })
    assert.is(await self.receive(last, { timeoutMs: 0, otherwise: null }), null)
    assert.equal(await self.receive(), { n: 0 })
  }))

test('R2 a timeout of 0 looks at the whole queue once (generator)', () =>
  inProcess(async (self) => {
    const body = process('looks', function* (own) {
      yield* own.take(isNumber((n) => n === 2))
      const last = isNumber((n) => n === 1)
      const found = yield* own.take(last, { timeoutMs: 0, otherwise: null })
      const again = yield* own.take(last, { timeoutMs: 0, otherwise: null })
      return exit({ tag: 'found', found, again })
    })
    const { pid, ref } = spawnMonitor(self, body)
    fill(self, pid, 3)
    assert.equal((await self.receive(isDown(ref))).reason, {
      tag: 'found',
      found: { n: 1 },
      again: null,
    })
  }))

test('R3 mail that does not match does not restart the timeout', async () => {
  const { node, world, run } = virtualNode()
  await run(async (self) => {
    for (let atMs = 100; atMs <= 2_000; atMs += 100) self.sendAfter(atMs, self.pid, 'noise')
    const startMs = world.nowMs
    const never = (message: unknown): boolean => message === 'never'
    assert.is(await self.receive(never, { timeoutMs: 640, otherwise: 'late' }), 'late')
    const tookMs = world.nowMs - startMs
    // A timeout may be late by a thirty-second of its duration, and is never early.
    assert.ok(tookMs >= 640 && tookMs <= 660, `${tookMs} ms`)
  })
  assert.is(node.name, 'one@localhost')
})

test('R3 an unmatched receive without otherwise fails with timeout', async () => {
  const { run } = virtualNode()
  assert.is(await failureOf(run((self) => self.receive(null, { timeoutMs: 5 }))), 'timeout')
  const body = process('times out', function* (self) {
    yield* self.take(null, { timeoutMs: 5 })
  })
  await virtualNode().run(async (self) => {
    const { ref } = spawnMonitor(self, body)
    assert.is((await self.receive(isDown(ref))).reason, 'timeout')
  })
})

test('R4 timeouts reach from 0 to 2^32-1 milliseconds, or Infinity', () =>
  inProcess(async (self) => {
    for (const timeoutMs of [-1, 2 ** 32, Number.NaN]) {
      assert.throws(() => self.receive(null, { timeoutMs }), /timeoutMs: expected 0 to 4294967295/)
    }
    assert.is(limits.timeoutMaxMs, 2 ** 32 - 1)
    for (const timeoutMs of [2 ** 32 - 1, Number.POSITIVE_INFINITY]) {
      self.send(self.pid, 'here')
      assert.is(await self.receive(null, { timeoutMs }), 'here')
    }
  }))

test('R4 the longest timeout fires, not before its time', async () => {
  const { world, run } = virtualNode()
  await run(async (self) => {
    const timeoutMs = 2 ** 32 - 1
    assert.is(await self.receive(null, { timeoutMs, otherwise: 'weeks later' }), 'weeks later')
    assert.ok(world.nowMs >= timeoutMs)
  })
})

const patient = {
  async: process('async', async (self) => {
    const message = await self.receive(isWanted, { timeoutMs: 64, otherwise: 'timed out' })
    return exit({ tag: 'got', message })
  }),
  generator: process('generator', function* (self) {
    const message = yield* self.take(isWanted, { timeoutMs: 64, otherwise: 'timed out' })
    return exit({ tag: 'got', message })
  }),
} as const

function isWanted(message: unknown): boolean {
  return message === 'wanted'
}

/** Starts a patient process in a world of its own, and sees how it ends. */
async function patience(module: Module<unknown, void>) {
  const { node, world } = virtualNode()
  const ends: Reason[] = []
  node.observe((event) => {
    if (event.tag === 'exit') ends.push(event.reason)
  })
  const pid = spawn(node, module)
  await turn()
  return { world, pid, ends }
}

for (const [kind, module] of Object.entries(patient)) {
  test(`R5 mail that is there wins over a timeout of the same moment (${kind})`, async () => {
    const alone = await patience(module)
    while (alone.ends.length === 0 && alone.world.advance()) await turn()
    assert.equal(alone.ends, [{ tag: 'got', message: 'timed out' }])
    const { world, pid, ends } = await patience(module)
    while (world.advance(alone.world.nowMs - 0.001)) await turn()
    assert.equal(ends, [])
    // In one segment: the mail arrives, and before its receiver runs the timeout fires.
    send(pid, 'wanted')
    while (world.nowMs < alone.world.nowMs) world.advance()
    await turn()
    assert.equal(ends, [{ tag: 'got', message: 'wanted' }])
  })
}

test('R6 two receives at once are a mistake and throw', () =>
  inProcess(async (self) => {
    const first = self.receive()
    assert.throws(() => self.receive(), /already waiting in another receive/)
    self.send(self.pid, 'for the first')
    assert.is(await first, 'for the first')
  }))

test('R6 a predicate that throws ends the receive with its error', () =>
  inProcess(async (self) => {
    const picky = (): boolean => {
      throw new TypeError('cannot judge')
    }
    self.send(self.pid, 'there')
    assert.throws(() => self.receive(picky), /cannot judge/)
    assert.is(await self.receive(), 'there')
    const late = self.receive(picky)
    self.send(self.pid, 'later')
    let caught: unknown
    await Promise.resolve(late).catch((error: unknown) => {
      caught = error
    })
    assert.instance(caught, TypeError)
    assert.is(await self.receive(), 'later', 'the message stays')
    assert.ok(noMail(self))
  }))

test('R6 a generator body may only take', () =>
  inProcess(async (self) => {
    const body = process('yields', function* () {
      yield 42
    })
    const { ref } = spawnMonitor(self, body)
    const { reason } = await self.receive(isDown(ref))
    assert.match(String(errorOf(reason)[2]), /may only yield\*/)
  }))

test('R6 a generator body catches what its receive throws', () =>
  inProcess(async (self) => {
    const body = process('catches', function* (own) {
      try {
        yield* own.take(null, { timeoutMs: 0 })
      } catch {
        return exit('caught')
      }
    })
    const { ref } = spawnMonitor(self, body)
    assert.is((await self.receive(isDown(ref))).reason, 'caught')
  }))

test('P1 a node gives every process its turn while one mails itself without end', async () => {
  const node = oneNode()
  const busy = process('busy', async (self) => {
    self.send(self.pid, 'again')
    for (;;) self.send(self.pid, await self.receive())
  })
  await node.run(async (self) => {
    const { pid, ref } = spawnMonitor(self, busy)
    const timer = self.sendAfter(1, self.pid, 'tick')
    assert.is(await self.receive(), 'tick')
    assert.is(self.cancelTimer(timer), false)
    self.exit(pid, 'kill')
    assert.is((await self.receive(isDown(ref))).reason, 'killed')
  })
})

test.run()
