/**
 * Tasks, intervals and plugged-in names where the other party is there. Tasks are Elixir's, which
 * the semantics spec does not number: their cases are `task`. A via name is resolved on the node
 * of who uses it (rule N5), and what it stands for may live anywhere.
 */
import * as assert from 'uvu/assert'
import { Exit, isDown, isExit, type Pid, process, whereisName } from '../../../runtime/index.ts'
import { processOfSelf } from '../../../runtime/kernel.ts'
import {
  asyncStream,
  asyncTaskAt,
  asyncTaskUnder,
  awaitTask,
  call,
  cast,
  genServer,
  next,
  reply,
  sendInterval,
  shutdownTask,
  startTask,
  stopServer,
  task,
  taskSupervisor,
  via,
  yieldTask,
} from '../../../stdlib/index.ts'
import { reasonOf } from './names.ts'
import { caseOf, type Topic } from './topic.ts'

const Triple = task('topic.triple', async (self, n: number) => ({ node: self.node, value: n * 3 }))

const Breaks = task('topic.breaks', async (_self, sku: string): Promise<number> => {
  throw new Exit({ tag: 'soldOut', sku })
})

const Listens = task('topic.listens', async (self, arg: { to: Pid }) => {
  self.send(arg.to, 'listening')
  return self.receive()
})

const Tells = task('topic.tells', async (self, arg: { to: Pid }) => {
  self.send(arg.to, { told: self.node })
})

const Tasks = taskSupervisor('topic.tasks')

type Tally = { calls: { total: () => number }; casts: { add: (n: number) => void } }

const Tally = genServer<Tally>('topic.tally')({
  init: (total: number) => total,
  calls: { total: (total) => reply(total, total) },
  casts: { add: (total, n) => next(total + n) },
  info: (total, message) => next(message === 'one more' ? total + 1 : total),
})

const sleeper = process('topic.tasks.sleeper', async (self) => {
  await self.receive()
})

const value = caseOf('task', 'a task there gives its value', async (self, place) => {
  const there = place.there.name
  const working = await asyncTaskAt(self, there, Triple, 14)
  assert.equal(await awaitTask(self, working), { node: there, value: 42 })
  assert.equal(await awaitTask(self, working), { node: there, value: 42 })
})

const failing = caseOf(
  'task',
  'a linked task there that fails is an EXIT and its reason',
  async (self, place) => {
    self.trapExit(true)
    const working = await asyncTaskAt(self, place.there.name, Breaks, 'a1')
    const reason = { tag: 'soldOut', sku: 'a1' }
    assert.equal(await reasonOf(awaitTask(self, working)), reason)
    assert.equal((await self.receive(isExit(working.pid))).reason, reason)
  },
)

const unlinked = caseOf('task', 'an unlinked task there fails alone', async (self, place) => {
  const working = await asyncTaskAt(self, place.there.name, Breaks, 'a1', { link: false })
  assert.equal(await yieldTask(self, working), {
    tag: 'exit',
    reason: { tag: 'soldOut', sku: 'a1' },
  })
})

const ended = caseOf(
  'task',
  'a task there is shut down, or killed by another',
  async (self, place) => {
    const there = place.there.name
    const first = await asyncTaskAt(self, there, Listens, { to: self.pid })
    await self.receive()
    assert.is(await shutdownTask(self, first), null)
    const second = await asyncTaskAt(self, there, Listens, { to: self.pid }, { link: false })
    await self.receive()
    self.exit(second.pid, 'kill')
    assert.is(await reasonOf(awaitTask(self, second)), 'killed')
  },
)

const unknown = caseOf('task', 'what is not listed there is refused', async (self, place) => {
  const unlisted = task('topic.unlisted.task', () => 1)
  assert.equal(await reasonOf(asyncTaskAt(self, place.there.name, unlisted)), {
    tag: 'unknownModule',
    module: 'topic.unlisted.task',
  })
})

const supervised = caseOf('task', 'a supervisor there runs tasks for us', async (self, place) => {
  const there = place.there.name
  const tasks = await place.spawnThere(self, Tasks, undefined)
  const working = await asyncTaskUnder(self, tasks, Triple, 1)
  assert.equal(await awaitTask(self, working), { node: there, value: 3 })
  await startTask(self, tasks, Tells, { to: self.pid })
  assert.equal(await self.receive(), { told: there })
  const doomed = await asyncTaskUnder(self, tasks, Listens, { to: self.pid }, { link: false })
  await self.receive()
  await stopServer(self, tasks, 'shutdown')
  assert.is(await reasonOf(awaitTask(self, doomed)), 'shutdown')
})

const stream = caseOf('task', 'a stream of tasks runs there, in order', async (self, place) => {
  const tasks = await place.spawnThere(self, Tasks, undefined)
  const values: unknown[] = []
  const options = { supervisor: tasks, maxConcurrency: 3 }
  for await (const result of asyncStream(self, [1, 2, 3, 4, 5, 6, 7], Triple, options)) {
    values.push(result.tag === 'ok' ? result.value.value : result.reason)
  }
  assert.equal(values, [3, 6, 9, 12, 15, 18, 21])
})

const named = caseOf('N5', 'a via name may stand for a process there', async (self, place) => {
  const pid = await place.spawnThere(self, Tally, 1)
  const { registries } = processOfSelf(self).system
  const held = new Map<unknown, Pid>([['tally', pid]])
  registries.open('topic.names', {
    whereis: (name) => held.get(name),
    refusal: (name) => (held.has(name) ? { tag: 'alreadyStarted' } : undefined),
    register: (name, by) => void held.set(name, by),
    unregister: (name) => void held.delete(name),
  })
  try {
    const tally = via(Tally, 'topic.names', 'tally')
    assert.is(whereisName(self, tally), pid)
    cast(self, tally, 'add', 2)
    self.send(tally, 'one more')
    self.sendAfter(0, tally, 'one more')
    const ref = self.monitor(tally)
    let total = await call(self, tally, 'total')
    while (total < 5) total = await call(self, tally, 'total')
    assert.is(total, 5)
    await stopServer(self, tally)
    const down = await self.receive(isDown(ref))
    assert.equal(down.target, { tag: 'via', registry: 'topic.names', name: 'tally' })
    assert.is(down.reason, 'normal')
    assert.is(await reasonOf(call(self, tally, 'total')), 'noproc')
  } finally {
    registries.close('topic.names')
  }
})

const interval = caseOf('T5', 'an interval ends with its receiver there', async (self, place) => {
  const pid = await place.spawnThere(self, sleeper, undefined)
  const ticking = self.monitor(sendInterval(self, 3_600_000, pid, 'tick'))
  self.exit(pid, 'kill')
  assert.is((await self.receive(isDown(ticking))).reason, 'normal')
})

export const tasks: Topic = {
  subject: 'tasks and names of registries',
  modules: [Triple, Breaks, Listens, Tells, Tasks, Tally, sleeper],
  cases: [value, failing, unlinked, ended, unknown, supervised, stream, named, interval],
}
