/** Monitors between two places (rules M1 to M11). */
import * as assert from 'uvu/assert'
import {
  exit,
  isDown,
  isExit,
  type Pid,
  process,
  processInfo,
  type Reference,
  spawn,
  spawnMonitorAt,
} from '../../../runtime/index.ts'
import { at, genServer, next } from '../../../stdlib/index.ts'
import { allGot, makePuppet, nextGot, puppet, settled, tell } from './puppet.ts'
import { caseOf, type Topic } from './topic.ts'

const nobody = genServer<Record<never, never>>('topic.nobody')({ init: () => next(null) })

const instant = process('topic.instant', async (_self, { reason }: { reason: string }) =>
  exit(reason),
)

/** Ends with a reason that is no data. */
const odd = process('topic.odd', async (self) => {
  await self.receive((message) => message === 'end')
  return exit({ tag: 'odd', callback: () => 'code' })
})

/** Monitors a pid, tells its boss, and ends when told. */
const watcher = process(
  'topic.watcher',
  async (self, { boss, target }: { boss: Pid; target: Pid }) => {
    self.monitor(target)
    self.send(boss, 'watching')
    await self.receive((message) => message === 'end')
  },
)

/** Tries to stop a monitor of somebody else, and tells what came of it. */
const meddler = process(
  'topic.meddler',
  async (self, { boss, ref }: { boss: Pid; ref: Reference }) => {
    self.send(boss, { stopped: self.demonitor(ref, { flush: true }) })
  },
)

const stacked = caseOf('M1', 'n monitors give n DOWNs', async (self, place) => {
  const target = await makePuppet(self, place, 'there')
  const refs = [self.monitor(target), self.monitor(target), self.monitor(target)]
  assert.is(new Set(refs).size, 3)
  tell(self, target, { tag: 'end', reason: 'over' })
  for (const ref of refs) {
    const down = await self.receive(isDown(ref))
    assert.equal([down.target, down.reason], [target, 'over'])
  }
  assert.is(await self.receive(isDown(), { timeoutMs: 0, otherwise: null }), null)
})

const itself = caseOf('M1', 'monitoring oneself never fires', async (self, place) => {
  const pid = await makePuppet(self, place, 'there')
  tell(self, pid, { tag: 'monitor', to: pid })
  await settled(self, pid)
  const ref = self.monitor(pid)
  tell(self, pid, { tag: 'end', reason: 'over' })
  assert.is((await self.receive(isDown(ref))).reason, 'over')
  assert.equal(await allGot(self, pid), [])
})

const reasons = caseOf('M2', 'one DOWN for every way to end', async (self, place) => {
  const ways = ['normal', 'shutdown', 'killed', { tag: 'custom', deep: [1, { a: null }] }]
  for (const reason of ways) {
    const target = await makePuppet(self, place, 'there')
    const ref = self.monitor(target)
    tell(self, target, { tag: 'end', reason })
    assert.equal((await self.receive(isDown(ref))).reason, reason)
    assert.is(self.demonitor(ref), false, 'a monitor that fired is gone')
  }
})

const unsendable = caseOf(
  'M2',
  'a reason that is no data is replaced, and the end is told all the same',
  async (self, place) => {
    self.trapExit(true)
    for (let round = 0; round < 2; round++) {
      const target = await place.spawnThere(self, odd, undefined, { link: true })
      const ref = self.monitor(target)
      self.send(target, 'end')
      const { reason } = await self.receive(isDown(ref))
      assert.is(typeof reason === 'object' && reason.tag, 'unsendable')
      const trapped = await self.receive(isExit(target))
      assert.is(typeof trapped.reason === 'object' && trapped.reason.tag, 'unsendable')
    }
  },
)

const crash = caseOf('P3', 'an uncaught error is the reason, as data', async (self, place) => {
  const target = await makePuppet(self, place, 'there')
  const ref = self.monitor(target)
  tell(self, target, { tag: 'crash', message: 'no such luck' })
  const { reason } = await self.receive(isDown(ref))
  assert.equal(typeof reason === 'object' && [reason.tag, reason.name, reason.message], [
    'error',
    'Error',
    'no such luck',
  ])
})

const dead = caseOf('M3', 'a monitor on the dead fires noproc', async (self, place) => {
  const target = await makePuppet(self, place, 'there')
  const early = self.monitor(target)
  tell(self, target, { tag: 'end', reason: 'realReason' })
  assert.is((await self.receive(isDown(early))).reason, 'realReason')
  const down = await self.receive(isDown(self.monitor(target)))
  assert.equal([down.target, down.reason], [target, 'noproc'])
})

const unknown = caseOf('M4', 'a monitor on an unknown name fires noproc', async (self, place) => {
  const name = at(place.there.name, nobody, 'monitors.unknown')
  const down = await self.receive(isDown(self.monitor(name)))
  assert.is(down.reason, 'noproc')
  assert.equal(down.target, { tag: 'at', node: place.there.name, name: 'monitors.unknown' })
})

const byName = caseOf(
  'M4',
  'a name is resolved once, and the DOWN gives the name',
  async (self, place) => {
    const name = at(place.there.name, nobody, 'monitors.moving')
    const first = await makePuppet(self, place, 'there')
    tell(self, first, { tag: 'register', name: name.name })
    await settled(self, first)
    const ref = self.monitor(name)
    tell(self, first, { tag: 'unregister', name: name.name })
    await settled(self, first)
    const second = await makePuppet(self, place, 'there')
    tell(self, second, { tag: 'register', name: name.name })
    await settled(self, second)
    const other = self.monitor(name)
    tell(self, second, { tag: 'end', reason: 'second' })
    assert.is((await self.receive(isDown(other))).reason, 'second')
    assert.is(await self.receive(isDown(ref), { timeoutMs: 0, otherwise: null }), null)
    tell(self, first, { tag: 'end', reason: 'first' })
    const down = await self.receive(isDown(ref))
    assert.equal([down.reason, down.target], ['first', { ...name }])
  },
)

const stopped = caseOf('M5', 'after demonitor no DOWN comes', async (self, place) => {
  const target = await makePuppet(self, place, 'there')
  const kept = self.monitor(target)
  const dropped = self.monitor(target)
  assert.is(self.demonitor(dropped), true)
  assert.is(self.demonitor(dropped), false)
  await settled(self, target)
  tell(self, target, { tag: 'end', reason: 'over' })
  await self.receive(isDown(kept))
  assert.is(await self.receive(isDown(), { timeoutMs: 0, otherwise: null }), null)
})

const foreign = caseOf('M5', 'a reference of another process is ignored', async (self, place) => {
  const target = await makePuppet(self, place, 'there')
  const ref = self.monitor(target)
  for (const side of ['here', 'there'] as const) {
    const arg = { boss: self.pid, ref }
    if (side === 'here') spawn(self, meddler, arg)
    else await place.spawnThere(self, meddler, arg)
    assert.equal(await self.receive(), { stopped: false })
  }
  tell(self, target, { tag: 'end', reason: 'over' })
  assert.is((await self.receive(isDown(ref))).reason, 'over')
})

const flushed = caseOf('M6', 'a queued DOWN stays, or goes with flush', async (self, place) => {
  const target = await makePuppet(self, place, 'there')
  // The older monitor fires last.
  const over = self.monitor(target)
  const [stays, goes] = [self.monitor(target), self.monitor(target)]
  tell(self, target, { tag: 'end', reason: 'over' })
  await self.receive(isDown(over))
  for (const flush of [undefined, false]) {
    assert.is(self.demonitor(stays, flush === undefined ? {} : { flush }), false)
  }
  assert.is(self.demonitor(goes, { flush: true }), false)
  assert.is((await self.receive(isDown())).ref, stays)
  assert.is(await self.receive(isDown(), { timeoutMs: 0, otherwise: null }), null)
  const fresh = self.monitor(target)
  self.demonitor(fresh, { flush: true })
  const last = self.monitor(target)
  assert.is((await self.receive(isDown())).ref, last, 'none of the flushed one came')
})

const badArguments = caseOf('M6', 'what is no monitor, option or target', async (self, place) => {
  const target = await makePuppet(self, place, 'there')
  const ref = self.monitor(target)
  const demonitor = (...given: unknown[]): unknown => Reflect.apply(self.demonitor, self, given)
  for (const bad of [target, 'ref', null, undefined, { id: 1 }]) {
    assert.throws(() => demonitor(bad), /demonitor: expected a reference, got/)
  }
  assert.throws(() => demonitor(ref, { flsh: true }), /demonitor: unknown option 'flsh'/)
  assert.throws(() => demonitor(ref, { flush: 'yes' }), /demonitor: flush: .* got "yes"/)
  assert.throws(() => demonitor(ref, null), /demonitor: expected options, got null/)
  const monitor = (...given: unknown[]): unknown => Reflect.apply(self.monitor, self, given)
  const node = place.there.name
  for (const bad of [
    ref,
    'name',
    null,
    7,
    {},
    { name: 'x' },
    { tag: 'at', node },
    { tag: 'at', node, name: 7 },
    { tag: 'at', node: 7, name: 'x' },
    { tag: 'local', name: null },
    { tag: 'via', registry: 7, name: 'x' },
    { tag: 'bogus', node, name: 'x' },
  ]) {
    assert.throws(() => monitor(bad), /monitor: expected a pid or a name, got/)
  }
  assert.throws(() => monitor(target, null), /monitor: expected options, got null/)
  assert.is(self.demonitor(self.alias()), false, 'another kind of reference')
  assert.is(self.demonitor(ref), true, 'the refused ones changed nothing')
  assert.is(await self.receive(null, { timeoutMs: 0, otherwise: 'nothing' }), 'nothing')
})

const instantly = caseOf(
  'M7',
  'a monitored child that ends at once shows its reason',
  async (self, place) => {
    for (const reason of ['normal', 'early', 'kill']) {
      const { pid, ref } = await spawnMonitorAt(self, place.there.name, instant, { reason })
      const down = await self.receive(isDown(ref))
      assert.equal([down.target, down.reason], [pid, reason])
    }
  },
)

const ownTag = caseOf('M10', 'a tag of its own replaces DOWN', async (self, place) => {
  const target = await makePuppet(self, place, 'there')
  // The older monitor fires last.
  const over = self.monitor(target)
  const stays = self.monitor(target, { tag: 'first' })
  const goes = self.monitor(target, { tag: 'second' })
  tell(self, target, { tag: 'end', reason: 'over' })
  await self.receive(isDown(over))
  assert.is(self.demonitor(goes, { flush: true }), false)
  assert.equal(await self.receive(), { tag: 'first', ref: stays, target, reason: 'over' })
  assert.is(await self.receive(null, { timeoutMs: 0, otherwise: 'nothing' }), 'nothing')
  const gone = self.monitor(target, { tag: 'third' })
  assert.equal(await self.receive(), { tag: 'third', ref: gone, target, reason: 'noproc' })
})

const twice = caseOf('M9', 'linked and monitored: one EXIT and one DOWN', async (self, place) => {
  self.trapExit(true)
  const target = await makePuppet(self, place, 'there')
  self.link(target)
  const ref = self.monitor(target)
  tell(self, target, { tag: 'end', reason: 'over' })
  assert.is((await self.receive(isDown(ref))).reason, 'over')
  assert.is((await self.receive(isExit(target))).reason, 'over')
  assert.is(await self.receive(null, { timeoutMs: 0, otherwise: 'nothing' }), 'nothing')
})

const owner = caseOf('M11', 'a monitor ends silently with its owner', async (self, place) => {
  const target = await makePuppet(self, place, 'here', true)
  for (const way of ['return', 'kill']) {
    const pid = await place.spawnThere(self, watcher, { boss: self.pid, target })
    await self.receive((message) => message === 'watching')
    assert.equal(processInfo(self, target)?.monitoredBy, [pid])
    const ref = self.monitor(pid)
    if (way === 'kill') self.exit(pid, 'kill')
    else self.send(pid, 'end')
    await self.receive(isDown(ref))
    assert.equal(processInfo(self, target)?.monitoredBy, [], way)
  }
  tell(self, target, { tag: 'end', reason: 'over' })
  await self.receive(isDown(self.monitor(target)))
  assert.equal(await allGot(self, target), [])
})

const oneWay = caseOf(
  'M1',
  'a monitor does not tell the target of its owner',
  async (self, place) => {
    const near = await makePuppet(self, place, 'here', true)
    const far = await makePuppet(self, place, 'there', true)
    tell(self, near, { tag: 'monitor', to: far })
    await settled(self, near)
    const ref = self.monitor(near)
    tell(self, near, { tag: 'send', to: far, message: 'last words' })
    tell(self, near, { tag: 'end', reason: 'over' })
    await self.receive(isDown(ref))
    assert.is(await nextGot(self, far), 'last words')
    await settled(self, far)
    assert.equal(await allGot(self, far), [])
  },
)

export const monitors: Topic = {
  subject: 'monitors',
  modules: [puppet, nobody, instant, odd, watcher, meddler],
  cases: [
    stacked,
    itself,
    reasons,
    unsendable,
    crash,
    dead,
    unknown,
    byName,
    stopped,
    foreign,
    flushed,
    badArguments,
    instantly,
    twice,
    ownTag,
    owner,
    oneWay,
  ],
}
