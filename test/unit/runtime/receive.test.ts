/** Selective receive in its corners: rules R1 to R6. */
import {
  BadArgument,
  Exit,
  isDown,
  process,
  type Self,
  send,
  spawn,
  spawnMonitor,
} from '../../../runtime/index.ts'
import { assert, suite } from '../../support/harness.ts'
import { turn } from '../../support/until.ts'
import { realNode, simNode } from './node-fixture.ts'

const test = suite('receive')

async function thrownBy(action: () => unknown): Promise<unknown> {
  try {
    await action()
  } catch (error) {
    return error
  }
  throw new Error('nothing was thrown')
}

function inProcess<T>(body: (self: Self) => Promise<T>): Promise<T> {
  return realNode().node.run(body)
}

test('the oldest match is taken, the rest stay in order', () =>
  inProcess(async (self) => {
    for (const message of [1, 'a', 2, 'b', 3]) self.send(self.pid, message)
    const text = (message: unknown): boolean => typeof message === 'string'
    assert.is(await self.receive(text), 'a')
    assert.is(await self.receive(text), 'b')
    assert.equal([await self.receive(), await self.receive(), await self.receive()], [1, 2, 3])
  }))

test('a timeout of 0 looks through the whole mailbox once', () =>
  inProcess(async (self) => {
    for (let i = 0; i < 100; i++) self.send(self.pid, i)
    let looks = 0
    const look = (wanted: number) => (message: unknown) => {
      looks++
      return message === wanted
    }
    assert.is(await self.receive(look(99), { timeoutMs: 0, otherwise: 'none' }), 99)
    assert.is(looks, 100)
    assert.is(await self.receive(look(100), { timeoutMs: 0, otherwise: 'none' }), 'none')
    assert.is(looks, 199)
  }))

test('a timeout gives otherwise, undefined included, and throws Exit without it', () =>
  inProcess(async (self) => {
    assert.is(await self.receive(null, { timeoutMs: 1, otherwise: undefined }), undefined)
    assert.is(await self.receive(null, { timeoutMs: 0, otherwise: undefined }), undefined)
    for (const timeoutMs of [0, 1]) {
      const error = await thrownBy(() => self.receive(null, { timeoutMs }))
      assert.instance(error, Exit)
      assert.is((error as Exit).reason, 'timeout')
    }
  }))

test('messages that do not match do not restart the timeout', async () => {
  const { world, node, runUntil } = simNode()
  let gaveUpMs = Number.NaN
  const waiting = process('waiting', async (self) => {
    await self.receive((message) => message === 'never', { timeoutMs: 100, otherwise: null })
    gaveUpMs = world.nowMs
  })
  const pid = spawn(node, waiting)
  for (let ms = 10; ms < 300; ms += 10) {
    await runUntil(ms)
    send(pid, ms)
  }
  assert.ok(gaveUpMs >= 100 && gaveUpMs <= 104, `gave up at ${gaveUpMs}`)
})

test('mail that lies there wins over the timeout, also when the slice was over (R5)', async () => {
  for (const matches of [null, (message: unknown) => message === 'mail']) {
    for (const form of ['async', 'generator']) {
      const { world, node, system, exhaust, runUntil } = simNode(1, { sliceChecks: 1 })
      const got: unknown[] = []
      const options = { timeoutMs: 64, otherwise: 'timeout' }
      const waiting =
        form === 'async'
          ? process('waiting', async (self) => {
              got.push(await self.receive(matches, options))
            })
          : process('waiting', function* (self) {
              got.push(yield* self.take(matches, options))
            })
      const pid = spawn(node, waiting)
      // Armed at 0, marked by the tick at 1: the tick at 65 is the one that gives up. Just before
      // it the slice is used up, so that the delivery has to wait for a later turn.
      await runUntil(60)
      world.after(65 - world.nowMs, () => {
        while (system.scheduler.charge());
        send(pid, 'mail')
      })
      await exhaust()
      assert.equal(got, ['mail'], form)
    }
  }
})

test('two receives at once throw, and the first still works', () =>
  inProcess(async (self) => {
    const first = self.receive((message) => message === 'first')
    assert.instance(await thrownBy(() => self.receive()), BadArgument)
    self.send(self.pid, 'first')
    assert.is(await first, 'first')
  }))

test('a predicate that throws at once, or later, throws from receive and takes nothing', () =>
  inProcess(async (self) => {
    const failing = (): boolean => {
      throw new RangeError('bad predicate')
    }
    self.send(self.pid, 'kept')
    assert.instance(await thrownBy(() => self.receive(failing)), RangeError)
    assert.is(await self.receive(), 'kept')
    self.sendAfter(1, self.pid, 'later')
    assert.instance(await thrownBy(() => self.receive(failing)), RangeError)
    assert.is(await self.receive(), 'later')
  }))

test('flushing a monitor beside a waiting receive hides no mail from it', async () => {
  const { node } = realNode()
  const idle = process('idle', (self) => self.receive())
  const result = await node.run(async (self) => {
    const { pid, ref } = spawnMonitor(self, idle)
    self.exit(pid, 'kill')
    await self.receive(isDown(ref))
    // A filler keeps the mailbox in use, so that positions in it matter.
    self.send(self.pid, 'filler')
    const waiting = self.receive((message) => message === 'wanted', {
      timeoutMs: 200,
      otherwise: 'missed',
    })
    self.send(self.pid, 'wanted')
    self.demonitor(ref, { flush: true })
    return waiting
  })
  assert.is(result, 'wanted')
})

test('bad timeouts are refused, naming the field and the value', () =>
  inProcess(async (self) => {
    for (const timeoutMs of [-1, Number.NaN, 2 ** 32, Number.NEGATIVE_INFINITY]) {
      const error = await thrownBy(() => self.receive(null, { timeoutMs }))
      assert.instance(error, BadArgument)
      assert.match((error as Error).message, `timeoutMs: expected`)
      assert.match((error as Error).message, String(timeoutMs))
    }
    self.send(self.pid, 'x')
    const limit = { timeoutMs: 2 ** 32 - 1 }
    assert.is(await self.receive(null, limit), 'x')
    self.send(self.pid, 'y')
    assert.is(await self.receive(null, { timeoutMs: Number.POSITIVE_INFINITY }), 'y')
  }))

test('what is no predicate and no option is refused by name', () =>
  inProcess(async (self) => {
    const receive: (...given: readonly unknown[]) => unknown = Reflect.get(self, 'receive').bind(
      self,
    )
    const refused: readonly (readonly [readonly unknown[], string])[] = [
      [['normal'], 'receive: expected a predicate, got "normal"'],
      [[null, 5], 'receive: expected options, got 5'],
      [[null, null], 'receive: expected options, got null'],
      [[null, { timeout: 5 }], "receive: unknown option 'timeout'"],
    ]
    for (const [given, message] of refused) {
      const error = await thrownBy(() => receive(...given))
      assert.is(error instanceof BadArgument && error.message, message)
    }
  }))

test('a backlog is looked through once while other mail arrives', async () => {
  const { node } = realNode()
  let looks = 0
  const selective = process('selective', async (self) => {
    for (let i = 0; i < 10_000; i++) self.send(self.pid, i)
    await self.receive((message) => {
      looks++
      return message === 'go'
    })
  })
  await node.run(async (self) => {
    const { pid, ref } = spawnMonitor(self, selective)
    for (let i = 0; i < 100; i++) {
      await turn()
      self.send(pid, 'other')
    }
    self.send(pid, 'go')
    await self.receive(isDown(ref))
  })
  assert.is(looks, 10_101)
})

type Predicate = (self: Self, message: unknown) => boolean

/** Predicates should be pure. What one does all the same must not harm anybody but its process. */
const impure: Readonly<Record<string, readonly [Predicate, unknown]>> = {
  'sends to its own process': [
    (self, message) => {
      if (message === 'one') self.send(self.pid, 'two')
      return message === 'two'
    },
    'two',
  ],
  'receives itself': [
    (self, message) => {
      try {
        void self.receive()
      } catch {
        return message === 'two'
      }
      return message === 'two'
    },
    'two',
  ],
}

for (const [name, [predicate, wanted]] of Object.entries(impure)) {
  test(`a predicate that ${name}`, async () => {
    const { node } = realNode()
    const got: unknown[] = []
    const odd = process('odd', async (self) => {
      got.push(await self.receive((message) => predicate(self, message)))
    })
    const pid = spawn(node, odd)
    await turn()
    await node.run(async (self) => {
      const ref = self.monitor(pid)
      self.send(pid, 'one')
      self.send(pid, 'two')
      self.send(pid, 'two')
      // The sender is not the one to suffer, and the node goes on.
      await self.receive(isDown(ref), { timeoutMs: 50, otherwise: null })
      const next = spawnMonitor(
        self,
        process('next', () => undefined),
      )
      assert.is((await self.receive(isDown(next.ref))).reason, 'normal')
    })
    assert.ok(got.length <= 1 && got.every((message) => message === wanted))
  })
}

test('a predicate that kills its own process ends it, and nobody else', async () => {
  const { node } = realNode()
  let resumed = false
  const suicidal = process('suicidal', async (self) => {
    await self.receive(
      () => {
        self.exit(self.pid, 'kill')
        return true
      },
      { timeoutMs: 5, otherwise: null },
    )
    resumed = true
  })
  const pid = spawn(node, suicidal)
  await turn()
  const reason = await node.run(async (self) => {
    const ref = self.monitor(pid)
    self.send(pid, 'x')
    self.send(pid, 'y')
    const down = await self.receive(isDown(ref))
    await self.receive(null, { timeoutMs: 15, otherwise: null })
    return down.reason
  })
  assert.is(reason, 'killed')
  assert.not(resumed)
})

test.run()
