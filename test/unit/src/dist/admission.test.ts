/**
 * The choice between connections to one node: held by one at a time, passed on when its holder
 * ends, taken from it by another incarnation of the peer. Only the greater name chooses.
 */
import { type Pid, process, type Self, send, spawn } from '../../../../runtime/index.ts'
import { systemOf } from '../../../../runtime/kernel.ts'
import { choose } from '../../../../src/dist/admission.ts'
import { Attempts } from '../../../../src/dist/attempts.ts'
import { Choices } from '../../../../src/dist/choices.ts'
import { Router } from '../../../../src/dist/router.ts'
import { assert, suite } from '../../../support/harness.ts'
import { dialed } from './dialed.ts'
import { a, b, VirtualCluster } from './virtual-cluster.ts'

const test = suite('admission')

type Entry = { readonly n: 0 | 1; readonly creation: number }

/** A contest at `here` for the channel to `peer`; contenders live until they get a message. */
async function contest(here: string, peer: string) {
  const cluster = new VirtualCluster()
  const node = await cluster.start(here)
  const system = systemOf(node)
  const env = { system, choices: new Choices(), router: new Router(system, new Attempts(), false) }
  const connections = await dialed()
  const told: string[] = []
  const contender = process('admission.contender', async (self: Self, { n, creation }: Entry) => {
    const won = await choose(self, env, connections[n], { node: peer, creation, flags: [] })
    told.push(`${n} ${won}`)
    await self.receive()
  })
  const enter = (entry: Entry): Pid => spawn(node, contender, entry)
  const closed = (): boolean[] => connections.map((connection) => connection.closed)
  return { cluster, told, enter, closed }
}

test('the next one is chosen when the first one ends without a channel', async () => {
  const { cluster, told, enter, closed } = await contest(b, a)
  const first = enter({ n: 0, creation: 1 })
  await cluster.pass(0)
  enter({ n: 1, creation: 1 })
  await cluster.pass(60_000)
  assert.equal(told, ['0 true'])
  send(first, 'end')
  await cluster.pass(0)
  assert.equal(told, ['0 true', '1 true'])
  assert.equal(closed(), [false, false])
})

test('another incarnation of the peer waits for nobody', async () => {
  const { cluster, told, enter, closed } = await contest(b, a)
  const first = enter({ n: 0, creation: 1 })
  await cluster.pass(0)
  enter({ n: 1, creation: 2 })
  await cluster.pass(0)
  assert.equal(told, ['0 true', '1 true'])
  assert.equal(closed(), [true, false])
  send(first, 'end')
  await cluster.pass(0)
  enter({ n: 0, creation: 2 })
  await cluster.pass(0)
  assert.is(told.length, 2, 'the end of the old one freed nothing')
})

test('the smaller name leaves the choice to its peer', async () => {
  const { cluster, told, enter, closed } = await contest(a, b)
  enter({ n: 0, creation: 1 })
  enter({ n: 1, creation: 1 })
  await cluster.until('both were told', () => told.length === 2)
  assert.equal([...told].sort(), ['0 true', '1 true'])
  assert.equal(closed(), [false, false])
})

test.run()
