/** The local registry: both kinds of keys, what ends with what, and what is refused. */
import {
  isDown,
  isExit,
  process,
  type Self,
  spawn,
  spawnMonitor,
  startRuntime,
  whereisName,
} from '../../../../runtime/index.ts'
import { processOfSelf } from '../../../../runtime/kernel.ts'
import {
  child,
  countEntries,
  dispatch,
  keysOf,
  lookup,
  Registry,
  register,
  start,
  stopServer,
  supervisor,
  unregister,
  updateValue,
} from '../../../../stdlib/index.ts'
import { inProcess, noMail } from '../../../conformance/otp/one-node.ts'
import { assert, cleanup, suite } from '../../../support/harness.ts'

const test = suite('registry')

type Keys = 'unique' | 'duplicate'

async function open(self: Self, name: string, keys: Keys) {
  const started = await start(self, Registry, { keys }, { name })
  if (started.tag !== 'ok') throw new Error(`the registry starts: ${JSON.stringify(started)}`)
  return started.pid
}

function within(keys: Keys, body: (self: Self, registry: Self['pid']) => unknown): Promise<void> {
  return inProcess(async (self) => {
    await body(self, await open(self, 'r', keys))
  })
}

/** Registers under keys, says so, and lives until it is told otherwise. */
const member = process(
  'registry.member',
  async (self, arg: { boss: Self['pid']; keys: readonly string[]; trap?: boolean }) => {
    if (arg.trap) self.trapExit(true)
    const results = arg.keys.map((key) => register(self, 'r', key, { of: key }))
    self.send(arg.boss, { tag: 'registered', results })
    for (;;) {
      const message = await self.receive()
      if (message === 'end') return
      self.send(arg.boss, { tag: 'got', message })
    }
  },
)

async function join(self: Self, keys: readonly string[], trap = false) {
  const joined = spawnMonitor(self, member, { boss: self.pid, keys, trap })
  await self.receive(
    (message) => typeof message === 'object' && message !== null && 'results' in message,
  )
  return joined
}

test('a unique key has one process, with its value', () =>
  within('unique', async (self) => {
    assert.equal(register(self, 'r', 'one', { weight: 1 }), { tag: 'ok' })
    assert.equal(lookup(self, 'r', 'one'), [{ pid: self.pid, value: { weight: 1 } }])
    assert.equal(lookup(self, 'r', 'two'), [])
    assert.equal(register(self, 'r', 'two'), { tag: 'ok' })
    assert.equal(lookup(self, 'r', 'two'), [{ pid: self.pid, value: null }])
    assert.is(countEntries(self, 'r'), 2)
  }))

test('a taken unique key is refused, also to who has it', () =>
  within('unique', async (self) => {
    const { pid } = await join(self, ['one'])
    const refused = { tag: 'error', reason: { tag: 'alreadyRegistered', pid } }
    assert.equal(register(self, 'r', 'one'), refused)
    register(self, 'r', 'mine')
    const own = { tag: 'error', reason: { tag: 'alreadyRegistered', pid: self.pid } }
    assert.equal(register(self, 'r', 'mine', 'other'), own)
    assert.equal(lookup(self, 'r', 'mine'), [{ pid: self.pid, value: null }])
  }))

test('a duplicate key has any number, one process several times', () =>
  within('duplicate', async (self) => {
    const { pid } = await join(self, ['news', 'sport', 'news'])
    register(self, 'r', 'news', 'mine')
    assert.equal(lookup(self, 'r', 'news'), [
      { pid, value: { of: 'news' } },
      { pid, value: { of: 'news' } },
      { pid: self.pid, value: 'mine' },
    ])
    assert.equal(keysOf(self, 'r', pid), ['news', 'sport', 'news'])
    assert.is(countEntries(self, 'r'), 4)
  }))

test('unregister gives up all of one key and nothing else', () =>
  within('duplicate', async (self) => {
    const { pid } = await join(self, ['news'])
    for (const key of ['news', 'sport', 'news']) register(self, 'r', key)
    unregister(self, 'r', 'news')
    assert.equal(keysOf(self, 'r', self.pid), ['sport'])
    assert.equal(
      lookup(self, 'r', 'news').map((entry) => entry.pid),
      [pid],
    )
    unregister(self, 'r', 'news')
    unregister(self, 'r', 'unknown')
    assert.is(countEntries(self, 'r'), 2)
  }))

test('unregister cannot take a unique key of another', () =>
  within('unique', async (self) => {
    const { pid } = await join(self, ['one'])
    unregister(self, 'r', 'one')
    assert.equal(
      lookup(self, 'r', 'one').map((entry) => entry.pid),
      [pid],
    )
    register(self, 'r', 'two')
    unregister(self, 'r', 'two')
    assert.equal(register(self, 'r', 'two'), { tag: 'ok' })
  }))

test('the entries of a process are gone before anybody hears of its end', () =>
  within('duplicate', async (self) => {
    const seen: number[] = []
    const keys = ['a', 'b', 'a']
    for (const way of ['end', 'kill', 'shutdown']) {
      const { pid, ref } = await join(self, keys)
      assert.is(countEntries(self, 'r'), 3)
      if (way === 'end') self.send(pid, 'end')
      else self.exit(pid, way)
      await self.receive(isDown(ref))
      seen.push(countEntries(self, 'r'), lookup(self, 'r', 'a').length)
      assert.equal(keysOf(self, 'r', pid), [])
    }
    assert.equal(seen, [0, 0, 0, 0, 0, 0])
  }))

test('only the owner changes a value, and a change that throws leaves it', () =>
  within('unique', async (self) => {
    await join(self, ['other'])
    register(self, 'r', 'mine', 1)
    const twice = (value: unknown): unknown => Number(value) * 2
    assert.equal(updateValue(self, 'r', 'mine', twice), { tag: 'ok', value: 2 })
    const refused = { tag: 'error', reason: 'notRegistered' }
    assert.equal(updateValue(self, 'r', 'other', twice), refused)
    assert.equal(updateValue(self, 'r', 'nobody', twice), refused)
    const breaks = (): never => {
      throw new RangeError('no value')
    }
    assert.throws(() => updateValue(self, 'r', 'mine', breaks), /no value/)
    assert.throws(() => updateValue(self, 'r', 'mine', () => breaks), /function cannot be sent/)
    assert.equal(lookup(self, 'r', 'mine'), [{ pid: self.pid, value: 2 }])
  }))

test('duplicate keys have no value to update', () =>
  within('duplicate', (self) => {
    register(self, 'r', 'mine', 1)
    assert.throws(() => updateValue(self, 'r', 'mine', () => 2), /keys of 'r' are duplicate/)
  }))

test('dispatch reaches everybody under a key, once, and calls nobody for none', () =>
  within('duplicate', async (self) => {
    const first = await join(self, ['news'])
    const second = await join(self, ['news', 'sport'])
    let visits = 0
    dispatch(self, 'r', 'news', (entries) => {
      visits++
      for (const { pid } of entries) self.send(pid, 'hello')
    })
    dispatch(self, 'r', 'weather', () => visits++)
    assert.is(visits, 1)
    for (const _ of [first, second]) {
      assert.equal(await self.receive(), { tag: 'got', message: 'hello' })
    }
    assert.ok(noMail(self))
  }))

test('what lookup gives is a copy: changing the registry or it changes nothing in the other', () =>
  within('duplicate', (self) => {
    register(self, 'r', 'a', 1)
    const entries = lookup(self, 'r', 'a')
    register(self, 'r', 'a', 2)
    assert.is(entries.length, 1)
    entries.length = 0
    assert.is(lookup(self, 'r', 'a').length, 2)
  }))

test('a value is data, frozen as a message is', () =>
  within('unique', (self) => {
    const value = { tags: ['a'] }
    register(self, 'r', 'mine', value)
    assert.throws(() => value.tags.push('b'), TypeError)
    assert.throws(() => register(self, 'r', 'bad', () => 1), /function cannot be sent/)
    assert.equal(lookup(self, 'r', 'bad'), [])
  }))

test('a registry that is killed ends those registered in it; who traps is told', () =>
  within('unique', async (self, registry) => {
    const plain = await join(self, ['plain'])
    const trapping = await join(self, ['trapping'], true)
    self.trapExit(true)
    register(self, 'r', 'me')
    self.exit(registry, 'kill')
    assert.throws(() => lookup(self, 'r', 'plain'), /none named "r" runs on this node/)
    assert.is((await self.receive(isDown(plain.ref))).reason, 'killed')
    assert.is((await self.receive(isExit(registry))).reason, 'killed')
    const told = await self.receive(
      (message) => typeof message === 'object' && message !== null && 'message' in message,
    )
    assert.equal(told, { tag: 'got', message: { tag: 'EXIT', from: registry, reason: 'killed' } })
    self.send(trapping.pid, 'end')
    await self.receive(isDown(trapping.ref))
  }))

test('a registry that is stopped in order leaves who was registered alive, and empty-handed', () =>
  within('unique', async (self, registry) => {
    register(self, 'r', 'me')
    await stopServer(self, registry)
    assert.throws(() => register(self, 'r', 'me'), /none named "r"/)
    await open(self, 'r', 'unique')
    assert.equal(register(self, 'r', 'me'), { tag: 'ok' })
  }))

test('the end of who is registered does not end the registry', () =>
  within('unique', async (self, registry) => {
    for (const reason of ['kill', 'shutdown', 'odd']) {
      const { pid, ref } = await join(self, ['one'])
      self.exit(pid, reason)
      await self.receive(isDown(ref))
    }
    assert.is(whereisName(self, { tag: 'local', name: 'r' }), registry)
    assert.is(countEntries(self, 'r'), 0)
  }))

test('a process with no key left is not linked with the registry', () =>
  within('unique', async (self, registry) => {
    const links = (): boolean => processOfSelf(self).links?.has(registry) === true
    register(self, 'r', 'one')
    register(self, 'r', 'two')
    unregister(self, 'r', 'one')
    assert.ok(links())
    unregister(self, 'r', 'two')
    assert.not.ok(links())
    const ref = self.monitor(registry)
    self.exit(registry, 'kill')
    await self.receive(isDown(ref))
  }))

test('a link the process had made itself stays', () =>
  within('unique', (self, registry) => {
    self.link(registry)
    register(self, 'r', 'one')
    unregister(self, 'r', 'one')
    assert.ok(processOfSelf(self).links?.has(registry))
    self.unlink(registry)
  }))

test('registering and unregistering without end leaves nothing behind', () =>
  within('unique', (self) => {
    for (let round = 0; round < 1000; round++) {
      register(self, 'r', round)
      unregister(self, 'r', round)
    }
    assert.is(countEntries(self, 'r'), 0)
    assert.is(processOfSelf(self).exitHooks?.length, 2)
  }))

test('a registry is refused without a name, under a bad one, or with bad options', () =>
  inProcess(
    async (self) => {
      const refusal = async (options: unknown, name?: string): Promise<string> => {
        const tree = supervisor('t', () => ({
          children: [
            Object.assign({}, child(Registry, { keys: 'unique' }), {
              arg: options,
              name: name ?? null,
            }),
          ],
        }))
        const started = await start(self, tree)
        return started.tag === 'error' ? JSON.stringify(started.reason) : 'it started'
      }
      const good = { keys: 'unique' }
      assert.match(await refusal(good), /started under a local name/)
      assert.match(await refusal(good, 'cluster'), /'cluster' is taken by the cluster/)
      for (const options of [undefined, null, {}, { keys: 'many' }, { keys: 7 }]) {
        assert.match(await refusal(options, 'r'), /keys: expected 'unique' or 'duplicate'/)
      }
      await open(self, 'r', 'unique')
      const again = await start(self, Registry, { keys: 'unique' }, { name: 'r' })
      assert.is(
        again.tag === 'error' && typeof again.reason === 'object' && again.reason.tag,
        'alreadyStarted',
      )
    },
    [Registry],
  ))

test('a second registry cannot slip in under a name that was given up', () =>
  within('unique', async (self, registry) => {
    register(self, 'r', 'me')
    self.unregister('r')
    const second = await start(self, Registry, { keys: 'unique' }, { name: 'r' })
    assert.match(JSON.stringify(second), /a registry 'r' runs already/)
    assert.is(whereisName(self, { tag: 'via', registry: 'r', name: 'me' }), self.pid)
    assert.is(whereisName(self, { tag: 'local', name: 'r' }), undefined)
    assert.ok(registry)
  }))

test('bad keys, pids and registries are refused, naming them', () =>
  within('unique', (self) => {
    const apply = (fn: (...given: never[]) => unknown, ...given: unknown[]): unknown =>
      Reflect.apply(fn, null, given)
    for (const key of ['', 'x'.repeat(256), Number.NaN, Infinity, null, undefined, {}, 1n]) {
      assert.throws(() => apply(register, self, 'r', key), /key: expected/)
      assert.equal(apply(lookup, self, 'r', key), [])
    }
    for (const registry of ['absent', '', undefined, null, {}]) {
      for (const fn of [register, unregister, lookup, dispatch, updateValue, countEntries]) {
        assert.throws(() => apply(fn, self, registry, 'key'), /BadArgument|registry: none named/)
      }
    }
    assert.throws(() => apply(keysOf, self, 'r', 'pid'), /keysOf: expected a pid/)
  }))

test('a pid of another node has no keys here', async () => {
  const other = startRuntime({ name: 'other@localhost', quiet: true })
  cleanup(() => other.stop())
  await within('unique', (self) => {
    const stranger = spawn(other, member, { boss: self.pid, keys: [] })
    assert.equal(keysOf(self, 'r', stranger), [])
  })
})

test('a dead process registers nothing', () =>
  within('unique', async (self) => {
    const late = process('registry.late', async (own) => {
      own.onExit(() => register(own, 'r', 'late'))
      await own.receive()
    })
    const { pid, ref } = spawnMonitor(self, late)
    await self.yield()
    self.exit(pid, 'kill')
    await self.receive(isDown(ref))
    assert.equal(lookup(self, 'r', 'late'), [])
  }))

test.run()
