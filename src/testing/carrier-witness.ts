/**
 * Witnesses for the carrier conformance suite: handlers that record every callback and object to
 * those the port forbids (inside a call made on the carrier, after the close, after a reset, a
 * second close). A violation is kept and thrown by `check`, since a throw inside a callback would
 * be lost in the carrier under test.
 */
import type { CarrierStream, CloseInfo, Connection } from '../carrier/carrier.ts'

/** Shared by all witnesses of one case. */
export class Court {
  #callDepth = 0
  readonly #violations: string[] = []

  /** Makes a call on the carrier, during which no callback may run. */
  call<T>(step: () => T): T {
    this.#callDepth += 1
    try {
      return step()
    } finally {
      this.#callDepth -= 1
    }
  }

  /** A callback runs. */
  callback(what: string): void {
    if (this.#callDepth > 0) this.accuse(`${what} ran inside a call made on the carrier`)
  }

  accuse(violation: string): void {
    this.#violations.push(violation)
  }

  /** Throws if anything forbidden was seen. */
  check(): void {
    if (this.#violations.length > 0) throw new Error(this.#violations.join('; '))
  }
}

/** FNV-1a over 32 bits: tells lost, doubled and swapped bytes, whatever the chunks were. */
export class Checksum {
  value = 0x811c9dc5

  add(bytes: Uint8Array): void {
    let value = this.value
    for (let i = 0; i < bytes.length; i++) value = Math.imul(value ^ bytes[i]!, 0x01000193)
    this.value = value
  }
}

export class StreamWitness {
  readonly stream: CarrierStream
  received = 0
  ends = 0
  drains = 0
  readonly resets: number[] = []
  /** Called with borrowed bytes, after they were counted. */
  onData: ((bytes: Uint8Array) => void) | undefined
  /** What `kept` answers. */
  keeps = false
  onDrain: (() => void) | undefined
  onEnd: (() => void) | undefined
  readonly #checksum = new Checksum()
  readonly #connection: ConnectionWitness

  constructor(stream: CarrierStream, connection: ConnectionWitness) {
    this.stream = stream
    this.#connection = connection
    stream.handler = {
      onData: (bytes) => {
        this.#saw('onData')
        if (this.ends > 0) connection.court.accuse(`onData after onEnd of stream ${stream.id}`)
        this.received += bytes.length
        this.#checksum.add(bytes)
        this.onData?.(bytes)
      },
      kept: () => this.keeps,
      onEnd: () => {
        this.#saw('onEnd')
        this.ends += 1
        this.onEnd?.()
      },
      onReset: (code) => {
        this.#saw('onReset')
        this.resets.push(code)
      },
      onDrain: () => {
        this.#saw('onDrain')
        this.drains += 1
        this.onDrain?.()
      },
    }
  }

  write(bytes: Uint8Array): boolean {
    return this.#connection.court.call(() => this.stream.write(bytes))
  }

  end(): void {
    this.#connection.court.call(() => this.stream.end())
  }

  reset(code: number): void {
    this.#connection.court.call(() => this.stream.reset(code))
  }

  /** Checksum of what came so far. */
  get checksum(): number {
    return this.#checksum.value
  }

  #saw(what: string): void {
    const { court, closes } = this.#connection
    court.callback(what)
    if (closes.length > 0) court.accuse(`${what} after onClose`)
    if (this.resets.length > 0) court.accuse(`${what} after onReset of stream ${this.stream.id}`)
  }
}

export class ConnectionWitness {
  readonly connection: Connection
  readonly court: Court
  readonly closes: CloseInfo[] = []
  /** Streams the peer opened, in the order they were met. */
  readonly incoming: StreamWitness[] = []
  onStream: ((stream: StreamWitness) => void) | undefined

  constructor(connection: Connection, court: Court) {
    this.connection = connection
    this.court = court
    connection.handler = {
      onStream: (stream) => {
        court.callback('onStream')
        if (this.closes.length > 0) court.accuse('onStream after onClose')
        const witness = new StreamWitness(stream, this)
        this.incoming.push(witness)
        this.onStream?.(witness)
      },
      onClose: (info) => {
        court.callback('onClose')
        if (this.closes.length > 0) court.accuse('a second onClose')
        this.closes.push(info)
      },
    }
  }

  /** Opens a stream; throws when there is none to be had. */
  open(kind: 'bidi' | 'uni'): StreamWitness {
    const stream = this.court.call(() => this.connection.openStream(kind))
    if (stream === undefined) throw new Error(`no ${kind} stream could be opened`)
    return new StreamWitness(stream, this)
  }

  close(code: number, reason: string): void {
    this.court.call(() => this.connection.close(code, reason))
  }
}
