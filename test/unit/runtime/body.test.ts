/** Bodies of plain processes, in their three forms: how they run, what they end with. */
import {
  Exit,
  Exited,
  exit,
  isDown,
  isPid,
  type Module,
  type Pid,
  process,
  processes,
  type Reason,
  type Self,
  spawn,
  spawnMonitor,
} from '../../../runtime/index.ts'
import { Process, recordOfPid } from '../../../runtime/kernel.ts'
import { assert, suite } from '../../support/harness.ts'
import { realNode } from './node-fixture.ts'

const test = suite('process bodies')

async function reasonOf(module: Module<unknown, void>): Promise<Reason> {
  const { node } = realNode()
  return node.run(async (self) => {
    const { ref } = spawnMonitor(self, module)
    return (await self.receive(isDown(ref))).reason
  })
}

type Ending = readonly [name: string, end: () => unknown, reason: Reason]

const endings: readonly Ending[] = [
  ['returning nothing', () => undefined, 'normal'],
  ['returning a value', () => ({ any: 'value' }), 'normal'],
  ['returning an Error', () => new Error('a value'), 'normal'],
  ['returning exit(reason)', () => exit({ tag: 'done', n: 1 }), { tag: 'done', n: 1 }],
  ["returning exit('kill')", () => exit('kill'), 'kill'],
  ["returning exit('normal')", () => exit('normal'), 'normal'],
  ['throwing an Exit', () => raise(new Exit('because')), 'because'],
  ["throwing Exit('kill')", () => raise(new Exit('kill')), 'kill'],
  ['throwing data', () => raise('text'), { tag: 'nocatch', value: 'text' }],
]

function raise(thrown: unknown): never {
  throw thrown
}

for (const [name, end, reason] of endings) {
  test(`${name}: the reason`, async () => {
    const forms = [
      process('plain', () => end()),
      process('async', async () => end()),
      process('async, later', async (self) => {
        await self.yield()
        return end()
      }),
      // biome-ignore lint/correctness/useYield: a generator that ends at once
      process('generator', function* () {
        return end()
      }),
      process('generator, later', function* (self) {
        yield* self.take(null, { timeoutMs: 1, otherwise: null })
        return end()
      }),
    ]
    for (const form of forms) assert.equal(await reasonOf(form), reason, form.name)
  })
}

test('an uncaught error becomes data in every form', async () => {
  const fail = (): never => {
    throw new RangeError('too far')
  }
  const forms = [
    process('plain', fail),
    process('async', async () => fail()),
    // biome-ignore lint/correctness/useYield: a generator that fails at once
    process('generator', function* () {
      fail()
    }),
  ]
  for (const form of forms) {
    const reason = await reasonOf(form)
    assert.ok(typeof reason === 'object' && reason.tag === 'error')
    assert.is(reason.name, 'RangeError')
    assert.is(reason.message, 'too far')
    assert.match(String(reason.stack), 'body.test.ts')
  }
})

test('hostile thrown values end their process and nothing else', async () => {
  const { node } = realNode()
  const revoked = Proxy.revocable({}, {})
  revoked.revoke()
  const hostile = {
    toString(): string {
      throw new Error('hostile')
    },
  }
  for (const thrown of [hostile, revoked.proxy, Object.create(null)]) {
    const forms = [
      process('plain', () => raise(thrown)),
      process('async', async () => raise(thrown)),
      // biome-ignore lint/correctness/useYield: a generator that fails at once
      process('generator', function* () {
        raise(thrown)
      }),
    ]
    for (const form of forms) {
      const reason = await node.run(async (self) => {
        const { ref } = spawnMonitor(self, form)
        return (await self.receive(isDown(ref))).reason
      })
      assert.ok(typeof reason === 'object' && reason.tag === 'nocatch')
    }
  }
})

test('a generator receives as an async body does', async () => {
  const { node } = realNode()
  const echo = process('echo', function* (self) {
    const wanted = yield* self.take((message) => message === 'second')
    const rest = yield* self.take()
    const late = yield* self.take(null, { timeoutMs: 0, otherwise: 'nothing' })
    const later = yield* self.take(null, { timeoutMs: 2, otherwise: 'still nothing' })
    let failure: unknown
    try {
      yield* self.take(null, { timeoutMs: 0 })
    } catch (error) {
      failure = error
    }
    assert.instance(failure, Exit)
    return exit({ tag: 'got', list: [wanted, rest, late, later] })
  })
  const reason = await node.run(async (self) => {
    const { pid, ref } = spawnMonitor(self, echo)
    self.send(pid, 'first')
    self.send(pid, 'second')
    return (await self.receive(isDown(ref))).reason
  })
  assert.equal(reason, { tag: 'got', list: ['second', 'first', 'nothing', 'still nothing'] })
})

test('a generator may not yield anything else, and may recover from it', async () => {
  const odd = process('odd', function* (self) {
    let failure: unknown
    try {
      yield 'something else'
    } catch (error) {
      failure = error
    }
    assert.instance(failure, TypeError)
    yield* self.take(null, { timeoutMs: 0, otherwise: null })
    return exit('recovered')
  })
  assert.is(await reasonOf(odd), 'recovered')
})

test('a generator predicate that throws throws in the body', async () => {
  const bad = process('bad', function* (self) {
    self.send(self.pid, 1)
    try {
      yield* self.take(() => raise(new Error('bad predicate')))
    } catch (error) {
      return exit(error instanceof Error ? error.message : 'other')
    }
    return exit('nothing was thrown')
  })
  assert.is(await reasonOf(bad), 'bad predicate')
})

test('run resolves with what its body returns', async () => {
  const { node } = realNode()
  assert.is(await node.run(() => 1), 1)
  assert.is(await node.run(async () => 2), 2)
})

test('run rejects with Exit when its process ends otherwise', async () => {
  const { node } = realNode()
  const outcomes: [(self: Self) => unknown, Reason][] = [
    [(self) => self.exit(self.pid, 'kill'), 'killed'],
    [() => exit('by value'), 'by value'],
    [async () => exit('by value, later'), 'by value, later'],
    [() => raise(new Exit('by throw')), 'by throw'],
    [async () => raise(new Exit('by rejection')), 'by rejection'],
  ]
  for (const [body, reason] of outcomes) {
    const failure = await node.run(body).then(
      () => assert.unreachable('it resolved'),
      (error: unknown) => error,
    )
    assert.instance(failure, Exit)
    assert.equal((failure as Exit).reason, reason)
  }
})

test('what a process does after its own exit is refused', async () => {
  const { node } = realNode()
  const thrown: unknown[] = []
  const dying = process('dying', (self) => {
    for (let i = 0; i < 3; i++) {
      try {
        self.exit(self.pid, 'normal')
      } catch (error) {
        thrown.push(error)
      }
    }
  })
  const reason = await node.run(async (self) => {
    const { ref } = spawnMonitor(self, dying)
    return (await self.receive(isDown(ref))).reason
  })
  assert.is(reason, 'normal')
  assert.is(thrown.length, 3)
  for (const error of thrown) assert.instance(error, Exited)
})

test('a stopped node spawns nothing, from host code or from an exit hook', async () => {
  const { node } = realNode()
  const late = process('late', () => undefined)
  let refused: unknown
  await node.run((self) => {
    self.onExit(() => {
      node.stop()
      try {
        spawn(node, late)
      } catch (error) {
        refused = error
      }
    })
  })
  assert.instance(refused, Exit)
  assert.throws(() => spawn(node, late), /stopped/)
  assert.equal(processes(node), [])
})

test('a line of successors keeps no dead forebears and leads to the living one', async () => {
  const { node } = realNode()
  const heir = process('heir', async (self, left: { n: number; last: Pid }) => {
    if (left.n === 0) {
      self.send(left.last, self.pid)
      await self.receive()
    } else spawn(self, heir, { n: left.n - 1, last: left.last })
  })
  const kept = await node.run(async (self) => {
    spawn(self, heir, { n: 50, last: self.pid })
    let pid = await self.receive((message): message is Pid => isPid(message))
    for (let generations = 0; ; generations++) {
      const record = recordOfPid(pid)
      if (!(record instanceof Process) || record.parent === null) {
        return { generations, eldest: pid === self.pid }
      }
      pid = record.parent
    }
  })
  assert.equal(kept, { generations: 2, eldest: true })
})

test.run()
