/** The table of aliases: what it refuses, what it forgets, and what a peer can do to it. */
import type { AliasMode, MonitorAliasMode, Reference } from '../../../runtime/index.ts'
import { isDown, process, spawn } from '../../../runtime/index.ts'
import { applySignal, RemoteReference } from '../../../runtime/kernel.ts'
import { assert, suite } from '../../support/harness.ts'
import { realNode } from './node-fixture.ts'

const test = suite('aliases')

const idle = process('aliases.idle', async (self) => {
  await self.receive()
})

test('bad modes, tags and options are refused by name and value', async () => {
  const { node, system } = realNode()
  await node.run((self) => {
    const mode = 'once' as AliasMode
    assert.throws(() => self.alias(mode), /alias: expected explicitUnalias or reply, got "once"/)
    const alias = 'reply' as MonitorAliasMode
    assert.throws(() => self.monitor(self.pid, { alias }), /monitor: alias: .* got "reply"/)
    assert.throws(() => self.monitor(self.pid, { tag: '' }), /monitor: tag: .* got ""/)
    const unknown = { tags: 'x' } as unknown as { tag: string }
    assert.throws(() => self.monitor(self.pid, unknown), /monitor: unknown option 'tags'/)
    assert.throws(() => self.unalias('x' as unknown as Reference), /unalias: expected a reference/)
    assert.is(system.aliases.size, 0)
  })
})

test('they end with their process', async () => {
  const { node, system } = realNode()
  await node.run(async (self) => {
    const owner = process('aliases.owner', async (own) => {
      own.alias()
      own.alias('reply')
      own.monitor(self.pid, { alias: 'explicitUnalias' })
      own.monitor(self.pid, { alias: 'demonitor' })
      await own.receive()
    })
    const pid = spawn(self, owner)
    await self.yield()
    assert.is(system.aliases.size, 4)
    const ref = self.monitor(pid)
    self.exit(pid, 'kill')
    await self.receive(isDown(ref))
    assert.is(system.aliases.size, 0)
  })
})

test('an alias is unaliased by its owner alone, a reference that is none by nobody', async () => {
  const { node } = realNode()
  await node.run(async (self) => {
    const alias = self.alias()
    const monitor = self.monitor(spawn(self, idle))
    const foreign = new RemoteReference({ node: 'b@host', creation: 7, id: alias.id })
    const former = new RemoteReference({ node: 'a@host', creation: 7, id: alias.id })
    for (const ref of [monitor, foreign, former]) assert.is(self.unalias(ref), false)
    self.send(former, 'to a former incarnation')
    assert.is(self.unalias(alias), true)
  })
})

test('what a peer sends to an active alias arrives, and nothing else does', async () => {
  const { node, system } = realNode()
  await node.run(async (self) => {
    const alias = self.alias('reply')
    const { creation } = alias
    const sent = (id: number, value: unknown, at = creation): void => {
      const ref = new RemoteReference({ node: 'a@host', creation: at, id })
      const applied = applySignal(system, 'b@host', 1, { tag: 'reply', ref, value })
      assert.equal(applied, { tag: 'ok' })
    }
    sent(alias.id, 'a former incarnation', creation + 1)
    sent(alias.id + 1, 'somebody else')
    sent(-1, 'nonsense')
    sent(Number.NaN, 'nonsense')
    sent(alias.id, 'first')
    sent(alias.id, 'second')
    assert.is(await self.receive(), 'first')
    assert.is(await self.receive(null, { timeoutMs: 0, otherwise: 'nothing' }), 'nothing')
  })
})

test('a message that ends a monitor leaves nothing of it on the peer', async () => {
  const { node, system } = realNode()
  await node.run(async (self) => {
    const target = spawn(self, idle)
    const ref = self.monitor(target, { alias: 'replyDemonitor' })
    self.send(ref, 'answer')
    assert.is(await self.receive(), 'answer')
    const found = system.lookup(target)
    assert.is(found.tag === 'local' && found.process.watchers, null)
    assert.is(self.demonitor(ref), false)
  })
})

test.run()
