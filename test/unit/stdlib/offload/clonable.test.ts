/** What may pass to a thread and back, and how a refusal names the place. */
import { startRuntime } from '../../../../runtime/index.ts'
import { unclonable } from '../../../../stdlib/offload/clonable.ts'
import { assert, suite } from '../../../support/harness.ts'

const test = suite('offload data')

class Account {
  readonly balance = 1
}

test('plain data, the kinds of the platform, cycles', () => {
  const cyclic: { self?: unknown } = {}
  cyclic.self = cyclic
  const fine = [
    undefined,
    null,
    1n,
    'text',
    [1, [2, { three: 3 }]],
    Object.create(null),
    new Map([[{ a: 1 }, new Set([new Date(0)])]]),
    new Float64Array(2),
    new ArrayBuffer(2),
    new SharedArrayBuffer(2),
    new DataView(new ArrayBuffer(1)),
    Buffer.from('bytes'),
    /expression/,
    new Error('message'),
    cyclic,
  ]
  for (const value of fine) assert.is(unclonable(value, 'arg'), undefined)
})

test('functions, symbols and instances, by path', () => {
  const refused: [unknown, string][] = [
    [() => 1, 'arg: a function'],
    [Symbol('s'), 'arg: a symbol'],
    [{ a: [0, { f: () => 1 }] }, 'arg.a[1].f: a function'],
    [new Map([['key', () => 1]]), 'arg.get(string): a function'],
    [new Map([[() => 1, 'value']]), 'arg.keys(): a function'],
    [new Set([new Account()]), 'arg.values(): an instance of a class'],
    [new Account(), 'arg: an instance of a class'],
    [Promise.resolve().constructor, 'arg: a function'],
  ]
  for (const [value, message] of refused) {
    assert.is(unclonable(value, 'arg'), `${message} cannot be copied`)
  }
})

test('pids, which a clone would turn into empty objects', async () => {
  const node = startRuntime({ quiet: true })
  await node.run((self) => {
    const message = 'arg.pid: an instance of a class cannot be copied'
    assert.is(unclonable({ pid: self.pid }, 'arg'), message)
    assert.is(unclonable([self.monitor(self.pid)], 'arg'), message.replace('.pid', '[0]'))
  })
  await node.stop()
})

test('deep data needs no deep stack', () => {
  let deep: unknown = () => 1
  for (let level = 0; level < 100_000; level++) deep = [deep]
  assert.match(unclonable(deep, '') ?? '', /a function cannot be copied$/)
})

test.run()
