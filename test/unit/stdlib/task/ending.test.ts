/** Tasks: what the end of one, of its owner or by its owner means for the other. */
import {
  Exit,
  isDown,
  isExit,
  process,
  type Self,
  spawn,
  spawnMonitor,
} from '../../../../runtime/index.ts'
import { asyncTask, awaitTask, shutdownTask, task, yieldTask } from '../../../../stdlib/index.ts'
import { failureOf, inProcess, noMail, virtualNode } from '../../../conformance/otp/one-node.ts'
import { assert, suite } from '../../../support/harness.ts'

const test = suite('task endings')

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

test.run()
