/**
 * How a server ends, as seen from another place (rules G5, G9 to G13, G18, B1): what its caller,
 * its monitors and whoever stops it hear, and what cannot touch it.
 */
import * as assert from 'uvu/assert'
import { isDown, type Pid, type Reason, type Ref, type Self } from '../../../runtime/index.ts'
import {
  call,
  cast,
  genServer,
  type Init,
  next,
  reply,
  startable,
  stop,
  stopReply,
  stopServer,
  sys,
} from '../../../stdlib/index.ts'
import { reasonOf } from './names.ts'
import { caseOf, type Place, type Topic } from './topic.ts'

type How = 'junk' | 'unsendable' | 'stop' | 'stopReply'

type Ending = { calls: { end: (how: How) => string; seen: () => number } }

type Arg = { readonly boss: Pid; readonly trap: boolean; readonly last: 'fine' | 'throws' | 'slow' }

/** Tells its boss when `terminate` runs; counts the messages that `info` gets. */
const ending = genServer<Ending>('topic.ending')({
  init: (arg: Arg, self) => {
    self.trapExit(arg.trap)
    return { ...arg, seen: 0 }
  },
  calls: {
    end: (state, how) => {
      if (how === 'junk') return untyped(7)
      if (how === 'unsendable')
        return reply(
          untyped(() => 1),
          state,
        )
      return how === 'stop' ? stop('over', state) : stopReply('over', 'last words', state)
    },
    seen: (state) => reply(state.seen, state),
  },
  info: (state) => next({ ...state, seen: state.seen + 1 }),
  terminate: async (reason, { boss, last }, self) => {
    self.send(boss, { terminating: reason })
    if (last === 'slow') await self.receive((message) => message === 'go on')
    if (last === 'throws') throw new RangeError('last words')
  },
})

/** Lets a case do what the compiler refuses. */
function untyped(value: unknown): never {
  return value as never
}

type Told = { readonly terminating: Reason }

const isTold = (message: unknown): message is Told =>
  typeof message === 'object' && message !== null && 'terminating' in message

function begin(self: Self, place: Place, arg: Partial<Arg> = {}): Promise<Ref<Ending>> {
  const { trap = false, last = 'fine' } = arg
  return place.spawnThere(self, ending, { boss: self.pid, trap, last })
}

/** What `terminate` was told before the DOWN came, and the reason in it. */
async function words(self: Self, ref: Ref<Ending>, act: () => unknown): Promise<unknown[]> {
  const monitor = self.monitor(ref)
  await act()
  const { reason } = await self.receive(isDown(monitor))
  const told = await self.receive(isTold, { timeoutMs: 0, otherwise: null })
  return [told?.terminating ?? null, reason]
}

function messageOf(reason: unknown): unknown {
  return Object(reason).message
}

const mistakes = caseOf('G5', 'a mistake of the server is told its caller', async (self, place) => {
  const expected = { tag: 'badReturnValue', got: '7' }
  const junk = await begin(self, place)
  const failing = reasonOf(call(self, junk, 'end', 'junk'))
  assert.equal(await words(self, junk, () => failing), [expected, expected])
  assert.equal(await failing, expected)
  const unsendable = await begin(self, place)
  const reason = await reasonOf(call(self, unsendable, 'end', 'unsendable'))
  assert.match(String(messageOf(reason)), /reply: .*function cannot be sent/)
})

const order = caseOf('G9', 'terminate, then the reply, then the end', async (self, place) => {
  const ref = await begin(self, place, { last: 'slow' })
  const monitor = self.monitor(ref)
  const seen: string[] = []
  const asked = call(self, ref, 'end', 'stopReply').then((words) => seen.push(words))
  seen.push(String((await self.receive(isTold)).terminating))
  self.send(ref, 'go on')
  await asked
  seen.push(String((await self.receive(isDown(monitor))).reason))
  assert.equal(seen, ['over', 'last words', 'over'])
})

const strangers = caseOf('G10', 'an unknown cast leaves it alone', async (self, place) => {
  const ref = await begin(self, place)
  const other: Ref<{ casts: { [op: string]: () => void } }> = untyped(ref)
  for (const op of ['hack', 'toString', '__proto__', '']) {
    cast(self, other, op)
  }
  assert.is(await call(self, ref, 'seen'), 0)
})

const signals = caseOf('G11', 'who dies of a signal has no last words', async (self, place) => {
  const calm = await begin(self, place)
  assert.equal(await words(self, calm, () => self.exit(calm, 'broken')), [null, 'broken'])
  const trapping = await begin(self, place, { trap: true })
  self.exit(trapping, 'broken')
  assert.is(await call(self, trapping, 'seen'), 1, 'its parent is somebody else')
  assert.equal(await words(self, trapping, () => self.exit(trapping, 'kill')), [null, 'killed'])
})

const failing = caseOf('G13', 'a failing terminate gives the reason', async (self, place) => {
  for (const how of ['stop', 'stopReply'] as const) {
    const ref = await begin(self, place, { last: 'throws' })
    const monitor = self.monitor(ref)
    assert.is(messageOf(await reasonOf(call(self, ref, 'end', how))), 'last words')
    assert.is(messageOf((await self.receive(isDown(monitor))).reason), 'last words')
    await self.receive(isTold)
  }
})

const stopped = caseOf(
  'G18',
  'a stop waits, gives up, or tells the reason',
  async (self, place) => {
    const slow = await begin(self, place, { last: 'slow' })
    assert.is(await reasonOf(stopServer(self, slow, 'over', 50)), 'timeout')
    assert.is((await self.receive(isTold)).terminating, 'over')
    const again = words(self, slow, () => self.send(slow, 'go on'))
    assert.equal(await again, [null, 'over'], 'it still stops')
    const fails = await begin(self, place, { last: 'throws' })
    assert.is(messageOf(await reasonOf(stopServer(self, fails))), 'last words')
    await self.receive(isTold)
    const suspended = await begin(self, place)
    await sys.suspend(self, suspended)
    await stopServer(self, suspended, 'shutdown')
    assert.is((await self.receive(isTold)).terminating, 'shutdown')
    assert.is(self.receive(null, { timeoutMs: 0, otherwise: 'nothing' }), 'nothing')
  },
)

type Way = 'acks' | 'fails' | 'ignores' | 'returns'

const ready = startable('topic.ready', async (self, way: Way, init: Init) => {
  if (way === 'fails') return init.fail({ tag: 'notToday', by: self.pid })
  if (way === 'ignores') return init.ignore()
  if (way === 'returns') return null
  init.ack()
  await self.receive()
  return null
})

const acknowledged = caseOf(
  'B1',
  'a process that acknowledges its start does so to whoever spawns it',
  async (self, place) => {
    const pid = await place.spawnThere(self, ready, 'acks')
    const monitor = self.monitor(pid)
    self.send(pid, 'end')
    assert.is((await self.receive(isDown(monitor))).reason, 'normal')
    const spawned = (way: Way) =>
      reasonOf(place.spawnThere(self, ready, way, { name: 'ends.ready' }))
    assert.is(Object(await spawned('fails')).tag, 'notToday')
    assert.is(await spawned('ignores'), 'ignore')
    assert.is(await spawned('returns'), 'normal')
    await place.spawnThere(self, ready, 'acks', { name: 'ends.ready' })
  },
)

export const serverEnds: Topic = {
  subject: 'gen_server ends',
  modules: [ending, ready],
  cases: [mistakes, order, strangers, signals, failing, stopped, acknowledged],
}
