/**
 * Looking into a server of another place (rules Y1 to Y4): its state, suspension, counts and end;
 * what carries a function goes nowhere else, and what is no request changes nothing.
 */
import * as assert from 'uvu/assert'
import { BadArgument, isDown, type Ref, type Self } from '../../../runtime/index.ts'
import { call, cast, genServer, next, reply, sys } from '../../../stdlib/index.ts'
import { reasonOf } from './names.ts'
import { caseOf, type Place, type Topic } from './topic.ts'

type Counter = { calls: { add: (n: number) => number }; casts: { bump: (n: number) => void } }

const counter = genServer<Counter>('topic.sys')({
  init: () => ({ total: 0, helper: () => 'not data' }),
  calls: { add: (state, n) => reply(state.total + n, { ...state, total: state.total + n }) },
  casts: { bump: (state, n) => next({ ...state, total: state.total + n }) },
  formatStatus: ({ total }) => ({ formatted: total }),
})

function fresh(self: Self, place: Place): Promise<Ref<Counter>> {
  return place.spawnThere(self, counter, undefined)
}

const states = caseOf('Y1', 'a state is read from anywhere', async (self, place) => {
  const server = await fresh(self, place)
  cast(self, server, 'bump', 4)
  assert.equal(await sys.getState(self, server), { total: 4, helper: '[function helper]' })
  const status = await sys.getStatus(self, server)
  assert.equal([status.pid, status.status, status.module], [server, 'running', 'topic.sys'])
  assert.equal(status.state, { formatted: 4 })
})

const replaced = caseOf('Y1', 'a function is not sent', async (self, place) => {
  const server = await fresh(self, place)
  const plus = (state: { total: number }) => ({ ...state, total: state.total + 1 })
  const asked = await sys.replaceState(self, server, plus).then(
    () => 'replaced',
    (error) => (error instanceof BadArgument ? 'refused' : String(error)),
  )
  assert.is(asked, place.there.name === self.node ? 'replaced' : 'refused')
  assert.is(await call(self, server, 'add', 1), asked === 'replaced' ? 2 : 1)
})

const suspended = caseOf(
  'Y2',
  'a suspended server keeps its mail in order',
  async (self, place) => {
    const server = await fresh(self, place)
    await sys.suspend(self, server)
    cast(self, server, 'bump', 1)
    const added = call(self, server, 'add', 10)
    cast(self, server, 'bump', 100)
    const status = await sys.getStatus(self, server)
    assert.equal([status.status, status.queued], ['suspended', 3])
    await sys.resume(self, server)
    assert.is(await added, 11)
    assert.is(await call(self, server, 'add', 0), 111)
  },
)

const watched = caseOf('Y4', 'log and counts are read from anywhere', async (self, place) => {
  const server = await fresh(self, place)
  await sys.statistics(self, server, true)
  await sys.log(self, server, 1)
  cast(self, server, 'bump', 1)
  await call(self, server, 'add', 1)
  const counts = await sys.getStatistics(self, server)
  assert.equal([counts?.messagesIn, counts?.messagesOut], [2, 1])
  const [last, ...more] = await sys.getLog(self, server)
  assert.equal(more, [])
  assert.ok(typeof last === 'object' && last !== null && 'tag' in last && last.tag === 'out')
})

const ended = caseOf('Y4', 'a server is ended from anywhere', async (self, place) => {
  const server = await fresh(self, place)
  const ref = self.monitor(server)
  await sys.suspend(self, server)
  await sys.terminate(self, server, 'shutdown')
  assert.is((await self.receive(isDown(ref))).reason, 'shutdown')
  assert.is(await reasonOf(sys.getState(self, server)), 'noproc')
})

type Forged = { calls: { $sys: (request: unknown) => unknown } }

const forged = caseOf('Y3', 'what is no request changes nothing', async (self, place) => {
  const server = await fresh(self, place)
  const door: Ref<unknown> = server
  for (const request of [null, 7, { tag: 'install', name: 'x' }, { tag: 'log', size: 1e9 + 0.5 }]) {
    const reason = await reasonOf(call(self, door as Ref<Forged>, '$sys', request))
    assert.ok(typeof reason === 'object' && reason.tag === 'badCommand')
  }
  assert.is(await call(self, server, 'add', 1), 1)
})

export const systemMessages: Topic = {
  subject: 'system messages',
  modules: [counter],
  cases: [states, replaced, suspended, watched, ended, forged],
}
