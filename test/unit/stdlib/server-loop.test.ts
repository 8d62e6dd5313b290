/** Who hears what when a server ends while one of its callbacks is still waiting. */
import { Exit, type Reason, type Self } from '../../../runtime/index.ts'
import { processOfSelf } from '../../../runtime/kernel.ts'
import { call, genServer, next, replyTo, start } from '../../../stdlib/index.ts'
import { assert, suite } from '../../support/harness.ts'
import { realNode } from '../runtime/node-fixture.ts'

const test = suite('server loop')

type Slow = {
  calls: {
    never: () => null
    endsItself: () => null
    answersThenWaits: () => string
    soon: () => string
  }
}

const forEver = new Promise<never>(() => undefined)

const Slow = genServer<Slow>('test.slow')({
  init: () => null,
  calls: {
    never: () => forEver,
    endsItself: async (state, _arg, self) => {
      self.exit(self.pid, 'kill')
      return next(state)
    },
    answersThenWaits: (_state, _arg, self, from) => {
      replyTo(self, from, 'early')
      return forEver
    },
    soon: async (state, _arg, self, from) => {
      replyTo(self, from, 'soon')
      return next(state)
    },
  },
})

async function slowServer(self: Self) {
  const started = await start(self, Slow)
  if (started.tag !== 'ok') throw new Error(`not started: ${started.tag}`)
  return started.pid
}

function reasonOf(failing: Promise<unknown>): Promise<Reason | null> {
  return failing.then(
    () => null,
    (error: unknown) => (error instanceof Exit ? error.reason : String(error)),
  )
}

test('the caller of a pending async handler hears the end of its server', async () => {
  const { node } = realNode()
  await node.run(async (self) => {
    const server = await slowServer(self)
    const reason = reasonOf(call(self, server, 'never'))
    const queued = reasonOf(call(self, server, 'soon'))
    await self.yield()
    self.exit(server, 'kill')
    assert.is(await reason, 'killed')
    assert.is(await queued, 'killed')
  })
})

test('so does the caller of an async handler that ends its own server', async () => {
  const { node } = realNode()
  await node.run(async (self) => {
    const server = await slowServer(self)
    assert.is(await reasonOf(call(self, server, 'endsItself')), 'killed')
  })
})

test('a handler that answered and waits on owes nothing when its server ends', async () => {
  const { node } = realNode()
  await node.run(async (self) => {
    const server = await slowServer(self)
    assert.is(await call(self, server, 'answersThenWaits'), 'early')
    const queued = reasonOf(call(self, server, 'soon'))
    self.exit(server, 'kill')
    assert.is(await queued, 'killed')
  })
})

test('a server keeps nothing of a call it has dealt with', async () => {
  const { node, system } = realNode()
  await node.run(async (self) => {
    const server = await slowServer(self)
    assert.is(await call(self, server, 'soon'), 'soon')
    await self.yield()
    const found = system.lookup(server)
    assert.is(found.tag, 'local')
    if (found.tag !== 'local') return
    assert.is(found.process.pause?.serving, null)
    assert.is(found.process.watchers, null)
    assert.is(processOfSelf(self).waiter, null)
  })
})

test.run()
