/**
 * Packets of one connection onto the wire, and the timer quiche asks for.
 *
 * Invariants: after every `flush` the timer is armed no later than quiche's timeout. It is re-armed
 * lazily: an earlier timer is kept and looks again when it fires, so that a busy connection does
 * not make and drop a timer per packet. No datagram is larger than the path is known to carry:
 * quiche, whose own limit is fixed for the life of a connection, fills no more than it is given.
 *
 * Rescue: quiche 0.18 finds the losses of a path that is not the active one only when something
 * sent on that path is acknowledged, which never happens once the address behind it is gone; the
 * bytes in flight there would be lost until the idle timeout. So the probe that quiche wants to
 * send on such a path after a timeout goes over the active one: its acknowledgement makes quiche
 * send the rest again. A probe is some 30 bytes, and one or two end the matter.
 */
import type { NativeConnection } from './binding.ts'
import { datagramBaseBytes } from './datagram-size.ts'
import { isLongHeader } from './packet.ts'
import { type ProbedPath, type ProbeHost, type ProbeTarget, SizeProbe } from './size-probe.ts'

/** quiche floors its timeout to whole milliseconds: firing earlier would spin. */
const roundingMs = 1
/** A packet this much smaller than it might be is full: the next frame did not fit. */
const fullSlackBytes = 32
/** Full packets after which larger ones are worth a search; a handshake has two or three. */
const fullBeforeSearch = 8

type Packet = ReturnType<NativeConnection['send']>
type PathEnd = { readonly host: string; readonly port: number }

export class Packets implements ProbedPath {
  readonly #native: NativeConnection
  readonly #host: ProbeHost
  readonly #datagramMaxBytes: number
  readonly #onTimeout: () => void
  readonly #fire: () => void
  #timer: NodeJS.Timeout | undefined
  #dueMs = 0
  #stopped = false
  /** quiche was told of a timeout since the last flush. */
  #timedOut = false
  /** Full packets since the last attempt to have larger ones. */
  #full = 0
  /** Made when there is something large to send. */
  #probe: SizeProbe | undefined
  #received = 0

  /**
   * `datagramMaxBytes`: what the path may carry at most. `onTimeout` is called after quiche was
   * told of a timeout.
   */
  constructor(
    native: NativeConnection,
    host: ProbeHost,
    datagramMaxBytes: number,
    onTimeout: () => void,
  ) {
    this.#native = native
    this.#host = host
    this.#datagramMaxBytes = datagramMaxBytes
    this.#onTimeout = onTimeout
    this.#fire = () => this.#fired()
  }

  get datagramBytes(): number {
    return this.#probe?.size ?? datagramBaseBytes
  }

  /** Sends everything quiche wants sent. */
  flush(): void {
    if (this.#stopped) return
    const { socket } = this.#host
    const size = this.datagramBytes
    let packet = this.#next(socket.view(size))
    while (packet !== null) {
      const [length, { to }] = packet
      // Datagrams of the handshake are padded, which says nothing of how much there is to send.
      if (length > size - fullSlackBytes && !isLongHeader(socket.out)) this.#full += 1
      socket.send(length, to.host, to.port)
      packet = this.#next(socket.view(size))
    }
    if (this.#full >= fullBeforeSearch && size < this.#datagramMaxBytes) this.#grow()
    if (this.#timedOut) this.#rescue()
    this.#arm()
  }

  /** A datagram of the peer came in. */
  heard(): void {
    this.#received += 1
  }

  received(): number {
    return this.#received
  }

  /** The peer has another address: nothing is known of the path any more. */
  moved(): void {
    this.#probe?.moved()
  }

  target(): ProbeTarget | undefined {
    const active = this.#native.pathStats().find((path) => path.active)
    const id = this.#native.destinationId()
    return active === undefined ? undefined : { ...active.peerHost, id, rttMs: active.rtt }
  }

  /** Nothing is sent and no timer fires any more. */
  stop(): void {
    this.#stopped = true
    clearTimeout(this.#timer)
    this.#probe?.stop()
  }

  #next(out: Buffer): Packet {
    try {
      return this.#native.send(out)
    } catch {
      // quiche has recorded why as the connection's error, which is read after every flush.
      return null
    }
  }

  #grow(): void {
    this.#full = 0
    this.#probe ??= new SizeProbe(this.#host, this, this.#datagramMaxBytes)
    this.#probe.filled()
  }

  #rescue(): void {
    this.#timedOut = false
    const paths = this.#native.pathStats()
    const active = paths.find((path) => path.active)
    if (active === undefined || paths.length < 2) return
    const { host, port } = active.peerHost
    const { socket } = this.#host
    for (const { active: isActive, localHost, peerHost } of paths) {
      if (isActive) continue
      const length = this.#nextOn(socket.view(datagramBaseBytes), localHost, peerHost)
      if (length > 0) socket.send(length, host, port)
    }
  }

  #nextOn(out: Buffer, from: PathEnd, to: PathEnd): number {
    try {
      return this.#native.sendOnPath(out, from, to)?.[0] ?? 0
    } catch {
      return 0
    }
  }

  #arm(): void {
    const waitMs = this.#native.timeout()
    if (waitMs === null) return
    const dueMs = performance.now() + waitMs + roundingMs
    if (this.#timer !== undefined && this.#dueMs <= dueMs) return
    clearTimeout(this.#timer)
    this.#dueMs = dueMs
    this.#timer = setTimeout(this.#fire, waitMs + roundingMs)
  }

  #fired(): void {
    this.#timer = undefined
    if (this.#stopped) return
    const waitMs = this.#native.timeout()
    if (waitMs === 0) {
      this.#native.onTimeout()
      this.#timedOut = true
      this.#probe?.suspect()
      this.#onTimeout()
    } else this.#arm()
  }
}
