/**
 * Offloading to real threads: results and failures as data, what can pass and what cannot, the
 * bound of the queue, and bad options.
 */
import { whereis } from '../../../../runtime/index.ts'
import { nodePlatform } from '../../../../runtime/platform/node.ts'
import {
  at,
  call,
  genServer,
  next,
  offload,
  offloadPool,
  start,
  stopServer,
} from '../../../../stdlib/index.ts'
import { failureOf, oneNode } from '../../../conformance/otp/one-node.ts'
import { assert, suite } from '../../../support/harness.ts'
import type * as Tasks from './fixtures/tasks.ts'
import { flags, One, one, pooled, reasonOf, slow, statisticsAre, url } from './thread-pool.ts'

const test = suite('offload to threads')

const untyped = (value: unknown): never => value as never

test(
  'results and failures are data',
  () =>
    pooled(async (self) => {
      assert.equal(await offload(self, one, 'square', 7), { tag: 'ok', value: 49 })
      assert.equal(await offload(self, one, 'later', 7), { tag: 'ok', value: 'later 7' })
      assert.equal(await offload(self, one, 'nothing'), { tag: 'ok', value: undefined })
      const data = new Map([['key', [new Float64Array([1.5]), { when: new Date(5) }]]])
      assert.equal(await offload(self, one, 'echo', data), { tag: 'ok', value: data })
      const { stack, ...reason } = Object(reasonOf(await offload(self, one, 'fail', 'no')))
      assert.equal(reason, { tag: 'error', name: 'Odd', message: 'no' })
      assert.match(String(stack), /fixtures\/tasks\.ts/)
      const text = reasonOf(await offload(self, one, 'throwText'))
      assert.equal(text, { tag: 'nocatch', value: 'text' })
      await statisticsAre(self, 0, 0)
    }),
  slow,
)

test(
  'what cannot be copied is refused by path, and no thread is lost for it',
  () =>
    pooled(async (self) => {
      const deep = reasonOf(await offload(self, one, 'giveFunction'))
      assert.equal(deep, {
        tag: 'unsendable',
        message: 'result.deep[0]: a function cannot be copied',
      })
      const instance = reasonOf(await offload(self, one, 'giveInstance'))
      assert.match(JSON.stringify(instance), /result\.get\(string\): an instance of a class/)
      assert.throws(() => offload(self, one, 'echo', { f: () => 1 }), /arg\.f: a function cannot/)
      assert.throws(() => offload(self, one, 'echo', self.pid), /arg: an instance of a class/)
      await statisticsAre(self, 0, 0)
    }),
  slow,
)

test(
  'only functions the module exports are tasks',
  () =>
    pooled(async (self) => {
      for (const name of ['toString', 'constructor', '__proto__', 'limit', 'NotATask', 'default']) {
        const task: 'square' = untyped(name)
        const result = await offload(self, one, task, 1)
        assert.equal(result, { tag: 'error', reason: { tag: 'undef', op: name } })
      }
    }),
  slow,
)

test(
  'what is transferred is moved, there and back',
  () =>
    pooled(async (self) => {
      const values = new Float64Array([2, 4])
      const result = await offload(self, one, 'halve', values, { transfer: [values.buffer] })
      assert.equal(result, { tag: 'ok', value: new Float64Array([1, 2]) })
      assert.is(values.length, 0)
      const again = { transfer: [values.buffer] }
      assert.throws(() => offload(self, one, 'halve', values, again), /cannot be given to a thread/)
    }),
  slow,
)

test(
  'an argument is what it was when it was given',
  () =>
    pooled(async (self) => {
      const held = flags()
      const first = offload(self, one, 'hold', held.flags)
      const argument = { list: [1] }
      const second = offload(self, one, 'echo', argument)
      argument.list.push(2)
      held.release()
      assert.equal(await first, { tag: 'ok', value: 'held' })
      assert.equal(await second, { tag: 'ok', value: { list: [1] } })
    }),
  slow,
)

test(
  'a full queue refuses at once; a place is free again when one has left',
  () =>
    pooled(async (self) => {
      const held = flags()
      const runs = offload(self, one, 'hold', held.flags)
      const waits = offload(self, one, 'square', 2)
      const refused = await offload(self, one, 'square', 3)
      const reason = { tag: 'systemLimit', limit: 'offloadQueue', max: 1 }
      assert.equal(refused, { tag: 'error', reason })
      await statisticsAre(self, 1, 1)
      held.release()
      assert.equal(await runs, { tag: 'ok', value: 'held' })
      assert.equal(await waits, { tag: 'ok', value: 4 })
      assert.equal(await offload(self, one, 'square', 5), { tag: 'ok', value: 25 })
    }),
  slow,
)

test(
  'a pool has one thread less than can compute at a time, and at least one',
  async () => {
    for (const [parallelism, threads] of [
      [1, 1],
      [3, 2],
    ] as const) {
      const node = oneNode([], { platform: { ...nodePlatform(), parallelism } })
      await node.run(async (self) => {
        const started = await start(self, offloadPool<typeof Tasks>('machine', { url }))
        if (started.tag !== 'ok') throw new Error('it starts')
        const statistics = { threads, running: 0, waiting: 0 }
        assert.equal(await call(self, started.pid, 'statistics'), statistics)
      })
    }
  },
  slow,
)

test('bad options of a pool name the field and the value', () => {
  const pool = (options: object) => () => offloadPool('bad', untyped({ url, ...options }))
  assert.throws(pool({ url: './tasks.ts' }), /url: expected a URL, got "\.\/tasks\.ts"/)
  assert.throws(pool({ threads: 0 }), /threads: expected a whole number from 1, got 0/)
  assert.throws(pool({ threads: 1.5 }), /threads: expected a whole number from 1, got 1\.5/)
  assert.throws(pool({ queueMax: -1 }), /queueMax: expected a whole number from 0, got -1/)
  assert.throws(pool({ heapMaxMb: 'much' }), /heapMaxMb: expected .* got "much"/)
})

test('bad options of a job name the field, and nothing is sent', () =>
  oneNode().run(async (self) => {
    const job = (options: object) => () => offload(self, one, 'square', 1, untyped(options))
    assert.throws(job({ timeoutMs: -1 }), /timeoutMs: expected 0 to/)
    assert.throws(job({ signal: {} }), /signal: expected an AbortSignal/)
    assert.throws(job({ transfer: 1 }), /transfer: expected an array, got 1/)
    const unnamed: 'square' = untyped('')
    assert.throws(() => offload(self, one, unnamed, 1), /task: expected a string/)
    const elsewhere = at('b@host', One, 'one')
    assert.throws(() => offload(self, elsewhere, 'square', 1), /on another node/)
    assert.equal(await offload(self, one, 'square', 1), { tag: 'error', reason: 'noproc' })
  }))

test(
  'a pool takes jobs from offload alone, and a server that is no pool gives no result',
  () =>
    pooled(async (self) => {
      for (const job of [undefined, 1, { task: 'square', arg: 2 }]) {
        assert.equal(await call(self, one, 'run', job), { tag: 'error', reason: 'badJob' })
      }
      self.send(whereis(self, 'one') ?? self.pid, 'stray')
      assert.equal(await offload(self, one, 'square', 2), { tag: 'ok', value: 4 })
      const other = await start(
        self,
        genServer<{ calls: { run: (job: unknown) => unknown } }>('other')({
          init: () => 0,
          calls: { run: (state) => next(state) },
        }),
      )
      if (other.tag !== 'ok') throw new Error('it starts')
      const noPool: typeof one = untyped(other.pid)
      const late = offload(self, noPool, 'square', 1, { timeoutMs: 5 })
      assert.equal(await late, { tag: 'error', reason: 'timeout' })
    }),
  slow,
)

test(
  'host code offloads by its node',
  async () => {
    const node = oneNode([One])
    const pid = await node.run((self) => start(self, One, undefined, { name: 'one' }))
    assert.is(pid.tag, 'ok')
    assert.equal(await offload(node, one, 'square', 9), { tag: 'ok', value: 81 })
    await node.run((self) => stopServer(self, one))
    assert.is(await failureOf(call(node, one, 'statistics')), 'noproc')
  },
  slow,
)

test.run()
