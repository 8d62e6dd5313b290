/** Calls that run their server on the caller's stack: when they do, and that nobody can tell. */
import { process, type Ref, spawnMonitor } from '../../../runtime/index.ts'
import { runtimeLimits } from '../../../runtime/kernel.ts'
import {
  call,
  callWithin,
  cast,
  type From,
  genServer,
  local,
  next,
  reply,
  replyTo,
  start,
} from '../../../stdlib/index.ts'
import { assert, suite } from '../../support/harness.ts'
import { logOf, reasonOf, startLog } from './inline-fixture.ts'
import { realNode } from './node-fixture.ts'

const test = suite('inline calls')

test('a call runs the idle server before it returns, and is awaited as ever', async () => {
  const { node } = realNode()
  await node.run(async (self) => {
    const { server, notes } = await startLog(self, { calls: true })
    const answer = call(self, server, 'note', 'a')
    assert.equal(notes, ['a'])
    assert.is(await answer, 1)
    assert.equal(notes, ['a'])
  })
})

test('so does one by name, and one by host code', async () => {
  const { node } = realNode()
  await node.run(async (self) => {
    const notes: string[] = []
    const Log = logOf({ calls: true }, notes)
    const started = await start(self, Log, undefined, { name: 'log' })
    if (started.tag !== 'ok') throw new Error(started.tag)
    const named = call(self, local(Log, 'log'), 'note', 'a')
    const hosted = call(node, started.pid, 'note', 'b')
    assert.equal(notes, ['a', 'b'])
    assert.equal(await Promise.all([named, hosted]), [1, 2])
  })
})

test('without the option nothing runs before the caller waits', async () => {
  const { node } = realNode()
  await node.run(async (self) => {
    for (const inline of [undefined, {}, { calls: false, casts: false }, { casts: true }]) {
      const { server, notes } = await startLog(self, inline)
      const answer = call(self, server, 'note', 'a')
      for (let i = 0; i < 20; i++) cast(self, server, 'note', 'b')
      assert.equal(notes, [])
      assert.is(await answer, 1)
    }
  })
})

test('a call does not overtake what its caller sent before', async () => {
  const { node } = realNode()
  await node.run(async (self) => {
    const { server, notes } = await startLog(self, { calls: true })
    cast(self, server, 'note', 'first')
    const answer = call(self, server, 'note', 'second')
    assert.equal(notes, [])
    await answer
    assert.equal(notes, ['first', 'second'])
  })
})

test('an async handler is waited for, and others wait behind it', async () => {
  const { node } = realNode()
  await node.run(async (self) => {
    const { server, notes } = await startLog(self, { calls: true })
    const slow = call(self, server, 'later', 'slow')
    assert.equal(notes, ['slow begins'])
    const quick = call(self, server, 'note', 'quick')
    assert.equal(await Promise.all([slow, quick]), [1, 2])
    assert.equal(notes, ['slow begins', 'slow ends', 'quick'])
  })
})

test('an answer that does not come in time fails the call', async () => {
  const { node } = realNode()
  await node.run(async (self) => {
    const { server } = await startLog(self, { calls: true })
    assert.is(await reasonOf(callWithin(self, 20, server, 'never')), 'timeout')
    assert.is(await call(self, server, 'note', 'a'), 1)
  })
})

test('a deferred answer settles the call; a second one is dropped', async () => {
  const { node } = realNode()
  type Gate = { calls: { wait: () => string }; casts: { open: (value: string) => void } }
  const Gate = genServer<Gate>('inline.gate')({
    inline: { calls: true },
    init: () => next<From<string>[]>([]),
    calls: { wait: (waiting, _arg, _self, from) => next([...waiting, from]) },
    casts: {
      open: (waiting, value, self) => {
        for (const from of waiting) replyTo(self, from, value)
        for (const from of waiting) replyTo(self, from, 'too late')
        return next([])
      },
    },
  })
  await node.run(async (self) => {
    const gate = await start(self, Gate)
    if (gate.tag !== 'ok') throw new Error(gate.tag)
    const answers = [call(self, gate.pid, 'wait'), call(self, gate.pid, 'wait')]
    cast(self, gate.pid, 'open', 'go')
    assert.equal(await Promise.all(answers), ['go', 'go'])
  })
})

test('a handler that throws fails its caller and ends the server', async () => {
  const { node } = realNode()
  await node.run(async (self) => {
    const { server } = await startLog(self, { calls: true })
    const ref = self.monitor(server)
    assert.is(await reasonOf(call(self, server, 'fail')), 'broken')
    const down = await self.receive()
    assert.equal(down, { tag: 'DOWN', ref, target: server, reason: 'broken' })
    assert.is(await reasonOf(call(self, server, 'note', 'a')), 'noproc')
  })
})

test('a caller that its server kills never goes on', async () => {
  const { node } = realNode()
  await node.run(async (self) => {
    const { server, notes } = await startLog(self, { calls: true })
    const victim = process('victim', async (own) => {
      await call(own, server, 'killCaller', own.pid)
      notes.push('went on')
    })
    spawnMonitor(self, victim)
    const down = await self.receive()
    assert.match(JSON.stringify(down), '"reason":"killed"')
    await self.yield()
    assert.equal(notes, [])
  })
})

test('an unobserved failure ends the caller', async () => {
  const { node } = realNode()
  await node.run(async (self) => {
    const { server } = await startLog(self, { calls: true })
    const careless = process('careless', async (own) => {
      void call(own, server, 'fail')
      await own.receive()
    })
    spawnMonitor(self, careless)
    assert.match(JSON.stringify(await self.receive()), '"reason":"broken"')
  })
})

test('a server calls itself in vain', async () => {
  const { node } = realNode()
  type Own = { calls: { again: () => string } }
  const Own = genServer<Own>('inline.own')({
    inline: { calls: true },
    init: (_arg: void, self): Ref<Own> => self.pid,
    calls: {
      again: async (me, _arg, self) => reply(String(await reasonOf(call(self, me, 'again'))), me),
    },
  })
  await node.run(async (self) => {
    const own = await start(self, Own)
    if (own.tag !== 'ok') throw new Error(own.tag)
    assert.is(await call(self, own.pid, 'again'), 'callingSelf')
  })
})

type Step = { calls: { down: (left: number) => number } }

test('servers that call one another go so deep and no deeper; all are answered', async () => {
  const { node } = realNode()
  let depth = 0
  let deepest = 0
  const servers: Ref<Step>[] = []
  const Step = genServer<Step>('inline.step')({
    inline: { calls: true },
    init: (index: number) => next(index),
    calls: {
      down: (index, left, self, from) => {
        depth++
        deepest = Math.max(deepest, depth)
        const below = servers[index + 1]
        if (left === 0 || below === undefined) replyTo(self, from, index)
        else call(self, below, 'down', left - 1).then((end) => replyTo(self, from, end))
        depth--
        return next(index)
      },
    },
  })
  await node.run(async (self) => {
    for (let index = 0; index < 100; index++) {
      const started = await start(self, Step, index)
      if (started.tag === 'ok') servers.push(started.pid)
    }
    const [first] = servers
    if (first === undefined) throw new Error('none started')
    assert.is(await call(self, first, 'down', 99), 99)
    // One more than run inline: the scheduler has begun the one below them.
    assert.is(deepest, runtimeLimits.inlineDepthMax + 1)
  })
})

test('two servers in a circle answer each other', async () => {
  const { node } = realNode()
  type Peer = {
    calls: { ask: (left: number) => number }
    casts: { meet: (other: Ref<Peer>) => void }
  }
  const Peer = genServer<Peer>('inline.peer')({
    inline: { calls: true },
    init: () => next<Ref<Peer> | null>(null),
    calls: {
      ask: (other, left, self, from) => {
        if (other === null || left === 0) return reply(left, other)
        call(self, other, 'ask', left - 1).then((end) => replyTo(self, from, end))
        return next(other)
      },
    },
    casts: { meet: (_none, other) => next(other) },
  })
  await node.run(async (self) => {
    const one = await start(self, Peer)
    const two = await start(self, Peer)
    if (one.tag !== 'ok' || two.tag !== 'ok') throw new Error('not started')
    cast(self, one.pid, 'meet', two.pid)
    cast(self, two.pid, 'meet', one.pid)
    assert.is(await call(self, one.pid, 'ask', 50), 0)
  })
})

test.run()
