/**
 * An attacker on real QUIC: connections with a certificate of its own, authentication messages of
 * any kind and order on them, and a relay that ends the TLS of a dialer and begins another one
 * towards its victim, copying every byte between the two.
 */
import { nodePlatform } from '../../../runtime/platform/node.ts'
import type {
  Address,
  CarrierStream,
  CloseInfo,
  Connection,
  Endpoint,
  StreamHandler,
} from '../../../src/carrier/carrier.ts'
import { quicCarrier } from '../../../src/carrier/quic/index.ts'
import { streamKind } from '../../../src/dist/protocol.ts'
import {
  AuthFrameReader,
  type AuthMessage,
  decodeAuthMessage,
  encodeAuthMessage,
} from '../../../src/identity/auth-message.ts'
import { signTranscript } from '../../../src/identity/auth-transcript.ts'
import { ed25519, type Keypair } from '../../../src/identity/ed25519.ts'
import { cleanup } from '../../support/harness.ts'
import { testTls } from '../../support/tls.ts'
import { until } from '../../support/until.ts'

export const platform = nodePlatform()

const quiet: StreamHandler = {
  onData: () => undefined,
  onEnd: () => undefined,
  onReset: () => undefined,
  onDrain: () => undefined,
}

/** A bound socket; `onConnection` gets what dials it. Closed when the test is over. */
export async function attackEndpoint(
  onConnection: (connection: Connection) => void = (connection) => connection.close(0, ''),
  host = '127.0.0.1',
): Promise<Endpoint> {
  const tls = await testTls(platform, 'whoever')
  const opened = await quicCarrier({ host, port: 0 }).open({ platform, tls, onConnection })
  if (opened.tag === 'error') throw new Error(opened.message)
  cleanup(() => opened.endpoint.close(0))
  return opened.endpoint
}

/** One connection with a victim, on which nothing was said yet. */
export class Attack {
  readonly connection: Connection
  closed: CloseInfo | undefined
  readonly #heard: AuthMessage[] = []
  readonly #reader = new AuthFrameReader()
  #out: CarrierStream | undefined

  constructor(connection: Connection) {
    this.connection = connection
    connection.handler = {
      onStream: (stream) => this.#take(stream),
      onClose: (info) => {
        this.closed = info
      },
    }
  }

  static async dial(endpoint: Endpoint, victim: Address): Promise<Attack> {
    const attack = await Attack.tryToDial(endpoint, victim, 5_000)
    if (attack === undefined) throw new Error('no connection')
    return attack
  }

  /** Undefined when the victim does not answer. */
  static async tryToDial(
    endpoint: Endpoint,
    victim: Address,
    timeoutMs: number,
  ): Promise<Attack | undefined> {
    const result = await endpoint.dial(victim, timeoutMs)
    return result.tag === 'ok' ? new Attack(result.connection) : undefined
  }

  say(message: AuthMessage): void {
    this.raw(encodeAuthMessage(message))
  }

  raw(bytes: Uint8Array): void {
    if (this.#out === undefined) {
      this.#out = this.connection.openStream('uni')
      if (this.#out !== undefined) this.#out.handler = quiet
      this.#out?.write(Uint8Array.of(streamKind.auth))
    }
    this.#out?.write(bytes)
  }

  /** The next message, which must be of this kind. */
  async hear<Tag extends AuthMessage['tag']>(tag: Tag): Promise<AuthMessage & { tag: Tag }> {
    await until(`a ${tag}, or the end`, () => this.#heard.length > 0 || this.closed !== undefined)
    const message = this.#heard.shift()
    if (message === undefined || !isOf(message, tag)) {
      const got = JSON.stringify(message ?? this.closed, (_, value) =>
        typeof value === 'bigint' ? String(value) : value,
      )
      throw new Error(`expected ${tag}, got ${got}`)
    }
    return message
  }

  async end(): Promise<CloseInfo> {
    await until('the end of the connection', () => this.closed !== undefined)
    return this.closed ?? { by: 'error', code: -1, reason: '' }
  }

  /** What the holder of `keypair` answers to a challenge on this very connection. */
  answer(keypair: Keypair, { nonce, timestampMs }: Challenge): AuthMessage {
    const signature = signTranscript(ed25519, keypair, {
      role: 'dialer',
      nonce,
      timestampMs,
      serverCertHash: this.connection.peerCertHash,
      clientCertHash: this.connection.localCertHash,
    })
    if (signature === undefined) throw new Error('all fields have their sizes')
    return { tag: 'response', signature }
  }

  /** Says HELLO and a challenge of its own, and gives the victim's. */
  async begin(name: string, publicKey: Uint8Array): Promise<Challenge> {
    this.say({ tag: 'hello', name, publicKey })
    await this.hear('hello')
    const challenge = await this.hear('challenge')
    this.say(freshChallenge())
    return challenge
  }

  #take(stream: CarrierStream): void {
    let first = true
    stream.handler = {
      ...quiet,
      onData: (bytes) => {
        this.#reader.push(first ? bytes.subarray(1) : bytes)
        first = false
        for (let frame = this.#reader.next(); frame; frame = this.#reader.next()) {
          const decoded = decodeAuthMessage(frame)
          if (decoded.tag === 'ok') this.#heard.push(decoded.message)
        }
      },
    }
  }
}

export type Challenge = Extract<AuthMessage, { readonly tag: 'challenge' }>

export function freshChallenge(): Challenge {
  const timestampMs = BigInt(Math.floor(platform.clock.wallMs()))
  return { tag: 'challenge', nonce: platform.random.bytes(32), timestampMs }
}

function isOf<Tag extends AuthMessage['tag']>(
  message: AuthMessage,
  tag: Tag,
): message is AuthMessage & { tag: Tag } {
  return message.tag === tag
}

export type Relay = {
  readonly address: Address
  /** Bytes copied towards the victim, and back. */
  readonly copied: { up: number; down: number }
}

/** Whoever dials it talks with `victim` through two TLS connections. */
export async function relay(victim: Address): Promise<Relay> {
  const copied = { up: 0, down: 0 }
  const endpoint = await attackEndpoint((near) => {
    const waiting: (() => void)[] = []
    let far: Connection | undefined
    near.handler = {
      onStream: (stream) => {
        stream.pause()
        stream.handler = quiet
        if (far !== undefined) join(stream, far, copied, 'up')
        else waiting.push(() => far && join(stream, far, copied, 'up'))
      },
      onClose: ({ code, reason }) => far?.close(code, reason),
    }
    void endpoint.dial(victim, 5_000).then((result) => {
      if (result.tag === 'error') {
        near.close(0, result.message)
        return
      }
      far = result.connection
      far.handler = {
        onStream: (stream) => join(stream, near, copied, 'down'),
        onClose: ({ code, reason }) => near.close(code, reason),
      }
      for (const go of waiting) go()
    })
  })
  return { address: endpoint.address, copied }
}

function join(
  from: CarrierStream,
  towards: Connection,
  copied: Relay['copied'],
  direction: 'up' | 'down',
): void {
  const to = towards.openStream(from.kind)
  if (to === undefined) {
    from.reset(0)
    return
  }
  from.handler = copying(to, copied, direction)
  to.handler = copying(from, copied, direction === 'up' ? 'down' : 'up')
  from.resume()
}

function copying(to: CarrierStream, copied: Relay['copied'], direction: 'up' | 'down') {
  return {
    ...quiet,
    onData: (bytes: Uint8Array) => {
      copied[direction] += bytes.length
      to.write(bytes.slice())
    },
    onEnd: () => to.end(),
    onReset: (code: number) => to.reset(code),
  }
}
