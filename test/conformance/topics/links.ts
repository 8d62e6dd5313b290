/** Links between two places (rules L1 to L7), and X13: a link to a process that does not exist. */
import * as assert from 'uvu/assert'
import {
  Exit,
  isDown,
  isExit,
  type Pid,
  process,
  processInfo,
  type Reason,
} from '../../../runtime/index.ts'
import { allGot, exitOf, makePuppet, nextGot, puppet, reached, settled, tell } from './puppet.ts'
import { caseOf, type Topic } from './topic.ts'

/** Ends at once, with a reason of its own. */
const shortLived = process('topic.shortLived', async () => {
  throw new Error('born to die')
})

/** Links with a pid it is given. */
const linker = process('topic.linker', async (self, { to }: { to: Pid }) => {
  await self.receive()
  self.link(to)
  await self.receive()
})

const once = caseOf('L1', 'linking twice gives one EXIT', async (self, place) => {
  const peer = await makePuppet(self, place, 'there')
  const witness = await makePuppet(self, place, 'here', true)
  tell(self, witness, { tag: 'link', to: peer })
  tell(self, witness, { tag: 'link', to: peer })
  tell(self, witness, { tag: 'monitor', to: peer })
  await settled(self, witness)
  tell(self, peer, { tag: 'end', reason: 'over' })
  const seen = [await nextGot(self, witness), await nextGot(self, witness)]
  assert.is(seen.filter((message) => isExit(peer)(message)).length, 1)
  assert.is(seen.filter((message) => isDown()(message)).length, 1)
  await settled(self, witness)
  assert.equal(await allGot(self, witness), [])
})

const bothWays = caseOf('L1', 'a link works in both directions', async (self, place) => {
  const far = await makePuppet(self, place, 'there', true)
  const near = await makePuppet(self, place, 'here')
  tell(self, near, { tag: 'link', to: far })
  await settled(self, near)
  tell(self, near, { tag: 'end', reason: 'nearEnd' })
  assert.equal(exitOf(await nextGot(self, far)), { from: near, reason: 'nearEnd' })
})

const eitherMade = caseOf('L1', 'both sides linking gives one EXIT', async (self, place) => {
  const far = await makePuppet(self, place, 'there')
  const near = await makePuppet(self, place, 'here', true)
  tell(self, near, { tag: 'link', to: far })
  tell(self, far, { tag: 'link', to: near })
  await settled(self, near)
  await settled(self, far)
  tell(self, near, { tag: 'monitor', to: far })
  await settled(self, near)
  tell(self, far, { tag: 'end', reason: 'farEnd' })
  const seen = [await nextGot(self, near), await nextGot(self, near)]
  assert.is(seen.filter((message) => isExit(far)(message)).length, 1)
  await settled(self, near)
  assert.equal(await allGot(self, near), [])
})

const toSelf = caseOf('L2', 'linking to oneself changes nothing', async (self, place) => {
  const pid = await makePuppet(self, place, 'there', true)
  const ref = self.monitor(pid)
  tell(self, pid, { tag: 'link', to: pid })
  await settled(self, pid)
  tell(self, pid, { tag: 'end', reason: 'over' })
  assert.is((await self.receive(isDown(ref))).reason, 'over')
  assert.equal(await allGot(self, pid), [])
  self.link(self.pid)
  assert.equal(processInfo(self, self.pid)?.links, [])
})

const trappedDead = caseOf(
  'X13',
  'a link to the dead: EXIT noproc when trapping',
  async (self, place) => {
    const corpse = await makePuppet(self, place, 'there')
    const ref = self.monitor(corpse)
    tell(self, corpse, { tag: 'end', reason: 'normal' })
    await self.receive(isDown(ref))
    self.trapExit(true)
    self.link(corpse)
    assert.is((await self.receive(isExit(corpse))).reason, 'noproc')
  },
)

const calmDead = caseOf('L3', 'a link to the dead ends who does not trap', async (self, place) => {
  const corpse = await makePuppet(self, place, 'there')
  const first = self.monitor(corpse)
  tell(self, corpse, { tag: 'end', reason: 'normal' })
  await self.receive(isDown(first))
  // The caller is there and the dead here, then the other way round.
  const gone = await makePuppet(self, place, 'here')
  const second = self.monitor(gone)
  tell(self, gone, { tag: 'end', reason: 'normal' })
  await self.receive(isDown(second))
  for (const [to, side] of [
    [gone, 'there'],
    [corpse, 'here'],
  ] as const) {
    const pid =
      side === 'there'
        ? await place.spawnThere(self, linker, { to })
        : await makePuppet(self, place, 'here')
    const ref = self.monitor(pid)
    if (side === 'there') self.send(pid, 'go')
    else tell(self, pid, { tag: 'link', to })
    assert.is((await self.receive(isDown(ref))).reason, 'noproc')
  }
})

/** Links with the dead, and tells its boss whether it was refused at once. */
const bold = process('topic.bold', async (self, { boss, to }: { boss: Pid; to: Pid }) => {
  await self.receive()
  let refused: Reason | null = null
  try {
    self.link(to)
  } catch (error) {
    if (error instanceof Exit) refused = error.reason
  }
  self.send(boss, { tag: 'linked', refused })
  await self.receive()
})

const atOnce = caseOf(
  'L3',
  'a link to the dead fails at once here, and by a signal elsewhere',
  async (self, place) => {
    const corpse = await makePuppet(self, place, 'here')
    const ref = self.monitor(corpse)
    tell(self, corpse, { tag: 'end', reason: 'normal' })
    await self.receive(isDown(ref))
    const pid = await place.spawnThere(self, bold, { boss: self.pid, to: corpse })
    const down = self.monitor(pid)
    self.send(pid, 'go')
    const together = place.there.name === self.node
    assert.equal(await self.receive(), { tag: 'linked', refused: together ? 'noproc' : null })
    // Who has caught the refusal lives on; the signal cannot be caught.
    if (together) self.send(pid, 'end')
    const reason = together ? 'normal' : 'noproc'
    assert.is((await self.receive(isDown(down))).reason, reason)
  },
)

const strangers = caseOf(
  'L4',
  'unlinking who is not linked changes nothing',
  async (self, place) => {
    self.trapExit(true)
    const peer = await makePuppet(self, place, 'there')
    self.unlink(peer)
    self.link(peer)
    await settled(self, peer)
    tell(self, peer, { tag: 'end', reason: 'over' })
    assert.is((await self.receive(isExit(peer))).reason, 'over')
    self.unlink(peer)
    self.unlink(self.pid)
    await makePuppet(self, place, 'there')
    assert.is(await self.receive(null, { timeoutMs: 0, otherwise: 'nothing' }), 'nothing')
  },
)

const badArguments = caseOf('L1', 'what is no pid is refused', async (self, place) => {
  const name = { tag: 'at', node: place.there.name, name: 'links.nobody' }
  const ref = self.monitor(await makePuppet(self, place, 'there'))
  for (const bad of [name, ref, 'pid', 7, null, undefined, {}]) {
    const given = [bad, 'reason']
    assert.throws(() => Reflect.apply(self.link, self, given), /link: expected a pid, got/)
    assert.throws(() => Reflect.apply(self.unlink, self, given), /unlink: expected a pid, got/)
    assert.throws(() => Reflect.apply(self.exit, self, given), /exit: expected a pid, got/)
  }
})

const unlinked = caseOf('L4', 'after unlink no EXIT comes', async (self, place) => {
  const peer = await makePuppet(self, place, 'there')
  const ref = self.monitor(peer)
  self.trapExit(true)
  self.link(peer)
  self.unlink(peer)
  tell(self, peer, { tag: 'end', reason: 'over' })
  await self.receive(isDown(ref))
  assert.is(await self.receive(isExit(), { timeoutMs: 0, otherwise: null }), null)
})

const oneUnlink = caseOf('L1', 'one unlink undoes two links', async (self, place) => {
  const peer = await makePuppet(self, place, 'there')
  const ref = self.monitor(peer)
  self.trapExit(true)
  self.link(peer)
  self.link(peer)
  self.unlink(peer)
  tell(self, peer, { tag: 'end', reason: 'over' })
  await self.receive(isDown(ref))
  assert.is(await self.receive(isExit(), { timeoutMs: 0, otherwise: null }), null)
})

const queued = caseOf('L4', 'unlink leaves an EXIT that has arrived', async (self, place) => {
  const peer = await makePuppet(self, place, 'there')
  const ref = self.monitor(peer)
  self.trapExit(true)
  self.link(peer)
  tell(self, peer, { tag: 'end', reason: 'over' })
  await self.receive(isDown(ref))
  self.unlink(peer)
  assert.is((await self.receive(isExit(peer))).reason, 'over')
})

const relinked = caseOf('L4', 'link, unlink, link leaves one link', async (self, place) => {
  const peer = await makePuppet(self, place, 'there')
  const ref = self.monitor(peer)
  self.trapExit(true)
  for (let round = 0; round < 20; round++) {
    self.link(peer)
    self.unlink(peer)
  }
  self.link(peer)
  await settled(self, peer)
  tell(self, peer, { tag: 'end', reason: 'over' })
  await self.receive(isDown(ref))
  assert.is((await self.receive(isExit(peer))).reason, 'over')
  assert.is(await self.receive(isExit(), { timeoutMs: 0, otherwise: null }), null)
})

const farUnlink = caseOf('L4', 'an unlink by the other side counts', async (self, place) => {
  const far = await makePuppet(self, place, 'there')
  const near = await makePuppet(self, place, 'here', true)
  tell(self, near, { tag: 'link', to: far })
  await reached(self, near, far)
  tell(self, far, { tag: 'unlink', to: near })
  // The unlink and this message come from the same process: behind it, the link is gone.
  tell(self, far, { tag: 'send', to: near, message: 'unlinked' })
  assert.is(await nextGot(self, near), 'unlinked')
  tell(self, near, { tag: 'monitor', to: far })
  await settled(self, near)
  tell(self, far, { tag: 'end', reason: 'over' })
  assert.ok(isDown()(await nextGot(self, near)))
  await settled(self, near)
  assert.equal(await allGot(self, near), [])
})

const linkedAnew = caseOf(
  'L4',
  'after an unlink by either side a new link binds',
  async (self, place) => {
    for (const side of ['near', 'far'] as const) {
      const far = await makePuppet(self, place, 'there')
      const near = await makePuppet(self, place, 'here', true)
      tell(self, near, { tag: 'link', to: far })
      await reached(self, near, far)
      const [by, of] = side === 'near' ? [near, far] : [far, near]
      tell(self, by, { tag: 'unlink', to: of })
      await reached(self, by, of)
      tell(self, near, { tag: 'link', to: far })
      await reached(self, near, far)
      tell(self, far, { tag: 'end', reason: 'over' })
      assert.equal(exitOf(await nextGot(self, near)), { from: far, reason: 'over' }, side)
    }
  },
)

const parentReasons = caseOf(
  'L5',
  'normal spares a linked child, shutdown does not',
  async (self, place) => {
    for (const [reason, survives] of [
      ['normal', true],
      ['shutdown', false],
    ] as const) {
      const child = await makePuppet(self, place, 'there')
      const parent = await makePuppet(self, place, 'here')
      tell(self, child, { tag: 'link', to: parent })
      tell(self, child, { tag: 'monitor', to: parent })
      await settled(self, child)
      const ref = self.monitor(child)
      await settled(self, child)
      tell(self, parent, { tag: 'end', reason })
      if (survives) {
        assert.ok(isDown()(await nextGot(self, child)))
        await settled(self, child)
      } else assert.is((await self.receive(isDown(ref))).reason, 'shutdown')
    }
  },
)

const atomic = caseOf(
  'L6',
  'a linked child that ends at once shows its reason',
  async (self, place) => {
    self.trapExit(true)
    const pid = await place.spawnThere(self, shortLived, undefined, { link: true })
    const { reason } = await self.receive(isExit(pid))
    assert.equal(typeof reason === 'object' && [reason.tag, reason.name, reason.message], [
      'error',
      'Error',
      'born to die',
    ])
  },
)

const chain = caseOf('L7', 'reasons travel along links', async (self, place) => {
  const pids: Pid[] = []
  for (let at = 0; at < 6; at++) {
    pids.push(await makePuppet(self, place, at % 2 === 0 ? 'there' : 'here', at === 5))
  }
  for (let at = 1; at < pids.length; at++) {
    tell(self, pids[at]!, { tag: 'link', to: pids[at - 1]! })
    await settled(self, pids[at]!)
  }
  const refs = pids.slice(0, 5).map((pid) => self.monitor(pid))
  const reason = { tag: 'brokeFirst', at: 0 }
  tell(self, pids[0]!, { tag: 'end', reason })
  assert.equal(exitOf(await nextGot(self, pids[5]!)), { from: pids[4], reason })
  for (const ref of refs) assert.equal((await self.receive(isDown(ref))).reason, reason)
})

export const links: Topic = {
  subject: 'links',
  modules: [puppet, shortLived, linker, bold],
  cases: [
    once,
    bothWays,
    eitherMade,
    toSelf,
    trappedDead,
    calmDead,
    atOnce,
    unlinked,
    oneUnlink,
    queued,
    relinked,
    farUnlink,
    linkedAnew,
    strangers,
    badArguments,
    parentReasons,
    atomic,
    chain,
  ],
}
