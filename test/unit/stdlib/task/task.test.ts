/** Tasks: their value, and waiting for it. */
import { isDown, type Self, spawn } from '../../../../runtime/index.ts'
import { processOfSelf } from '../../../../runtime/kernel.ts'
import {
  asyncTask,
  awaitTask,
  shutdownTask,
  task,
  taskOf,
  yieldTask,
} from '../../../../stdlib/index.ts'
import { failureOf, inProcess, noMail, virtualNode } from '../../../conformance/otp/one-node.ts'
import { assert, suite } from '../../../support/harness.ts'

const test = suite('task')

const Double = task('task.double', async (_self, n: number) => n * 2)

/** Works until it is told the value. */
const Told = task('task.told', async (self, _arg: null): Promise<unknown> => self.receive())

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

test('an argument that cannot be sent is refused at once', () =>
  inProcess((self) => {
    const Takes = task('task.takes', (_self, fn: () => number) => fn())
    assert.throws(() => asyncTask(self, Takes, () => 1), /function cannot be sent/)
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
