/**
 * Offloading to real threads: results, failures and aborts as data, the bound of the queue, threads
 * that are lost, and pools that end with their supervisor, leaving nothing that keeps the program.
 */
import { isDown, process, type Self, spawn, whereis } from '../../../../runtime/index.ts'
import {
  at,
  call,
  child,
  genServer,
  local,
  next,
  type OffloadResult,
  offload,
  offloadPool,
  start,
  stopServer,
  supervisor,
} from '../../../../stdlib/index.ts'
import { failureOf, oneNode } from '../../../conformance/otp/one-node.ts'
import { assert, cleanup, suite } from '../../../support/harness.ts'
import { until } from '../../../support/until.ts'
import type * as Tasks from './fixtures/tasks.ts'

const test = suite('offload to threads')
/** Starting threads that load sources takes its time on a busy machine. */
const slow = { deadlineMs: 60_000 }

const url = new URL('./fixtures/tasks.ts', import.meta.url)
const untyped = (value: unknown): never => value as never

const One = offloadPool<typeof Tasks>('one', { url, threads: 1, queueMax: 1, heapMaxMb: 64 })
const one = local(One, 'one')
const Tree = supervisor('tree', () => ({
  intensity: 5,
  children: [child(One, undefined, { name: 'one' })],
}))

/** Runs `body` beside a supervised pool of one thread. */
async function pooled(body: (self: Self) => Promise<void>): Promise<void> {
  const node = oneNode([One, Tree])
  await node.run(async (self) => {
    const tree = await start(self, Tree)
    if (tree.tag !== 'ok') throw new Error(`the tree starts: ${JSON.stringify(tree)}`)
    await body(self)
    await stopServer(self, tree.pid, 'shutdown')
  })
}

/** Memory that a task waits on; the test sees that it began and lets it go. */
function flags(): { readonly flags: Int32Array; begun(): Promise<void>; release(): void } {
  const shared = new Int32Array(new SharedArrayBuffer(8))
  const release = (): void => {
    Atomics.store(shared, 0, 1)
    Atomics.notify(shared, 0)
  }
  cleanup(release)
  return { flags: shared, begun: () => until('it runs', () => shared[1] === 1), release }
}

function reasonOf(result: OffloadResult): unknown {
  if (result.tag !== 'error') throw new Error(`it fails: ${JSON.stringify(result)}`)
  return result.reason
}

const statisticsAre = async (self: Self, running: number, waiting: number): Promise<void> => {
  assert.equal(await call(self, one, 'statistics'), { threads: 1, running, waiting })
}

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
  'a timeout ends an endless task, and the pool goes on',
  () =>
    pooled(async (self) => {
      const result = await offload(self, one, 'spin', undefined, { timeoutMs: 20 })
      assert.equal(result, { tag: 'error', reason: 'timeout' })
      assert.equal(await offload(self, one, 'square', 6), { tag: 'ok', value: 36 })
    }),
  slow,
)

test(
  'a signal aborts what runs, what waits, and what has not begun to',
  () =>
    pooled(async (self) => {
      const aborted = { tag: 'error', reason: 'aborted' }
      const runner = new AbortController()
      const waiter = new AbortController()
      const held = flags()
      const runs = offload(self, one, 'hold', held.flags, { signal: runner.signal })
      const waits = offload(self, one, 'square', 1, { signal: waiter.signal })
      await self.wait(held.begun())
      waiter.abort()
      assert.equal(await waits, aborted)
      await statisticsAre(self, 1, 0)
      runner.abort('not wanted')
      assert.equal(await runs, aborted)
      const signal = AbortSignal.abort()
      assert.equal(await offload(self, one, 'square', 1, { signal }), aborted)
      assert.equal(await offload(self, one, 'square', 6), { tag: 'ok', value: 36 })
    }),
  slow,
)

test(
  'a caller that ends calls its jobs off, and lets go of the signal',
  () =>
    pooled(async (self) => {
      const held = flags()
      const { signal, listeners } = watchedSignal()
      const caller = process('caller', async (own) => {
        const runs = offload(own, one, 'hold', held.flags, { signal })
        await Promise.all([runs, offload(own, one, 'square', 1, { signal })])
      })
      const pid = spawn(self, caller)
      await self.wait(held.begun())
      await statisticsAre(self, 1, 1)
      assert.is(listeners(), 2)
      self.exit(pid, 'kill')
      // It is served by the same thread's successor: the one that held is gone.
      assert.equal(await offload(self, one, 'square', 6), { tag: 'ok', value: 36 })
      await statisticsAre(self, 0, 0)
      assert.is(listeners(), 0)
    }),
  slow,
)

/** A signal that knows how many listen to it. */
function watchedSignal(): { readonly signal: AbortSignal; listeners(): number } {
  const { signal } = new AbortController()
  const heard = new Set<unknown>()
  const { addEventListener, removeEventListener } = signal
  Object.defineProperty(signal, 'addEventListener', {
    value: (...args: Parameters<typeof addEventListener>) => {
      heard.add(args[1])
      addEventListener.apply(signal, args)
    },
  })
  Object.defineProperty(signal, 'removeEventListener', {
    value: (...args: Parameters<typeof removeEventListener>) => {
      heard.delete(args[1])
      removeEventListener.apply(signal, args)
    },
  })
  return { signal, listeners: () => heard.size }
}

test(
  'a task that ends its thread, or needs too much memory, fails alone',
  () =>
    pooled(async (self) => {
      const left = reasonOf(await offload(self, one, 'leave', 3))
      assert.equal(left, { tag: 'threadLost', message: 'worker exited with code: 3' })
      const pid = whereis(self, 'one')
      const eaten = Object(reasonOf(await offload(self, one, 'eatMemory')))
      assert.is(eaten.tag, 'threadLost')
      assert.match(eaten.message, /memory/)
      assert.equal(await offload(self, one, 'square', 6), { tag: 'ok', value: 36 })
      assert.is(whereis(self, 'one'), pid, 'the pool lives')
    }),
  slow,
)

test(
  'what a task leaves behind costs its thread, is reported, and the pool goes on',
  async () => {
    const node = oneNode([One])
    const reported: [string, unknown][] = []
    node.observe((event) => {
      if (event.tag === 'log') reported.push([event.message, event.fields.reason])
    })
    await node.run(async (self) => {
      const started = await start(self, One)
      if (started.tag !== 'ok') throw new Error('it starts')
      assert.equal(await offload(self, started.pid, 'leak', 'left'), { tag: 'ok', value: 'done' })
      await self.wait(until('it is reported', () => reported.length > 0))
      assert.equal(await offload(self, started.pid, 'square', 6), { tag: 'ok', value: 36 })
    })
    assert.equal(reported, [['offload thread lost', { tag: 'threadLost', message: 'left' }]])
  },
  slow,
)

test(
  'a pool that is killed fails its callers with its reason, and is restarted',
  () =>
    pooled(async (self) => {
      const held = flags()
      const runs = offload(self, one, 'hold', held.flags)
      const waits = offload(self, one, 'square', 1)
      await self.wait(held.begun())
      const pid = whereis(self, 'one')
      if (pid === undefined) throw new Error('it runs')
      self.exit(pid, 'kill')
      assert.equal(await runs, { tag: 'error', reason: 'killed' })
      assert.equal(await waits, { tag: 'error', reason: 'killed' })
      await self.wait(
        until('it is restarted', () => {
          const now = whereis(self, 'one')
          return now !== undefined && now !== pid
        }),
      )
      assert.equal(await offload(self, one, 'square', 6), { tag: 'ok', value: 36 })
    }),
  slow,
)

test(
  'a pool that is stopped aborts what runs',
  async () => {
    const node = oneNode([One])
    await node.run(async (self) => {
      const started = await start(self, One)
      if (started.tag !== 'ok') throw new Error('it starts')
      const held = flags()
      const runs = offload(self, started.pid, 'hold', held.flags)
      await self.wait(held.begun())
      const ref = self.monitor(started.pid)
      await stopServer(self, started.pid, 'shutdown')
      assert.equal(await runs, { tag: 'error', reason: 'shutdown' })
      assert.is((await self.receive(isDown(ref))).reason, 'shutdown')
    })
  },
  slow,
)

test(
  'tasks that cannot be loaded fail the start, and say why',
  async () => {
    const broken = new URL('./fixtures/broken.ts', import.meta.url)
    const missing = new URL('./fixtures/missing.ts', import.meta.url)
    const messages: unknown[] = []
    await oneNode().run(async (self) => {
      for (const [at, address] of [broken, missing].entries()) {
        const pool = offloadPool<typeof Tasks>(`pool${at}`, { url: address, threads: 1 })
        const result = await start(self, pool)
        if (result.tag !== 'error') throw new Error('it fails')
        const { tag, message } = Object(result.reason)
        assert.is(tag, 'cannotOffload')
        messages.push(message)
      }
    })
    assert.match(String(messages[0]), /this module does not load/)
    assert.match(String(messages[1]), /missing\.ts/)
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
