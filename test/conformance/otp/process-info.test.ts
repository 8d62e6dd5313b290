/** What is told of a process, against what it has been made to do (OTP `process_info/1`). */
import {
  isDown,
  type Pid,
  type ProcessInfo,
  process,
  processInfo,
  type Self,
  spawn,
  spawnLink,
} from '../../../runtime/index.ts'
import { call, genServer, local, next, reply, start } from '../../../stdlib/index.ts'
import { assert, suite } from '../../support/harness.ts'
import { inProcess, oneNode } from './one-node.ts'

const test = suite('otp: process info')

const idle = process('info.idle', async (self) => {
  await self.receive((message) => message === 'end')
})

function infoOf(self: Self, pid: Pid): ProcessInfo {
  const info = processInfo(self, pid)
  if (info === undefined) throw new Error(`${String(pid)} is dead`)
  return info
}

test('I1 links, monitors and who monitors it, both ways', async () => {
  await inProcess(async (self) => {
    const pid = spawnLink(self, idle)
    self.monitor(pid)
    self.monitor(pid)
    assert.equal(infoOf(self, pid).links, [self.pid])
    assert.equal(infoOf(self, self.pid).links, [pid])
    assert.equal(infoOf(self, pid).monitoredBy, [self.pid, self.pid])
    assert.equal(infoOf(self, self.pid).monitors, [pid, pid])
    self.unlink(pid)
    assert.equal([infoOf(self, pid).links, infoOf(self, self.pid).links], [[], []])
  })
})

test('I1 a monitor by name shows the name', async () => {
  await inProcess(async (self) => {
    spawn(self, idle, undefined, { name: 'info.named' })
    self.monitor({ tag: 'local', name: 'info.named' })
    const target = { tag: 'at', node: self.node, name: 'info.named' }
    assert.equal(infoOf(self, self.pid).monitors, [target])
  })
})

test('I2 module, name, parent, priority, trapExit', async () => {
  await inProcess(async (self) => {
    const pid = spawn(self, idle, undefined, { name: 'info.fixed', priority: 'high' })
    const { module, name, parent, priority, trapExit } = infoOf(self, pid)
    assert.equal(
      [module, name, parent, priority, trapExit],
      ['info.idle', 'info.fixed', self.pid, 'high', false],
    )
    self.trapExit(true)
    const own = infoOf(self, self.pid)
    assert.equal([own.name, own.parent, own.trapExit], [null, null, true])
  })
})

type Slow = { calls: { work: () => null }; casts: { go: () => void } }

test('I3 status, and the call an async handler is at work on', async () => {
  await inProcess(async (self) => {
    let release: () => void = () => undefined
    const gate = new Promise<void>((resolve) => {
      release = resolve
    })
    const slow = genServer<Slow>('info.slow')({
      init: () => next(null),
      calls: {
        work: async (state) => {
          await gate
          return reply(null, state)
        },
      },
      casts: { go: (state) => next(state) },
    })
    const started = await start(self, slow)
    if (started.tag !== 'ok') throw new Error(started.tag)
    const { pid } = started
    assert.is(infoOf(self, pid).status, 'waiting')
    assert.is(infoOf(self, self.pid).status, 'running')
    const answer = call(self, pid, 'work')
    assert.is(infoOf(self, pid).status, 'runnable')
    assert.is(infoOf(self, pid).messageQueueLength, 1)
    await self.yield()
    assert.equal([infoOf(self, pid).status, infoOf(self, pid).handling], ['busy', 'work'])
    release()
    await answer
    assert.equal([infoOf(self, pid).status, infoOf(self, pid).handling], ['waiting', null])
  })
})

test('I3 a body that waits for mail, and one that waits for something else', async () => {
  await inProcess(async (self) => {
    const pid = spawn(self, idle)
    assert.is(infoOf(self, pid).status, 'runnable')
    await self.yield()
    assert.is(infoOf(self, pid).status, 'waiting')
    self.send(pid, 'unread')
    self.send(pid, 'too')
    assert.is(infoOf(self, pid).messageQueueLength, 2)
    const away = spawn(
      self,
      process('info.away', (own) => own.wait(new Promise(() => undefined))),
    )
    await self.yield()
    assert.is(infoOf(self, away).status, 'busy')
  })
})

test('I4 of the dead nothing is known, and of other nodes nothing is told', async () => {
  await inProcess(async (self) => {
    const pid = spawn(self, idle)
    const ref = self.monitor(pid)
    self.send(pid, 'end')
    await self.receive(isDown(ref))
    assert.is(processInfo(self, pid), undefined)
  })
  const elsewhere = oneNode([], { name: 'two@localhost' })
  const pid = spawn(elsewhere, idle)
  const here = oneNode([], { name: 'three@localhost' })
  assert.throws(() => processInfo(here, pid), /is of another node/)
  // @ts-expect-error a name is not a pid
  assert.throws(() => processInfo(here, local(genServer<Slow>('x'), 'x')), /expected a pid/)
})

test('I5 host code may ask', async () => {
  const node = oneNode()
  const pid = spawn(node, idle)
  assert.is(processInfo(node, pid)?.parent, null)
})

test.run()
