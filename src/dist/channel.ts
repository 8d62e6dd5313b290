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

import { applySignal, type PidParts, runtimeLimits, type System } from '../../runtime/kernel.ts'
import type { Platform } from '../../runtime/platform/platform.ts'
import type { CarrierStream, Connection, StreamHandler } from '../carrier/carrier.ts'
import { limits } from '../limits.ts'
import { type Codec, createCodec, FrameReader, Reassembly } from '../wire/index.ts'
import type { ControlStream } from './control-stream.ts'
import { LargeBudget } from './large-budget.ts'
import { closeCode, fragmentFrame } from './protocol.ts'
import { SendStream } from './send-stream.ts'
import { decodeSignal, isSignalFrame } from './signal-codec.ts'

export type ChannelStatistics = {
  readonly framesSent: number
  readonly framesReceived: number
  readonly bytesReceived: number
  /** Terms that could not be decoded. */
  readonly undecodable: number
  readonly queuedBytes: number
}

export class Channel {
  readonly node: string
  readonly creation: number
  readonly codec: Codec
  readonly #system: System
  readonly #connection: Connection
  readonly #control: ControlStream
  readonly #platform: Platform
  readonly #streams: (SendStream | undefined)[] = []
  readonly #reassembly = new Reassembly()
  readonly #largeBudget = new LargeBudget()
  #flushing = false
  #lastId = 0
  #framesSent = 0
  #framesReceived = 0
  #bytesReceived = 0
  #undecodable = 0

  constructor(
    system: System,
    connection: Connection,
    control: ControlStream,
    node: string,
    creation: number,
  ) {
    this.#control = control
    this.node = node
    this.creation = creation
    this.#system = system
    this.#connection = connection
    this.#platform = system.platform
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

  get statistics(): ChannelStatistics {
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

  /** The router has let go of it. */
  ended(): void {
    this.#control.ended()
  }

  /** Queues a frame of `sender`; it leaves at the end of this turn. */
  send(sender: SenderKey, type: number, bytes: Uint8Array): void {
    const stream = this.#streamOf(sender.lane)
    if (stream === undefined) return
    this.#framesSent++
    stream.append(sender.key, type, bytes)
    if (this.#flushing) return
    this.#flushing = true
    this.#platform.turn.soon(() => {
      this.#flushing = false
      for (const each of this.#streams) each?.flush()
    })
  }

  /** Takes an incoming data stream. */
  receive(stream: CarrierStream): StreamHandler {
    const reader = new FrameReader({
      knows: (type) => type === fragmentFrame || isSignalFrame(type),
      onFrame: (type, body) => {
        if (type === fragmentFrame) this.#fragment(reader, body)
        else this.#signal(reader, type, body)
      },
    })
    return {
      onData: (bytes) => {
        this.#bytesReceived += bytes.length
        const error = reader.push(bytes)
        if (error !== undefined) this.#violation(reader, `frame ${error.reason} ${error.got}`)
      },
      onEnd: () => this.#violation(reader, 'data stream ended'),
      onReset: (code) => this.#violation(reader, `data stream ${stream.id} reset ${code}`),
      onDrain: () => undefined,
    }
  }

  #fragment(reader: FrameReader, body: Uint8Array): void {
    const result = this.#reassembly.push(body)
    if (result.tag === 'more') return
    if (result.tag === 'error') this.#violation(reader, `fragment ${result.reason}`)
    else if (isSignalFrame(result.type)) this.#signal(reader, result.type, result.body)
    else this.#violation(reader, `fragmented frame of type ${result.type}`)
  }

  #signal(reader: FrameReader, type: number, body: Uint8Array): void {
    this.#framesReceived++
    const decoded = this.codec.decode(body)
    if (decoded.tag === 'error') {
      this.#undecodable++
      this.#deadLetter(`undecodable: ${decoded.reason}`)
      return
    }
    const signal = decodeSignal(type, decoded.term)
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
      (code) => this.#connection.close(closeCode.protocolViolation, `data stream refused ${code}`),
    )
    this.#streams[lane] = sender
    return sender
  }
}

/** Which stream a sender uses, and its name among the senders of that stream. */
export type SenderKey = { readonly lane: number; readonly key: number }

const hostSender: SenderKey = { lane: 0, key: 0 }

export function senderKey(sender: PidParts | null): SenderKey {
  if (sender === null) return hostSender
  const lane = (sender.index + sender.serial) % limits.distDataStreams
  return { lane, key: sender.serial * runtimeLimits.processesMax + sender.index }
}
