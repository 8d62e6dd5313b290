/** When a server must not run inline though it may, and bursts of casts. */
import { Exit, processInfo } from '../../../runtime/index.ts'
import { runtimeLimits } from '../../../runtime/kernel.ts'
import { call, cast, genServer, next, start, sys } from '../../../stdlib/index.ts'
import { assert, suite } from '../../support/harness.ts'
import { logOf, startLog } from './inline-fixture.ts'
import { realNode, simNode } from './node-fixture.ts'

const test = suite('inline limits')

test('a suspended server does not run, whoever calls', async () => {
  const { node } = realNode()
  await node.run(async (self) => {
    const { server, notes } = await startLog(self, { calls: true, casts: true })
    await sys.suspend(self, server)
    const answer = call(self, server, 'note', 'call')
    for (let i = 0; i < 1000; i++) cast(self, server, 'note', 'cast')
    assert.equal(notes, [])
    await sys.resume(self, server)
    assert.is(await answer, 1)
    assert.is(await call(self, server, 'note', 'last'), 1002)
  })
})

test('a bounded mailbox stays bounded: such a server is never run inline', async () => {
  const { node } = realNode()
  await node.run(async (self) => {
    const mailbox = { max: 2, overflow: 'dropNewest' } as const
    const { server, notes } = await startLog(self, { calls: true, casts: true }, { mailbox })
    for (let i = 0; i < 1000; i++) cast(self, server, 'note', 'cast')
    assert.equal(notes, [])
    assert.is(processInfo(self, server)?.messagesDropped, 998)
    await self.yield()
    assert.is(notes.length, 2)
  })
})

test('nothing runs inline where turns are watched, so that the right one is named', async () => {
  const { node } = realNode({ longTurnMs: 1000 })
  await node.run(async (self) => {
    const { server, notes } = await startLog(self, { calls: true, casts: true })
    const answer = call(self, server, 'note', 'a')
    assert.equal(notes, [])
    assert.is(await answer, 1)
  })
})

test('a burst of casts is worked off as it comes, in order; the mailbox stays short', async () => {
  const { node } = realNode()
  await node.run(async (self) => {
    const { server, notes } = await startLog(self, { casts: true })
    let longest = 0
    for (let i = 0; i < 100_000; i++) {
      cast(self, server, 'note', String(i))
      longest = Math.max(longest, processInfo(self, server)?.messageQueueLength ?? 0)
    }
    assert.is(longest, runtimeLimits.inlineCastsMin - 1)
    const entries = await call(self, server, 'entries')
    assert.equal(
      entries,
      Array.from({ length: 100_000 }, (_, i) => String(i)),
    )
    assert.is(notes.length, 100_000)
  })
})

test('a burst of casts that crash their server ends it once', async () => {
  const { node } = realNode()
  type Frail = { casts: { crash: () => void } }
  const Frail = genServer<Frail>('inline.frail')({
    inline: { casts: true },
    init: () => next(null),
    casts: {
      crash: () => {
        throw new Exit('broken')
      },
    },
  })
  await node.run(async (self) => {
    const frail = await start(self, Frail)
    if (frail.tag !== 'ok') throw new Error(frail.tag)
    const ref = self.monitor(frail.pid)
    for (let i = 0; i < 1000; i++) cast(self, frail.pid, 'crash')
    const down = await self.receive()
    assert.equal(down, { tag: 'DOWN', ref, target: frail.pid, reason: 'broken' })
    await self.yield()
    assert.is(processInfo(self, self.pid)?.messageQueueLength, 0)
  })
})

test('in the simulator too, for it is the same scheduler', async () => {
  const { node, exhaust } = simNode(7)
  const notes: string[] = []
  const done = node.run(async (self) => {
    const started = await start(self, logOf({ calls: true, casts: true }, notes))
    if (started.tag !== 'ok') throw new Error(started.tag)
    for (let i = 0; i < 1000; i++) cast(self, started.pid, 'note', 'x')
    return call(self, started.pid, 'note', 'y')
  })
  await exhaust()
  assert.is(await done, 1001)
})

test.run()
