/**
 * Order of the signals between two processes (rules O1, O5, O6, X17, M8): one sender's signals
 * arrive in sending order, whatever their kind and whichever form of address they used.
 */
import * as assert from 'uvu/assert'
import { isDown, isExit, type Pid, process } from '../../../runtime/index.ts'
import { at, call, genServer, next, reply } from '../../../stdlib/index.ts'
import { makePuppet, puppet, settled, tell } from './puppet.ts'
import { caseOf, type Topic } from './topic.ts'

const many = 1_000

type Told = { readonly to: Pid; readonly count: number }

/** Sends 0, 1, 2, ... and ends. */
const counter = process('topic.counter', async (self, { to, count }: Told) => {
  await self.receive((message) => message === 'go')
  for (let n = 0; n < count; n++) self.send(to, { n })
})

/** Gathers what it gets until `end`, then shows it, EXITs by their reason. */
const gatherer = process('topic.gatherer', async (self, { boss }: { boss: Pid }) => {
  self.trapExit(true)
  const seen: unknown[] = []
  for (;;) {
    const message = await self.receive()
    if (message === 'end') break
    seen.push(isExit()(message) ? { exit: message.reason } : message)
  }
  self.send(boss, { tag: 'seen', seen })
})

type Teller = { calls: { tellFirst: (told: Told) => string } }

const teller = genServer<Teller>('topic.teller')({
  init: () => next(null),
  calls: {
    tellFirst: (state, { to, count }, self) => {
      for (let n = 0; n < count; n++) self.send(to, { n })
      return reply('told', state)
    },
  },
})

const numbers = (count: number): { n: number }[] => Array.from({ length: count }, (_, n) => ({ n }))

function seenOf(message: unknown): readonly unknown[] {
  if (typeof message === 'object' && message !== null && 'seen' in message) {
    if (Array.isArray(message.seen)) return message.seen
  }
  throw new Error('the gatherer shows a list')
}

const outwards = caseOf('O1', 'a thousand messages there arrive in order', async (self, place) => {
  const pid = await place.spawnThere(self, gatherer, { boss: self.pid })
  for (const message of numbers(many)) self.send(pid, message)
  self.send(pid, 'end')
  assert.equal(seenOf(await self.receive()), numbers(many))
})

const inwards = caseOf(
  'O1',
  'a thousand messages from there arrive in order',
  async (self, place) => {
    const pid = await place.spawnThere(self, counter, { to: self.pid, count: many })
    self.send(pid, 'go')
    for (let n = 0; n < many; n++) assert.equal(await self.receive(), { n })
  },
)

const sizes = caseOf('O1', 'a small message does not overtake a large one', async (self, place) => {
  const pid = await place.spawnThere(self, gatherer, { boss: self.pid })
  const sent = [300_000, 1, 70_000, 0, 5].map((size) => ({ text: 'x'.repeat(size) }))
  for (const message of sent) self.send(pid, message)
  self.send(pid, 'end')
  assert.equal(seenOf(await self.receive()), sent)
})

const mixed = caseOf('O1', 'messages and exit signals keep their order', async (self, place) => {
  const pid = await place.spawnThere(self, gatherer, { boss: self.pid })
  const expected: unknown[] = []
  for (let n = 0; n < 100; n++) {
    if (n % 3 === 0) {
      self.exit(pid, { tag: 'signal', n })
      expected.push({ exit: { tag: 'signal', n } })
    } else {
      self.send(pid, { n })
      expected.push({ n })
    }
  }
  self.send(pid, 'end')
  assert.equal(seenOf(await self.receive()), expected)
})

const linkOrder = caseOf(
  'O1',
  'link and unlink keep their place among messages',
  async (self, place) => {
    const near = await makePuppet(self, place, 'here')
    const far = await makePuppet(self, place, 'there', true)
    tell(self, near, { tag: 'link', to: far })
    tell(self, near, { tag: 'unlink', to: far })
    tell(self, near, { tag: 'send', to: far, message: 'unlinked' })
    tell(self, near, { tag: 'end', reason: 'over' })
    const ref = self.monitor(near)
    await self.receive(isDown(ref))
    const got = await self.receive((message) => typeof message === 'object')
    assert.equal(got, { tag: 'got', by: far, message: 'unlinked' })
    await settled(self, far)
    assert.is(await self.receive(null, { timeoutMs: 0, otherwise: 'nothing' }), 'nothing')
  },
)

const forms = caseOf('O5', 'by pid and by name is one channel', async (self, place) => {
  const name = 'order.forms'
  const pid = await place.spawnThere(self, gatherer, { boss: self.pid }, { name })
  const address = at(place.there.name, teller, name)
  for (const [n, message] of numbers(400).entries()) self.send(n % 2 ? pid : address, message)
  self.send(pid, 'end')
  assert.equal(seenOf(await self.receive()), numbers(400))
})

const replies = caseOf(
  'O6',
  "a server's messages to its client precede its reply",
  async (self, place) => {
    const server = await place.spawnThere(self, teller, undefined)
    const told = { to: self.pid, count: 50 }
    assert.is(await call(self, server, 'tellFirst', told), 'told')
    for (let n = 0; n < 50; n++) {
      assert.equal(await self.receive(null, { timeoutMs: 0, otherwise: 'late' }), { n })
    }
  },
)

const messageFirst = caseOf('X17', 'send, then exit: seen in that order', async (self, place) => {
  const far = await makePuppet(self, place, 'there', true)
  self.send(far, 'first')
  self.exit(far, 'second')
  assert.equal(await got(), 'first')
  assert.equal(await got(), { exit: 'second' })
  self.exit(far, 'third')
  self.send(far, 'fourth')
  assert.equal(await got(), { exit: 'third' })
  assert.equal(await got(), 'fourth')

  async function got(): Promise<unknown> {
    const report = await self.receive()
    const message = typeof report === 'object' && report && 'message' in report && report.message
    return isExit(self.pid)(message) ? { exit: message.reason } : message
  }
})

const killLast = caseOf('X17', 'a message sent after kill is not handled', async (self, place) => {
  const far = await makePuppet(self, place, 'there')
  const ref = self.monitor(far)
  self.exit(far, 'kill')
  tell(self, far, { tag: 'ping', to: self.pid, n: 1 })
  const first = await self.receive()
  assert.ok(isDown(ref)(first))
})

const wordsFirst = caseOf('M8', 'what the target sent precedes its DOWN', async (self, place) => {
  const pid = await place.spawnThere(self, counter, { to: self.pid, count: 200 })
  const ref = self.monitor(pid)
  self.send(pid, 'go')
  for (let n = 0; n < 200; n++) assert.equal(await self.receive(), { n })
  assert.ok(isDown(ref)(await self.receive()))
})

const exitLast = caseOf('M8', 'what a linked peer sent precedes its EXIT', async (self, place) => {
  self.trapExit(true)
  const told = { to: self.pid, count: 200 }
  const pid = await place.spawnThere(self, counter, told, { link: true })
  self.send(pid, 'go')
  for (let n = 0; n < 200; n++) assert.equal(await self.receive(), { n })
  assert.ok(isExit(pid)(await self.receive()))
})

export const signalOrder: Topic = {
  subject: 'signal order',
  modules: [puppet, counter, gatherer, teller],
  cases: [
    outwards,
    inwards,
    sizes,
    mixed,
    linkOrder,
    forms,
    replies,
    messageFirst,
    killLast,
    wordsFirst,
    exitLast,
  ],
}
