/**
 * An established channel to one other node: signals out, signals in. The data stream of a signal
 * is chosen by its sender alone, whatever the address form (rules O4, O5); all frames of a turn
 * leave together. Data does not pass through a mailbox: like a port of the BEAM, the channel is
 * driven by its senders on one side and by the carrier on the other, while the link process
 * (`link.ts`) owns its life.
 *
 * Undecodable terms of the authenticated peer are counted and reported as dead letters; malformed
 * frames, forged senders and overrun limits end the channel with a reason.
 */

import {
  applySignal,
  type PidParts,
  runtimeLimits,
  type System,
  type Timeout,
} from '../../runtime/kernel.ts'
import type { Platform } from '../../runtime/platform/platform.ts'
import type { CarrierStream, Connection, StreamHandler } from '../carrier/carrier.ts'
import { limits } from '../limits.ts'
import {
  type Body,
  type Codec,
  createCodec,
  FrameReader,
  frameOverheadBytes,
  Reassembly,
} from '../wire/index.ts'
import type { ControlStream } from './control-stream.ts'
import { type FarewellEvent, noFarewell, stepFarewell } from './farewell.ts'
import type { PeerFacts } from './handshake.ts'
import { LargeBudget } from './large-budget.ts'
import type { Waiting } from './pressure.ts'
import { closeCode, fragmentFrame, serviceFrame } from './protocol.ts'
import { SendStream } from './send-stream.ts'
import { decodeSignal, isSignalFrame } from './signal-codec.ts'

export type ChannelTraffic = {
  readonly framesSent: number
  readonly framesReceived: number
  readonly bytesReceived: number
  /** Terms that could not be decoded. */
  readonly undecodable: number
  /** Bytes that the transport has not taken yet. */
  readonly queuedBytes: number
}

export class Channel {
  readonly node: string
  readonly creation: number
  /** The peer is not to be counted among the nodes of the cluster. */
  readonly hidden: boolean
  readonly codec: Codec
  readonly #system: System
  readonly #connection: Connection
  readonly #control: ControlStream
  readonly #platform: Platform
  /** The peer takes messages to its services. */
  readonly knowsServices: boolean
  /** The peer knows how to part in order. */
  readonly #parts: boolean
  #farewellState = noFarewell
  #overdue: Timeout | undefined
  readonly #streams: (SendStream | undefined)[] = []
  readonly #reassembly = new Reassembly()
  readonly #largeBudget = new LargeBudget()
  /** Called with what the peer says to a service, and its size; false when that is malformed. */
  onService: (term: unknown, bytes: number) => boolean = () => true
  /** Called when some of what waited has left. */
  onShrunk: () => void = () => undefined
  #flushing = false
  /** All that was given to the streams. */
  #givenBytes = 0
  /** What waited when it was last added up, and all that was given since: never less than waits. */
  #queuedAtMost = 0
  #leftBytes = 0
  #leftAtMs: number
  #lastId = 0
  #framesSent = 0
  #framesReceived = 0
  #bytesReceived = 0
  #undecodable = 0

  constructor(
    system: System,
    connection: Connection,
    control: ControlStream,
    { node, creation, flags }: PeerFacts,
  ) {
    this.#control = control
    this.node = node
    this.creation = creation
    this.hidden = flags.includes('hidden')
    this.knowsServices = flags.includes('services')
    this.#parts = flags.includes('goaway')
    this.#system = system
    this.#connection = connection
    this.#platform = system.platform
    this.#leftAtMs = system.platform.clock.now()
    control.settled()
    control.onGoodbye((goodbye) => {
      if (this.#parts) this.#farewell(goodbye)
      else this.#connection.close(closeCode.protocolViolation, `unasked ${goodbye.tag}`)
    })
    this.codec = createCodec({
      local: { name: system.node, creation: system.creation },
      peer: { name: node, creation },
      left: (pid) => system.leaves(pid),
      pid: (parts) => system.pidFor(parts, node),
      reference: (parts) => system.refFor(parts),
    })
  }

  get queuedBytes(): number {
    let bytes = 0
    for (const stream of this.#streams) bytes += stream?.queuedBytes ?? 0
    return bytes
  }

  /** So little waits that it is light for everybody; adding up takes time. */
  get isLight(): boolean {
    return this.#queuedAtMost <= limits.distSenderQueueMaxBytes
  }

  /** What waits to be sent, as `sender` sees it. */
  waiting(sender: SenderKey): Waiting {
    let largeBytes = 0
    for (const stream of this.#streams) largeBytes += stream?.largeBytes ?? 0
    this.#queuedAtMost = this.queuedBytes
    const queue = this.#streams[sender.lane]?.queueOf(sender.key)
    return {
      ownBytes: queue?.bytes ?? 0,
      behindBytes: queue?.behindBytes ?? 0,
      smallBytes: this.#queuedAtMost - largeBytes,
      largeBytes,
    }
  }

  /** True when much waits and nothing of it has left for too long. To be asked at every tick. */
  get stalled(): boolean {
    const nowMs = this.#platform.clock.now()
    const { queuedBytes } = this
    const leftBytes = this.#givenBytes - queuedBytes
    if (leftBytes !== this.#leftBytes || queuedBytes <= limits.distQueueMaxBytes) {
      this.#leftBytes = leftBytes
      this.#leftAtMs = nowMs
    }
    return nowMs - this.#leftAtMs >= limits.distStalledMaxMs
  }

  get statistics(): ChannelTraffic {
    return {
      framesSent: this.#framesSent,
      framesReceived: this.#framesReceived,
      bytesReceived: this.#bytesReceived,
      undecodable: this.#undecodable,
      queuedBytes: this.queuedBytes,
    }
  }

  /** Asks the peer for a sign of life: `heard` is told whether one came before the end. */
  probe(heard: (alive: boolean) => void): void {
    this.#control.ping(heard)
  }

  /** True when nothing more is sent: what is given to `send` is lost, as with the channel. */
  get leaving(): boolean {
    return this.#farewellState.leaving
  }

  /**
   * Ends the channel in order: what was given to it arrives, and what the peer has given is taken,
   * before the connection closes. A peer that does not know how, or takes too long, is cut off.
   */
  leave(): void {
    this.#farewell({ tag: 'leave' })
  }

  /** The router has let go of it. */
  ended(): void {
    this.#overdue?.cancel()
    this.#control.ended()
  }

  /** Queues a frame of `sender`; it leaves at the end of this turn. */
  send(sender: SenderKey, type: number, body: Body): void {
    if (this.leaving) return
    const stream = this.#streamOf(sender.lane)
    if (stream === undefined) return
    this.#framesSent++
    const size = body.length + frameOverheadBytes
    this.#givenBytes += size
    this.#queuedAtMost += size
    stream.append(sender.key, type, body)
    if (this.#flushing) return
    this.#flushing = true
    this.#platform.turn.soon(() => {
      this.#flushing = false
      for (const each of this.#streams) each?.flush()
      this.#shrunk()
    })
  }

  #shrunk(): void {
    // An older peer says nothing: all that can be waited for is that everything has left.
    if (this.leaving && !this.#parts && this.queuedBytes === 0) {
      this.#connection.close(closeCode.shutdown, 'goodbye')
    }
    this.onShrunk()
  }

  /** Takes an incoming data stream. */
  receive(stream: CarrierStream): StreamHandler {
    const reader = new FrameReader({
      knows: (type) => type === fragmentFrame || isMessageFrame(type),
      onFrame: (type, body, ownedBytes) => {
        if (type !== fragmentFrame) return this.#signal(reader, type, body, ownedBytes)
        this.#fragment(reader, body)
        return false
      },
    })
    return {
      onData: (bytes) => {
        this.#bytesReceived += bytes.length
        const error = reader.push(bytes, true)
        if (error !== undefined) this.#violation(reader, `frame ${error.reason} ${error.got}`)
      },
      onEnd: () => {
        if (this.#parts && reader.heldBytes === 0) this.#farewell({ tag: 'streamEnded' })
        else this.#violation(reader, 'data stream ended')
      },
      onReset: (code) => this.#violation(reader, `data stream ${stream.id} reset ${code}`),
      onDrain: () => undefined,
      kept: () => reader.kept,
    }
  }

  #farewell(event: FarewellEvent): void {
    const [state, actions] = stepFarewell(this.#farewellState, event)
    this.#farewellState = state
    for (const action of actions) {
      if (action.tag === 'leave') this.#finish()
      else if (action.tag === 'sayGone') this.#control.sendGoodbye({ tag: 'gone' })
      else if (action.tag === 'close') this.#connection.close(closeCode.shutdown, 'goodbye')
      else this.#connection.close(closeCode.protocolViolation, action.what)
    }
  }

  #finish(): void {
    const close = (): void => this.#connection.close(closeCode.shutdown, 'goodbye')
    this.#watchFarewell(close)
    for (const stream of this.#streams) {
      if (this.#parts) stream?.finish()
      else stream?.flush()
    }
    const streams = this.#streams.filter((stream) => stream !== undefined).length
    if (this.#parts) this.#control.sendGoodbye({ tag: 'goaway', streams })
    else if (this.queuedBytes === 0) close()
  }

  /**
   * Closes when nothing has come or gone for too long. Anything that comes counts: what the
   * transport has taken may be a window that it delivers slowly, and only acknowledgements tell.
   */
  #watchFarewell(close: () => void): void {
    const given = (): number => this.#givenBytes - this.queuedBytes
    const heard = (): number => this.#connection.statistics().receivedBytes
    const [givenBefore, heardBefore] = [given(), heard()]
    this.#overdue = this.#system.timeouts.add(limits.distGoawayMaxMs, () => {
      if (given() === givenBefore && heard() === heardBefore) close()
      else this.#watchFarewell(close)
    })
  }

  #fragment(reader: FrameReader, body: Uint8Array): void {
    const result = this.#reassembly.push(body)
    if (result.tag === 'more') return
    if (result.tag === 'error') this.#violation(reader, `fragment ${result.reason}`)
    else if (isMessageFrame(result.type)) {
      this.#signal(reader, result.type, result.body, result.body.length)
    } else this.#violation(reader, `fragmented frame of type ${result.type}`)
  }

  /** True when what it says holds views of `body`. */
  #signal(reader: FrameReader, type: number, body: Uint8Array, ownedBytes: number): boolean {
    this.#framesReceived++
    const decoded = this.codec.decode(body, ownedBytes)
    if (decoded.tag === 'error') {
      this.#undecodable++
      this.#deadLetter(`undecodable: ${decoded.reason}`)
      return false
    }
    const { viewed } = this.codec
    this.#message(reader, type, decoded.term, body.length)
    return viewed
  }

  #message(reader: FrameReader, type: number, term: unknown, bytes: number): void {
    if (type === serviceFrame) {
      if (!this.onService(term, bytes)) this.#violation(reader, 'malformed service message')
      return
    }
    const signal = decodeSignal(type, term)
    if (signal === undefined) {
      this.#undecodable++
      this.#deadLetter(`a signal of type ${type} with the wrong fields`)
      return
    }
    const applied = applySignal(this.#system, this.node, this.creation, signal)
    if (applied.tag === 'ok') return
    if (applied.reason === 'tooManyRelations') {
      reader.stop()
      this.#connection.close(closeCode.limit, applied.reason)
    } else this.#violation(reader, applied.reason)
  }

  #deadLetter(detail: string): void {
    this.#system.trace.emit({ tag: 'deadLetter', node: this.node, detail })
  }

  #violation(reader: FrameReader, what: string): void {
    reader.stop()
    this.#connection.close(closeCode.protocolViolation, what)
  }

  #streamOf(lane: number): SendStream | undefined {
    const known = this.#streams[lane]
    if (known !== undefined) return known
    const stream = this.#connection.openStream('uni')
    if (stream === undefined) {
      // The peer allows fewer streams than the protocol needs, or the connection has just ended.
      if (!this.#connection.closed) {
        this.#connection.close(closeCode.protocolViolation, 'no data stream allowed')
      }
      return undefined
    }
    const sender = new SendStream(
      stream,
      () => (this.#lastId = (this.#lastId + 1) >>> 0),
      this.#largeBudget,
      {
        onReset: (code) =>
          this.#connection.close(closeCode.protocolViolation, `data stream refused ${code}`),
        onShrunk: () => this.#shrunk(),
      },
    )
    this.#streams[lane] = sender
    return sender
  }
}

/** A frame that is a whole message, or can be what fragments make up. */
function isMessageFrame(type: number): boolean {
  return type === serviceFrame || isSignalFrame(type)
}

/** Which stream a sender uses, and its name among the senders of that stream. */
export type SenderKey = { readonly lane: number; readonly key: number }

const hostSender: SenderKey = { lane: 0, key: 0 }

export function senderKey(sender: PidParts | null): SenderKey {
  if (sender === null) return hostSender
  const lane = (sender.index + sender.serial) % limits.distDataStreams
  return { lane, key: sender.serial * runtimeLimits.processesMax + sender.index }
}
