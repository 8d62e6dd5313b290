/** Subscriptions of a node and timers by name: what the processes of the cluster stand on. */
import { process, type Self, send, spawn } from '../../../../runtime/index.ts'
import { createSystem, LocalNode, processOfSelf } from '../../../../runtime/kernel.ts'
import { simPlatform, World } from '../../../../runtime/platform/sim.ts'
import { KeyedTimers } from '../../../../src/membership/keyed-timers.ts'
import { Subscriptions } from '../../../../src/membership/subscriptions.ts'
import { assert, cleanup, suite } from '../../../support/harness.ts'
import { untilIn } from '../../../support/until.ts'

const test = suite('subscriptions and timers by name')

/** A process that gives itself to `begin`, and hears what it is sent. */
async function listener(begin: (self: Self) => void) {
  const world = new World(3)
  const node = new LocalNode(createSystem({ name: 'me@here', platform: simPlatform(world) }))
  cleanup(() => node.stop())
  const heard: unknown[] = []
  let self: Self | undefined
  const module = process('fixture.listener', async (own: Self) => {
    begin(own)
    self = own
    for (;;) {
      const message = await own.receive((_): _ is unknown => true)
      if (message === 'end') return
      heard.push(message)
    }
  })
  spawn(node, module)
  await untilIn(world, 'it runs', () => self !== undefined)
  if (self === undefined) throw new Error('unreachable')
  return { world, heard, self }
}

test('only what a subscriber wants now is told to it', async () => {
  const subscriptions = new Subscriptions<number>('numbers')
  const { world, heard, self } = await listener((own) => {
    subscriptions.add(processOfSelf(own), (n) => n > 10)
    subscriptions.add(processOfSelf(own), (n) => n < 10)
  })
  for (const n of [1, 11, 2]) subscriptions.tell(n)
  await untilIn(world, 'two are heard', () => heard.length === 2)
  subscriptions.remove(processOfSelf(self))
  subscriptions.tell(3)
  subscriptions.add(processOfSelf(self))
  subscriptions.tell(4)
  await untilIn(world, 'the last is heard', () => heard.length === 3)
  assert.equal(heard, [1, 2, 4])
})

test('the first who tells is no news, each after it is', async () => {
  const subscriptions = new Subscriptions<number>('numbers')
  const { world, heard } = await listener((own) => subscriptions.add(processOfSelf(own)))
  for (let times = 0; times < 3; times++) subscriptions.begin()
  const resync = { tag: 'resync', source: 'numbers' }
  await untilIn(world, 'both are heard', () => heard.length === 2)
  assert.equal(heard, [resync, resync])
})

test('who has ended is not told, and cannot subscribe', async () => {
  const subscriptions = new Subscriptions<number>('numbers')
  const { world, self } = await listener((own) => subscriptions.add(processOfSelf(own)))
  const process = processOfSelf(self)
  send(self.pid, 'end')
  await untilIn(world, 'it has ended', () => !process.alive)
  subscriptions.add(process)
  subscriptions.tell(1)
  assert.is(process.messageCount, 0)
})

test('a timer that was replaced or cancelled is not due, also when it had fired', async () => {
  let timers: KeyedTimers<string> | undefined
  const { world, heard } = await listener((own) => {
    timers = new KeyedTimers<string>(own)
    timers.set('a', 'first', 10)
    timers.set('b', 'only', 10)
    timers.set('c', 'never', 10)
    timers.cancel('c')
    timers.cancel('nobody')
  })
  await untilIn(world, 'two have fired', () => heard.length === 2)
  timers?.set('a', 'second', 20)
  assert.equal(
    heard.map((message) => timers?.due(message)),
    [undefined, 'only'],
    'the message of the first was on its way',
  )
  assert.equal(
    heard.map((message) => timers?.due(message)),
    [undefined, undefined],
    'each is due once',
  )
  await untilIn(world, 'the new one has fired', () => heard.length === 3)
  assert.is(timers?.due(heard[2]), 'second')
  for (const other of [null, 'a', { tag: '$due' }, { tag: '$due', key: 'a', serial: 99 }]) {
    assert.is(timers?.due(other), undefined)
  }
})

test('a time in the past is now', async () => {
  let timers: KeyedTimers<string> | undefined
  const { world, heard } = await listener((own) => {
    timers = new KeyedTimers<string>(own)
    timers.set('late', 'late', -5)
  })
  await untilIn(world, 'it has fired', () => heard.length === 1)
  assert.is(timers?.due(heard[0]), 'late')
})

test.run()
