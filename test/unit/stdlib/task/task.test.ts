/** Tasks: awaiting, yielding, shutting down, and what the end of one means for the other. */
import {
  Exit,
  isDown,
  isExit,
  process,
  type Self,
  spawn,
  spawnMonitor,
} from '../../../../runtime/index.ts'
import { processOfSelf } from '../../../../runtime/kernel.ts'
import {
  asyncTask,
  asyncTaskUnder,
  awaitTask,
  call,
  child,
  shutdownTask,
  start,
  startTask,
  stopServer,
  supervisor,
  type Task,
  task,
  taskOf,
  taskSupervisor,
  yieldTask,
} from '../../../../stdlib/index.ts'
import { failureOf, inProcess, noMail, virtualNode } from '../../../conformance/otp/one-node.ts'
import { assert, suite } from '../../../support/harness.ts'

const test = suite('task')

const Double = task('task.double', async (_self, n: number) => n * 2)

/** Works until it is told the value. */
const Told = task('task.told', async (self, _arg: null): Promise<unknown> => self.receive())

const Fails = task('task.fails', async (_self, message: string): Promise<number> => {
  throw new RangeError(message)
})

/** Traps exits and gives a value when it is asked to end. */
const Late = task('task.late', async (self, arg: { ready: Self['pid'] }) => {
  self.trapExit(true)
  self.send(arg.ready, 'ready')
  await self.receive(isExit())
  return 'at last'
})

/** Traps exits and does not care. */
const Deaf = task('task.deaf', async (self, arg: { ready: Self['pid'] }): Promise<number> => {
  self.trapExit(true)
  self.send(arg.ready, 'ready')
  for (;;) await self.receive()
})

async function goneOf(self: Self, pid: Self['pid']): Promise<unknown> {
  return (await self.receive(isDown(self.monitor(pid)))).reason
}

test('a task gives its value, and nothing to the mailbox', () =>
  inProcess(async (self) => {
    self.trapExit(true)
    const working = asyncTask(self, Double, 21)
    assert.is(await awaitTask(self, working), 42)
    await goneOf(self, working.pid)
    assert.ok(noMail(self))
  }))

test('a task may be awaited twice, and several at once', () =>
  inProcess(async (self) => {
    const tasks = [1, 2, 3].map((n) => asyncTask(self, Double, n))
    assert.equal(await Promise.all(tasks.map((each) => awaitTask(self, each))), [2, 4, 6])
    assert.equal(await Promise.all(tasks.map((each) => awaitTask(self, each))), [2, 4, 6])
  }))

test('a function is task enough here', () =>
  inProcess(async (self) => {
    const factor = 7
    const owner = self.pid
    const working = taskOf(self, async (own) => {
      assert.is.not(own.pid, owner)
      return factor * 6
    })
    assert.is(await awaitTask(self, working), 42)
    assert.is(
      await awaitTask(
        self,
        taskOf(self, () => 'no promise'),
      ),
      'no promise',
    )
  }))

test('mail that comes before the work has begun waits for it', () =>
  inProcess(async (self) => {
    const working = asyncTask(self, Told, null)
    self.send(working.pid, { value: 1 })
    assert.equal(await awaitTask(self, working), { value: 1 })
  }))

test('awaiting too long fails with timeout, and leaves the task', async () => {
  const { world, run } = virtualNode()
  await run(async (self) => {
    const working = asyncTask(self, Told, null)
    assert.is(await failureOf(awaitTask(self, working)), 'timeout')
    assert.ok(world.nowMs >= 5_000)
    assert.is(await failureOf(awaitTask(self, working, 10)), 'timeout')
    assert.is(await failureOf(awaitTask(self, working, 0)), 'timeout')
    self.send(working.pid, 'done')
    assert.is(await awaitTask(self, working, Number.POSITIVE_INFINITY), 'done')
    assert.ok(noMail(self))
  })
})

test('yield gives null while it runs, then the result, again and again', async () => {
  const { run } = virtualNode()
  await run(async (self) => {
    const working = asyncTask(self, Told, null)
    assert.is(await yieldTask(self, working, 20), null)
    assert.is(await yieldTask(self, working, 0), null)
    self.send(working.pid, 'done')
    assert.equal(await yieldTask(self, working), { tag: 'ok', value: 'done' })
    assert.equal(await yieldTask(self, working, 0), { tag: 'ok', value: 'done' })
  })
})

test('a task that fails ends its owner with its reason', () =>
  inProcess(async (self) => {
    let resumed = false
    const owner = process('task.owner', async (own) => {
      await awaitTask(own, asyncTask(own, Fails, 'broken'))
      resumed = true
    })
    const { ref } = spawnMonitor(self, owner)
    const { reason } = await self.receive(isDown(ref))
    assert.equal(typeof reason === 'object' && [reason.tag, reason.name, reason.message], [
      'error',
      'RangeError',
      'broken',
    ])
    assert.not.ok(resumed)
  }))

test('an owner that traps gets the EXIT and the reason from await', () =>
  inProcess(async (self) => {
    self.trapExit(true)
    const working = asyncTask(self, Fails, 'broken')
    const reason = await failureOf(awaitTask(self, working))
    assert.is(typeof reason === 'object' && reason.message, 'broken')
    const exit = await self.receive(isExit(working.pid))
    assert.equal(exit.reason, reason)
    const result = await yieldTask(self, working)
    assert.equal(result, { tag: 'exit', reason })
  }))

test('a task without a link fails alone', () =>
  inProcess(async (self) => {
    const working = asyncTask(self, Fails, 'alone', { link: false })
    const result = await yieldTask(self, working)
    assert.is(
      result?.tag === 'exit' && typeof result.reason === 'object' && result.reason.message,
      'alone',
    )
    assert.ok(noMail(self))
  }))

test('an owner that ends takes its linked task along, not one without a link', () =>
  inProcess(async (self) => {
    const owner = process('task.owner', async (own) => {
      const linked = asyncTask(own, Told, null)
      const free = asyncTask(own, Told, null, { link: false })
      own.send(self.pid, { linked: linked.pid, free: free.pid })
      await own.receive()
    })
    const pid = spawn(self, owner)
    const made = await self.receive(
      (message): message is { linked: Self['pid']; free: Self['pid'] } =>
        typeof message === 'object' && message !== null && 'linked' in message,
    )
    await self.yield()
    const linked = self.monitor(made.linked)
    self.exit(pid, 'shutdown')
    assert.is((await self.receive(isDown(linked))).reason, 'shutdown')
    const free = self.monitor(made.free)
    self.send(made.free, 'go on')
    assert.is((await self.receive(isDown(free))).reason, 'normal')
  }))

test('a task whose owner ended before it asked does not begin', () =>
  inProcess(async (self) => {
    let began = false
    const Marks = task('task.marks', () => {
      began = true
    })
    const owner = process('task.owner', (own) => {
      const order = { tag: '$task', owner: own.pid, arg: undefined }
      self.send(self.pid, spawn(own, Marks.ordered, order))
    })
    spawn(self, owner)
    const pid = await self.receive((message): message is Self['pid'] => message !== null)
    assert.ok(['normal', 'noproc'].includes(String(await goneOf(self, pid))))
    assert.not.ok(began)
  }))

test('a task nobody asks for its value ends by itself', async () => {
  const { world, run } = virtualNode()
  await run(async (self) => {
    const order = { tag: '$task', owner: self.pid, arg: 1 }
    const pid = spawn(self, Double.ordered, order)
    assert.is(await goneOf(self, pid), 'normal')
    assert.ok(world.nowMs >= 5_000)
  })
})

test('a task that is killed gives its owner the reason', () =>
  inProcess(async (self) => {
    self.trapExit(true)
    const working = asyncTask(self, Told, null)
    self.exit(working.pid, 'kill')
    assert.is(await failureOf(awaitTask(self, working)), 'killed')
  }))

test('a failed await that nobody looks at ends the owner, as a failed call does', () =>
  inProcess(async (self) => {
    const owner = process('task.owner', async (own) => {
      const working = asyncTask(own, Fails, 'unseen', { link: false })
      void awaitTask(own, working)
      await own.receive()
    })
    const { ref } = spawnMonitor(self, owner)
    const { reason } = await self.receive(isDown(ref))
    assert.is(typeof reason === 'object' && reason.message, 'unseen')
  }))

test('an Exit thrown in a task is its reason, verbatim', () =>
  inProcess(async (self) => {
    const working = asyncTask(
      self,
      task('task.exits', (): number => {
        throw new Exit({ tag: 'soldOut', sku: 'a1' })
      }),
      undefined,
      { link: false },
    )
    assert.equal(await failureOf(awaitTask(self, working)), { tag: 'soldOut', sku: 'a1' })
  }))

test('a value that cannot be sent fails the task', () =>
  inProcess(async (self) => {
    const working = asyncTask(
      self,
      task('task.gives', () => () => 1),
      undefined,
      { link: false },
    )
    const reason = await failureOf(awaitTask(self, working))
    assert.match(JSON.stringify(reason), /function cannot be sent/)
  }))

test('an argument that cannot be sent is refused at once', () =>
  inProcess((self) => {
    const Takes = task('task.takes', (_self, fn: () => number) => fn())
    assert.throws(() => asyncTask(self, Takes, () => 1), /function cannot be sent/)
  }))

test('shutdown ends a task that runs, and gives null', () =>
  inProcess(async (self) => {
    self.trapExit(true)
    for (const how of [5_000, 'brutalKill'] as const) {
      const working = asyncTask(self, Told, null)
      await self.yield()
      assert.is(await shutdownTask(self, working, how), null)
      assert.is(await goneOf(self, working.pid), 'noproc')
      assert.ok(noMail(self))
    }
  }))

test('shutdown gives the value a task had, or came to while it was asked to end', () =>
  inProcess(async (self) => {
    const had = asyncTask(self, Double, 4)
    assert.is(await awaitTask(self, had), 8)
    assert.equal(await shutdownTask(self, had), { tag: 'ok', value: 8 })
    const late = asyncTask(self, Late, { ready: self.pid })
    assert.is(await self.receive(), 'ready')
    assert.equal(await shutdownTask(self, late), { tag: 'ok', value: 'at last' })
  }))

test('shutdown kills a task that does not listen in time', async () => {
  const { world, run } = virtualNode()
  await run(async (self) => {
    const deaf = asyncTask(self, Deaf, { ready: self.pid })
    assert.is(await self.receive(), 'ready')
    assert.is(await shutdownTask(self, deaf, 200), null)
    assert.ok(world.nowMs >= 200)
    assert.is(await goneOf(self, deaf.pid), 'noproc')
  })
})

test('shutdown tells of an end of another kind', () =>
  inProcess(async (self) => {
    const working = asyncTask(self, Fails, 'earlier', { link: false })
    await goneOf(self, working.pid)
    const result = await shutdownTask(self, working)
    assert.is(
      result?.tag === 'exit' && typeof result.reason === 'object' && result.reason.message,
      'earlier',
    )
  }))

test('only the owner waits for a task', () =>
  inProcess(async (self) => {
    const working = asyncTask(self, Told, null)
    const other = taskOf(self, async (own) => {
      for (const ask of [awaitTask, yieldTask, shutdownTask]) {
        const failed = await ask(own, working, 0).catch((error: unknown) => String(error))
        assert.match(String(failed), /BadArgument: task: <.*> was started by <.*>/)
      }
      return 'refused'
    })
    assert.is(await awaitTask(self, other), 'refused')
    self.send(working.pid, 'done')
    assert.is(await awaitTask(self, working), 'done')
  }))

test('bad timeouts are refused, naming the field', () =>
  inProcess(async (self) => {
    const working = asyncTask(self, Double, 1)
    for (const timeoutMs of [-1, Number.NaN, 2 ** 32]) {
      for (const ask of [awaitTask, yieldTask, shutdownTask]) {
        const failed = await ask(self, working, timeoutMs).catch((error: unknown) => String(error))
        assert.match(String(failed), /timeoutMs: expected 0 to/)
      }
    }
  }))

test('an owner killed while it waits is not resumed', () =>
  inProcess(async (self) => {
    let resumed = false
    const owner = process('task.owner', async (own) => {
      const working = asyncTask(own, Told, null, { link: false })
      own.send(self.pid, { working: working.pid })
      try {
        await awaitTask(own, working)
      } finally {
        resumed = true
      }
    })
    const { pid, ref } = spawnMonitor(self, owner)
    const { working } = await self.receive(
      (message): message is { working: Self['pid'] } =>
        typeof message === 'object' && message !== null && 'working' in message,
    )
    await self.yield()
    self.exit(pid, 'kill')
    await self.receive(isDown(ref))
    const gone = self.monitor(working)
    self.send(working, 'done')
    await self.receive(isDown(gone))
    await self.yield()
    assert.not.ok(resumed)
  }))

const Tasks = taskSupervisor('task.supervisor')

async function openTasks(self: Self) {
  const started = await start(self, Tasks)
  if (started.tag !== 'ok') throw new Error('the supervisor starts')
  return started.pid
}

test('a supervised task gives its value and is forgotten', () =>
  inProcess(
    async (self) => {
      const tasks = await openTasks(self)
      const working = await asyncTaskUnder(self, tasks, Told, null)
      const children = await call(self, tasks, 'whichChildren')
      assert.equal(
        children.map(({ pid, module }) => [pid, module]),
        [[working.pid, 'task.told']],
      )
      self.send(working.pid, 'done')
      assert.is(await awaitTask(self, working), 'done')
      await goneOf(self, working.pid)
      assert.equal(await call(self, tasks, 'whichChildren'), [])
    },
    [Tasks, Told],
  ))

test('a supervised task that fails is not started again; unlinked, it spares its owner', () =>
  inProcess(
    async (self) => {
      const tasks = await openTasks(self)
      const working = await asyncTaskUnder(self, tasks, Fails, 'once', { link: false })
      const reason = await failureOf(awaitTask(self, working))
      assert.is(typeof reason === 'object' && reason.message, 'once')
      assert.equal(await call(self, tasks, 'whichChildren'), [])
    },
    [Tasks, Fails],
  ))

test('a plain supervisor runs tasks too, each under an id of its own', () =>
  inProcess(
    async (self) => {
      const plain = supervisor('task.plain', () => ({ children: [] }))
      const started = await start(self, plain)
      if (started.tag !== 'ok') throw new Error('it starts')
      const made = await Promise.all(
        [1, 2, 3].map((n) => asyncTaskUnder(self, started.pid, Double, n)),
      )
      assert.equal(await Promise.all(made.map((each) => awaitTask(self, each))), [2, 4, 6])
    },
    [Double],
  ))

test('starting under a supervisor that is gone, or of what is not listed, fails with the reason', () =>
  inProcess(
    async (self) => {
      const tasks = await openTasks(self)
      const unlisted: Promise<Task<number>> = asyncTaskUnder(self, tasks, Double, 1)
      assert.equal(await failureOf(unlisted), { tag: 'unknownModule', module: 'task.double' })
      self.exit(tasks, 'kill')
      assert.is(await failureOf(asyncTaskUnder(self, tasks, Double, 1)), 'noproc')
    },
    [Tasks],
  ))

test('a supervisor that ends takes its tasks along, and their owner hears it', () =>
  inProcess(
    async (self) => {
      const tasks = await openTasks(self)
      const working = await asyncTaskUnder(self, tasks, Told, null, { link: false })
      await stopServer(self, tasks, 'shutdown')
      assert.is(await failureOf(awaitTask(self, working)), 'shutdown')
    },
    [Tasks, Told],
  ))

const Notes = task('task.notes', async (self, arg: { to: Self['pid']; note: string }) => {
  self.send(arg.to, arg.note)
})

test('startTask and child specs run a task at once, for what it does', () =>
  inProcess(
    async (self) => {
      const tasks = await openTasks(self)
      await startTask(self, tasks, Notes, { to: self.pid, note: 'started' })
      assert.is(await self.receive(), 'started')
      const tree = supervisor('task.tree', (to: Self['pid']) => ({
        children: [child(Notes, { to, note: 'child' }, { restart: 'temporary' })],
      }))
      await start(self, tree, self.pid)
      assert.is(await self.receive(), 'child')
      spawn(self, Notes, { to: self.pid, note: 'spawned' })
      assert.is(await self.receive(), 'spawned')
    },
    [Tasks, Notes],
  ))

test('a plain argument that looks like an order is one only with a pid', () =>
  inProcess(async (self) => {
    const seen: unknown[] = []
    const Takes = task('task.takes', (_self, arg: unknown) => {
      seen.push(arg)
    })
    for (const arg of [
      { tag: '$task', owner: 'me', arg: 1 },
      { tag: '$task', owner: self.pid },
    ]) {
      await goneOf(self, spawn(self, Takes, arg))
    }
    assert.equal(
      seen.map((arg) => typeof arg === 'object' && arg !== null && 'owner' in arg),
      [true, true],
    )
  }))

test('tasks without end leave nothing with their owner', () =>
  inProcess(async (self) => {
    for (let round = 0; round < 200; round++) {
      assert.is(await awaitTask(self, asyncTask(self, Double, round)), round * 2)
    }
    const { links, monitors, watchers } = processOfSelf(self)
    assert.equal([links?.take() ?? null, monitors, watchers], [null, null, null])
  }))

test.run()
