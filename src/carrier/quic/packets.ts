/**
 * Packets of one connection onto the wire, and the timer quiche asks for.
 *
 * Invariant: after every `flush` the timer is armed no later than quiche's timeout. It is re-armed
 * lazily: an earlier timer is kept and looks again when it fires, so that a busy connection does
 * not make and drop a timer per packet.
 */
import type { NativeConnection } from './binding.ts'
import type { DatagramSocket } from './socket.ts'

/** quiche floors its timeout to whole milliseconds: firing earlier would spin. */
const roundingMs = 1

export class Packets {
  readonly #native: NativeConnection
  readonly #socket: DatagramSocket
  readonly #onTimeout: () => void
  readonly #fire: () => void
  #timer: NodeJS.Timeout | undefined
  #dueMs = 0
  #stopped = false

  /** `onTimeout` is called after quiche was told of a timeout. */
  constructor(native: NativeConnection, socket: DatagramSocket, onTimeout: () => void) {
    this.#native = native
    this.#socket = socket
    this.#onTimeout = onTimeout
    this.#fire = () => this.#fired()
  }

  /** Sends everything quiche wants sent. */
  flush(): void {
    if (this.#stopped) return
    const socket = this.#socket
    let packet = this.#next(socket.out)
    for (; packet !== null; packet = this.#next(socket.out)) {
      const { to } = packet[1]
      socket.send(packet[0], to.host, to.port)
    }
    this.#arm()
  }

  #next(out: Buffer): ReturnType<NativeConnection['send']> {
    try {
      return this.#native.send(out)
    } catch {
      // quiche has recorded why as the connection's error, which is read after every flush.
      return null
    }
  }

  /** Nothing is sent and no timer fires any more. */
  stop(): void {
    this.#stopped = true
    clearTimeout(this.#timer)
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
      this.#onTimeout()
    } else this.#arm()
  }
}
