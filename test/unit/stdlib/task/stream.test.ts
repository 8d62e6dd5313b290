/** One task per item: order, how many at a time, timeouts, failures and leaving early. */
import {
  isAlive,
  isDown,
  isExit,
  type Pid,
  process,
  type Self,
  spawnMonitor,
} from '../../../../runtime/index.ts'
import {
  asyncStream,
  call,
  type StreamOptions,
  start,
  type TaskResult,
  task,
  taskSupervisor,
} from '../../../../stdlib/index.ts'
import { failureOf, inProcess, noMail, virtualNode } from '../../../conformance/otp/one-node.ts'
import { pass } from '../../../conformance/otp/tree.ts'
import { assert, suite } from '../../../support/harness.ts'

const test = suite('task stream')

type Work = { readonly n: number; readonly takesMs: number }

const Slow = task('stream.slow', async (self, { n, takesMs }: Work) => {
  if (takesMs > 0) await pass(self, takesMs)
  return n
})

const Picky = task('stream.picky', async (_self, n: number) => {
  if (n % 2 === 1) throw new RangeError(`odd ${n}`)
  return n
})

async function all<R>(stream: AsyncIterable<TaskResult<R>>): Promise<TaskResult<R>[]> {
  const results: TaskResult<R>[] = []
  for await (const result of stream) results.push(result)
  return results
}

function values(results: readonly TaskResult<unknown>[]): unknown[] {
  return results.map((result) => (result.tag === 'ok' ? result.value : result.reason))
}

const items = [50, 10, 40, 20, 30].map((takesMs, n) => ({ n, takesMs }))

test('results come in the order of the items', async () => {
  await virtualNode().run(async (self) => {
    assert.equal(values(await all(asyncStream(self, items, Slow))), [0, 1, 2, 3, 4])
  })
})

test('unordered they come as they end', async () => {
  await virtualNode().run(async (self) => {
    const stream = asyncStream(self, items, Slow, { ordered: false })
    assert.equal(values(await all(stream)), [1, 3, 4, 2, 0])
  })
})

test('never more at a time than allowed, and one after the other with one', async () => {
  const { world, run } = virtualNode()
  await run(async (self) => {
    for (const [maxConcurrency, tookMs] of [
      [1, 150],
      [5, 50],
      [100, 50],
    ] as const) {
      const startMs = world.nowMs
      const results = await all(asyncStream(self, items, Slow, { maxConcurrency }))
      assert.equal(values(results), [0, 1, 2, 3, 4])
      assert.is(world.nowMs - startMs, tookMs)
    }
  })
})

test('the number that runs at once never exceeds the bound, ordered or not', async () => {
  for (const ordered of [true, false]) {
    await virtualNode().run(async (self) => {
      let running = 0
      let most = 0
      const Counted = task('stream.counted', async (own, takesMs: number) => {
        running++
        most = Math.max(most, running)
        await pass(own, takesMs)
        running--
        return takesMs
      })
      const durations = Array.from({ length: 40 }, (_, n) => 1 + ((n * 7) % 13))
      const options = { maxConcurrency: 3, ordered }
      const results = await all(asyncStream(self, durations, Counted, options))
      assert.is(most, 3)
      assert.equal(
        values(results).sort((a, b) => Number(a) - Number(b)),
        [...durations].sort((a, b) => a - b),
      )
    })
  }
})

test('items are drawn as they are needed, also from an endless source', () =>
  inProcess(async (self) => {
    let drawn = 0
    let closed = false
    function* endless(): Generator<Work> {
      try {
        for (;;) yield { n: drawn++, takesMs: 0 }
      } finally {
        closed = true
      }
    }
    const got: TaskResult<number>[] = []
    for await (const result of asyncStream(self, endless(), Slow, { maxConcurrency: 4 })) {
      got.push(result)
      if (got.length === 10) break
    }
    assert.equal(values(got), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
    assert.ok(closed)
    assert.ok(drawn <= 14, `${drawn} drawn`)
  }))

test('nothing to do is no result', () =>
  inProcess(async (self) => {
    assert.equal(await all(asyncStream(self, [], Slow)), [])
    assert.equal(await all(asyncStream(self, new Set<Work>(), Slow, { ordered: false })), [])
  }))

test('a linked task that fails ends an owner that does not trap', () =>
  inProcess(async (self) => {
    let seen = 0
    const owner = process('stream.owner', async (own) => {
      for await (const _ of asyncStream(own, [2, 4, 5, 6], Picky, { maxConcurrency: 1 })) seen++
    })
    const { ref } = spawnMonitor(self, owner)
    const { reason } = await self.receive(isDown(ref))
    assert.is(typeof reason === 'object' && reason.message, 'odd 5')
    assert.is(seen, 2)
  }))

test('an owner that traps goes on; the failure is a result and an EXIT', () =>
  inProcess(async (self) => {
    self.trapExit(true)
    const results = await all(asyncStream(self, [2, 3, 4], Picky))
    assert.equal(
      results.map(({ tag }) => tag),
      ['ok', 'exit', 'ok'],
    )
    const { reason } = await self.receive(isExit())
    assert.is(typeof reason === 'object' && reason.message, 'odd 3')
    assert.ok(noMail(self))
  }))

test('without links a failure is a result and nothing else', () =>
  inProcess(async (self) => {
    const results = await all(asyncStream(self, [1, 2, 3], Picky, { link: false }))
    assert.equal(
      results.map(({ tag }) => tag),
      ['exit', 'ok', 'exit'],
    )
    assert.ok(noMail(self))
  }))

test('a task that takes too long fails the loop, and the others are killed', async () => {
  const { world, run } = virtualNode()
  await run(async (self) => {
    const pids: Pid[] = []
    const Seen = task('stream.seen', async (own, takesMs: number) => {
      pids.push(own.pid)
      await pass(own, takesMs)
    })
    const stream = asyncStream(self, [10_000, 20_000, 30_000], Seen, { timeoutMs: 100 })
    assert.is(await failureOf(all(stream)), 'timeout')
    assert.ok(world.nowMs >= 100 && world.nowMs < 10_000)
    assert.is(pids.length, 3)
    assert.equal(
      pids.map((pid) => isAlive(self, pid)),
      [false, false, false],
    )
    assert.ok(noMail(self))
  })
})

test('killTask gives a timeout as the result and goes on', async () => {
  await virtualNode().run(async (self) => {
    self.trapExit(true)
    const work = [5, 9_000, 6].map((takesMs, n) => ({ n, takesMs }))
    for (const ordered of [true, false]) {
      const options: StreamOptions = { timeoutMs: 100, onTimeout: 'killTask', ordered }
      const results = values(await all(asyncStream(self, work, Slow, options)))
      assert.equal(results, ordered ? [0, 'timeout', 2] : [0, 2, 'timeout'])
    }
    assert.ok(noMail(self))
  })
})

test('each task has its time from its own start', async () => {
  await virtualNode().run(async (self) => {
    const work = [80, 80, 80, 80].map((takesMs, n) => ({ n, takesMs }))
    const options = { maxConcurrency: 1, timeoutMs: 100 }
    assert.equal(values(await all(asyncStream(self, work, Slow, options))), [0, 1, 2, 3])
  })
})

test('leaving the loop kills what still runs, without a trace in the mailbox', async () => {
  await virtualNode().run(async (self) => {
    self.trapExit(true)
    const pids: Pid[] = []
    const Seen = task('stream.seen', async (own, takesMs: number) => {
      pids.push(own.pid)
      await pass(own, takesMs)
      return takesMs
    })
    for await (const result of asyncStream(self, [1, 5_000, 6_000], Seen, { timeoutMs: 9_000 })) {
      assert.equal(result, { tag: 'ok', value: 1 })
      break
    }
    assert.equal(
      pids.map((pid) => isAlive(self, pid)),
      [false, false, false],
    )
    assert.ok(noMail(self))
  })
})

test('a source that breaks fails the loop after its tasks are killed', () =>
  inProcess(async (self) => {
    let pid: Pid | undefined
    const Seen = task('stream.seen', async (own, _n: number) => {
      pid = own.pid
      await own.receive()
    })
    function* breaks(): Generator<number> {
      yield 1
      throw new RangeError('no more')
    }
    const failed = await all(asyncStream(self, breaks(), Seen)).catch((error: unknown) => error)
    assert.match(String(failed), /RangeError: no more/)
    assert.ok(pid === undefined || !isAlive(self, pid))
  }))

const Tasks = taskSupervisor('stream.tasks')

test('the tasks of a stream may be a supervisor’s', () =>
  inProcess(
    async (self: Self) => {
      const started = await start(self, Tasks)
      if (started.tag !== 'ok') throw new Error('the supervisor starts')
      const options = { supervisor: started.pid, maxConcurrency: 2, link: false }
      const results = await all(asyncStream(self, [2, 3, 4, 6], Picky, options))
      assert.equal(
        results.map(({ tag }) => tag),
        ['ok', 'exit', 'ok', 'ok'],
      )
      assert.equal(await call(self, started.pid, 'whichChildren'), [])
      self.exit(started.pid, 'kill')
      assert.is(await failureOf(all(asyncStream(self, [2], Picky, options))), 'noproc')
    },
    [Tasks, Picky],
  ))

test('bad items and options are refused at once, naming the field', () =>
  inProcess((self) => {
    const stream = (given: unknown, options: unknown): unknown =>
      Reflect.apply(asyncStream, null, [self, given, Slow, options])
    for (const given of [undefined, null, 7, {}]) {
      assert.throws(() => stream(given, {}), /items: expected an iterable/)
    }
    for (const maxConcurrency of [0, -1, 1.5, '2', Infinity]) {
      assert.throws(() => stream([], { maxConcurrency }), /maxConcurrency: expected 1 or more/)
    }
    assert.throws(() => stream([], { timeoutMs: -1 }), /timeoutMs: expected 0 to/)
    assert.throws(() => stream([], { onTimeout: 'ignore' }), /onTimeout: expected 'exit' or/)
  }))

test.run()
