/**
 * One end of a connection between two nodes of one OS process, over a channel of its own: the port
 * that the dial carried, or the one the dialer kept. Ports are private to the process: nothing is
 * encrypted, and who holds the port is who was given it.
 *
 * The other end is another thread's code, and is not trusted more than a network's: malformed
 * records, more than it was granted and words out of turn end the connection. A thread that ends
 * closes its ports, which is heard at once and read as the loss of the peer.
 *
 * Invariant: callbacks run from messages and later turns only, `onClose` once and last.
 */
import type { MessagePort } from 'node:worker_threads'
import type { Platform } from '../../../runtime/platform/platform.ts'
import { limits } from '../../limits.ts'
import type {
  Address,
  CarrierStream,
  CloseInfo,
  Connection,
  ConnectionHandler,
  PathStatistics,
} from '../carrier.ts'
import type { Role, StreamKind } from '../stream-ids.ts'
import {
  type BatchRecord,
  batchCostBytes,
  dataHeaderBytes,
  readBatch,
  writeBatch,
} from './batch.ts'
import { Inbox } from './inbox.ts'
import { Outbox } from './outbox.ts'
import { Streams } from './streams.ts'

export type ConnectionOptions = {
  readonly platform: Platform
  readonly port: MessagePort
  readonly role: Role
  readonly peerAddress: Address
  readonly localCertHash: Uint8Array
  /** What the dialer said of itself; an acceptor's is in its first word. */
  readonly peer: { readonly certHash: Uint8Array; readonly streamsMax: number } | undefined
  /** Streams of each kind the peer may hold open. */
  readonly streamsMax: number
  /** The acceptor has answered our dial. */
  readonly onEstablished: (connection: WorkerConnection) => void
  readonly onEnded: (connection: WorkerConnection, info: CloseInfo) => void
}

/** Control records beside the credit: answers to what the window and the streams bound. */
const controlSlackBytes = 1024 * 1024

export class WorkerConnection implements Connection {
  readonly role: Role
  readonly peerAddress: Address
  readonly localCertHash: Uint8Array
  peerCertHash: Uint8Array
  readonly #options: ConnectionOptions
  readonly #inbox: Inbox
  readonly #outbox: Outbox
  readonly #streams: Streams
  #established = false
  #handler: ConnectionHandler | undefined
  #ended: CloseInfo | undefined
  #told = false
  /** Bytes the peer may send now, and those read since it was last told so. */
  #allowed: number = limits.carrierConnectionWindowBytes
  #read = 0
  #receivedBytes = 0
  #rttMs = 0
  /** When the question was asked that has not been answered. */
  #askedMs: number | undefined

  constructor(options: ConnectionOptions) {
    const { platform, port, role, peer, streamsMax } = options
    this.#options = options
    this.role = role
    this.peerAddress = options.peerAddress
    this.localCertHash = options.localCertHash
    this.peerCertHash = peer?.certHash ?? new Uint8Array(0)
    const windowBytes = limits.carrierConnectionWindowBytes
    const post = (batch: Uint8Array<ArrayBuffer>): void => port.postMessage(batch, [batch.buffer])
    this.#outbox = new Outbox(platform, windowBytes, post)
    this.#streams = new Streams({
      role,
      granted: streamsMax,
      outbox: this.#outbox,
      later: (step) => this.#later(step),
      consumed: (bytes) => this.#consumed(bytes),
      onStream: (stream) => this.#handler?.onStream(stream),
    })
    this.#inbox = new Inbox(platform, windowBytes + controlSlackBytes, {
      ready: () => this.#handler !== undefined || !this.#established,
      read: (batch) => this.#readBatch(batch),
      closed: () => this.#finish({ by: 'error', code: 0, reason: 'the other end is gone' }),
    })
    if (peer === undefined) this.#askedMs = platform.clock.now()
    else {
      this.#established = true
      this.#streams.allow(peer.streamsMax)
      // A batch of its own: what follows waits until the dialer has a handler.
      post(writeBatch([{ tag: 'accept', certHash: options.localCertHash, streamsMax }]))
    }
    port.on('message', (batch: unknown) => this.#receive(batch))
    port.on('messageerror', () => this.#violation('a message that cannot be read'))
    port.on('close', () => this.#inbox.close())
  }

  get handler(): ConnectionHandler | undefined {
    return this.#handler
  }

  set handler(handler: ConnectionHandler | undefined) {
    this.#handler = handler
    if (this.closed) this.#options.platform.turn.later(() => this.#tellClose())
    else this.#inbox.wake()
  }

  get closed(): boolean {
    return this.#ended !== undefined
  }

  openStream(kind: StreamKind): CarrierStream | undefined {
    return this.closed || !this.#established ? undefined : this.#streams.open(kind)
  }

  close(code: number, reason: string): void {
    if (this.closed) return
    if (!Number.isSafeInteger(code) || code < 0) {
      throw new RangeError(`close: code must be an integer of 0 or more, got ${code}`)
    }
    const kept = new Uint8Array(limits.carrierCloseReasonMaxBytes)
    const { written } = new TextEncoder().encodeInto(reason, kept)
    this.#outbox.finish({ tag: 'close', code, reason: kept.subarray(0, written) })
    this.#finish({ by: 'local', code, reason })
  }

  /** The round trip is measured by the handshake, and again whenever it is asked for. */
  statistics(): PathStatistics {
    if (this.#askedMs === undefined && !this.closed && this.#established) {
      this.#askedMs = this.#options.platform.clock.now()
      this.#outbox.control({ tag: 'ping' })
    }
    const { sentBytes } = this.#outbox
    return { rttMs: this.#rttMs, sentBytes, receivedBytes: this.#receivedBytes, lostPackets: 0 }
  }

  /** Ends a dial that was not answered. */
  giveUp(): void {
    this.#finish({ by: 'idle', code: 0, reason: 'no answer' })
  }

  #receive(batch: unknown): void {
    if (this.closed) return
    if (!isBatch(batch)) this.#violation('a message that is no batch')
    else if (!this.#inbox.push(batch)) this.#violation('more than the credit')
  }

  #readBatch(batch: Uint8Array): void {
    let data = false
    const fault = readBatch(batch, (record) => {
      if (record.tag === 'data' && !data) {
        data = true
        this.#allowed -= batchCostBytes
        this.#consumed(batchCostBytes)
      }
      const objection = this.#take(record)
      if (objection !== undefined) this.#violation(objection)
      return !this.closed
    })
    if (fault !== undefined && !this.closed) this.#violation('a malformed batch')
  }

  /** What is wrong about a record, if anything is. */
  #take(record: BatchRecord): string | undefined {
    if (this.#handler === undefined && record.tag !== 'accept' && record.tag !== 'close') {
      return 'a record before its time'
    }
    switch (record.tag) {
      case 'accept':
        return this.#accepted(record.certHash, record.streamsMax)
      case 'connectionCredit':
        return this.#outbox.credit(record.bytes) ? undefined : 'credit for nothing'
      case 'close':
        this.#finish({ by: 'peer', code: record.code, reason: textOf(record.reason) })
        return undefined
      case 'ping':
        this.#outbox.answerPing()
        return undefined
      case 'pong':
        return this.#answered() ? undefined : 'an answer to nothing'
      case 'data':
        this.#receivedBytes += record.bytes.length
        this.#allowed -= dataHeaderBytes + record.bytes.length
        if (this.#allowed < 0) return 'more than the credit'
        this.#consumed(dataHeaderBytes)
        return this.#streams.take(record)
      default:
        return this.#streams.take(record)
    }
  }

  #accepted(certHash: Uint8Array, streamsMax: number): string | undefined {
    if (this.#established) return 'accepted twice'
    this.#streams.allow(streamsMax)
    this.peerCertHash = certHash
    this.#established = true
    this.#answered()
    this.#options.onEstablished(this)
    return undefined
  }

  #answered(): boolean {
    if (this.#askedMs === undefined) return false
    this.#rttMs = this.#options.platform.clock.now() - this.#askedMs
    this.#askedMs = undefined
    return true
  }

  /** A quarter of the window at a time: small messages make no traffic back. */
  #consumed(bytes: number): void {
    this.#read += bytes
    if (this.#read < limits.carrierConnectionWindowBytes / 4) return
    this.#allowed += this.#read
    this.#outbox.control({ tag: 'connectionCredit', bytes: this.#read })
    this.#read = 0
  }

  #later(step: () => void): void {
    this.#options.platform.turn.later(() => {
      if (!this.closed) step()
    })
  }

  #violation(what: string): void {
    this.#finish({ by: 'error', code: 0, reason: what })
  }

  #finish(info: CloseInfo): void {
    if (this.closed) return
    this.#ended = info
    this.#outbox.finish(undefined)
    this.#inbox.stop()
    this.#streams.abandon()
    this.#options.port.close()
    this.#options.onEnded(this, info)
    this.#options.platform.turn.later(() => this.#tellClose())
  }

  #tellClose(): void {
    if (this.#ended === undefined || this.#told || this.#handler === undefined) return
    this.#told = true
    this.#handler.onClose(this.#ended)
  }
}

function textOf(reason: Uint8Array): string {
  return new TextDecoder().decode(reason.subarray(0, limits.carrierCloseReasonMaxBytes))
}

/** Whole and its own: a view could keep more alive than it shows, shared bytes could change. */
function isBatch(message: unknown): message is Uint8Array {
  if (!(message instanceof Uint8Array) || !(message.buffer instanceof ArrayBuffer)) return false
  return message.length === message.buffer.byteLength
}
