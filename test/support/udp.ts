/** UDP sockets of tests: one that never answers, and a forwarder that can be cut. */
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram'
import type { Address } from '../../src/carrier/carrier.ts'
import { cleanup } from './harness.ts'

const host = '127.0.0.1'

/** A bound socket on loopback, closed when the test is over. */
export async function udpSocket(): Promise<Socket> {
  const socket = createSocket('udp4')
  await new Promise<void>((resolve) => socket.bind(0, host, resolve))
  cleanup(() => new Promise<void>((resolve) => socket.close(() => resolve())))
  return socket
}

/** The address of a socket that reads and never answers. */
export async function silentPort(): Promise<Address> {
  const socket = await udpSocket()
  return { host, port: socket.address().port }
}

export type Forwarder = {
  /** Where a dialer finds it. */
  readonly address: Address
  /** Every datagram passed, in order: from the dialer (`up`) or to it. */
  readonly seen: { readonly up: boolean; readonly datagram: Buffer }[]
  /** True: nothing passes any more, either way. */
  cut: boolean
  /** True: nothing reaches the dialer any more, though it is seen. */
  deaf: boolean
  /** Asked per datagram: true loses it. */
  loses: () => boolean
  /** Sends `datagram` to the target as if the dialer had. */
  inject(datagram: Uint8Array): void
}

/** Passes datagrams between one dialer and `target`. */
export async function forwarder(target: Address): Promise<Forwarder> {
  const front = await udpSocket()
  const back = await udpSocket()
  let dialer: RemoteInfo | undefined
  const self: Forwarder = {
    address: { host, port: front.address().port },
    seen: [],
    cut: false,
    deaf: false,
    loses: () => false,
    inject: (datagram) => back.send(datagram, target.port, target.host),
  }
  front.on('message', (datagram, from) => {
    dialer = from
    if (self.cut || self.loses()) return
    self.seen.push({ up: true, datagram: Buffer.from(datagram) })
    back.send(datagram, target.port, target.host)
  })
  back.on('message', (datagram) => {
    if (self.cut || dialer === undefined || self.loses()) return
    self.seen.push({ up: false, datagram: Buffer.from(datagram) })
    if (!self.deaf) front.send(datagram, dialer.port, dialer.address)
  })
  return self
}
