/**
 * Watching a running state machine (rule Y4; OTP gen_statem's `in`, `out`, `consume` and
 * `postpone`): every event as it is handled, whatever caused it, and what became of it.
 */
import type { Ref, Self } from '../../../runtime/index.ts'
import { call, cast, stay, sys } from '../../../stdlib/index.ts'
import { assert, suite } from '../../support/harness.ts'
import { logOf as logOfNode } from './counter.ts'
import { failureOf, inProcess, oneNode, virtualNode } from './one-node.ts'
import { endOf, type Handlers, logOf, machine, stepOf, untyped } from './statem.ts'

const test = suite('otp: sys statem debug')

/** A watched machine, and `[what, about what, in which state]` of all it has told. */
async function watched(self: Self, handlers: Handlers, seen: unknown[] = []) {
  const ref = await machine(self, handlers)
  const hook = (_: null, event: sys.SysEvent): null => {
    const state = Reflect.get(Object(event.state), 'state')
    if (event.tag === 'out') seen.push(['out', event.value, state])
    else if (event.tag !== 'noreply') seen.push([event.tag, about(event.message), state])
    return null
  }
  assert.is(await sys.install(self, ref, 'seen', hook, null), true)
  return { ref, seen }
}

function about(message: sys.SysMessage): string {
  if (message.tag === 'info') return `info ${message.message}`
  const op = 'op' in message ? ` ${message.op}` : ''
  return `${message.tag}${op}${message.arg === undefined ? '' : ` ${message.arg}`}`
}

test('Y4 calls, casts and messages come in, go out, and are consumed', () =>
  inProcess(async (self) => {
    const { ref, seen } = await watched(self, {
      act: (now, n, from) => now.go('b', `act ${n}`, from === null ? {} : { reply: n * 2 }),
    })
    assert.is(await call(self, ref, 'act', 4), 8)
    self.send(ref, 'plain')
    cast(self, ref, 'note', 'x')
    await sys.getState(self, ref)
    assert.equal(seen, [
      ['in', 'call act 4', 'a'],
      ['out', 8, 'b'],
      ['consumed', 'call act 4', 'b'],
      ['in', 'info plain', 'b'],
      ['consumed', 'info plain', 'b'],
      ['in', 'cast note x', 'b'],
      ['consumed', 'cast note x', 'b'],
    ])
  }))

test('Y4 an event that is postponed is told so, and comes in again when it is retried', () =>
  inProcess(async (self) => {
    const { ref, seen } = await watched(self, {
      act: (now, n) => (now.state === 'a' ? stay({ postpone: true }) : now.note(`act ${n}`)),
      note: (now, what) => now.go('b', what),
    })
    cast(self, ref, 'act', 1)
    cast(self, ref, 'note', 'go')
    assert.equal(await logOf(self, ref), ['go', 'act 1'])
    assert.equal(seen.slice(0, 6), [
      ['in', 'cast act 1', 'a'],
      ['postponed', 'cast act 1', 'a'],
      ['in', 'cast note go', 'a'],
      ['consumed', 'cast note go', 'b'],
      ['in', 'cast act 1', 'b'],
      ['consumed', 'cast act 1', 'b'],
    ])
  }))

test('Y4 an event is consumed once, when the state it leads to has been entered', () =>
  inProcess(async (self) => {
    const seen: unknown[] = []
    const handlers: Handlers = {
      act: (now, n, from) => now.go('b', 'left', from === null ? {} : { reply: n }),
      enter: async ({ state }) => {
        if (state === 'b') seen.push('entered')
        return stay()
      },
    }
    const { ref } = await watched(self, handlers, seen)
    await call(self, ref, 'act', 1)
    await logOf(self, ref)
    assert.equal(seen.slice(0, 4), [
      ['in', 'call act 1', 'a'],
      ['out', 1, 'b'],
      'entered',
      ['consumed', 'call act 1', 'b'],
    ])
  }))

test('Y4 inserted events and timeouts are told as what they are', async () => {
  const { run } = virtualNode()
  await run(async (self) => {
    const { ref, seen } = await watched(self, {
      act: () =>
        stay({
          next: [stepOf('one')],
          stateTimeoutMs: { ms: 10, arg: 's' },
          timeouts: { b: { ms: 20, arg: 'b' } },
        }),
      step: () => stay({ timeouts: { a: { ms: 0, arg: 'now' } } }),
      b: () => stay({ eventTimeoutMs: 5 }),
      eventTimeout: (now) => now.go('c', 'over'),
    })
    cast(self, ref, 'act', 1)
    await self.receive((message) => message === 'never', { timeoutMs: 1_000, otherwise: null })
    const told = seen.filter((entry) => Array.isArray(entry) && entry[0] === 'in')
    assert.equal(
      told.map((entry) => Array.isArray(entry) && entry[1]),
      [
        'cast act 1',
        'internal step one',
        'timeout a now',
        'stateTimeout s',
        'timeout b b',
        'eventTimeout',
      ],
    )
    assert.equal(seen.at(-1), ['consumed', 'eventTimeout', 'c'])
  })
})

test('Y4 an unknown operation comes in, and nothing is consumed', () =>
  inProcess(async (self) => {
    const { ref, seen } = await watched(self, {})
    const door: Ref<unknown> = ref
    const unknown = call(self, door as Ref<{ calls: { none: () => null } }>, 'none')
    assert.equal(await failureOf(unknown), { tag: 'undef', op: 'none' })
    assert.equal(seen, [['in', 'call none', 'a']])
  }))

test('Y4 a hook that fails is removed with a warning, and the machine goes on', async () => {
  const node = oneNode()
  const logged = logOfNode(node)
  await node.run(async (self) => {
    const ref = await machine(self, {})
    const fail = (): never => {
      throw new Error('hook')
    }
    await sys.install(self, ref, 'fails', fail, 0)
    await sys.install(self, ref, 'async', async () => fail(), Promise.resolve(0))
    await sys.install(self, ref, 'done', () => sys.done, 0)
    cast(self, ref, 'note', 'x')
    assert.equal(await logOf(self, ref), ['note x'])
    assert.equal((await sys.getStatus(self, ref)).hooks, [])
  })
  const removed = logged.filter(({ message }) => message === 'sys: hook removed')
  assert.equal(
    removed.map(({ fields }) => fields.hook),
    ['fails', 'async'],
  )
})

test('Y4 log and counts are bounded, the trace shows no data, and noDebug ends all', async () => {
  const node = oneNode()
  const logged = logOfNode(node)
  await node.run(async (self) => {
    const ref = await machine(self, {})
    await sys.log(self, ref, 3)
    await sys.statistics(self, ref, true)
    await sys.trace(self, ref, true)
    for (let n = 0; n < 5; n++) await call(self, ref, 'log')
    const tags = (await sys.getLog(self, ref)).map((event) => Reflect.get(Object(event), 'tag'))
    assert.equal(tags, ['in', 'out', 'consumed'])
    const counts = await sys.getStatistics(self, ref)
    assert.equal([counts?.messagesIn, counts?.messagesOut], [5, 5])
    await sys.noDebug(self, ref)
    const traced = logged.filter(({ message }) => message.startsWith('sys: '))
    assert.is(traced.length, 15)
    assert.ok(traced.every(({ level, fields }) => level === 'debug' && !('state' in fields)))
    await call(self, ref, 'log')
    assert.equal(await sys.getLog(self, ref), [])
    assert.is(await sys.getStatistics(self, ref), null)
    assert.is(logged.filter(({ message }) => message.startsWith('sys: ')).length, 15)
  })
})

test('Y4 a machine that crashes has told what came in, and of nothing it did not do', () =>
  inProcess(async (self) => {
    const { ref, seen } = await watched(self, { act: () => untyped({ tag: 'junk' }) })
    const reason = await endOf(self, ref, () => cast(self, ref, 'act', 1))
    assert.ok(typeof reason === 'object' && reason.tag === 'badReturnValue')
    assert.equal(seen, [['in', 'cast act 1', 'a']])
  }))

test.run()
