/** What subscribers of services hear (SEV-01 to SEV-04), and what a filter may do. */
import { isAlive, type Pid, type Self } from '../../../../../runtime/index.ts'
import {
  registerService,
  type ServiceFilter,
  subscribeServices,
  unregisterService,
  unsubscribeServices,
} from '../../../../../src/index.ts'
import { assert, suite } from '../../../../support/harness.ts'
import { until } from '../../../../support/until.ts'
import { type Heard, OneRegistry } from './one-registry.ts'

const test = suite('service events')

/** The tags and names that were heard. */
function short({ heard }: Heard): string[] {
  return heard.map((event) => {
    const { tag, name, reason } = event as Record<'tag' | 'name' | 'reason', unknown>
    const why = reason === undefined ? '' : ` ${JSON.stringify(reason)}`
    return `${tag} ${typeof name === 'string' ? name : JSON.stringify(name)}${why}`
  })
}

function subscribed(one: OneRegistry, filter?: ServiceFilter): Promise<Heard> {
  return one.hear((self) => subscribeServices(self, filter))
}

test('registered, updated, unregistered, down with its reason (SEV-01, SEV-02)', async () => {
  const one = new OneRegistry()
  const ear = await subscribed(one)
  const pid = one.idle()
  registerService(one.node, 'db', { pid, metadata: { zone: 1 } })
  registerService(one.node, 'db', { pid, metadata: { zone: 2 } })
  unregisterService(one.node, 'db')
  registerService(one.node, 'db', { pid })
  await one.end(pid, { tag: 'broken' })
  await until('all is heard', () => ear.heard.length === 5)
  const at = { name: 'db', pid, node: 'a@host' }
  assert.equal(ear.heard, [
    { tag: 'serviceRegistered', ...at, metadata: { zone: 1 } },
    { tag: 'serviceUpdated', ...at, metadata: { zone: 2 } },
    { tag: 'serviceUnregistered', ...at, metadata: { zone: 2 } },
    { tag: 'serviceRegistered', ...at, metadata: {} },
    { tag: 'serviceDown', ...at, metadata: {}, reason: { tag: 'broken' } },
  ])
})

test('an end is told before a DOWN of it is', async () => {
  const one = new OneRegistry()
  const pid = one.idle()
  registerService(one.node, 'db', { pid })
  const ear = await one.hear((self) => {
    self.monitor(pid)
    subscribeServices(self)
  })
  await one.end(pid)
  await until('both are heard', () => ear.heard.length === 2)
  assert.equal(
    ear.heard.map((message) => (message as { tag: string }).tag),
    ['serviceDown', 'DOWN'],
  )
})

test('processes elsewhere: the same, with their reasons (SEV-01, SEV-02, SEV-04)', async () => {
  const one = new OneRegistry()
  const ear = await subscribed(one)
  const node = 'b@host'
  const gone = (cause?: unknown): void => {
    one.cameFrom(node, 'db')
    one.registry.changed({ node, key: 'sdb', cause })
  }
  gone()
  gone('killed')
  gone({ tag: 'nodedown' })
  gone({ tag: 'left', node: 'z@liar' })
  gone(7)
  one.cameFrom(node, 'db', { zone: 1 })
  one.cameFrom(node, 'db', { zone: 2 })
  one.cameFrom(node, 'db', {}, 2)
  await until('all is heard', () => ear.heard.length === 14)
  assert.equal(short(ear), [
    'serviceRegistered db',
    'serviceUnregistered db',
    'serviceRegistered db',
    'serviceDown db "killed"',
    'serviceRegistered db',
    'serviceDown db {"tag":"nodedown","node":"b@host"}',
    'serviceRegistered db',
    'serviceDown db {"tag":"left","node":"b@host"}',
    'serviceRegistered db',
    'serviceDown db "unknown"',
    'serviceRegistered db',
    'serviceUpdated db',
    'serviceUnregistered db',
    'serviceRegistered db',
  ])
})

test('filters: all, a name, a pattern, a function (SEV-03)', async () => {
  const one = new OneRegistry()
  const sticky = /^job\.\d+$/g
  const filters: readonly (readonly [ServiceFilter, string[]])[] = [
    ['all', ['job.1', 'job.2', 'other', '{"room":1}']],
    [{ name: 'other' }, ['other']],
    [{ name: { room: 1 } }, ['{"room":1}']],
    [{ name: 'nobody' }, []],
    [{ pattern: sticky }, ['job.1', 'job.2']],
    [(name) => typeof name === 'object', ['{"room":1}']],
  ]
  const ears = await Promise.all(filters.map(([filter]) => subscribed(one, filter)))
  const last = await subscribed(one)
  const pid = one.idle()
  for (const name of ['job.1', 'job.2', 'other', { room: 1 }]) {
    registerService(one.node, name, { pid })
  }
  await until('all is heard', () => last.heard.length === 4)
  for (const [at, [, names]] of filters.entries()) {
    const ear = ears[at]
    assert.equal(
      ear && short(ear),
      names.map((name) => `serviceRegistered ${name}`),
    )
  }
})

test('asked again it hears what it wants now, once; and nothing when it has enough', async () => {
  const one = new OneRegistry()
  const change: ((self: Self) => void)[] = []
  const ear = await one.hear((self) => {
    subscribeServices(self)
    subscribeServices(self, { name: 'x' })
    subscribeServices(self, { name: 'y' })
    change.push(() => unsubscribeServices(self))
  })
  const [pid, last] = [one.idle(), await subscribed(one)]
  registerService(one.node, 'x', { pid })
  registerService(one.node, 'y', { pid })
  await until('it is heard', () => ear.heard.length > 0)
  assert.equal(short(ear), ['serviceRegistered y'])
  await one.node.run((self) => change[0]?.(self))
  unregisterService(one.node, 'y')
  await until('others hear', () => last.heard.length === 3)
  assert.is(ear.heard.length, 1)
})

test('who ends is forgotten', async () => {
  const one = new OneRegistry()
  const ears = [await subscribed(one), await subscribed(one, { name: 'x' })]
  for (const { pid } of ears) await one.end(pid)
  registerService(one.node, 'x', { pid: one.idle() })
  assert.equal(one.registry.statistics(), { names: 1, subscribers: 0, waiters: 0 })
  assert.equal(
    ears.map(({ heard }) => heard.length),
    [0, 0],
  )
})

test('a filter that throws ends its own process and no other', async () => {
  const one = new OneRegistry()
  const good = await subscribed(one)
  const bad = await subscribed(one, () => {
    throw new Error('a bad filter')
  })
  const pid = one.idle()
  assert.equal(registerService(one.node, 'x', { pid }), { tag: 'ok' })
  assert.is(isAlive(one.node, bad.pid), false)
  await until('the other hears', () => good.heard.length === 1)
})

test('what is no filter is refused', async () => {
  const one = new OneRegistry()
  const bad = [null, 'some', 5, {}, { pattern: 'a*' }, { name: '' }, { name: 'x', more: 1 }, []]
  await one.node.run((self) => {
    for (const filter of bad) {
      // @ts-expect-error what callers without types may give
      assert.throws(() => subscribeServices(self, filter), /filter|name/)
    }
  })
})

test('when its source begins anew what was missed is told, then resync', async () => {
  const one = new OneRegistry()
  const kept = one.cameFrom('b@host', 'kept')
  one.cameFrom('b@host', 'gone')
  one.cameFrom('c@host', 'lost')
  const ear = await subscribed(one)
  const table = new Map([
    ['skept', [kept] as const],
    ['snew', [one.far('b@host', 9)] as const],
    ['s', [one.far('b@host', 9)] as const],
  ])
  one.others.set('b@host', table)
  registerService(one.node, 'own', { pid: one.idle() })
  one.registry.resync()
  await until('all is heard', () => ear.heard.length === 5)
  assert.equal(short(ear).sort(), [
    'resync undefined',
    'serviceRegistered new',
    'serviceRegistered own',
    'serviceUnregistered gone',
    'serviceUnregistered lost',
  ])
  assert.equal(ear.heard.at(-1), { tag: 'resync', source: 'services' })
})

test('a table is read once when its source begins anew, however many names it has', () => {
  const one = new OneRegistry()
  const table = new Map<string, readonly [Pid]>()
  for (let at = 1; at <= 50; at++)
    table.set(`sn${at}`, [one.cameFrom('b@host', `n${at}`, undefined, at)])
  let read = 0
  one.registry.spreadBy({
    put: () => undefined,
    remove: () => undefined,
    entriesOf: () => {
      read += 1
      return table
    },
    nodes: () => ['b@host'],
  })
  one.registry.resync()
  assert.is(read, 1)
  assert.is(one.registry.list().length, 50)
})

test.run()
