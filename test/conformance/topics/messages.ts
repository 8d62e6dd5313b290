/**
 * Messages between two places (rules P7, P11): sending never fails for want of a receiver, what
 * arrives is the receiver's own, and what cannot travel is refused where it is sent, by path.
 */
import * as assert from 'uvu/assert'
import { Exit, isDown, isExit, type Pid, process, type Self, send } from '../../../runtime/index.ts'
import { at, call, cast, genServer, next, reply } from '../../../stdlib/index.ts'
import { makePuppet, puppet, settled, tell } from './puppet.ts'
import { caseOf, type Topic } from './topic.ts'

type Taker = {
  calls: { take: (value: unknown) => string; give: (what: 'data' | 'code') => unknown }
  casts: { keep: (value: unknown) => void }
}

const taker = genServer<Taker>('topic.taker')({
  init: () => next(0),
  calls: {
    take: (kept) => reply(`took it after ${kept}`, kept),
    give: (kept, what) => reply(what === 'data' ? { fine: true } : { code: () => 'x' }, kept),
  },
  casts: { keep: (kept) => next(kept + 1) },
})

const deaf = process('topic.deaf', async (self) => {
  await self.receive((message) => message === 'end')
})

/** Tries to change what it gets and sends it back with what came of that. */
const vandal = process('topic.vandal', async (self, { boss }: { boss: Pid }) => {
  const got = (await self.receive()) as { list: number[]; map: Map<string, number> }
  let frozen = false
  try {
    got.list.push(99)
  } catch {
    frozen = true
  }
  got.map.set('k', 99)
  self.send(boss, { frozen, list: got.list })
})

class Account {}

/** What cannot travel, and how the refusal names it within `message`. */
function unsendables(): readonly (readonly [unknown, RegExp])[] {
  const loop: { inner?: unknown } = {}
  loop.inner = { loop }
  return [
    [() => 1, /function cannot be sent/],
    [{ a: { f: () => 1 } }, /\.a\.f: a function/],
    [[1, Symbol('s')], /\[1\]: a symbol/],
    [{ b: [new Account()] }, /\.b\[0\]: an instance of Account/],
    [{ later: Promise.resolve(1) }, /\.later: an instance of Promise/],
    [{ at: new Date(0) }, /\.at: an instance of Date/],
    [loop, /cyclic/],
  ]
}

const absent = caseOf('P7', 'sending to nobody gives the message back', async (self, place) => {
  const pid = await makePuppet(self, place, 'there')
  const alias = self.alias()
  self.unalias(alias)
  tell(self, pid, { tag: 'end', reason: 'normal' })
  await self.receive(isDown(self.monitor(pid)))
  const message = { any: 'thing' }
  for (const to of [pid, at(place.there.name, taker, 'messages.nobody'), alias]) {
    assert.is(self.send(to, message), message)
  }
  assert.is(send(pid, message), true)
  await makePuppet(self, place, 'there')
  assert.is(await self.receive(null, { timeoutMs: 0, otherwise: 'nothing' }), 'nothing')
})

const noAddress = caseOf('P7', 'what is no address is refused', async (self, place) => {
  const node = place.there.name
  await makePuppet(self, place, 'there')
  for (const bad of [
    'name',
    7,
    null,
    undefined,
    {},
    { tag: 'at', node },
    { tag: 'at', node, name: 7 },
    { tag: 'at', node: null, name: 'x' },
    { tag: 'local' },
    { tag: 'via', registry: 'r', name: undefined },
    { tag: 'via', registry: 7, name: 'x' },
    { tag: 'elsewhere', node, name: 'x' },
  ]) {
    const sending = (): unknown => Reflect.apply(self.send, self, [bad, 'message'])
    assert.throws(sending, /BadArgument|send: expected a pid or a name, got/)
    assert.throws(() => Reflect.apply(send, null, [bad, 'message']), /send: expected a pid, got/)
  }
})

const refused = caseOf('P11', 'what cannot travel is refused by path', async (self, place) => {
  const name = at(place.there.name, taker, 'messages.taker')
  const pid = await place.spawnThere(self, taker, undefined, { name: name.name })
  const deafOne = await place.spawnThere(self, deaf, undefined)
  for (const [bad, why] of unsendables()) {
    for (const to of [pid, deafOne, name]) assert.throws(() => self.send(to, bad), why)
    assert.throws(() => send(pid, bad), why)
    assert.throws(() => self.exit(deafOne, { tag: 'why', bad }), /reason\.bad/)
    assert.match(await failure(() => call(self, pid, 'take', bad)), why)
    assert.match(await failure(() => cast(self, name, 'keep', bad)), why)
  }
  assert.is(await call(self, pid, 'take', null), 'took it after 0', 'none of it came')
  const down = self.monitor(deafOne)
  self.send(deafOne, 'end')
  assert.is((await self.receive(isDown(down))).reason, 'normal')
})

async function failure(act: () => unknown): Promise<string> {
  try {
    await act()
  } catch (error) {
    return String(error)
  }
  return 'it was allowed'
}

const badReply = caseOf('P11', 'a reply that cannot travel fails both', async (self, place) => {
  const pid = await place.spawnThere(self, taker, undefined)
  const down = self.monitor(pid)
  assert.equal(await call(self, pid, 'give', 'data'), { fine: true })
  const failed = await call(self, pid, 'give', 'code').catch((error: unknown) => error)
  assert.instance(failed, Exit)
  const { reason } = await self.receive(isDown(down))
  assert.match(JSON.stringify(reason), /code: a function cannot be sent/)
})

const own = caseOf('P11', 'what arrives is the own of who gets it', async (self, place) => {
  const pid = await place.spawnThere(self, vandal, { boss: self.pid })
  const message = { list: [1, 2], map: new Map([['k', 1]]) }
  self.send(pid, message)
  const together = place.there.name === self.node
  // Here they share one frozen list; a Map is copied everywhere.
  const list = together ? [1, 2] : [1, 2, 99]
  assert.equal(await self.receive(), { frozen: together, list })
  assert.equal(message.list, [1, 2])
  assert.equal(message.map, new Map([['k', 1]]))
  assert.throws(() => message.list.push(3), /not extensible/)
  const plain = { inner: { n: 1 } }
  self.send(pid, plain)
  assert.throws(() => Object.assign(plain, { inner: null }), /read only/)
  assert.throws(() => Object.assign(plain.inner, { n: 2 }), /read only/)
})

const badReason = caseOf(
  'P11',
  'an exit with what is no reason is refused',
  async (self, place) => {
    self.trapExit(true)
    const pid = await makePuppet(self, place, 'there', true)
    for (const bad of [undefined, null, 7, {}, [], { tag: 7 }]) {
      const exiting = (): unknown => Reflect.apply(self.exit, self, [pid, bad])
      assert.throws(exiting, /reason: expected a string or a tagged object, got/)
    }
    await settled(self, pid)
    assert.is(await heardExit(self), false)
  },
)

async function heardExit(self: Self): Promise<boolean> {
  return (await self.receive(isExit(), { timeoutMs: 0, otherwise: null })) !== null
}

export const messages: Topic = {
  subject: 'messages',
  modules: [puppet, taker, deaf, vandal],
  cases: [absent, noAddress, refused, badReply, own, badReason],
}
