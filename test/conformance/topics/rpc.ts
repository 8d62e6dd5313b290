/** Tasks run there for their value (rule D11): value, exception, timeout, unlisted, many nodes. */
import * as assert from 'uvu/assert'
import { BadArgument, Exit, type Pid } from '../../../runtime/index.ts'
import { rpc, rpcAll, task } from '../../../stdlib/index.ts'
import { reasonOf } from './names.ts'
import { caseOf, type Topic } from './topic.ts'

const Where = task('topic.rpc.where', async (self, n: number) => ({
  node: self.node,
  value: n * 2,
}))

const Fails = task('topic.rpc.fails', async (_self, how: string): Promise<number> => {
  if (how === 'exit') throw new Exit({ tag: 'soldOut', sku: 'a1' })
  throw new RangeError('too far')
})

/** Says that it works, then waits to be told to go on. */
const Waits = task('topic.rpc.waits', async (self, to: Pid) => {
  self.send(to, self.pid)
  return self.receive()
})

const value = caseOf('D11', 'rpc gives the value of a task there', async (self, place) => {
  const there = place.there.name
  assert.equal(await rpc(self, there, Where, 21), { node: there, value: 42 })
  assert.equal(await rpc(self, there, Where, 1, { timeoutMs: 60_000 }), { node: there, value: 2 })
  assert.is(self.receive(null, { timeoutMs: 0, otherwise: 'nothing' }), 'nothing')
})

const exception = caseOf('D11', 'what it throws is thrown here', async (self, place) => {
  const there = place.there.name
  assert.equal(await reasonOf(rpc(self, there, Fails, 'exit')), { tag: 'soldOut', sku: 'a1' })
  const error = await reasonOf(rpc(self, there, Fails, 'throw'))
  assert.is((error as { name?: unknown }).name, 'RangeError')
  assert.is((error as { message?: unknown }).message, 'too far')
})

const late = caseOf('D11', 'after a timeout nothing arrives', async (self, place) => {
  const there = place.there.name
  const failing = reasonOf(rpc(self, there, Waits, self.pid, { timeoutMs: 300 }))
  const worker = (await self.receive()) as Pid
  assert.is(await failing, 'timeout')
  self.send(worker, 'late')
  assert.equal(await rpc(self, there, Where, 0), { node: there, value: 0 })
  assert.is(self.receive(null, { timeoutMs: 0, otherwise: 'nothing' }), 'nothing')
})

const killed = caseOf('D11', 'a task that is killed fails with that', async (self, place) => {
  const failing = reasonOf(rpc(self, place.there.name, Waits, self.pid))
  const worker = (await self.receive()) as Pid
  self.exit(worker, 'kill')
  assert.is(await failing, 'killed')
})

const unlisted = caseOf(
  'S6',
  'a task that is not listed there does not run',
  async (self, place) => {
    const unknown = task('topic.rpc.unlisted', () => 1)
    const reason = { tag: 'unknownModule', module: 'topic.rpc.unlisted' }
    assert.equal(await reasonOf(rpc(self, place.there.name, unknown)), reason)
  },
)

const many = caseOf('D11', 'rpcAll asks all at once and tells of each', async (self, place) => {
  const there = place.there.name
  const results = await rpcAll(self, [there, 'nobody@nowhere.invalid', there], Where, 2, {
    timeoutMs: 60_000,
  })
  assert.equal(results, [
    { node: there, tag: 'ok', value: { node: there, value: 4 } },
    { node: 'nobody@nowhere.invalid', tag: 'exit', reason: 'noconnection' },
    { node: there, tag: 'ok', value: { node: there, value: 4 } },
  ])
  assert.equal(await rpcAll(self, [], Where, 2), [])
})

const refused = caseOf(
  'D11',
  'bad options and arguments are refused by name',
  async (self, place) => {
    const there = place.there.name
    assert.equal(await rpc(self, there, Where, 1), { node: there, value: 2 })
    const refusals: readonly [() => Promise<unknown>, RegExp][] = [
      [() => rpc(self, there, Where, 1, { timeoutMs: -1 }), /timeoutMs/],
      [() => rpc(self, there, Where, 1, { timeout: 1 } as object), /unknown option 'timeout'/],
      [() => rpc(self, there, Where, 1, 5 as unknown as object), /options: expected an object/],
      [() => rpcAll(self, there as unknown as string[], Where, 1), /nodes: expected names/],
      [() => rpc(self, there, Where, (() => 1) as unknown as number), /arg/],
    ]
    for (const [asking, words] of refusals) {
      const error = await asking().then(
        () => undefined,
        (thrown: unknown) => thrown,
      )
      assert.ok(error instanceof BadArgument, String(error))
      assert.match(error.message, words)
    }
  },
)

export const rpcs: Topic = {
  subject: 'rpc',
  modules: [Where, Fails, Waits],
  cases: [value, exception, late, killed, unlisted, many, refused],
}
