/** Endpoints and connections for the tests of the QUIC carrier. */
import { nodePlatform } from '../../../../../runtime/platform/node.ts'
import type { Address, Endpoint } from '../../../../../src/carrier/carrier.ts'
import { type QuicOptions, quicCarrier } from '../../../../../src/carrier/quic/index.ts'
import { ConnectionWitness, Court } from '../../../../../src/testing/carrier-witness.ts'
import { assert, cleanup } from '../../../../support/harness.ts'
import { testTls } from '../../../../support/tls.ts'
import { until } from '../../../../support/until.ts'

export type Node = {
  readonly endpoint: Endpoint
  readonly accepted: ConnectionWitness[]
  /** Dials; throws the failure's message. */
  dial(address: Address): Promise<ConnectionWitness>
}

/** An open endpoint on loopback, closed when the test is over. */
export async function openNode(options: Partial<QuicOptions> = {}): Promise<Node> {
  const platform = nodePlatform()
  const court = new Court()
  const accepted: ConnectionWitness[] = []
  const opened = await quicCarrier({ host: '127.0.0.1', port: 0, ...options }).open({
    platform,
    tls: await testTls(platform),
    onConnection: (connection) => accepted.push(new ConnectionWitness(connection, court)),
  })
  if (opened.tag === 'error') throw new Error(opened.message)
  const { endpoint } = opened
  cleanup(() => endpoint.close(0))
  return {
    endpoint,
    accepted,
    async dial(address) {
      const dialled = await endpoint.dial(address, 5000)
      if (dialled.tag === 'error') throw new Error(dialled.message)
      return new ConnectionWitness(dialled.connection, court)
    },
  }
}

/** Proves that a connection carries bytes from `near` to `far`. */
export async function assertAlive(near: ConnectionWitness, far: ConnectionWitness): Promise<void> {
  const met = far.incoming.length
  const stream = near.open('uni')
  stream.write(new Uint8Array(5000))
  stream.end()
  await until('a stream gets through', () => far.incoming[met]?.ends === 1)
  assert.is(far.incoming[met]?.received, 5000)
  assert.is(near.closes.length + far.closes.length, 0)
}
