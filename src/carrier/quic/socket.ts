/**
 * The one UDP socket of an endpoint, for listening and dialling alike.
 *
 * Invariant: `send` takes the bytes out of `out` before it returns, so that one buffer serves all
 * packets. That needs a lookup that calls back at once (Node's default one is asynchronous even for
 * literals, and packets sent later would carry what is in the buffer by then) and, when the kernel
 * is full and the packet had to be queued, a new buffer.
 *
 * A datagram that cannot be sent is a lost datagram: QUIC recovers, or the connection goes idle.
 */
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram'
import type { CarrierFailure } from '../carrier.ts'
import { addressText, type Family, resolveHost } from './address.ts'

/** The kernel's default of 208 KiB loses packets of a single fast peer. */
const bufferSizesBytes: readonly number[] = [4 * 1024 * 1024, 1024 * 1024]
const outBytes = 65_536
/** Sizes in use at one time are few: each path settles on one. */
const viewsMax = 64

type OnDatagram = (datagram: Buffer, from: RemoteInfo) => void

export class DatagramSocket {
  /** The label of this end in quiche; the wildcard stays a wildcard. */
  readonly local: { readonly host: string; readonly port: number }
  readonly family: Family
  /** Where packets are built. May be replaced by `send`: read it anew for each packet. */
  out: Buffer = Buffer.allocUnsafeSlow(outBytes)
  /** The beginning of `out`, by length. */
  readonly #views = new Map<number, Buffer>()
  readonly #socket: Socket

  constructor(socket: Socket, family: Family) {
    const { address, port } = socket.address()
    this.local = { host: address, port }
    this.family = family
    this.#socket = socket
  }

  /** Sends the first `length` bytes of `out`. */
  send(length: number, host: string, port: number): void {
    this.#socket.send(this.out, 0, length, port, host)
    if (this.#socket.getSendQueueCount() === 0) return
    this.out = Buffer.allocUnsafeSlow(outBytes)
    this.#views.clear()
  }

  /** The first `size` bytes of `out`. As `out`, for one packet. */
  view(size: number): Buffer {
    const known = this.#views.get(size)
    if (known !== undefined) return known
    if (this.#views.size >= viewsMax) this.#views.clear()
    const view = this.out.subarray(0, size)
    this.#views.set(size, view)
    return view
  }

  close(): Promise<void> {
    return new Promise((resolve) => this.#socket.close(() => resolve()))
  }
}

/** Binds. Fails with `address`, naming host and port, when the system refuses. */
export async function bindSocket(
  host: string,
  port: number,
  onDatagram: OnDatagram,
): Promise<{ readonly tag: 'ok'; readonly socket: DatagramSocket } | CarrierFailure> {
  const resolved = await resolveHost(host, undefined)
  if (resolved.tag === 'error') return resolved
  const { literal } = resolved
  const socket = createSocket({
    type: literal.family === 4 ? 'udp4' : 'udp6',
    lookup: (hostname, _options, callback) => callback(null, hostname, literal.family),
  })
  const failure = await bound(socket, literal.host, port)
  if (failure !== undefined) {
    const message = `cannot bind ${addressText(host, port)}: ${failure.message}`
    return { tag: 'error', reason: 'address', message }
  }
  enlarge((bytes) => socket.setRecvBufferSize(bytes))
  enlarge((bytes) => socket.setSendBufferSize(bytes))
  // Errors of a bound UDP socket concern single datagrams (ICMP, a full buffer): losses.
  socket.on('error', () => undefined)
  socket.on('message', onDatagram)
  return { tag: 'ok', socket: new DatagramSocket(socket, literal.family) }
}

function bound(socket: Socket, address: string, port: number): Promise<Error | undefined> {
  return new Promise((resolve) => {
    const onError = (error: Error): void => {
      socket.close()
      resolve(error)
    }
    socket.once('error', onError)
    socket.bind({ address, port, exclusive: true }, () => {
      socket.off('error', onError)
      resolve(undefined)
    })
  })
}

/** Linux grants less than asked in silence, others refuse: then less is asked. */
function enlarge(set: (bytes: number) => void): void {
  for (const bytes of bufferSizesBytes) {
    try {
      set(bytes)
      return
    } catch {}
  }
}
