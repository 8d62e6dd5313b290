/**
 * Spawning there (rules S1 to S6, L6, M7). Our spawn is a request with an answer, as OTP's
 * `spawn_request`: what fails is told by the rejection and leaves no process, link or DOWN behind.
 */
import * as assert from 'uvu/assert'
import {
  exit,
  isDown,
  isExit,
  nodeOf,
  type Pid,
  process,
  type Ref,
  spawn,
  spawnAt,
  spawnMonitorAt,
} from '../../../runtime/index.ts'
import { at, call, genServer, ignore, next, reply, stop } from '../../../stdlib/index.ts'
import { reasonOf } from './names.ts'
import { caseOf, type Topic } from './topic.ts'

/** A node that does not exist. */
const absent = 'absent@127.0.0.1'

const echoer = process('topic.echoer', async (self, arg: { to: Pid; data: unknown }) => {
  self.send(arg.to, { tag: 'echo', by: self.pid, data: arg.data })
  await self.receive()
  return exit('told')
})

const crasher = process('topic.crasher', async () => {
  throw new Error('at once')
})

const refuser = genServer<Record<never, never>>('topic.refuser')({
  init: ({ how }: { how: string }) => {
    if (how === 'ignore') return ignore()
    if (how === 'stop') return stop({ tag: 'notToday', how })
    if (how === 'throw') throw new RangeError('init broke')
    return next(null)
  },
})

type Heir = { calls: { ping: () => string } }
type HeirArg = { readonly boss: Pid }

/** A server that traps, and tells its boss why it ends. */
const heir = genServer<Heir>('topic.heir')({
  init: ({ boss }: HeirArg, self) => {
    self.trapExit(true)
    return { boss }
  },
  calls: { ping: (state) => reply('pong', state) },
  info: (state, _message) => next(state),
  terminate: (reason, { boss }, self) => {
    self.send(boss, { tag: 'terminating', reason })
  },
})

/** Spawns a linked heir on a node, tells its boss, and ends as told. */
const ancestor = process(
  'topic.ancestor',
  async (self, arg: { readonly boss: Pid; readonly node: string }) => {
    const pid = await spawnAt(self, arg.node, heir, { boss: arg.boss }, { link: true })
    self.send(arg.boss, { tag: 'heir', pid })
    return exit(String(await self.receive()))
  },
)

/** Listed nowhere. */
const unlisted = process('topic.unlisted', async (self) => {
  await self.receive()
})

const unreachable = caseOf('S1', 'a node that cannot be reached: noconnection', async (self) => {
  const arg = { to: self.pid, data: null }
  assert.is(await reasonOf(spawnAt(self, absent, echoer, arg)), 'noconnection')
  assert.is(await reasonOf(spawnMonitorAt(self, absent, echoer, arg)), 'noconnection')
  self.trapExit(true)
  assert.is(await reasonOf(spawnAt(self, absent, echoer, arg, { link: true })), 'noconnection')
  assert.is(await self.receive(null, { timeoutMs: 0, otherwise: 'nothing' }), 'nothing')
})

const runs = caseOf('S2', 'the process runs there, with its argument', async (self, place) => {
  const data = { list: [1, 'two', null, true, -0.5], nested: { big: 2n ** 80n } }
  const pid = await place.spawnThere(self, echoer, { to: self.pid, data })
  assert.is(nodeOf(pid), place.there.name)
  assert.equal(await self.receive(), { tag: 'echo', by: pid, data })
})

const crashes = caseOf(
  'S2',
  'a body that fails at once was spawned, then ended',
  async (self, place) => {
    const { pid, ref } = await spawnMonitorAt(self, place.there.name, crasher)
    const down = await self.receive(isDown(ref))
    assert.is(down.target, pid)
    assert.is(typeof down.reason === 'object' && down.reason.message, 'at once')
  },
)

const linked = caseOf('S3', 'link binds both from the first moment', async (self, place) => {
  self.trapExit(true)
  const pid = await place.spawnThere(self, echoer, { to: self.pid, data: 0 }, { link: true })
  await self.receive((message) => !isExit()(message))
  self.send(pid, 'end')
  assert.is((await self.receive(isExit(pid))).reason, 'told')
})

const answerFirst = caseOf('S4', 'the answer precedes the DOWN', async (self, place) => {
  for (let round = 0; round < 20; round++) {
    const { pid, ref } = await spawnMonitorAt(self, place.there.name, crasher)
    const down = await self.receive(isDown(ref))
    assert.is(down.target, pid)
    assert.is.not(down.reason, 'noproc')
  }
})

const failedInit = caseOf(
  'S4',
  'a failed spawn leaves no link, EXIT or DOWN',
  async (self, place) => {
    const { name } = place.there
    self.trapExit(true)
    const spawnRefuser = (how: string): Promise<unknown> =>
      spawnAt(self, name, refuser, { how }, { link: true })
    assert.is(await reasonOf(spawnRefuser('ignore')), 'ignore')
    assert.equal(await reasonOf(spawnRefuser('stop')), { tag: 'notToday', how: 'stop' })
    const thrown = await reasonOf(spawnRefuser('throw'))
    assert.is(typeof thrown === 'object' && thrown.message, 'init broke')
    const monitored = spawnMonitorAt(self, name, refuser, { how: 'stop' })
    assert.equal(await reasonOf(monitored), { tag: 'notToday', how: 'stop' })
    // Whatever those left behind would have been sent before the answer to this one.
    await place.spawnThere(self, echoer, { to: self.pid, data: 'last' })
    const first = await self.receive()
    assert.is(typeof first === 'object' && first !== null && 'data' in first && first.data, 'last')
  },
)

const calmCaller = caseOf(
  'S4',
  'a failed linked spawn spares a caller that does not trap',
  async (self, place) => {
    const failing = spawnAt(self, place.there.name, refuser, { how: 'stop' }, { link: true })
    assert.equal(await reasonOf(failing), { tag: 'notToday', how: 'stop' })
    await place.spawnThere(self, echoer, { to: self.pid, data: 'alive' })
    assert.ok(await self.receive())
  },
)

const notListed = caseOf('S6', 'only listed modules can be spawned', async (self, place) => {
  const refused = await reasonOf(place.spawnThere(self, unlisted, undefined))
  assert.equal(refused, { tag: 'unknownModule', module: 'topic.unlisted' })
  self.trapExit(true)
  const linkedToo = place.spawnThere(self, unlisted, undefined, { link: true, name: 'spawn.free' })
  assert.equal(await reasonOf(linkedToo), refused)
  const name = at(place.there.name, refuser, 'spawn.free')
  assert.is((await self.receive(isDown(self.monitor(name)))).reason, 'noproc')
  assert.is(await self.receive(null, { timeoutMs: 0, otherwise: 'nothing' }), 'nothing')
})

const badArgument = caseOf(
  'S6',
  'an argument that cannot travel is refused here',
  async (self, place) => {
    const bad = { to: self.pid, data: () => 'code' }
    let message = ''
    await place.spawnThere(self, echoer, bad).catch((error: Error) => {
      message = `${error.name} ${error.message}`
    })
    assert.match(message, /BadArgument.*data/)
  },
)

const parent = caseOf(
  'S7',
  'who spawns a server linked is its parent, from elsewhere too',
  async (self, place) => {
    for (const reason of ['normal', 'shutdown']) {
      const arg = { boss: self.pid, node: place.there.name }
      const over = spawn(self, ancestor, arg)
      const told = await self.receive(isHeir)
      const down = self.monitor(told.pid)
      // Its answer shows that the monitor is set, whichever way the parent's end will take.
      assert.is(await call(self, told.pid, 'ping'), 'pong')
      self.send(over, reason)
      assert.equal(await self.receive(), { tag: 'terminating', reason })
      assert.is((await self.receive(isDown(down))).reason, reason)
    }
  },
)

function isHeir(message: unknown): message is { readonly tag: 'heir'; readonly pid: Ref<Heir> } {
  return (
    typeof message === 'object' && message !== null && 'tag' in message && message.tag === 'heir'
  )
}

export const spawning: Topic = {
  subject: 'spawn',
  modules: [echoer, crasher, refuser, heir, ancestor],
  cases: [
    unreachable,
    runs,
    crashes,
    linked,
    answerFirst,
    failedInit,
    calmCaller,
    notListed,
    badArgument,
    parent,
  ],
}
