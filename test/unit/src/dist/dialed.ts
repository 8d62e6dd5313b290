/** Connections of the memory carrier with nothing said on them, for rules that compare them. */
import { simPlatform, World } from '../../../../runtime/platform/sim.ts'
import type { Connection } from '../../../../src/carrier/carrier.ts'
import { memoryNetwork } from '../../../../src/carrier/memory/index.ts'
import { turn } from '../../../support/until.ts'
import { a, addressOf, b, tlsOf } from './virtual-cluster.ts'

export async function dialed(): Promise<readonly [Connection, Connection]> {
  const world = new World(1)
  const platform = simPlatform(world)
  const network = memoryNetwork({ platform })
  const open = (name: string) =>
    network
      .carrier(addressOf(name))
      .open({ platform, tls: tlsOf(name), onConnection: () => undefined })
  await open(a)
  const near = await open(b)
  if (near.tag === 'error') throw new Error(near.message)
  const { endpoint } = near
  const dials = Promise.all([
    endpoint.dial(addressOf(a), 1_000),
    endpoint.dial(addressOf(a), 1_000),
  ])
  for (let n = 0; n < 10; n++) {
    await turn()
    world.advance()
  }
  const [first, second] = await dials
  if (first.tag === 'error' || second.tag === 'error') throw new Error('no connection')
  return [first.connection, second.connection]
}
