/**
 * The timeout of a gen_server's outcome (rule G7) where it meets other things: mail of the same
 * moment, timeouts set again and again, and the end of the server.
 */
import type { Ref, Self } from '../../../runtime/index.ts'
import {
  call,
  cast,
  genServer,
  isTimeout,
  next,
  reply,
  start,
  stopServer,
} from '../../../stdlib/index.ts'
import { assert, suite } from '../../support/harness.ts'
import { virtualNode } from './one-node.ts'
import { pass } from './tree.ts'

const test = suite('otp: gen_server timeouts')

type Idle = {
  calls: { idle: (ms: number) => null; log: () => readonly string[] }
  casts: { crash: () => void }
}

/** `again`: the timeout sets itself anew, so often. */
async function begin(self: Self, again = 0): Promise<Ref<Idle>> {
  const idle = genServer<Idle>('idle')({
    init: (): readonly string[] => [],
    calls: {
      idle: (log, timeoutMs) => reply(null, log, { timeoutMs }),
      log: (log) => reply(log, log),
    },
    casts: {
      crash: () => {
        throw new Error('crash')
      },
    },
    info: (log, message) => {
      if (!isTimeout(message)) return next([...log, 'message'])
      const after = [...log, 'timeout']
      return log.length < again ? next(after, { timeoutMs: 50 }) : next(after)
    },
  })
  const started = await start(self, idle)
  if (started.tag !== 'ok') throw new Error('it starts')
  return started.pid
}

test('G7 of a timeout and a message of the same moment the first counts', async () => {
  const { run } = virtualNode()
  await run(async (self) => {
    const ref = await begin(self)
    self.sendAfter(64, ref, 'plain')
    await call(self, ref, 'idle', 64)
    await pass(self, 1_000)
    const log = await call(self, ref, 'log')
    assert.equal(log, log[0] === 'message' ? ['message'] : ['timeout', 'message'])
  })
})

test('G7 a timeout may set the next one, and comes no more often than set', async () => {
  const { world, run } = virtualNode()
  await run(async (self) => {
    const ref = await begin(self, 4)
    const startMs = world.nowMs
    await call(self, ref, 'idle', 50)
    await pass(self, 240)
    assert.equal((await call(self, ref, 'log')).length, 4, 'the fifth is not due yet')
    assert.is(world.nowMs - startMs, 240)
    await pass(self, 1_000)
    assert.equal((await call(self, ref, 'log')).length, 4, 'the question has cancelled it')
  })
})

test('G7 a server that stops or crashes leaves no timer behind', async () => {
  for (const end of ['stop', 'crash', 'kill'] as const) {
    const { world, run } = virtualNode()
    await run(async (self) => {
      const ref = await begin(self)
      await call(self, ref, 'idle', 3_600_000)
      if (end === 'stop') await stopServer(self, ref)
      else if (end === 'kill') self.exit(ref, 'kill')
      else cast(self, ref, 'crash')
      await pass(self, 10)
    })
    while (world.advance()) assert.ok(world.nowMs < 3_600_000, `${end}: a timer of the dead`)
  }
})

test.run()
