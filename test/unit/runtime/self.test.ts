/** What a process may do with its `self`, and what it is told when it asks for nonsense. */
import {
  BadArgument,
  type Destination,
  Exit,
  isDown,
  type Pid,
  process,
  type Reason,
  type Ref,
  type Reference,
  type Self,
  send,
  spawn,
} from '../../../runtime/index.ts'
import { systemOf } from '../../../runtime/kernel.ts'
import { call } from '../../../stdlib/index.ts'
import { assert, suite } from '../../support/harness.ts'
import { turn } from '../../support/until.ts'
import { realNode } from './node-fixture.ts'

const test = suite('self')

const idle = process('idle', (self) => self.receive())

/** A value of the wrong type, as untyped code would pass it. */
function wrong<T>(value: unknown): T {
  return value as T
}

const junk: readonly unknown[] = [
  undefined,
  null,
  0,
  'text',
  {},
  [],
  Symbol('s'),
  () => 1,
  Object.create(null),
]

type Get = { calls: { get: () => string } }

type Use = (self: Self, value: unknown) => unknown

const uses: Readonly<Record<string, Use>> = {
  'send to': (self, value) => self.send(wrong<Pid>(value), 'x'),
  'host send to': (_self, value) => send(wrong<Pid>(value), 'x'),
  'exit of': (self, value) => self.exit(wrong<Pid>(value), 'x'),
  link: (self, value) => self.link(wrong<Pid>(value)),
  unlink: (self, value) => self.unlink(wrong<Pid>(value)),
  monitor: (self, value) => self.monitor(wrong<Destination>(value)),
  demonitor: (self, value) => self.demonitor(wrong<Reference>(value)),
  'sendAfter to': (self, value) => self.sendAfter(1, wrong<Destination>(value), 'x'),
}

for (const [name, use] of Object.entries(uses)) {
  test(`${name} nonsense is BadArgument`, async () => {
    const { node } = realNode()
    await node.run((self) => {
      for (const value of junk) {
        let thrown: unknown
        try {
          use(self, value)
        } catch (error) {
          thrown = error
        }
        assert.instance(thrown, BadArgument, `${name} ${typeof value}`)
      }
    })
  })
}

test('exit with what is no reason is BadArgument, naming it', async () => {
  const { node } = realNode()
  await node.run((self) => {
    const pid = spawn(self, idle)
    for (const reason of [undefined, null, 0, {}, [], { tag: 1 }, () => 1]) {
      assert.throws(
        () => self.exit(pid, wrong<Reason>(reason)),
        (error: unknown) => error instanceof BadArgument && /reason/.test(error.message),
      )
    }
  })
})

test('a reason in transit is safe from its sender, as a message is', async () => {
  const { node } = realNode()
  const seen = await node.run(async (self) => {
    const pid = spawn(self, idle)
    const ref = self.monitor(pid)
    const reason = { tag: 'shutdown', detail: new Map([['k', 1]]) }
    self.exit(pid, reason)
    reason.detail.clear()
    const down = await self.receive(isDown(ref))
    assert.throws(() => self.exit(pid, { tag: 'odd', code: () => 1 }), /reason\.code/)
    return down.reason
  })
  assert.equal(seen, { tag: 'shutdown', detail: new Map([['k', 1]]) })
})

test('send returns its message; a bare unknown name is refused, a full one is not', async () => {
  const { node } = realNode()
  await node.run((self) => {
    const message = { n: 1 }
    assert.is(self.send(self.pid, message), message)
    assert.throws(() => self.send({ tag: 'local', name: 'nobody' }, 1), /nobody has the name/)
    self.send({ tag: 'at', node: 'a@host', name: 'nobody' }, 1)
    assert.is(send(self.pid, message), true)
  })
})

test('link to oneself is nothing, twice is once, unlink undoes it', async () => {
  const { node } = realNode()
  await node.run(async (self) => {
    self.trapExit(true)
    self.link(self.pid)
    const pid = spawn(self, idle)
    self.link(pid)
    self.link(pid)
    self.exit(pid, 'kill')
    assert.equal(await self.receive(), { tag: 'EXIT', from: pid, reason: 'killed' })
    const other = spawn(self, idle)
    self.link(other)
    self.unlink(other)
    self.unlink(other)
    self.exit(other, 'kill')
    assert.is(await self.receive(null, { timeoutMs: 5, otherwise: 'nothing' }), 'nothing')
    self.trapExit(false)
    assert.throws(
      () => self.link(pid),
      (error: unknown) => error instanceof Exit && error.reason === 'noproc',
    )
  })
})

test('a message is frozen for its sender too', async () => {
  const { node } = realNode()
  await node.run(async (self) => {
    const message = { list: [1] }
    self.send(self.pid, message)
    assert.throws(() => message.list.push(2), TypeError)
    assert.is(await self.receive(), message)
  })
})

test('unchecked, messages pass as they are', async () => {
  const { node } = realNode({ checked: false })
  await node.run(async (self) => {
    const message = { fn: () => 1, when: new Date(0) }
    self.send(self.pid, message)
    assert.is(await self.receive(), message)
    assert.not(Object.isFrozen(message))
  })
})

test('timers: bad times, remote targets and cancelled ones', async () => {
  const { node } = realNode()
  await node.run(async (self) => {
    for (const ms of [-1, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 32, wrong<number>('5')]) {
      assert.throws(
        () => self.sendAfter(ms, self.pid, 'x'),
        (error: unknown) => error instanceof BadArgument,
      )
    }
    const elsewhere: Destination = { tag: 'at', node: 'b@host', name: 'x' }
    assert.throws(() => self.sendAfter(1, elsewhere, 'x'), /on this node/)
    const timer = self.sendAfter(10_000, self.pid, 'never')
    const left = self.cancelTimer(timer)
    assert.ok(typeof left === 'number' && Number.isInteger(left) && left > 9_000)
    assert.is(self.cancelTimer(timer), false)
    assert.is(self.cancelTimer(self.monitor(self.pid)), false)
    self.sendAfter(0, { tag: 'local', name: 'nobody' }, 'dropped')
    self.sendAfter(0, self.pid, 'fired')
    assert.is(await self.receive(), 'fired')
  })
})

test('waits for the outside are counted, and forgotten when their process ends', async () => {
  const { node } = realNode()
  const { outsideWaits } = systemOf(node)
  const releases: (() => void)[] = []
  const outside = (): Promise<void> => new Promise((resolve) => releases.push(resolve))
  const pid = spawn(
    node,
    process('waiting', async (self) => {
      await Promise.all([self.wait(outside()), self.wait(outside())])
      await self.wait(outside())
    }),
  )
  await turn()
  assert.equal([...outsideWaits.values()], [2])
  releases[0]?.()
  await turn()
  assert.equal([...outsideWaits.values()], [1])
  releases[1]?.()
  await turn()
  assert.equal([...outsideWaits.values()], [1], 'the third')
  await node.run((self) => self.exit(pid, 'kill'))
  assert.is(outsideWaits.size, 0)
  releases[2]?.()
  await turn()
  assert.is(outsideWaits.size, 0)
})

test('a call that was answered and is printed afterwards stays out of the tables', async () => {
  const { node, system } = realNode()
  const server = process('server', async (self) => {
    const request = wrong<Reference>(await self.receive())
    self.send(request, 'answer')
    const { id } = request
    assert.is(system.findCall(id), undefined)
    assert.is(request.id, id)
    await self.receive()
  })
  const answer = await node.run(async (self) => {
    const pid = spawn(self, server)
    const ref = self.monitor(pid)
    const value = await call(self, wrong<Ref<Get>>(pid), 'get')
    self.send(pid, 'done')
    assert.is((await self.receive(isDown(ref))).reason, 'normal')
    return value
  })
  assert.is(answer, 'answer')
})

test.run()
