/** Dead letters as events: who is told of them, and of which. */
import {
  isDown,
  type Pid,
  process,
  type Self,
  send,
  spawn,
  type TraceEvent,
} from '../../../runtime/index.ts'
import { cast, genServer, local, next, stopServer } from '../../../stdlib/index.ts'
import { assert, suite } from '../../support/harness.ts'
import { simNode } from './node-fixture.ts'

const test = suite('dead letters')

type Letter = Extract<TraceEvent, { readonly tag: 'deadLetter' }>

const idle = process('letters.idle', async (self) => {
  await self.receive((message) => message === 'end')
})

async function deadProcess(self: Self): Promise<Pid> {
  const pid = spawn(self, idle)
  const ref = self.monitor(pid)
  self.exit(pid, 'kill')
  await self.receive(isDown(ref))
  return pid
}

/** Runs `body` on a node that is observed, and gives the dead letters it made. */
async function lettersOf(body: (self: Self) => Promise<void>): Promise<Letter[]> {
  const { node, exhaust } = simNode()
  const letters: Letter[] = []
  node.observe((event) => {
    if (event.tag === 'deadLetter') letters.push(event)
  })
  const done = node.run(body)
  await exhaust()
  await done
  await node.stop()
  return letters
}

test('a send to a dead pid, by a process and by host code, with the message', async () => {
  let dead: Pid | undefined
  const letters = await lettersOf(async (self) => {
    dead = await deadProcess(self)
    self.send(dead, { tag: 'hello' })
    send(dead, 'host')
  })
  assert.equal(
    letters.map(({ node, to, message }) => [node, to, message]),
    [
      ['a@host', dead, { tag: 'hello' }],
      ['a@host', dead, 'host'],
    ],
  )
})

test('an unknown name of this node, and a cast to the dead', async () => {
  type Adder = { casts: { add: (n: number) => void } }
  const adder = genServer<Adder>('letters.adder')({
    init: () => next(0),
    casts: { add: (sum, n) => next(sum + n) },
  })
  const letters = await lettersOf(async (self) => {
    self.send({ tag: 'at', node: self.node, name: 'nobody' }, 1)
    cast(self, local(adder, 'nobody'), 'add', 2)
    const pid = spawn(self, adder)
    await stopServer(self, pid)
    cast(self, pid, 'add', 3)
  })
  assert.equal(
    letters.map(({ to, message }) => [String(to).replace(/^<.*>$/, 'pid'), message]),
    [
      ['nobody', 1],
      ['nobody', { tag: '$cast', op: 'add', arg: 2 }],
      ['pid', { tag: '$cast', op: 'add', arg: 3 }],
    ],
  )
})

test('a timer whose target has gone', async () => {
  const letters = await lettersOf(async (self) => {
    const pid = spawn(self, idle)
    self.sendAfter(10, pid, 'late')
    self.exit(pid, 'kill')
    await self.receive(null, { timeoutMs: 20, otherwise: null })
  })
  assert.equal(
    letters.map(({ message }) => message),
    ['late'],
  )
})

test('what the runtime says to the dead, and what comes to a dead alias, is none', async () => {
  const letters = await lettersOf(async (self) => {
    const watcher = spawn(
      self,
      process('letters.watcher', async (own) => {
        const child = spawn(own, idle)
        own.trapExit(true)
        own.monitor(child)
        own.link(child)
        self.send(self.pid, child)
        await own.receive((message) => message === 'end')
      }),
    )
    const child = (await self.receive()) as Pid
    const gone = self.monitor(watcher)
    self.send(watcher, 'end')
    await self.receive(isDown(gone))
    self.exit(child, 'kill')
    const alias = self.alias('reply')
    for (const message of ['first', 'late']) self.send(alias, message)
    assert.is(await self.receive(), 'first')
  })
  assert.equal(letters, [])
})

test('while nobody observes the node no event is made', async () => {
  const { node, system, exhaust } = simNode()
  const emit = system.trace.emit.bind(system.trace)
  const made: string[] = []
  system.trace.emit = (event) => {
    made.push(event.tag)
    emit(event)
  }
  const done = node.run(async (self) => {
    const dead = await deadProcess(self)
    self.send(dead, 'unheard')
    self.send({ tag: 'at', node: self.node, name: 'nobody' }, 1)
  })
  await exhaust()
  await done
  assert.equal(made, [])
})

test.run()
