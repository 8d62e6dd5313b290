/**
 * Two endpoints of the worker carrier in one thread, and one endpoint whose other side is the
 * test's own: it holds the ports and says what it likes.
 */
import { MessageChannel, MessagePort } from 'node:worker_threads'
import { nodePlatform } from '../../../../../runtime/platform/node.ts'
import type { CloseInfo, Connection, Endpoint } from '../../../../../src/carrier/carrier.ts'
import {
  type ControlRecord,
  type OutgoingData,
  writeBatch,
} from '../../../../../src/carrier/worker/batch.ts'
import {
  type WorkerCarrierOptions,
  workerCarrier,
} from '../../../../../src/carrier/worker/index.ts'
import { ConnectionWitness, Court } from '../../../../../src/testing/carrier-witness.ts'
import { cleanup } from '../../../../support/harness.ts'
import { testTls } from '../../../../support/tls.ts'
import { until } from '../../../../support/until.ts'

export const here = { host: 'worker', port: 1 }
export const there = { host: 'worker', port: 2 }
export const certHash = new Uint8Array(32).fill(7)
const platform = nodePlatform()

/** An endpoint that is closed with the test, and what it accepted. */
export async function openEndpoint(
  options: WorkerCarrierOptions,
  onConnection: (connection: Connection) => void = () => undefined,
): Promise<Endpoint> {
  const tls = await testTls(platform)
  const opened = await workerCarrier(options).open({ platform, tls, onConnection })
  if (opened.tag === 'error') throw new Error(opened.message)
  cleanup(() => opened.endpoint.close(0))
  return opened.endpoint
}

/** Two endpoints that know each other, and one connection between them. */
export async function connected(): Promise<{
  near: ConnectionWitness
  far: ConnectionWitness
}> {
  const { port1, port2 } = new MessageChannel()
  const court = new Court()
  const accepted: ConnectionWitness[] = []
  const left = await openEndpoint({ address: here, links: [{ address: there, port: port1 }] })
  await openEndpoint({ address: there, links: [{ address: here, port: port2 }] }, (connection) =>
    accepted.push(new ConnectionWitness(connection, court)),
  )
  const dialled = await left.dial(there, 5000)
  if (dialled.tag === 'error') throw new Error(dialled.message)
  const near = new ConnectionWitness(dialled.connection, court)
  await until('it is accepted', () => accepted.length === 1)
  return { near, far: accepted[0]! }
}

/** The other side of a link, in the test's hands. */
export class Stranger {
  readonly endpoint: Endpoint
  readonly link: MessagePort
  readonly accepted: ConnectionWitness[]

  constructor(endpoint: Endpoint, link: MessagePort, accepted: ConnectionWitness[]) {
    this.endpoint = endpoint
    this.link = link
    this.accepted = accepted
  }

  /** Dials the endpoint as it should be done; gives our port and what was accepted. */
  async dial(streamsMax = 100): Promise<{ port: MessagePort; end: ConnectionWitness }> {
    const before = this.accepted.length
    const { port1, port2 } = new MessageChannel()
    cleanup(() => port1.close())
    this.link.postMessage({ tag: 'dial', port: port2, certHash, streamsMax }, [port2])
    await until('the dial is accepted', () => this.accepted.length > before)
    return { port: port1, end: this.accepted[before]! }
  }

  /** Takes the next dial of the endpoint; gives the port it carries. */
  nextDial(): Promise<MessagePort> {
    return new Promise((resolve) => {
      this.link.once('message', ({ port }: { port: unknown }) => {
        if (!(port instanceof MessagePort)) throw new Error('a dial without a port')
        cleanup(() => port.close())
        resolve(port)
      })
    })
  }
}

export async function stranger(options: WorkerCarrierOptions = {}): Promise<Stranger> {
  const { port1, port2 } = new MessageChannel()
  cleanup(() => port2.close())
  const court = new Court()
  const accepted: ConnectionWitness[] = []
  const links = [{ address: there, port: port1 }]
  const endpoint = await openEndpoint({ address: here, links, ...options }, (connection) => {
    accepted.push(new ConnectionWitness(connection, court))
  })
  return new Stranger(endpoint, port2, accepted)
}

/** A record of data with `bytes`. */
export function dataOf(stream: number, bytes: Uint8Array): OutgoingData {
  return { tag: 'data', stream, length: bytes.length, fill: (target) => target.set(bytes) }
}

export function post(port: MessagePort, ...records: (ControlRecord | OutgoingData)[]): void {
  port.postMessage(writeBatch(records))
}

/** Waits for the end of a connection. */
export async function endOf(end: ConnectionWitness): Promise<CloseInfo | undefined> {
  await until('it ends', () => end.closes.length === 1)
  return end.closes[0]
}
