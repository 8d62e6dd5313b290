/** Copies made to be looked at: exact for plain data, harmless for the rest, and bounded. */
import { isReference, process, spawn, startRuntime } from '../../../../runtime/index.ts'
import { runtimeLimits } from '../../../../runtime/kernel.ts'
import { snapshot, snapshotFields } from '../../../../stdlib/sys/snapshot.ts'
import { assert, cleanup, suite } from '../../../support/harness.ts'

const test = suite('stdlib: snapshot')

test('plain data is copied, not shared', () => {
  const inner = { bytes: new Uint8Array([1, 2]), list: [1, [2]] }
  const given = { inner, map: new Map([['k', inner]]), set: new Set([1]), none: undefined, big: 1n }
  const copy = snapshot(given)
  assert.equal(copy, given)
  inner.bytes[0] = 9
  inner.list.push(3)
  assert.equal(copy, {
    inner: { bytes: new Uint8Array([1, 2]), list: [1, [2]] },
    map: new Map([['k', { bytes: new Uint8Array([1, 2]), list: [1, [2]] }]]),
    set: new Set([1]),
    none: undefined,
    big: 1n,
  })
})

test('pids and references stay what they are', () => {
  const node = startRuntime({ quiet: true })
  cleanup(() => node.stop())
  const pid = spawn(
    node,
    process('idle', async (self) => {
      await self.receive()
    }),
  )
  const copy = snapshot({ pid })
  assert.is(typeof copy === 'object' && copy !== null && 'pid' in copy && copy.pid, pid)
  assert.not(isReference(copy))
})

test('what is no data is shown as text', () => {
  class Secretive {
    readonly shown = 1
    readonly #hidden = 2
    get sum(): number {
      return this.shown + this.#hidden
    }
  }
  const given = [() => 1, Symbol('s'), new Secretive(), Promise.resolve(), new Error('e')]
  assert.equal(snapshot(given), [
    '[function ]',
    'Symbol(s)',
    { shown: 1 },
    '[promise]',
    { name: 'Error', message: 'e' },
  ])
})

test('hostile values never throw', () => {
  const fail = (): never => {
    throw new Error('hostile')
  }
  const proxy = new Proxy({}, { ownKeys: fail, get: fail, getPrototypeOf: fail })
  const revoked = Proxy.revocable({}, {})
  revoked.revoke()
  const named = Object.defineProperty(() => 1, 'name', { get: fail })
  const getter = Object.defineProperty({}, 'field', { get: fail, enumerable: true })
  const polluting = JSON.parse('{"__proto__":{"polluted":true}}')
  const copies = [proxy, revoked.proxy, named, getter].map((each) => snapshot(each))
  assert.equal(copies, ['[unreadable]', '[unreadable]', '[function ]', { field: '[unreadable]' }])
  const copy = snapshot(polluting)
  assert.ok(typeof copy === 'object' && copy !== null && !('polluted' in copy))
  assert.equal(snapshotFields(proxy), { fields: '[unreadable]' })
})

test('depth, size and circles are bounded', () => {
  const circle: unknown[] = []
  circle.push(circle)
  assert.equal(snapshot(circle), ['[circular]'])
  let deep: unknown = 'bottom'
  for (let level = 0; level < 10_000; level++) deep = [deep]
  let depth = 0
  let at = snapshot(deep)
  for (; Array.isArray(at); depth++) at = at[0]
  assert.equal([depth, at], [runtimeLimits.snapshotDepthMax, '[deeper]'])
  // Each level names the one below twice: two to the thirtieth objects, if each was copied.
  let doubled: unknown = {}
  for (let level = 0; level < 30; level++) doubled = { left: doubled, right: doubled }
  const text = JSON.stringify(snapshot(doubled))
  assert.ok(text.includes('[more]'))
  assert.ok(text.length < runtimeLimits.snapshotObjectsMax * 100)
})

test.run()
