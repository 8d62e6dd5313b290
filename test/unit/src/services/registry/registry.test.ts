/** The registry of one node: names, what it tells the others, and what it takes from them. */
import { BadArgument, isAlive, isDown, spawn, whereisName } from '../../../../../runtime/index.ts'
import { processOfSelf } from '../../../../../runtime/kernel.ts'
import {
  listServices,
  lookupLocal,
  lookupService,
  registerService,
  startRuntime,
  subscribeServices,
  unregisterService,
  updateMetadata,
} from '../../../../../src/index.ts'
import { limits } from '../../../../../src/limits.ts'
import { TableFull } from '../../../../../src/replica/index.ts'
import { genServer, via } from '../../../../../stdlib/index.ts'
import { assert, cleanup, suite } from '../../../../support/harness.ts'
import { until } from '../../../../support/until.ts'
import { Idle, OneRegistry } from './one-registry.ts'

const test = suite('registry of the cluster, one node')

const Any = genServer<Record<never, never>>('any')({ init: () => null })

test('a process is registered, looked up, and taken back', () => {
  const one = new OneRegistry()
  const pid = one.idle()
  assert.equal(registerService(one.node, 'db', { pid, metadata: { zone: 1 } }), { tag: 'ok' })
  const instance = { name: 'db', pid, node: 'a@host', metadata: { zone: 1 } }
  assert.equal(lookupService(one.node, 'db'), [instance])
  assert.is(lookupLocal(one.node, 'db'), pid)
  assert.is(whereisName(one.node, via(Any, 'cluster', 'db')), pid)
  assert.equal(listServices(one.node), ['db'])
  unregisterService(one.node, 'db')
  unregisterService(one.node, 'db')
  assert.equal(lookupService(one.node, 'db'), [])
  assert.is(lookupLocal(one.node, 'db'), undefined)
  assert.equal(listServices(one.node), [])
  assert.equal(one.told, [
    { tag: 'put', key: 'sdb', value: [pid, { zone: 1 }] },
    { tag: 'remove', key: 'sdb', cause: undefined },
  ])
})

test('a process registers itself; host code must say whom', async () => {
  const one = new OneRegistry()
  await one.node.run((self) => {
    assert.equal(registerService(self, 'me'), { tag: 'ok' })
    assert.is(lookupLocal(self, 'me'), self.pid)
  })
  assert.is(lookupLocal(one.node, 'me'), undefined, 'it has ended')
  assert.throws(() => registerService(one.node, 'me'), /host code must give a pid/)
})

test('another process is refused, the same one gets other metadata', () => {
  const one = new OneRegistry()
  const [pid, other] = [one.idle(), one.idle()]
  registerService(one.node, 'db', { pid, metadata: { load: 1 } })
  assert.equal(registerService(one.node, 'db', { pid: other }), {
    tag: 'error',
    reason: { tag: 'alreadyRegistered', pid },
  })
  assert.equal(registerService(one.node, 'db', { pid, metadata: { load: 2 } }), { tag: 'ok' })
  assert.equal(lookupService(one.node, 'db')[0]?.metadata, { load: 2 })
  assert.equal(updateMetadata(one.node, 'db', { load: 3 }), { tag: 'ok' })
  assert.equal(lookupService(one.node, 'db')[0]?.metadata, { load: 3 })
  assert.equal(updateMetadata(one.node, 'nobody', {}), { tag: 'error', reason: 'notRegistered' })
  assert.is(one.told.length, 3, 'refusals tell nobody')
})

test('the dead and those of other nodes are refused', async () => {
  const one = new OneRegistry()
  const dead = one.idle()
  await one.end(dead)
  const noproc = { tag: 'error', reason: 'noproc' }
  assert.equal(registerService(one.node, 'x', { pid: dead }), noproc)
  const far = { tag: 'error', reason: 'notLocal' }
  assert.equal(registerService(one.node, 'x', { pid: one.far('b@host') }), far)
  assert.equal(one.told, [])
})

test('the end of a process takes its names in the same turn, and says why', async () => {
  const one = new OneRegistry()
  const pid = one.idle()
  for (const name of ['x', 'y', 7]) registerService(one.node, name, { pid })
  one.told.length = 0
  await one.node.run(async (self) => {
    const ref = self.monitor(pid)
    self.exit(pid, { tag: 'broken', part: 'wheel' })
    await self.receive(isDown(ref))
    for (const name of ['x', 'y', 7]) assert.equal(lookupService(self, name), [])
  })
  const cause = { tag: 'broken', part: 'wheel' }
  assert.equal(
    one.told,
    ['sx', 'sy', 'n7'].map((key) => ({ tag: 'remove', key, cause })),
  )
})

test('what a dying process held is free to its successor', async () => {
  const one = new OneRegistry()
  const first = one.idle()
  registerService(one.node, 'x', { pid: first })
  unregisterService(one.node, 'x')
  const second = one.idle()
  registerService(one.node, 'x', { pid: second })
  await one.end(first)
  assert.is(lookupLocal(one.node, 'x'), second, 'what was given up is not taken away')
})

test('who ends by its own filter while it registers leaves no name behind', async () => {
  const one = new OneRegistry()
  const first = await one.hear(subscribeServices)
  const { pid } = await one.hear((self) => {
    subscribeServices(self, () => {
      throw new Error('as it was asked')
    })
  })
  const last = await one.hear(subscribeServices)
  registerService(one.node, 'x', { pid })
  assert.not(isAlive(one.node, pid))
  assert.equal(lookupService(one.node, 'x'), [])
  await until('both have heard', () => first.heard.length + last.heard.length === 4)
  for (const { heard } of [first, last]) {
    const tags = heard.map((event) => (event as { tag: string }).tag)
    assert.equal(tags, ['serviceRegistered', 'serviceDown'])
  }
  assert.equal(registerService(one.node, 'x', { pid: one.idle() }), { tag: 'ok' })
})

test('reasons leave without stacks, small, and sendable', async () => {
  const one = new OneRegistry()
  const reasons = [
    { tag: 'error', name: 'Error', message: 'm', stack: 'at secret.ts' },
    { tag: 'huge', text: 'x'.repeat(100_000) },
    { tag: 'odd', at: [1n, null] },
    'r'.repeat(2_000),
    { tag: 't'.repeat(70_000) },
  ]
  for (const reason of reasons) {
    const pid = one.idle()
    registerService(one.node, 'x', { pid })
    await one.end(pid, reason as { tag: string })
  }
  const causes = one.told.flatMap((told) => (told.tag === 'remove' ? [told.cause] : []))
  assert.equal(causes, [
    { tag: 'error', name: 'Error', message: 'm' },
    { tag: 'huge', cut: true },
    { tag: 'odd', at: [1n, null] },
    'r'.repeat(255),
    { tag: 't'.repeat(255), cut: true },
  ])
})

test('any term is a name; equal terms are one (REG-09)', () => {
  const one = new OneRegistry()
  const names = [
    'text',
    '1',
    1,
    1n,
    -2.5,
    true,
    null,
    ['room', 'general'],
    { room: 'general', floor: 2 },
    new Map([['k', 1]]),
    new Uint8Array([1, 2]),
    one.idle(),
  ]
  for (const name of names) {
    assert.equal(registerService(one.node, name, { pid: one.idle() }), { tag: 'ok' })
  }
  assert.is(listServices(one.node).length, names.length)
  const pid = lookupLocal(one.node, { floor: 2, room: 'general' })
  assert.ok(pid)
  assert.is(whereisName(one.node, via(Any, 'cluster', { floor: 2, room: 'general' })), pid)
  assert.is(lookupLocal(one.node, { floor: 3, room: 'general' }), undefined)
  assert.equal(listServices(one.node).slice(0, 4), ['1', 'text', -2.5, 1])
})

test('what is no name is refused, saying why', () => {
  const one = new OneRegistry()
  const pid = one.idle()
  const cyclic: Record<string, unknown> = {}
  cyclic.self = cyclic
  const bad: readonly (readonly [unknown, RegExp])[] = [
    ['', /name: expected a string of 1 to 255/],
    ['x'.repeat(256), /name: expected/],
    ['\ud800', /name: expected/],
    [Number.NaN, /name: expected/],
    [undefined, /name: expected.*got undefined/],
    [() => 1, /name: expected.*got function/],
    [Symbol('s'), /name: expected/],
    [{ at: new Date(0) }, /name\.at: .*Date/],
    [cyclic, /name.*cycl/],
    [{ text: 'x'.repeat(limits.serviceNameMaxBytes) }, /name: expected at most 1024 bytes/],
  ]
  for (const [name, message] of bad) {
    for (const checked of [true, false]) {
      const { node } = checked ? one : new OneRegistry({ checked: false, name: 'c@host' })
      const given = { pid: checked ? pid : spawn(node, Idle) }
      // @ts-expect-error what callers without types may give
      assert.throws(() => registerService(node, name, given), message)
      // @ts-expect-error what callers without types may give
      assert.throws(() => lookupService(node, name), /name/)
    }
  }
  assert.equal(listServices(one.node), [])
  assert.equal(one.told, [])
})

test('what is no metadata, or too much, is refused, saying why', () => {
  const one = new OneRegistry()
  const pid = one.idle()
  const most = limits.serviceMetadataMaxBytes
  const bad: readonly (readonly [unknown, RegExp])[] = [
    [null, /metadata: expected an object/],
    ['text', /metadata: expected an object/],
    [['a'], /metadata: expected an object/],
    [new Map(), /metadata: expected an object/],
    [{ at: new Date(0) }, /metadata\.at: .*Date/],
    [{ deep: { fn: () => 1 } }, /metadata\.deep\.fn: .*function/],
    [{ text: 'x'.repeat(most) }, /metadata: expected at most 16384 bytes, got 16/],
  ]
  for (const [metadata, message] of bad) {
    // @ts-expect-error what callers without types may give
    assert.throws(() => registerService(one.node, 'x', { pid, metadata }), message)
    // @ts-expect-error what callers without types may give
    assert.throws(() => registerService(one.node, 'x', { pid, data: 1 }), /unknown option 'data'/)
  }
  assert.equal(lookupService(one.node, 'x'), [])
})

test('names and metadata are frozen where messages are', () => {
  const one = new OneRegistry()
  const name = { room: ['a'] }
  const metadata = { tags: ['x'] }
  registerService(one.node, name, { pid: one.idle(), metadata })
  assert.throws(() => name.room.push('b'), TypeError)
  assert.throws(() => metadata.tags.push('y'), TypeError)
  assert.throws(() =>
    Reflect.apply(Object.assign, null, [lookupService(one.node, name)[0], { node: 'z' }]),
  )
})

test('entries of other nodes come, change and go; the order is stable (REG-04)', () => {
  const one = new OneRegistry()
  const c = one.cameFrom('c@host', 'db')
  const b = one.cameFrom('b@host', 'db', { zone: 2 })
  assert.is(whereisName(one.node, via(Any, 'cluster', 'db')), b)
  const own = one.idle()
  registerService(one.node, 'db', { pid: own })
  const order = lookupService(one.node, 'db').map(({ node }) => node)
  assert.equal(order, ['a@host', 'b@host', 'c@host'])
  assert.is(whereisName(one.node, via(Any, 'cluster', 'db')), own)
  unregisterService(one.node, 'db')
  one.registry.changed({ node: 'b@host', key: 'sdb' })
  one.registry.changed({ node: 'b@host', key: 'sdb' })
  assert.equal(
    lookupService(one.node, 'db').map(({ pid }) => pid),
    [c],
  )
  one.registry.changed({ node: 'c@host', key: 'sdb' })
  assert.equal(listServices(one.node), [])
})

test('a node cannot take a name from another, nor speak for its processes', () => {
  const one = new OneRegistry()
  const own = one.idle()
  registerService(one.node, 'db', { pid: own })
  const far = one.far('b@host')
  const before = one.told.length
  // As if this node's own table came back from somewhere.
  one.registry.changed({ node: 'a@host', key: 'sdb' })
  // A process of this node, or of a third one, under the name of b.
  one.registry.changed({ node: 'b@host', key: 'sother', after: [own] })
  one.registry.changed({ node: 'b@host', key: 'sother', after: [one.far('c@host')] })
  assert.equal(listServices(one.node), ['db'])
  assert.is(lookupLocal(one.node, 'db'), own)
  one.registry.changed({ node: 'b@host', key: 'sdb', after: [far] })
  assert.is(whereisName(one.node, via(Any, 'cluster', 'db')), own, 'beside it, not in its place')
  assert.is(one.told.length, before)
})

test('entries that are no names are not taken, and those they replace go', () => {
  const one = new OneRegistry()
  const pid = one.cameFrom('b@host', 'db')
  const keys = [
    '',
    's',
    `s${'x'.repeat(256)}`,
    'xdb',
    'n',
    'nNaN',
    'n01',
    'n1e3',
    'n 1',
    't',
    'tjunk',
  ]
  for (const key of keys) one.registry.changed({ node: 'b@host', key, after: [pid] })
  const misnamed: readonly (readonly [string, unknown])[] = [
    ['tjunk', { room: 1 }],
    [one.registry.textOf({ room: 1 }), { room: 2 }],
    [one.registry.textOf({ room: 1 }), 'text'],
    [one.registry.textOf({ room: 1 }), undefined],
  ]
  for (const [key, name] of misnamed) {
    // @ts-expect-error a value that a peer made up
    one.registry.changed({ node: 'b@host', key, after: [pid, {}, name] })
  }
  assert.equal(listServices(one.node), ['db'])
  one.registry.changed({ node: 'b@host', key: 'sdb', after: [one.far('c@host')] })
  assert.equal(listServices(one.node), [])
  const key = one.registry.textOf({ room: 1 })
  one.registry.changed({ node: 'b@host', key, after: [pid, {}, { room: 1 }] })
  assert.equal(listServices(one.node), [{ room: 1 }])
  one.registry.changed({ node: 'b@host', key })
  assert.equal(listServices(one.node), [])
})

test('what the table has no room for is refused, and changes nothing', () => {
  const one = new OneRegistry()
  let room = 1
  one.registry.spreadBy({
    put: () => {
      room -= 1
      if (room < 0) throw new TableFull('services', 1)
    },
    remove: () => undefined,
    entriesOf: () => new Map(),
    nodes: () => [],
  })
  const pid = one.idle()
  assert.equal(registerService(one.node, 'x', { pid }), { tag: 'ok' })
  const reason = { tag: 'systemLimit', limit: 'tableBytes', max: limits.tableMaxBytes }
  assert.equal(registerService(one.node, 'y', { pid }), { tag: 'error', reason })
  assert.equal(updateMetadata(one.node, 'x', { more: 1 }), { tag: 'error', reason })
  assert.equal(listServices(one.node), ['x'])
  assert.equal(lookupService(one.node, 'x')[0]?.metadata, {})
})

test(
  'a node has only so many names, and room again when one goes',
  () => {
    const one = new OneRegistry({ checked: false })
    const pid = one.idle()
    for (let n = 0; n < limits.serviceNamesMax; n++) registerService(one.node, n, { pid })
    const full = { tag: 'systemLimit', limit: 'serviceNames', max: limits.serviceNamesMax }
    assert.equal(registerService(one.node, 'more', { pid }), { tag: 'error', reason: full })
    assert.equal(one.registry.refusal('more'), full)
    assert.equal(registerService(one.node, 5, { pid, metadata: { a: 1 } }), { tag: 'ok' })
    unregisterService(one.node, 5)
    assert.equal(registerService(one.node, 'more', { pid }), { tag: 'ok' })
  },
  { deadlineMs: 30_000 },
)

test('when the others cannot be told nothing is registered', () => {
  const one = new OneRegistry()
  one.registry.spreadBy({
    put: () => {
      throw new BadArgument('too much')
    },
    remove: () => undefined,
    entriesOf: () => new Map(),
    nodes: () => [],
  })
  assert.throws(() => registerService(one.node, 'x', { pid: one.idle() }), /too much/)
  assert.equal(listServices(one.node), [])
  assert.equal(one.registry.refusal('x'), undefined)
})

test('two nodes of one program share nothing', async () => {
  const one = new OneRegistry()
  const two = new OneRegistry({ name: 'b@host' })
  registerService(one.node, 'x', { pid: one.idle() })
  assert.equal(listServices(two.node), [])
  assert.equal(registerService(two.node, 'x', { pid: one.idle() }).tag, 'error')
})

test('a node that startNode did not start has no such registry', async () => {
  const node = startRuntime({ quiet: true })
  cleanup(() => node.stop())
  await node.run((self) => {
    assert.throws(() => registerService(self, 'x'), /was not started by startNode/)
    assert.is(whereisName(self, via(Any, 'cluster', 'x')), undefined)
    assert.ok(processOfSelf(self).alive)
  })
})

test.run()
