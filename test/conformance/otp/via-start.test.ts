/** Starting under a name that a registry keeps, and starting again (rules N5, N1, G1 to G4). */
import { isDown, type Self, whereisName } from '../../../runtime/index.ts'
import { type NameRegistry, processOfSelf } from '../../../runtime/kernel.ts'
import {
  call,
  cast,
  child,
  genServer,
  local,
  lookup,
  next,
  Registry,
  register,
  reply,
  start,
  startLink,
  stop,
  supervisor,
  via,
} from '../../../stdlib/index.ts'
import { assert, suite } from '../../support/harness.ts'
import { failureOf, inProcess, noMail, virtualNode } from './one-node.ts'

const test = suite('otp: starting under via names')

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

test('G1 the via name is there before init runs', () =>
  withRegistry(async (self) => {
    const seen: unknown[] = []
    const early = genServer<Record<never, never>>('via.early')({
      init: (_arg: null, own) => {
        seen.push(whereisName(own, via(early, 'carts', 'early')) === own.pid)
        return null
      },
    })
    await start(self, early, null, { name: via(early, 'carts', 'early') })
    assert.equal(seen, [true])
    await startCart(self, 'ada')
    assert.is(await call(self, cart('ada'), 'whoAmI'), 'ada')
  }))

test('N1 a taken via name: alreadyStarted, without init, EXIT or process', () =>
  withRegistry(async (self) => {
    const pid = await startCart(self, 'ada')
    self.trapExit(true)
    const again = await startLink(self, Cart, -1, { name: cart('ada') })
    assert.equal(again, { tag: 'error', reason: { tag: 'alreadyStarted', pid } })
    assert.ok(noMail(self))
    assert.is(whereisName(self, cart('ada')), pid)
  }))

test('G4 after a failed start the via name is free', () =>
  withRegistry(async (self) => {
    const failed = await start(self, Cart, -1, { name: cart('ada') })
    assert.equal(failed, { tag: 'error', reason: { tag: 'negative', count: -1 } })
    assert.is(whereisName(self, cart('ada')), undefined)
    await startCart(self, 'ada')
  }))

test('G3 a start that takes too long leaves the via name free', async () => {
  const { run } = virtualNode()
  await run(async (self) => {
    await openRegistry(self, 'carts', 'unique')
    const stuck = genServer<Cart>('via.stuck')({
      init: () => new Promise<number>(() => undefined),
      calls: { count: (state) => reply(state, state), whoAmI: (state) => reply('', state) },
      casts: { add: (state) => next(state) },
    })
    const name = via(stuck, 'carts', 'ada')
    const started = await start(self, stuck, undefined, { name, timeoutMs: 50 })
    assert.equal(started, { tag: 'error', reason: 'timeout' })
    assert.is(whereisName(self, name), undefined)
  })
})

const carts = supervisor('via.tree', (count: number) => ({
  strategy: 'restForOne',
  intensity: 5,
  children: [
    child(Registry, { keys: 'unique' }, { id: 'names', name: local(Registry, 'carts') }),
    child(Cart, count, { id: 'ada', name: cart('ada') }),
    child(Cart, count, { id: 'bob', name: cart('bob') }),
  ],
}))

async function changed(self: Self, name: ReturnType<typeof cart>, before: unknown): Promise<void> {
  while (whereisName(self, name) === before || whereisName(self, name) === undefined) {
    await self.yield()
  }
}

test('N5 a restarted child has its via name again', () =>
  inProcess(
    async (self) => {
      await start(self, carts, 3)
      cast(self, cart('ada'), 'add', 4)
      assert.is(await call(self, cart('ada'), 'count'), 7)
      const before = whereisName(self, cart('ada'))
      if (before === undefined) throw new Error('ada runs')
      self.exit(before, 'kill')
      await changed(self, cart('ada'), before)
      assert.is(await call(self, cart('ada'), 'count'), 3)
      assert.is(await call(self, cart('bob'), 'count'), 3)
    },
    [Registry, Cart, carts],
  ))

test('N5 a registry that ends takes its names along, and its supervisor brings both back', () =>
  inProcess(
    async (self) => {
      await start(self, carts, 3)
      const ada = whereisName(self, cart('ada'))
      const registry = whereisName(self, local(Registry, 'carts'))
      if (ada === undefined || registry === undefined) throw new Error('both run')
      const ref = self.monitor(ada)
      self.exit(registry, 'kill')
      assert.is(whereisName(self, cart('ada')), undefined)
      assert.is((await self.receive(isDown(ref))).reason, 'killed')
      await changed(self, cart('bob'), null)
      assert.is(await call(self, cart('ada'), 'count'), 3)
      assert.is(await call(self, cart('bob'), 'count'), 3)
    },
    [Registry, Cart, carts],
  ))

test('V4 a bad name in a child spec is refused with the field', () =>
  inProcess(async (self) => {
    const good = child(Cart, 0, { name: cart('ada') })
    assert.equal(good.name, { tag: 'via', registry: 'carts', name: 'ada' })
    const bad: unknown[] = [
      7,
      '',
      'x'.repeat(256),
      { tag: 'at', node: 'a@b', name: 'c' },
      { tag: 'via', registry: 'carts', name: { user: 'ada' } },
      { tag: 'via', registry: 'carts', name: Number.NaN },
      { tag: 'via', registry: '', name: 'ada' },
      { tag: 'via', name: 'ada' },
    ]
    for (const name of bad) {
      const tree = supervisor('via.bad', () => ({ children: [Object.assign({}, good, { name })] }))
      const started = await start(self, tree)
      if (started.tag !== 'error') throw new Error(`refused: ${JSON.stringify(name)}`)
      const { reason } = started
      assert.ok(typeof reason === 'object')
      assert.equal([reason.tag, reason.field], ['startSpec', 'children[0].name'])
    }
  }))

test('N5 a start whose registry does not run is an error, not a throw', () =>
  inProcess(async (self) => {
    const started = await start(self, Cart, 0, { name: via(Cart, 'absent', 'ada') })
    assert.equal(started, { tag: 'error', reason: { tag: 'noRegistry', registry: 'absent' } })
  }))

test('N5 keys that several may have are nobody’s names', () =>
  inProcess(async (self) => {
    await openRegistry(self, 'topics', 'duplicate')
    const name = via(Cart, 'topics', 'news')
    const started = await start(self, Cart, 0, { name })
    assert.equal(started, { tag: 'error', reason: { tag: 'duplicateKeys', registry: 'topics' } })
    register(self, 'topics', 'news')
    assert.is(whereisName(self, name), undefined)
    assert.is(await failureOf(call(self, name, 'count')), 'noproc')
    assert.throws(() => self.send(name, 'x'), /nobody has the name/)
  }))

test('N5 another kind of registry plugs in under a name of its own', () =>
  inProcess(async (self) => {
    const { registries } = processOfSelf(self).system
    const held = new Map<unknown, Self['pid']>()
    const frozen = { tag: 'frozen' }
    let open = true
    const table: NameRegistry = {
      whereis: (name) => held.get(name),
      refusal: () => (open ? undefined : frozen),
      register: (name, pid) => void held.set(name, pid),
      unregister: (name) => void held.delete(name),
    }
    assert.ok(registries.open('elsewhere', table))
    assert.not.ok(registries.open('elsewhere', table))
    const name = via(Cart, 'elsewhere', 'ada')
    await start(self, Cart, 2, { name })
    assert.is(await call(self, name, 'count'), 2)
    open = false
    const refused = await start(self, Cart, 2, { name: via(Cart, 'elsewhere', 'bob') })
    assert.equal(refused, { tag: 'error', reason: frozen })
    registries.close('elsewhere')
    assert.is(await failureOf(call(self, name, 'count')), 'noproc')
  }))

test.run()
