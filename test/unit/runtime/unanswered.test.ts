/** Calls whose server ends without an answer: every one of them hears the reason. */
import { type Module, process, type Reason, spawn } from '../../../runtime/index.ts'
import { call, genServer, reply, start } from '../../../stdlib/index.ts'
import { assert, suite } from '../../support/harness.ts'
import { realNode } from './node-fixture.ts'

const test = suite('unanswered calls')

type Echo = { calls: { get: () => number } }

test('a server that dies inside its handler fails the call it was handling', async () => {
  const { node } = realNode()
  type Fatal = { calls: { now: () => null; later: () => null } }
  const Fatal = genServer<Fatal>('fatal')({
    init: () => null,
    calls: {
      now: (state, _arg, self) => {
        self.exit(self.pid, 'kill')
        return reply(null, state)
      },
      later: async (state, _arg, self) => {
        self.exit(self.pid, 'kill')
        return reply(null, state)
      },
    },
  })
  for (const op of ['now', 'later'] as const) {
    const failure = await node.run(async (self) => {
      const started = await start(self, Fatal)
      if (started.tag !== 'ok') throw new Error('not started')
      return call(self, started.pid, op).then(
        () => null,
        (error: unknown) => error,
      )
    })
    assert.is((failure as { reason: Reason }).reason, 'killed')
  }
})

test('a plain process that took a call and died without answering fails it', async () => {
  const { node } = realNode()
  const takers: Module<Echo, void>[] = [
    process('async', async (self) => {
      await self.receive()
      throw new Error('no answer')
    }) as Module<Echo, void>,
    process('generator', function* (self) {
      yield* self.take()
      throw new Error('no answer')
    }) as Module<Echo, void>,
  ]
  for (const taker of takers) {
    const failure = await node.run(async (self) => {
      const pid = spawn(self, taker)
      return call(self, pid, 'get').then(
        () => null,
        (error: unknown) => error,
      )
    })
    const { reason } = failure as { reason: Reason }
    assert.ok(typeof reason === 'object' && reason.message === 'no answer')
  }
})

test.run()
