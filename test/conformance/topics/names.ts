/** Registered names as seen from elsewhere (rules N1, N4, P5, P7, and names in N's sense of S6). */
import * as assert from 'uvu/assert'
import { Exit, isDown, process, type Reason } from '../../../runtime/index.ts'
import { at, call, cast, genServer, next, reply } from '../../../stdlib/index.ts'
import { type Command, makePuppet, nextGot, puppet, settled, tell } from './puppet.ts'
import { caseOf, type Topic } from './topic.ts'

type Greeter = { calls: { greet: (who: string) => string }; casts: { note: () => void } }

const greeter = genServer<Greeter>('topic.greeter')({
  init: () => next(null),
  calls: { greet: (state, who) => reply(`hello ${who}`, state) },
  casts: { note: (state) => next(state) },
})

const sleeper = process('topic.sleeper', async (self) => {
  await self.receive()
})

export async function reasonOf(failing: Promise<unknown>): Promise<Reason> {
  try {
    await failing
  } catch (error) {
    if (error instanceof Exit) return error.reason
    throw error
  }
  throw new Error('it should have failed')
}

const reached = caseOf('N1', 'a name given at spawn is known at once', async (self, place) => {
  const name = at(place.there.name, greeter, 'names.greeter')
  await place.spawnThere(self, greeter, undefined, { name: name.name })
  assert.is(await call(self, name, 'greet', 'you'), 'hello you')
})

const taken = caseOf('N1', 'a second process cannot take a name', async (self, place) => {
  const first = await place.spawnThere(self, sleeper, undefined, { name: 'names.taken' })
  const again = place.spawnThere(self, sleeper, undefined, { name: 'names.taken' })
  assert.equal(await reasonOf(again), { tag: 'taken', name: 'names.taken' })
  const thief = await makePuppet(self, place, 'there')
  const ref = self.monitor(thief)
  tell(self, thief, { tag: 'register', name: 'names.taken' })
  const { reason } = await self.receive(isDown(ref))
  assert.is(typeof reason === 'object' && reason.name, 'BadArgument')
  const held = self.monitor(at(place.there.name, greeter, 'names.taken'))
  self.send(first, 'end')
  assert.is((await self.receive(isDown(held))).reason, 'normal')
})

const refused = caseOf('N1', 'a bad or second name is refused there', async (self, place) => {
  const cases: readonly (readonly [readonly Command[], RegExp])[] = [
    [[named('names.one'), named('names.two')], /already has the name 'names.one'/],
    [[named('names.one'), named('names.one')], /'names.one' is taken/],
    [[named('')], /name: expected a string of 1 to 255/],
    [[named('x'.repeat(256))], /name: expected a string of 1 to 255/],
    [[{ tag: 'unregister', name: 'names.unknown' }], /nobody has the name 'names.unknown'/],
  ]
  for (const [commands, why] of cases) {
    const pid = await makePuppet(self, place, 'there')
    const ref = self.monitor(pid)
    for (const command of commands) tell(self, pid, command)
    const { reason } = await self.receive(isDown(ref))
    assert.match(typeof reason === 'object' ? `${reason.name} ${reason.message}` : reason, why)
    const free = self.monitor(at(place.there.name, greeter, 'names.one'))
    assert.is((await self.receive(isDown(free))).reason, 'noproc', 'and leaves no name behind')
  }
})

function named(name: string): Command {
  return { tag: 'register', name }
}

const badSpawn = caseOf('N1', 'a spawn under a bad name makes nothing', async (self, place) => {
  for (const name of ['', 'x'.repeat(256), 7, null]) {
    const options = { name } as { name: string }
    let message = 'it was allowed'
    try {
      await place.spawnThere(self, sleeper, undefined, options)
    } catch (error) {
      message = String(error)
    }
    assert.match(message, /name/, JSON.stringify(name))
    assert.not.match(message, 'it was allowed')
  }
  const name = at(place.there.name, greeter, 'names.afterwards')
  await place.spawnThere(self, greeter, undefined, { name: name.name })
  assert.is(await call(self, name, 'greet', 'me'), 'hello me')
})

const moved = caseOf(
  'N2',
  'an unregistered name reaches nobody, a new holder gets the mail',
  async (self, place) => {
    const name = at(place.there.name, greeter, 'names.moved')
    const first = await makePuppet(self, place, 'there')
    tell(self, first, { tag: 'register', name: name.name })
    await settled(self, first)
    self.send(name, 'to the first')
    assert.is(await nextGot(self, first), 'to the first')
    tell(self, first, { tag: 'unregister', name: name.name })
    await settled(self, first)
    self.send(name, 'to nobody')
    const second = await makePuppet(self, place, 'there')
    tell(self, second, { tag: 'register', name: name.name })
    await settled(self, second)
    self.send(name, 'to the second')
    assert.is(await nextGot(self, second), 'to the second')
  },
)

const silent = caseOf(
  'P7',
  'sending to an unknown name elsewhere never fails',
  async (self, place) => {
    const name = at(place.there.name, greeter, 'names.unknown')
    const message = { any: 'thing' }
    assert.is(self.send(name, message), message)
    cast(self, name, 'note')
    assert.is(await reasonOf(call(self, name, 'greet', 'x')), 'noproc')
  },
)

const freed = caseOf('P5', 'a name is free when the DOWN arrives', async (self, place) => {
  const name = 'names.freed'
  for (let round = 0; round < 30; round++) {
    const pid = await place.spawnThere(self, sleeper, undefined, { name })
    const ref = self.monitor(pid)
    if (round % 2 === 0) self.send(pid, 'end')
    else self.exit(pid, 'kill')
    await self.receive(isDown(ref))
    const gone = self.monitor(at(place.there.name, greeter, name))
    assert.is((await self.receive(isDown(gone))).reason, 'noproc')
  }
  const pid = await place.spawnThere(self, sleeper, undefined, { name })
  assert.is.not(pid, null)
})

export const names: Topic = {
  subject: 'names',
  modules: [puppet, greeter, sleeper],
  cases: [reached, taken, refused, badSpawn, moved, silent, freed],
}
