/** The mailbox bound of a child, from its spec to its process and its successors. */
import {
  isDown,
  type MailboxOptions,
  process,
  processInfo,
  send,
  whereis,
} from '../../../runtime/index.ts'
import {
  call,
  child,
  dynamicSupervisor,
  startLink,
  supervisor,
  template,
} from '../../../stdlib/index.ts'
import { assert, suite } from '../../support/harness.ts'
import { oneNode } from './one-node.ts'

const test = suite('otp: supervised mailboxes')

const mailbox: MailboxOptions = { max: 2, overflow: 'dropNewest' }
const idle = process('mailbox.idle', (self) => self.wait(new Promise(() => undefined)))

test('B1 a child has the bound of its spec, after a restart too', async () => {
  const tree = supervisor('mailbox.tree', (_: undefined) => ({
    children: [child(idle, undefined, { name: 'mailbox.child', mailbox })],
  }))
  await oneNode([idle]).run(async (self) => {
    assert.is((await startLink(self, tree)).tag, 'ok')
    for (let round = 0; round < 2; round++) {
      while (whereis(self, 'mailbox.child') === undefined) await self.yield()
      const pid = whereis(self, 'mailbox.child')!
      for (let n = 0; n < 5; n++) send(pid, n)
      const info = processInfo(self, pid)
      assert.equal([info?.messageQueueLength, info?.messagesDropped], [2, 3])
      const down = self.monitor(pid)
      self.exit(pid, 'kill')
      await self.receive(isDown(down))
    }
  })
})

test('B1 so have the children of a template', async () => {
  const pool = dynamicSupervisor('mailbox.pool', (_: undefined) => ({
    template: template(idle, { mailbox }),
  }))
  await oneNode([idle]).run(async (self) => {
    const started = await startLink(self, pool)
    if (started.tag !== 'ok') throw new Error(started.tag)
    const one = await call(self, started.pid, 'startChild', undefined)
    if (one.tag !== 'ok' || one.pid === null) throw new Error(one.tag)
    for (let n = 0; n < 5; n++) send(one.pid, n)
    assert.is(processInfo(self, one.pid)?.messageQueueLength, 2)
  })
})

test('V4 a bad bound is refused by field', async () => {
  for (const bad of [{ max: 0, overflow: 'fail' }, { max: 1, overflow: 'x' }, 7, null]) {
    const spec = { ...child(idle, undefined), mailbox: bad as unknown as MailboxOptions }
    const tree = supervisor('mailbox.bad', (_: undefined) => ({ children: [spec] }))
    await oneNode([idle]).run(async (self) => {
      self.trapExit(true)
      const started = await startLink(self, tree)
      const reason = started.tag === 'error' ? started.reason : undefined
      const text = JSON.stringify(reason)
      assert.match(text, /startSpec/)
      assert.match(text, /children\[0\]\.mailbox/)
    })
  }
})

test.run()
