import { simPlatform, World } from '../../../../runtime/platform/sim.ts'
import type { Connection } from '../../../../src/carrier/carrier.ts'
import { memoryNetwork } from '../../../../src/carrier/memory/index.ts'
import { Choices } from '../../../../src/dist/choices.ts'
import { assert, suite } from '../../../support/harness.ts'
import { turn } from '../../../support/until.ts'
import { a, addressOf, b, tlsOf } from './virtual-cluster.ts'

const test = suite('choices')

async function connections(count: number): Promise<Connection[]> {
  const world = new World(1)
  const platform = simPlatform(world)
  const network = memoryNetwork({ platform })
  const open = (name: string) =>
    network
      .carrier(addressOf(name))
      .open({ platform, tls: tlsOf(name), onConnection: () => undefined })
  const [near] = [await open(a), await open(b)]
  if (near.tag === 'error') throw new Error(near.message)
  const made: Connection[] = []
  for (let n = 0; n < count; n++) {
    void near.endpoint.dial(addressOf(b), 1_000).then((result) => {
      if (result.tag === 'ok') made.push(result.connection)
    })
  }
  for (await turn(); made.length < count; await turn()) world.advance()
  return made
}

test('one connection a node; the next one once it has ended', async () => {
  const [first, second] = await connections(2)
  if (first === undefined || second === undefined) throw new Error('no connections')
  const choices = new Choices()
  assert.is(choices.take(b, first, 1), undefined)
  assert.is(choices.take(b, first, 1), undefined, 'its own choice')
  assert.is(choices.take(a, second, 1), undefined, 'another node')
  const standing = choices.take(b, second, 2)
  assert.is(standing?.connection, first)
  assert.is(standing?.creation, 1)
  let ended = 0
  void standing?.ended.then(() => ended++)
  choices.release(b, second)
  choices.release('nobody@h', first)
  await turn()
  assert.is(ended, 0, 'not theirs to take back')
  choices.release(b, first)
  await turn()
  assert.is(ended, 1)
  assert.is(choices.take(b, second, 2), undefined)
  choices.release(b, first)
  assert.is(choices.take(b, first, 1)?.connection, second, 'a late release changes nothing')
})

test.run()
