/** Aliases between two places (rules A1 to A4, A7). A5 and A6 are those of calls. */
import * as assert from 'uvu/assert'
import {
  isDown,
  type MonitorAliasMode,
  type Pid,
  process,
  type Reference,
  type Self,
} from '../../../runtime/index.ts'
import { at, genServer, next } from '../../../stdlib/index.ts'
import type { Place } from './topic.ts'
import { caseOf, type Topic } from './topic.ts'

const nobody = genServer<Record<never, never>>('topic.aliasNobody')({ init: () => next(null) })

type Order =
  | { readonly tag: 'answer'; readonly to: Reference | Pid; readonly message: unknown }
  | { readonly tag: 'unalias'; readonly ref: Reference }
  | { readonly tag: 'demonitor'; readonly ref: Reference }
  | { readonly tag: 'mark'; readonly n: number }
  | { readonly tag: 'end' }

/** Sends to whom it is told to, and tells its boss what came of the rest. */
const answerer = process('topic.answerer', async (self, { boss }: { boss: Pid }) => {
  for (;;) {
    const order = (await self.receive()) as Order
    if (order.tag === 'end') return
    if (order.tag === 'answer') self.send(order.to, order.message)
    else if (order.tag === 'mark') self.send(boss, { mark: order.n })
    else if (order.tag === 'unalias') self.send(boss, { unaliased: self.unalias(order.ref) })
    else self.send(boss, { demonitored: self.demonitor(order.ref) })
  }
})

const start = (self: Self, place: Place): Promise<Pid> =>
  place.spawnThere(self, answerer, { boss: self.pid })

function tell(self: Self, to: Pid, order: Order): void {
  self.send(to, order)
}

/** All that has come before the answerer did the last thing it was told. */
async function heard(self: Self, from: Pid): Promise<unknown[]> {
  tell(self, from, { tag: 'mark', n: 0 })
  const got: unknown[] = []
  for (;;) {
    const message = await self.receive()
    if (typeof message === 'object' && message !== null && 'mark' in message) return got
    got.push(message)
  }
}

const plain = caseOf('A1', 'an alias takes messages until unalias, once', async (self, place) => {
  const there = await start(self, place)
  const to = self.alias()
  for (const message of ['one', { two: 2 }]) tell(self, there, { tag: 'answer', to, message })
  assert.equal(await heard(self, there), ['one', { two: 2 }])
  assert.is(self.unalias(to), true)
  assert.is(self.unalias(to), false)
  tell(self, there, { tag: 'answer', to, message: 'late' })
  assert.equal(await heard(self, there), [])
})

const returned = caseOf('A1', 'an alias that comes back is the same', async (self, place) => {
  const there = await start(self, place)
  const to = self.alias()
  tell(self, there, { tag: 'answer', to, message: { alias: to } })
  const [message] = (await heard(self, there)) as { alias: Reference }[]
  assert.is(message?.alias, to)
})

const stranger = caseOf('A2', 'nobody else can end an alias', async (self, place) => {
  const there = await start(self, place)
  const to = self.alias()
  tell(self, there, { tag: 'unalias', ref: to })
  tell(self, there, { tag: 'answer', to, message: 'still' })
  assert.equal(await heard(self, there), [{ unaliased: false }, 'still'])
  assert.is(self.unalias(to), true)
})

const once = caseOf('A3', 'reply: the first message ends it', async (self, place) => {
  const there = await start(self, place)
  const to = self.alias('reply')
  for (const message of [1, 2]) tell(self, there, { tag: 'answer', to, message })
  assert.equal(await heard(self, there), [1])
  assert.is(self.unalias(to), false)
})

/** What comes through a monitor's alias before and after the target's end, the DOWN as its tag. */
async function around(
  self: Self,
  place: Place,
  alias: MonitorAliasMode,
  between: (ref: Reference) => void,
): Promise<unknown[]> {
  const [there, target] = [await start(self, place), await start(self, place)]
  // The older monitor fires last.
  const over = self.monitor(target)
  const ref = self.monitor(target, { tag: 'ended', alias })
  tell(self, there, { tag: 'answer', to: ref, message: 'before' })
  const got = await heard(self, there)
  between(ref)
  tell(self, target, { tag: 'end' })
  await self.receive(isDown(over))
  const tagged = (message: unknown): message is { tag: string } => isEnded(message, ref)
  const fired = await self.receive(tagged, { timeoutMs: 0, otherwise: null })
  if (fired !== null) got.push('DOWN')
  tell(self, there, { tag: 'answer', to: ref, message: 'after' })
  got.push(...(await heard(self, there)))
  self.unalias(ref)
  return got
}

function isEnded(message: unknown, ref: Reference): boolean {
  return (
    typeof message === 'object' &&
    message !== null &&
    'tag' in message &&
    message.tag === 'ended' &&
    'ref' in message &&
    message.ref === ref
  )
}

const untouched = (): void => undefined

const explicit = caseOf(
  'A4',
  'explicitUnalias: survives DOWN and demonitor',
  async (self, place) => {
    const mode = 'explicitUnalias'
    assert.equal(await around(self, place, mode, untouched), ['before', 'DOWN', 'after'])
    const stop = (ref: Reference): void => assert.is(self.demonitor(ref), true)
    assert.equal(await around(self, place, mode, stop), ['before', 'after'])
  },
)

const withMonitor = caseOf('A4', 'demonitor: ends with the monitor', async (self, place) => {
  assert.equal(await around(self, place, 'demonitor', untouched), ['before', 'DOWN'])
  const stop = (ref: Reference): void => assert.is(self.demonitor(ref), true)
  assert.equal(await around(self, place, 'demonitor', stop), ['before'])
  const end = (ref: Reference): void => assert.is(self.unalias(ref), true)
  assert.equal(await around(self, place, 'demonitor', end), ['before', 'DOWN'])
})

const replyDemonitor = caseOf(
  'A4',
  'replyDemonitor: the first message ends both',
  async (self, place) => {
    assert.equal(await around(self, place, 'replyDemonitor', untouched), ['before'])
    const there = await start(self, place)
    const to = self.monitor(there, { alias: 'replyDemonitor' })
    tell(self, there, { tag: 'end' })
    assert.is((await self.receive(isDown(to))).reason, 'normal')
    assert.is(self.unalias(to), false)
  },
)

const ordered = caseOf(
  'O5',
  'messages to a pid and to its alias keep their order',
  async (self, place) => {
    const there = await start(self, place)
    const alias = self.alias()
    const numbers = Array.from({ length: 100 }, (_, n) => n)
    for (const message of numbers) {
      tell(self, there, { tag: 'answer', to: message % 2 === 0 ? alias : self.pid, message })
    }
    assert.equal(await heard(self, there), numbers)
  },
)

const unknown = caseOf('A7', 'on an unknown name: DOWN, and an alias', async (self, place) => {
  const there = await start(self, place)
  const to = self.monitor(at(place.there.name, nobody, 'aliases.unknown'), {
    alias: 'explicitUnalias',
  })
  assert.is((await self.receive(isDown(to))).reason, 'noproc')
  tell(self, there, { tag: 'answer', to, message: 'works' })
  assert.equal(await heard(self, there), ['works'])
  assert.is(self.unalias(to), true)
})

const dependent = caseOf(
  'A7',
  'on an unknown name or the dead, an alias that ends with its monitor ends at once',
  async (self, place) => {
    const there = await start(self, place)
    const corpse = await start(self, place)
    tell(self, corpse, { tag: 'end' })
    await self.receive(isDown(self.monitor(corpse)))
    const name = at(place.there.name, nobody, 'aliases.unknown')
    for (const target of [corpse, name]) {
      for (const alias of ['demonitor', 'replyDemonitor'] as const) {
        const to = self.monitor(target, { alias })
        assert.is((await self.receive(isDown(to))).reason, 'noproc')
        tell(self, there, { tag: 'answer', to, message: 'too late' })
        assert.equal(await heard(self, there), [], alias)
        assert.is(self.unalias(to), false)
      }
    }
  },
)

const quickly = caseOf('A6', 'of two quick answers the first counts', async (self, place) => {
  const there = await start(self, place)
  const [alone, tied] = [self.alias('reply'), self.monitor(there, { alias: 'replyDemonitor' })]
  for (const to of [alone, tied]) {
    // Both are on their way before the first of them is read.
    for (const message of [1, 2]) tell(self, there, { tag: 'answer', to, message })
    assert.equal(await heard(self, there), [1])
    assert.is(self.unalias(to), false)
  }
  tell(self, there, { tag: 'end' })
  await self.receive(isDown(self.monitor(there)))
  assert.is(await self.receive(null, { timeoutMs: 0, otherwise: 'nothing' }), 'nothing')
})

const givenUp = caseOf('A5', 'who gave up with flush hears nothing more', async (self, place) => {
  for (const ends of [false, true]) {
    const there = await start(self, place)
    const over = self.monitor(there)
    const ref = self.monitor(there, { alias: 'demonitor' })
    if (ends) {
      // The older monitor fires last: the DOWN of the other one is there, unread.
      tell(self, there, { tag: 'end' })
      await self.receive(isDown(over))
    }
    assert.is(self.demonitor(ref, { flush: true }), !ends)
    const other = await start(self, place)
    tell(self, ends ? other : there, { tag: 'answer', to: ref, message: 'late' })
    assert.equal(await heard(self, ends ? other : there), [])
  }
})

export const aliases: Topic = {
  subject: 'aliases',
  modules: [answerer],
  cases: [
    plain,
    returned,
    stranger,
    once,
    explicit,
    withMonitor,
    replyDemonitor,
    ordered,
    unknown,
    dependent,
    quickly,
    givenUp,
  ],
}
