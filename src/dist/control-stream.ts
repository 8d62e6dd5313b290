/**
 * The control stream: one bidirectional stream, opened by the dialer, for the dist handshake, the
 * ticks and the goodbyes. Frames are turned into messages for the link process; any byte counts as
 * a sign of life. Its end, or a frame that does not belong here, ends the connection.
 *
 * A peer that floods it gains nothing: pings that wait for the same answer are one message, more
 * handshake messages than the handshake has end the connection, and nothing is added to a stream
 * whose reader has stopped.
 *
 * It can be made ahead of time: before `open` it neither says nor hears anything.
 */
import type { CarrierStream, Connection, StreamHandler } from '../carrier/carrier.ts'
import { limits } from '../limits.ts'
import { FrameReader, FrameWriter } from '../wire/index.ts'
import { HandshakeCodec, type HandshakeMessage } from './handshake-message.ts'
import type { Incoming } from './incoming.ts'
import { closeCode, controlFrame, streamKind } from './protocol.ts'

const controlTypes: ReadonlySet<number> = new Set(Object.values(controlFrame))

/** A peer says each of the two once. */
const goodbyesMax = 2

/** What each side hears of the handshake: status, challenge, ack; or name, reply. */
const handshakeMessages = { dialer: 3, acceptor: 2 } as const

export type ControlEvents = {
  /** Undefined stands for a frame that is not a handshake message. */
  readonly onHandshake: (message: HandshakeMessage | undefined) => void
  /** The peer asks whether we are there. */
  readonly onPing: () => void
}

/** What is said at the end; `streams`: data streams that were opened. */
export type Goodbye =
  | { readonly tag: 'goaway'; readonly streams: number }
  | { readonly tag: 'gone' }

/** Its frames are few and small, and every channel has one. */
const areaBytes = 512

export class ControlStream {
  readonly #connection: Connection
  readonly #events: ControlEvents
  /** Kept while there is a handshake: it is the larger part of an idle channel's own memory. */
  #codec: HandshakeCodec | undefined = new HandshakeCodec()
  readonly #writer = new FrameWriter(areaBytes)
  readonly #heard: ((alive: boolean) => void)[] = []
  readonly #incoming: Incoming
  #stream: CarrierStream | undefined
  /** What is to be said first; undefined once it is open. */
  #unsaid: Uint8Array[] | undefined = []
  #handshakesLeft: number
  #pinged = false
  /** Goodbyes that came before anybody was there to hear them. */
  readonly #early: Goodbye[] = []
  #onGoodbye: ((goodbye: Goodbye) => void) | undefined

  constructor(connection: Connection, incoming: Incoming, events: ControlEvents) {
    this.#connection = connection
    this.#events = events
    this.#handshakesLeft = handshakeMessages[connection.role]
    this.#incoming = incoming
  }

  /** Says what was to be sent so far, and hears the peer from now on. */
  open(): void {
    const unsaid = this.#unsaid
    if (unsaid === undefined) return
    this.#unsaid = undefined
    if (this.#connection.role === 'acceptor') {
      this.#incoming.take(streamKind.control, (stream) => {
        this.#stream = stream
        return this.#reading()
      })
      return
    }
    const stream = this.#connection.openStream('bidi')
    this.#stream = stream
    if (stream === undefined) return
    stream.handler = this.#reading()
    for (const bytes of [Uint8Array.of(streamKind.control), ...unsaid]) stream.write(bytes)
  }

  sendHandshake(message: HandshakeMessage): void {
    this.#send(controlFrame.handshake, this.#handshakeCodec.encode(message))
  }

  tick(): void {
    this.#pinged = false
    if ((this.#stream?.queuedBytes ?? 0) > limits.carrierStreamLowBytes) return
    this.#send(controlFrame.tick, new Uint8Array(0))
  }

  /** Whoever the goodbyes are for; those that came before are told now. */
  onGoodbye(listener: (goodbye: Goodbye) => void): void {
    this.#onGoodbye = listener
    for (const goodbye of this.#early.splice(0)) listener(goodbye)
  }

  sendGoodbye(goodbye: Goodbye): void {
    const body = goodbye.tag === 'goaway' ? Uint8Array.of(goodbye.streams) : new Uint8Array(0)
    this.#send(controlFrame[goodbye.tag], body)
  }

  /** Asks for a tick at once; `heard` is told true at the next frame, false at the end. */
  ping(heard: (alive: boolean) => void): void {
    this.#heard.push(heard)
    this.#send(controlFrame.ping, new Uint8Array(0))
  }

  /** The handshake is over. */
  settled(): void {
    this.#codec = undefined
  }

  get #handshakeCodec(): HandshakeCodec {
    this.#codec ??= new HandshakeCodec()
    return this.#codec
  }

  /** The channel is over. */
  ended(): void {
    for (const heard of this.#heard.splice(0)) heard(false)
  }

  #send(type: number, body: Uint8Array): void {
    this.#writer.append(type, body)
    for (const batch of this.#writer.take()) {
      if (this.#unsaid === undefined) this.#stream?.write(batch)
      else this.#unsaid.push(batch)
    }
  }

  /** What is wrong with it, if anything is. */
  #goodbye(type: number, body: Uint8Array): string | undefined {
    const streams = body[0] ?? 0
    const isGoaway = type === controlFrame.goaway
    if (body.length !== (isGoaway ? 1 : 0) || streams > limits.distDataStreams) {
      return 'malformed goodbye'
    }
    const goodbye: Goodbye = isGoaway ? { tag: 'goaway', streams } : { tag: 'gone' }
    if (this.#onGoodbye !== undefined) this.#onGoodbye(goodbye)
    else if (this.#early.push(goodbye) > goodbyesMax) return 'too many goodbyes'
    return undefined
  }

  #reading(): StreamHandler {
    const end = (what: string): void =>
      this.#connection.close(closeCode.protocolViolation, `control stream ${what}`)
    const reader = new FrameReader({
      knows: (type) => controlTypes.has(type),
      onFrame: (type, body) => {
        for (const heard of this.#heard.splice(0)) heard(true)
        if (type === controlFrame.ping && !this.#pinged) {
          this.#pinged = true
          this.#events.onPing()
        }
        if (type === controlFrame.goaway || type === controlFrame.gone) {
          const problem = this.#goodbye(type, body)
          if (problem === undefined) return
          reader.stop()
          end(problem)
        }
        if (type !== controlFrame.handshake) return
        if (this.#handshakesLeft-- === 0) {
          reader.stop()
          end('handshake message out of turn')
          return
        }
        const fits = body.length <= limits.distHandshakeMessageMaxBytes
        this.#events.onHandshake(fits ? this.#handshakeCodec.decode(body) : undefined)
      },
    })
    return {
      onData: (bytes) => {
        const error = reader.push(bytes)
        if (error !== undefined) end(`frame ${error.reason}`)
        // An unfinished frame of the handshake's size is all that may wait here.
        else if (reader.heldBytes > limits.distHandshakeMessageMaxBytes) end('frame oversize')
      },
      onEnd: () => end('ended'),
      onReset: (code) => end(`reset ${code}`),
      onDrain: () => undefined,
    }
  }
}
