/** Names that a registry of the node keeps (rule N5), in every place where a destination goes. */
import {
  isDown,
  isExit,
  process,
  type Self,
  spawn,
  startRuntime,
  whereisName,
} from '../../../runtime/index.ts'
import {
  at,
  call,
  callWithin,
  cast,
  genServer,
  lookup,
  next,
  Registry,
  register,
  reply,
  start,
  startLink,
  stop,
  stopServer,
  via,
} from '../../../stdlib/index.ts'
import { assert, cleanup, suite } from '../../support/harness.ts'
import { failureOf, inProcess, noMail, virtualNode } from './one-node.ts'

const test = suite('otp: via names')

type Cart = {
  calls: { count: () => number; whoAmI: () => string }
  casts: { add: (n: number) => void }
}

const Cart = genServer<Cart>('via.cart')({
  init: (count: number) => (count < 0 ? stop({ tag: 'negative', count }) : next(count)),
  calls: {
    count: (count) => reply(count, count),
    whoAmI: (count, _arg, self) => {
      const keys = lookup(self, 'carts', 'ada').filter(({ pid }) => pid === self.pid)
      return reply(keys.length === 1 ? 'ada' : 'nobody', count)
    },
  },
  casts: { add: (count, n) => next(count + n) },
  info: (count) => next(count),
})

const cart = (user: string | number) => via(Cart, 'carts', user)

const waits = process('via.waits', async (self) => {
  await self.receive()
})

/** A process beside a registry named `carts`. */
function withRegistry(body: (self: Self) => Promise<void>): Promise<void> {
  return inProcess(async (self) => {
    await openRegistry(self, 'carts', 'unique')
    await body(self)
  })
}

async function openRegistry(self: Self, name: string, keys: 'unique' | 'duplicate') {
  const started = await start(self, Registry, { keys }, { name })
  if (started.tag !== 'ok') throw new Error(`the registry starts: ${JSON.stringify(started)}`)
  return started.pid
}

async function startCart(self: Self, user: string | number, count = 0) {
  const started = await start(self, Cart, count, { name: cart(user) })
  if (started.tag !== 'ok') throw new Error(`the cart starts: ${JSON.stringify(started)}`)
  return started.pid
}

test('N5 a server started under a via name is found by call, cast, send and whereis', () =>
  withRegistry(async (self) => {
    const pid = await startCart(self, 'ada', 1)
    assert.is(whereisName(self, cart('ada')), pid)
    assert.is(await call(self, cart('ada'), 'count'), 1)
    cast(self, cart('ada'), 'add', 4)
    assert.is(await callWithin(self, 100, cart('ada'), 'count'), 5)
    const message = { any: 'thing' }
    assert.is(self.send(cart('ada'), message), message)
  }))

test('N3 one process may have many via names', () =>
  withRegistry(async (self) => {
    for (const key of ['a', 'b', 1, 2.5]) assert.equal(register(self, 'carts', key), { tag: 'ok' })
    for (const key of ['a', 'b', 1, 2.5]) assert.is(whereisName(self, cart(key)), self.pid)
  }))

test('N5 the number 1 and the text 1 are two names', () =>
  withRegistry(async (self) => {
    const number = await startCart(self, 1)
    const text = await startCart(self, '1')
    assert.is.not(number, text)
    assert.is(whereisName(self, cart(1)), number)
    assert.is(whereisName(self, cart('1')), text)
  }))

test('N5 a message to an unknown via name is refused, naming name and message', () =>
  withRegistry(async (self) => {
    assert.throws(
      () => self.send(cart('nobody'), { sku: 'a1' }),
      /nobody has the name "nobody" in registry 'carts', for object with keys sku/,
    )
    assert.throws(
      () => self.send(via(Cart, 'absent', 'ada'), 'x'),
      /BadArgument|in registry 'absent'/,
    )
  }))

test('G14 G15 a call to an unknown via name fails noproc, a cast is silent', () =>
  withRegistry(async (self) => {
    for (const name of [cart('nobody'), via(Cart, 'absent', 'ada')]) {
      assert.is(await failureOf(call(self, name, 'count')), 'noproc')
      cast(self, name, 'add', 1)
    }
    assert.ok(noMail(self))
  }))

test('G14 a call to oneself by via name is refused', () =>
  withRegistry(async (self) => {
    register(self, 'carts', 'me')
    assert.is(await failureOf(call(self, cart('me'), 'count')), 'callingSelf')
  }))

test('M4 a monitor by via name is resolved once and the DOWN shows the name', () =>
  withRegistry(async (self) => {
    const first = await startCart(self, 'ada')
    const ref = self.monitor(cart('ada'))
    const held = lookup(self, 'carts', 'ada').length
    assert.is(held, 1)
    self.exit(first, 'kill')
    await startCart(self, 'ada')
    const down = await self.receive(isDown(ref))
    assert.equal(down.target, { tag: 'via', registry: 'carts', name: 'ada' })
    assert.is(down.reason, 'killed')
    assert.ok(noMail(self))
  }))

test('M3 a monitor of an unknown via name fires noproc', () =>
  withRegistry(async (self) => {
    for (const name of [cart('nobody'), via(Cart, 'absent', 7)]) {
      const ref = self.monitor(name)
      const { reason, target } = await self.receive(isDown(ref))
      assert.is(reason, 'noproc')
      assert.equal(target, { tag: 'via', registry: name.registry, name: name.name })
    }
  }))

test('G18 a server is stopped by via name', () =>
  withRegistry(async (self) => {
    await startCart(self, 'ada')
    await stopServer(self, cart('ada'))
    assert.is(whereisName(self, cart('ada')), undefined)
    assert.is(await failureOf(stopServer(self, cart('ada'))), 'noproc')
  }))

test('P5 a via name is free before anybody hears of the end, whatever ends it', () =>
  withRegistry(async (self) => {
    const free: boolean[] = []
    const heir = process('via.heir', async (own, arg: { target: Self['pid'] }) => {
      const ref = own.monitor(arg.target)
      await own.receive(isDown(ref))
      free.push(whereisName(own, cart('throne')) === undefined)
    })
    for (const way of ['kill', 'shutdown', 'stop']) {
      const holder = await startCart(self, 'throne')
      const ref = self.monitor(spawn(self, heir, { target: holder }))
      await self.yield()
      if (way === 'stop') await stopServer(self, holder)
      else self.exit(holder, way)
      await self.receive(isDown(ref))
    }
    assert.equal(free, [true, true, true])
  }))

test('P5 a linked process that hears of the end finds the via name free', () =>
  withRegistry(async (self) => {
    self.trapExit(true)
    const started = await startLink(self, Cart, 0, { name: cart('ada') })
    if (started.tag !== 'ok') throw new Error('it starts')
    self.exit(started.pid, 'kill')
    await self.receive(isExit(started.pid))
    assert.is(whereisName(self, cart('ada')), undefined)
  }))

test('T5 a timer finds the via name when it fires', async () => {
  const { run } = virtualNode()
  await run(async (self) => {
    await openRegistry(self, 'carts', 'unique')
    self.sendAfter(10, cart('later'), 'to nobody')
    self.sendAfter(30, cart('later'), 'to whoever has it')
    self.sendAfter(20, self.pid, 'now')
    await self.receive()
    register(self, 'carts', 'later')
    assert.is(await self.receive(), 'to whoever has it')
  })
})

test('N5 a name that is no name is refused where it is made or used', () =>
  withRegistry(async (self) => {
    for (const name of [Number.NaN, Number.POSITIVE_INFINITY, '', 'x'.repeat(256)]) {
      assert.throws(() => cart(name), /name: expected/)
    }
    assert.throws(() => via(Cart, '', 'ada'), /registry: expected/)
    const make: (...given: unknown[]) => unknown = (...given) => Reflect.apply(via, null, given)
    for (const name of [null, undefined, {}, ['a'], 1n]) {
      assert.throws(() => make(Cart, 'carts', name), /name: expected/)
    }
    assert.throws(() => start(self, Cart, 0, { name: '' }), /name: expected/)
  }))

test('whereisName takes every name this node can answer for', () =>
  withRegistry(async (self) => {
    const held = spawn(self, waits, undefined, { name: 'waits' })
    assert.is(whereisName(self, { tag: 'local', name: 'waits' }), held)
    assert.is(whereisName(self, { tag: 'at', node: self.node, name: 'waits' }), held)
    assert.is(whereisName(self, { tag: 'local', name: 'nobody' }), undefined)
    assert.throws(() => whereisName(self, at('far@host', Cart, 'c')), /is a name of node far@host/)
  }))

test('two nodes of one program have registries of their own', async () => {
  const other = startRuntime({ name: 'other@localhost', quiet: true })
  cleanup(() => other.stop())
  await withRegistry(async (self) => {
    await startCart(self, 'ada')
    assert.is(whereisName(other, cart('ada')), undefined)
    assert.is(await failureOf(call(other, cart('ada'), 'count')), 'noproc')
  })
})

test.run()
