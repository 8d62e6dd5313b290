/**
 * One QUIC stream: a write queue in front of quiche's, and reads that follow the handler's pace.
 *
 * Invariants: `onReset` and `onEnd` come at most once, and nothing comes after `onReset`; a stream
 * that either side resets is over in both directions (quiche then collects it and returns the
 * stream credit); fin is given to quiche with the last byte it accepted, since quiche drops the
 * fin of a partial write. Bytes are read only while there is a handler that is not paused, so flow
 * control holds a peer that is faster than the handler.
 *
 * A pause may delay `onReset`: resets are seen when reading. (quiche leaves a stream listed as
 * readable for good when its end is read into no space, so it cannot be asked meanwhile.)
 *
 * Limit: quiche 0.18 never collects a peer's unidirectional stream that we reset before its end;
 * each costs the peer one stream credit of this connection.
 */
import { limits } from '../../limits.ts'
import type { CarrierStream, StreamHandler } from '../carrier.ts'
import { WriteQueue } from '../write-queue.ts'
import type { NativeConnection } from './binding.ts'
import type { ReadArea } from './read-area.ts'

const directionRead = 0
const directionWrite = 1
const discardBytes = 16_384

/** What a stream needs of its connection. */
export interface StreamOwner {
  readonly native: NativeConnection
  /** Bytes or an end wait in `stream`: have it pumped after this segment. */
  wantsWrite(stream: QuicStream): void
  /** Have `stream` read in a later turn. */
  wantsRead(stream: QuicStream): void
  /** A direction ended, or both. */
  changed(stream: QuicStream): void
  /** Have a control frame that was just made sent after this segment. */
  wantsFlush(): void
}

export class QuicStream implements CarrierStream {
  readonly id: number
  readonly kind: 'bidi' | 'uni'
  /** Our side may still send; the peer's side may still send. */
  canSend: boolean
  canReceive: boolean
  readonly #owner: StreamOwner
  readonly #queue = new WriteQueue()
  #handler: StreamHandler | undefined
  #ending = false
  /** `write` answered false: an `onDrain` is owed. */
  #starved = false
  #paused = false
  /** The end was read, but a pause kept it from the handler. */
  #endHeld = false

  constructor(owner: StreamOwner, id: number, kind: 'bidi' | 'uni', opener: 'us' | 'peer') {
    this.#owner = owner
    this.id = id
    this.kind = kind
    this.canSend = kind === 'bidi' || opener === 'us'
    this.canReceive = kind === 'bidi' || opener === 'peer'
  }

  get handler(): StreamHandler | undefined {
    return this.#handler
  }

  set handler(handler: StreamHandler | undefined) {
    this.#handler = handler
    if (this.canReceive) this.#owner.wantsRead(this)
  }

  /** Nothing more will happen: the connection may forget the stream. */
  get over(): boolean {
    return !this.canSend && !this.canReceive && !this.#endHeld
  }

  get queuedBytes(): number {
    return this.#queue.bytes
  }

  write(bytes: Uint8Array): boolean {
    if (!this.canSend || this.#ending) return false
    this.#queue.push(bytes)
    if (bytes.length > 0) this.#owner.wantsWrite(this)
    if (this.#queue.bytes <= limits.carrierStreamHighBytes) return true
    this.#starved = true
    return false
  }

  end(): void {
    if (!this.canSend || this.#ending) return
    this.#ending = true
    this.#owner.wantsWrite(this)
  }

  reset(code: number): void {
    if (this.over) return
    this.#giveUp(code)
    this.#owner.wantsFlush()
  }

  pause(): void {
    this.#paused = true
  }

  resume(): void {
    if (!this.#paused) return
    this.#paused = false
    if (this.canReceive || this.#endHeld) this.#owner.wantsRead(this)
  }

  /**
   * Gives one piece of the queue to quiche. `blocked`: it takes nothing now; `more`: it took some
   * and more waits; `empty`: nothing waits.
   */
  pump(scratch: Uint8Array): 'blocked' | 'more' | 'empty' {
    if (!this.canSend) return 'empty'
    if (this.#queue.bytes === 0 && !this.#ending) return 'empty'
    const piece = this.#queue.head(scratch)
    const fin = this.#ending && piece.length === this.#queue.bytes
    let taken: number | null
    try {
      taken = this.#owner.native.streamSend(this.id, piece, fin)
    } catch (error) {
      this.#refused(error)
      return 'empty'
    }
    if (taken === null) return 'blocked'
    this.#queue.consume(taken)
    if (taken === piece.length && fin) {
      this.canSend = false
      this.#owner.changed(this)
      return 'empty'
    }
    if (taken === 0) return 'blocked'
    return this.#queue.bytes > 0 || this.#ending ? 'more' : 'empty'
  }

  /** Tells a writer that was held to go on. */
  tellDrained(): void {
    if (!this.#starved || this.#queue.bytes > limits.carrierStreamLowBytes || !this.canSend) return
    this.#starved = false
    this.#handler?.onDrain()
  }

  /**
   * Notices that the peer no longer reads. Only for streams that are not read any more: on others
   * the peer's reset is seen when reading. Must be asked in the turn the datagram came in, because
   * quiche answers for us and then forgets the stream and the code.
   */
  checkStopped(): void {
    if (!this.canSend) return
    try {
      this.#owner.native.streamCapacity(this.id)
    } catch (error) {
      this.#refused(error)
    }
  }

  /** Reads what quiche has, in pieces of the area, while the handler wants it. */
  read(area: ReadArea): void {
    if (this.#endHeld) this.#tellEnd()
    while (this.canReceive && !this.#paused && this.#handler !== undefined) {
      const { bytes } = area
      let got: [number, boolean] | null
      try {
        got = this.#owner.native.streamRecv(this.id, bytes)
      } catch (error) {
        this.#refused(error)
        return
      }
      if (got === null) return
      const [length, fin] = got
      if (fin) {
        this.canReceive = false
        this.#endHeld = true
      }
      if (length > 0) this.#handler.onData(bytes.subarray(0, length))
      if (this.#handler?.kept?.() === true) area.keep(length)
      if (fin) this.#tellEnd()
    }
  }

  /** No callback comes any more. */
  mute(): void {
    this.#handler = undefined
  }

  /** The connection is over: everything becomes a no-op, without a callback. */
  abandon(): void {
    this.canSend = false
    this.canReceive = false
    this.#endHeld = false
    this.#starved = false
    this.#queue.clear()
  }

  #tellEnd(): void {
    if (!this.#endHeld || this.#paused || this.#handler === undefined) return
    this.#endHeld = false
    this.#owner.changed(this)
    this.#handler.onEnd()
  }

  /** quiche refused a call: the peer reset the stream or stopped reading, or it is collected. */
  #refused(error: unknown): void {
    const message = error instanceof Error ? error.message : ''
    const code = Number(/^Stream(?:Reset|Stopped)\((\d+)\)$/.exec(message)?.[1] ?? 0)
    this.#giveUp(code)
    this.#handler?.onReset(code)
  }

  #giveUp(code: number): void {
    const { native } = this.#owner
    const sending = this.canSend
    const receiving = this.canReceive
    this.abandon()
    if (sending) shut(native, this.id, directionWrite, code)
    // What came with its end needs no STOP_SENDING: reading it lets quiche collect the stream.
    if (receiving && !discardToEnd(native, this.id)) shut(native, this.id, directionRead, code)
    this.#owner.changed(this)
  }
}

function shut(native: NativeConnection, id: number, direction: 0 | 1, code: number): void {
  try {
    native.streamShutdown(id, direction, code)
  } catch {
    // The stream is unknown to quiche by now: it is shut.
  }
}

function discardToEnd(native: NativeConnection, id: number): boolean {
  // Not the shared buffer: a handler that resets its stream may still hold a view of that.
  const scratch = new Uint8Array(discardBytes)
  try {
    let got = native.streamRecv(id, scratch)
    while (got !== null && !got[1]) got = native.streamRecv(id, scratch)
    return got !== null
  } catch {
    return true
  }
}
