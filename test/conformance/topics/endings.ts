/**
 * The end of a process as others see it (rules P2 to P5, P8, P9), with the ending process there.
 * P1 and what a body can do in JavaScript are those of one node.
 */
import * as assert from 'uvu/assert'
import {
  Exit,
  exit,
  isDown,
  isExit,
  type Pid,
  process,
  type Reason,
  type Self,
} from '../../../runtime/index.ts'
import { at, call, genServer, local, next, reply } from '../../../stdlib/index.ts'
import { allGot, exitOf, makePuppet, nextGot, puppet, reached, settled, tell } from './puppet.ts'
import { caseOf, type Place, type Topic } from './topic.ts'

const nobody = genServer<{ calls: { any: () => null } }>('topic.endingsNobody')({
  init: () => next(null),
  calls: { any: (state) => reply(null, state) },
})

type Way =
  | { readonly tag: 'return' | 'throw'; readonly reason: Reason }
  | { readonly tag: 'throwValue'; readonly value: unknown }
  /** Ends with what the compiler would refuse as a reason. */
  | { readonly tag: 'noReason'; readonly by: 'return' | 'throw'; readonly value: unknown }

/** Ends when it is told how. */
const ender = process('topic.ender', async (self) => {
  const way = (await self.receive()) as Way
  switch (way.tag) {
    case 'return':
      return exit(way.reason)
    case 'throw':
      throw new Exit(way.reason)
    case 'throwValue':
      throw way.value
    case 'noReason':
      if (way.by === 'return') return exit(way.value as Reason)
      throw new Exit(way.value as Reason)
  }
})

/** How `ender` ends of `way`, as the DOWN and the EXIT tell it. */
async function endsOf(self: Self, place: Place, way: Way): Promise<readonly Reason[]> {
  const pid = await place.spawnThere(self, ender, undefined, { link: true })
  const ref = self.monitor(pid)
  self.send(pid, way)
  const trapped = await self.receive(isExit(pid))
  return [(await self.receive(isDown(ref))).reason, trapped.reason]
}

const verbatim = caseOf('P2', 'a reason is told verbatim', async (self, place) => {
  self.trapExit(true)
  const data = { list: [1, null, 'x'], big: 2n ** 70n, bytes: new Uint8Array([1, 2]) }
  for (const reason of ['normal', 'kill', 'killed', 'noproc', { tag: 'why', data }]) {
    for (const tag of ['return', 'throw'] as const) {
      assert.equal(await endsOf(self, place, { tag, reason }), [reason, reason])
    }
  }
})

const notData = caseOf(
  'P2',
  'an end with something that is no reason is told all the same',
  async (self, place) => {
    self.trapExit(true)
    for (const value of [7, null, true, {}, ['x'], { tag: 7 }]) {
      for (const by of ['return', 'throw'] as const) {
        // Its constructor refuses what it cannot even show.
        if (by === 'throw' && value === null) continue
        const reasons = await endsOf(self, place, { tag: 'noReason', by, value })
        for (const reason of reasons) {
          assert.is(typeof reason === 'object' && reason.tag, 'unsendable', `${by} ${value}`)
        }
      }
    }
  },
)

const thrownValue = caseOf('P3', 'a thrown value is nocatch', async (self, place) => {
  self.trapExit(true)
  for (const value of ['text', 7, true, null]) {
    const reason = { tag: 'nocatch', value }
    assert.equal(await endsOf(self, place, { tag: 'throwValue', value }), [reason, reason])
  }
})

/** Fails in every way it can and catches all of it, then says so. */
const catcher = process('topic.endingsCatcher', async (self, { boss }: { boss: Pid }) => {
  await self.receive()
  const ways: readonly (() => unknown)[] = [
    () => call(self, local(nobody, 'endings.nobody'), 'any'),
    () => self.receive(null, { timeoutMs: 0 }),
    () => self.send(local(nobody, 'endings.nobody'), 'x'),
    () => {
      throw new Exit('kill')
    },
    () => {
      throw new Error('caught')
    },
  ]
  let caught = 0
  for (const way of ways) {
    try {
      await way()
    } catch {
      caught++
    }
  }
  self.send(boss, { caught })
  await self.receive()
})

const caught = caseOf('P4', 'what is caught is no signal to anybody', async (self, place) => {
  self.trapExit(true)
  const pid = await place.spawnThere(self, catcher, { boss: self.pid }, { link: true })
  const ref = self.monitor(pid)
  self.send(pid, 'go')
  assert.equal(await self.receive(), { caught: 5 })
  self.send(pid, 'end')
  assert.is((await self.receive(isDown(ref))).reason, 'normal')
  assert.is((await self.receive(isExit(pid))).reason, 'normal')
})

const oneEvent = caseOf(
  'P5',
  'who gets the EXIT finds the name free, and all are told one reason',
  async (self, place) => {
    self.trapExit(true)
    const name = at(place.there.name, nobody, 'endings.brief')
    for (const how of ['kill', 'boom', 'return']) {
      const options = { link: true, name: name.name }
      const pid = await place.spawnThere(self, ender, undefined, options)
      const refs = [self.monitor(pid), self.monitor(name)]
      if (how === 'return') self.send(pid, { tag: 'return', reason: 'over' })
      else self.exit(pid, how)
      const { reason } = await self.receive(isExit(pid))
      assert.is(reason, how === 'kill' ? 'killed' : how === 'return' ? 'over' : 'boom')
      const later = self.monitor(name)
      for (const ref of refs) assert.is((await self.receive(isDown(ref))).reason, reason)
      assert.is((await self.receive(isDown(later))).reason, 'noproc')
    }
  },
)

const firstWins = caseOf('P8', 'of several exit signals the first wins', async (self, place) => {
  const victim = await makePuppet(self, place, 'there')
  const witness = await makePuppet(self, place, 'here', true)
  tell(self, witness, { tag: 'link', to: victim })
  await reached(self, witness, victim)
  // So many that they are told in several turns, with the later signals in between.
  const refs = Array.from({ length: 2_500 }, () => self.monitor(victim))
  for (const reason of ['first', 'second', 'kill']) self.exit(victim, reason)
  for (const ref of refs) assert.is((await self.receive(isDown(ref))).reason, 'first')
  assert.equal(exitOf(await nextGot(self, witness)), { from: victim, reason: 'first' })
  assert.is(await self.receive(isDown(), { timeoutMs: 0, otherwise: null }), null)
  await settled(self, witness)
  assert.equal(await allGot(self, witness), [])
})

const deadAtOnce = caseOf(
  'P9',
  'after exit with kill its sender finds the process dead',
  async (self, place) => {
    for (let round = 0; round < 20; round++) {
      const victim = await makePuppet(self, place, 'there', true)
      self.exit(victim, 'kill')
      assert.is((await self.receive(isDown(self.monitor(victim)))).reason, 'noproc')
    }
  },
)

export const endings: Topic = {
  subject: 'endings',
  modules: [puppet, ender, catcher],
  cases: [verbatim, notData, thrownValue, caught, oneEvent, firstWins, deadAtOnce],
}
