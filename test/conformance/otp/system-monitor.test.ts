/** What a node tells of itself as events (OTP `system_monitor`), once per occasion. */
import { isExit, process, spawn, type TraceEvent } from '../../../runtime/index.ts'
import { child, startLink, supervisor } from '../../../stdlib/index.ts'
import { assert, suite } from '../../support/harness.ts'
import { oneNode } from './one-node.ts'

const test = suite('otp: system monitor')

test('E1 a supervisor that gives up is a restartStorm, and says who', async () => {
  const frail = process('storm.frail', async () => {
    throw new Error('at once')
  })
  const tree = supervisor('storm.tree', (_: undefined) => ({
    intensity: 2,
    children: [child(frail, undefined)],
  }))
  const node = oneNode([frail])
  const storms: TraceEvent[] = []
  node.observe((event) => {
    if (event.tag === 'restartStorm') storms.push(event)
  })
  await node.run(async (self) => {
    self.trapExit(true)
    const started = await startLink(self, tree, undefined, { name: 'storm' })
    if (started.tag !== 'ok') throw new Error(started.tag)
    await self.receive(isExit(started.pid))
    assert.equal(storms, [
      { tag: 'restartStorm', pid: started.pid, module: 'storm.tree', name: 'storm' },
    ])
  })
})

test('E2 a mailbox that grows high is told of once', async () => {
  const node = oneNode()
  const high: TraceEvent[] = []
  node.observe((event) => {
    if (event.tag === 'mailboxHigh') high.push(event)
  })
  await node.run((self) => {
    const pid = spawn(
      self,
      process('storm.idle', (own) => own.wait(new Promise(() => undefined))),
    )
    for (let n = 0; n < 100_010; n++) self.send(pid, n)
    assert.equal(high, [{ tag: 'mailboxHigh', pid, module: 'storm.idle', messages: 100_001 }])
  })
})

test.run()
