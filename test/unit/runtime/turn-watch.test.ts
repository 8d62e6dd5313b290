/** Who holds the event loop, told by a clock that moves only while the held code runs. */
import {
  type LocalNode,
  type Pid,
  process,
  type Self,
  spawn,
  type TraceEvent,
} from '../../../runtime/index.ts'
import { nodePlatform } from '../../../runtime/platform/node.ts'
import { call, cast, genServer, next, reply, start } from '../../../stdlib/index.ts'
import { assert, suite } from '../../support/harness.ts'
import { realNode } from './node-fixture.ts'

const test = suite('long turns')

type Held = {
  readonly pid: Pid
  readonly module: string
  readonly handler: string | null
  readonly ms: number
}

type Watched = {
  readonly node: LocalNode
  /** Stands for code that takes so long. */
  readonly work: (ms: number) => void
  readonly held: Held[]
}

function watchedNode(longTurnMs?: number): Watched {
  const platform = nodePlatform()
  let aheadMs = 0
  const clock = { ...platform.clock, now: () => aheadMs }
  const { node } = realNode({
    platform: { ...platform, clock },
    ...(longTurnMs === undefined ? {} : { longTurnMs }),
  })
  const held: Held[] = []
  node.observe((event: TraceEvent) => {
    if (event.tag !== 'longTurn') return
    const { pid, module, handler, ms } = event
    held.push({ pid, module, handler, ms })
  })
  const work = (ms: number): void => {
    aheadMs += ms
  }
  return { node, work, held }
}

type Worker = {
  calls: { work: (ms: number) => null; quick: () => null }
  casts: { work: (ms: number) => void }
}

test('a handler of a server, sync and async', async () => {
  const { node, work, held } = watchedNode(50)
  await node.run(async (self) => {
    const quick = genServer<Pick<Worker, never> & { calls: { quick: () => null } }>('turns.quick')({
      init: () => next(null),
      calls: { quick: (state) => reply(null, state) },
    })
    const helper = await start(self, quick)
    if (helper.tag !== 'ok') throw new Error(helper.tag)
    const worker = genServer<Worker>('turns.worker')({
      init: () => next(null),
      calls: {
        work: async (state, ms, own) => {
          await call(own, helper.pid, 'quick')
          work(ms)
          return reply(null, state)
        },
        quick: (state) => reply(null, state),
      },
      casts: {
        work: (state, ms) => {
          work(ms)
          return next(state)
        },
      },
    })
    const started = await start(self, worker)
    if (started.tag !== 'ok') throw new Error(started.tag)
    const { pid } = started
    cast(self, pid, 'work', 60)
    cast(self, pid, 'work', 50)
    await call(self, pid, 'quick')
    await call(self, pid, 'work', 70)
    await self.yield()
    const sums = held.map((one) => [one.pid === pid, one.module, one.handler, one.ms])
    assert.is(sums.length, 2)
    assert.equal(sums[1], [true, 'turns.worker', 'work', 70])
    assert.equal(sums[0]?.slice(0, 3), [true, 'turns.worker', 'work'])
  })
})

test('a body that goes on after a receive, whether it had to wait or not', async () => {
  const { node, work, held } = watchedNode(10)
  const body = async (self: Self): Promise<void> => {
    for (;;) {
      const message = await self.receive()
      if (typeof message !== 'number') return
      work(message)
    }
  }
  await node.run(async (self) => {
    const calm = spawn(
      self,
      process('turns.calm', (own) => own.receive()),
    )
    const pid = spawn(self, process('turns.body', body))
    await self.yield()
    for (const ms of [20, 5, 30]) self.send(pid, ms)
    self.send(calm, 'end')
    await self.yield()
    assert.equal(held, [
      { pid, module: 'turns.body', handler: null, ms: 20 },
      { pid, module: 'turns.body', handler: null, ms: 30 },
    ])
  })
})

test('a start, and a generator', async () => {
  const { node, work, held } = watchedNode(10)
  const body = function* (self: Self): Generator<never, void, unknown> {
    work(15)
    yield* self.take() as Generator<never, unknown, unknown>
    work(25)
  }
  await node.run(async (self) => {
    const pid = spawn(self, process('turns.generator', body))
    await self.yield()
    self.send(pid, 'go')
    await self.yield()
    assert.equal(
      held.map(({ ms, module }) => [module, ms]),
      [
        ['turns.generator', 15],
        ['turns.generator', 25],
      ],
    )
  })
})

test('the handler that took longest is named, and `info` for other mail', async () => {
  const { node, work, held } = watchedNode(10)
  type Three = { casts: { a: (ms: number) => void; b: (ms: number) => void } }
  const Three = genServer<Three>('turns.three')({
    init: () => next(null),
    casts: {
      a: (state, ms) => {
        work(ms)
        return next(state)
      },
      b: (state, ms) => {
        work(ms)
        return next(state)
      },
    },
    info: (state, ms) => {
      work(Number(ms))
      return next(state)
    },
  })
  await node.run(async (self) => {
    const started = await start(self, Three)
    if (started.tag !== 'ok') throw new Error(started.tag)
    cast(self, started.pid, 'a', 6)
    cast(self, started.pid, 'b', 8)
    cast(self, started.pid, 'a', 7)
    await self.yield()
    self.send(started.pid, 11)
    await self.yield()
    assert.equal(
      held.map(({ handler, ms }) => [handler, ms]),
      [
        ['b', 21],
        ['info', 11],
      ],
    )
  })
})

test('nothing is watched unless it is asked for', async () => {
  const { node, work, held } = watchedNode()
  await node.run(async (self) => {
    spawn(
      self,
      process('turns.unseen', () => work(10_000)),
    )
    await self.yield()
    assert.equal(held, [])
  })
})

test('a bad longTurnMs is refused', () => {
  assert.throws(() => realNode({ longTurnMs: -1 }), /longTurnMs: .* got -1/)
})

test.run()
