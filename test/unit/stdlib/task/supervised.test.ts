/** Tasks under a supervisor, and as children of a tree. */
import { isDown, type Self, spawn } from '../../../../runtime/index.ts'
import {
  asyncTaskUnder,
  awaitTask,
  call,
  child,
  start,
  startTask,
  stopServer,
  supervisor,
  type Task,
  task,
  taskSupervisor,
} from '../../../../stdlib/index.ts'
import { failureOf, inProcess } from '../../../conformance/otp/one-node.ts'
import { assert, suite } from '../../../support/harness.ts'

const test = suite('supervised tasks')

const Double = task('task.double', async (_self, n: number) => n * 2)

/** Works until it is told the value. */
const Told = task('task.told', async (self, _arg: null): Promise<unknown> => self.receive())

const Fails = task('task.fails', async (_self, message: string): Promise<number> => {
  throw new RangeError(message)
})

async function goneOf(self: Self, pid: Self['pid']): Promise<unknown> {
  return (await self.receive(isDown(self.monitor(pid)))).reason
}

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

test('a start under a supervisor that is gone, or of what is unlisted, fails with the reason', () =>
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

test.run()
