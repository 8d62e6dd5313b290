/** Endpoints and connections for the tests of the QUIC carrier. */
import { nodePlatform } from '../../../../../runtime/platform/node.ts'
import { seededRandom } from '../../../../../runtime/platform/sim.ts'
import type { Address, Endpoint, TlsMaterial } from '../../../../../src/carrier/carrier.ts'
import { type QuicOptions, quicCarrier } from '../../../../../src/carrier/quic/index.ts'
import {
  Checksum,
  ConnectionWitness,
  Court,
  type StreamWitness,
} from '../../../../../src/testing/carrier-witness.ts'
import type { ForwarderOptions } from '../../../../support/forwarder.ts'
import { assert, cleanup } from '../../../../support/harness.ts'
import { testTls } from '../../../../support/tls.ts'
import { type Forwarder, forwarder } from '../../../../support/udp.ts'
import { until } from '../../../../support/until.ts'

const chunkBytes = 64 * 1024

export type Node = {
  readonly endpoint: Endpoint
  readonly accepted: ConnectionWitness[]
  /** Dials; throws the failure's message. */
  dial(address: Address): Promise<ConnectionWitness>
}

/** An open endpoint on loopback, closed when the test is over. Default: a fresh certificate. */
export async function openNode(
  options: Partial<QuicOptions> = {},
  tls?: TlsMaterial,
): Promise<Node> {
  const platform = nodePlatform()
  const court = new Court()
  const accepted: ConnectionWitness[] = []
  const opened = await quicCarrier({ host: '127.0.0.1', port: 0, ...options }).open({
    platform,
    tls: tls ?? (await testTls(platform)),
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

/** A connection through a forwarder, and both of its ends. */
export type Joined = {
  readonly wire: Forwarder
  readonly near: ConnectionWitness
  readonly far: ConnectionWitness
}

/** Joins two nodes through a forwarder. */
export async function joined(
  left: Node,
  right: Node,
  options: ForwarderOptions = {},
): Promise<Joined> {
  const wire = await forwarder(right.endpoint.address, options)
  const met = right.accepted.length
  const near = await left.dial(wire.address)
  await until('it is accepted', () => right.accepted.length > met)
  const far = right.accepted[met]!
  await assertAlive(near, far)
  return { wire, near, far }
}

export type Transfer = {
  readonly done: () => boolean
  /** Bytes that have arrived. */
  readonly came: () => number
  /** Throws unless everything arrived as it was sent. */
  readonly check: () => void
}

/** Sends `size` bytes on a new stream from one end, and follows them at the other. */
export function transfer(from: ConnectionWitness, to: ConnectionWitness, size: number): Transfer {
  const before = to.incoming.length
  const stream = from.open('uni')
  const bytes = seededRandom(size).bytes(chunkBytes * 16)
  const sum = new Checksum()
  let sent = 0
  const send = (): void => {
    while (sent < size) {
      const at = sent % bytes.length
      const chunk = bytes.subarray(at, at + Math.min(chunkBytes, size - sent))
      sent += chunk.length
      sum.add(chunk)
      if (!stream.write(chunk)) return
    }
    stream.end()
  }
  stream.onDrain = send
  send()
  const incoming = (): StreamWitness | undefined => to.incoming[before]
  return {
    done: () => incoming()?.ends === 1,
    came: () => incoming()?.received ?? 0,
    check() {
      assert.is(incoming()?.received, size)
      assert.is(incoming()?.checksum, sum.value)
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
