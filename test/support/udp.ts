/** UDP sockets of tests, each closed when its test is over. */
import { createSocket, type Socket } from 'node:dgram'
import type { Address } from '../../src/carrier/carrier.ts'
import { type Forwarder, type ForwarderOptions, openForwarder } from './forwarder.ts'
import { cleanup } from './harness.ts'

export type { Forwarder }

/** A bound socket. Default host 127.0.0.1. */
export async function udpSocket(host = '127.0.0.1'): Promise<Socket> {
  const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4')
  await new Promise<void>((resolve) => socket.bind(0, host, resolve))
  cleanup(() => new Promise<void>((resolve) => socket.close(() => resolve())))
  return socket
}

/** The address of a socket that reads and never answers. */
export async function silentPort(): Promise<Address> {
  const socket = await udpSocket()
  return { host: '127.0.0.1', port: socket.address().port }
}

/** A forwarder that keeps what it sees, unless `options` say otherwise. */
export async function forwarder(
  target: Address,
  options: ForwarderOptions = {},
): Promise<Forwarder> {
  const opened = await openForwarder(target, { records: true, ...options })
  cleanup(() => opened.close())
  return opened
}
