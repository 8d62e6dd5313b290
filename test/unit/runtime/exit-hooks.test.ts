/** What is told of an end: `onExit` hooks and `self.signal`, on every kind of end. */
import {
  Exited,
  isAlive,
  isDown,
  isExit,
  process,
  type Reason,
  type Self,
  spawn,
  spawnLink,
  spawnMonitor,
  whereis,
} from '../../../runtime/index.ts'
import { assert, suite } from '../../support/harness.ts'
import { turn, until } from '../../support/until.ts'
import { realNode } from './node-fixture.ts'

const test = suite('exit hooks')

type End = (self: Self) => unknown

const ends: Readonly<Record<string, readonly [End, Reason]>> = {
  return: [() => undefined, 'normal'],
  throw: [
    () => {
      throw new Error('x')
    },
    { tag: 'error' },
  ],
  'own exit': [(self) => self.exit(self.pid, 'own'), 'own'],
  'own kill': [(self) => self.exit(self.pid, 'kill'), 'killed'],
  'killed by another': [(self) => self.receive(), 'killed'],
}

for (const [name, [end, reason]] of Object.entries(ends)) {
  test(`onExit and signal on: ${name}`, async () => {
    const { node } = realNode()
    const seen: unknown[] = []
    let alreadyDead = false
    const body = process('watched', async (self) => {
      const { signal } = self
      assert.is(self.signal, signal)
      signal.addEventListener('abort', () => seen.push(['signal', signal.reason]))
      self.onExit((why) => {
        alreadyDead = !isAlive(node, self.pid)
        seen.push(['first', why])
      })
      self.onExit(() => {
        throw new Error('a hook fails')
      })
      self.onExit((why) => seen.push(['second', why]))
      await self.yield()
      await end(self)
    })
    const failures: unknown[] = []
    const stop = node.observe((event) => {
      if (event.tag === 'hookFailed') failures.push(event.error)
    })
    const pid = spawn(node, body)
    for (let i = 0; i < 5; i++) await turn()
    if (isAlive(node, pid)) await node.run((self) => self.exit(pid, 'kill'))
    await until('the signal', () => seen.length === 3)
    stop()
    const [, why] = seen[0] as [string, Reason]
    if (typeof reason === 'string') assert.is(why, reason)
    else assert.is(typeof why === 'object' && why.tag, reason.tag)
    assert.equal(seen, [
      ['first', why],
      ['second', why],
      ['signal', why],
    ])
    assert.ok(alreadyDead)
    assert.is(failures.length, 1)
  })
}

test('a hook that uses its dead self is reported and harms nobody', async () => {
  const { node } = realNode()
  const failures: unknown[] = []
  node.observe((event) => {
    if (event.tag === 'hookFailed') failures.push(event.error)
  })
  const body = process('hooked', (self) => {
    self.onExit(() => self.send(self.pid, 'x'))
    self.onExit(() => self.onExit(() => undefined))
  })
  const reason = await node.run(async (self) => {
    const { ref } = spawnMonitor(self, body)
    return (await self.receive(isDown(ref))).reason
  })
  assert.is(reason, 'normal')
  assert.is(failures.length, 2)
  for (const failure of failures) assert.instance(failure, Exited)
})

test('a hook may spawn and kill through the node, and others may die in it', async () => {
  const { node } = realNode()
  const idle = process('idle', (self) => self.receive())
  const victim = spawn(node, idle)
  const body = process('hooked', (self) => {
    self.onExit(() => {
      spawn(node, idle, undefined, { name: 'heir' })
      void node.run((other) => other.exit(victim, 'kill'))
    })
  })
  const order = await node.run(async (self) => {
    self.trapExit(true)
    self.monitor(victim)
    const child = spawnLink(self, body)
    const first = await self.receive(isExit(child))
    return [first.reason, (await self.receive(isDown())).reason]
  })
  assert.equal(order, ['normal', 'killed'])
  assert.ok(whereis(node, 'heir'))
})

test.run()
