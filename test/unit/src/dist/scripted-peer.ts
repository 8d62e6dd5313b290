/**
 * A peer played by the test: a real connection of the memory carrier, the real authentication with
 * a key of its own, the real dist handshake with the right cookie, and then any bytes it likes. It
 * reads all it is sent, so that a test can see what it was told.
 */
import { Pid, RemoteReference } from '../../../../runtime/identifier.ts'
import type { Signal } from '../../../../runtime/kernel.ts'
import { simPlatform } from '../../../../runtime/platform/sim.ts'
import type {
  Address,
  CarrierStream,
  CloseInfo,
  Connection,
  StreamHandler,
} from '../../../../src/carrier/carrier.ts'
import { authStreams } from '../../../../src/dist/auth-pipe.ts'
import {
  type HandshakeAction,
  type HandshakeEvent,
  newHandshake,
  stepHandshake,
} from '../../../../src/dist/handshake.ts'
import { HandshakeCodec, type HandshakeMessage } from '../../../../src/dist/handshake-message.ts'
import { Incoming } from '../../../../src/dist/incoming.ts'
import {
  controlFrame,
  fragmentFrame,
  serviceFrame,
  streamKind,
} from '../../../../src/dist/protocol.ts'
import { decodeSignal, encodeSignal } from '../../../../src/dist/signal-codec.ts'
import {
  type AuthResult,
  authenticate,
  generateKeypair,
  type Keypair,
  openTrustStore,
} from '../../../../src/identity/index.ts'
import {
  type Codec,
  createCodec,
  FrameReader,
  FrameWriter,
  Reassembly,
} from '../../../../src/wire/index.ts'
import { addressOf, tlsOf, type VirtualCluster } from './virtual-cluster.ts'

const quiet: StreamHandler = {
  onData: () => undefined,
  onEnd: () => undefined,
  onReset: () => undefined,
  onDrain: () => undefined,
}

export type PeerOptions = {
  readonly name: string
  readonly target: string
  readonly creation?: number
  readonly cookie?: string
  readonly flags?: readonly string[]
  readonly keypair?: Keypair
  /** Another machine than the name tells. */
  readonly address?: Address
  readonly certOf?: string
}

export class ScriptedPeer {
  readonly name: string
  readonly target: string
  readonly creation: number
  readonly connection: Connection
  readonly incoming: Incoming
  readonly cluster: VirtualCluster
  readonly options: PeerOptions
  /** The target's creation, once the handshake has told. */
  targetCreation = 0
  closed: CloseInfo | undefined
  readonly heard: Signal[] = []
  /** What it was told by services: the name of one and what it said. */
  readonly told: (readonly [service: unknown, body: unknown])[] = []
  /** Types of the frames on the control stream after the handshake. */
  readonly control: number[] = []
  readonly #handshakes: (HandshakeMessage | undefined)[] = []
  readonly #handshakeCodec = new HandshakeCodec()
  readonly #lanes = new Map<number, CarrierStream>()
  #controlStream: CarrierStream | undefined
  #codec: Codec | undefined
  #deaf = false
  readonly #unread: CarrierStream[] = []

  private constructor(cluster: VirtualCluster, options: PeerOptions, connection: Connection) {
    this.cluster = cluster
    this.options = options
    this.name = options.name
    this.target = options.target
    this.creation = options.creation ?? 77
    this.connection = connection
    this.incoming = new Incoming(connection)
    connection.handler = this.incoming
    this.incoming.onceClosed((info) => {
      this.closed = info
    })
  }

  /** A connection, nothing said on it yet. */
  static async dial(cluster: VirtualCluster, options: PeerOptions): Promise<ScriptedPeer> {
    const opened = await cluster.network
      .carrier(options.address ?? { ...addressOf(options.name), port: 0 })
      .open({
        platform: simPlatform(cluster.world),
        tls: tlsOf(options.certOf ?? options.name),
        onConnection: (connection) => connection.close(0, 'not listening'),
      })
    if (opened.tag === 'error') throw new Error(opened.message)
    let peer: ScriptedPeer | undefined
    const dialing = opened.endpoint.dial(addressOf(options.target), 60_000).then((result) => {
      if (result.tag === 'error') throw new Error(result.message)
      peer = new ScriptedPeer(cluster, options, result.connection)
    })
    await cluster.drive(dialing)
    if (peer === undefined) throw new Error('no connection')
    return peer
  }

  /** A peer past authentication and handshake. */
  static async established(cluster: VirtualCluster, options: PeerOptions): Promise<ScriptedPeer> {
    const peer = await ScriptedPeer.dial(cluster, options)
    const auth = await peer.authenticate()
    if (auth.tag === 'error') throw new Error(auth.message)
    const end = await peer.handshake()
    if (end.tag !== 'up') throw new Error(`handshake: ${JSON.stringify(end)}`)
    return peer
  }

  async authenticate(selfName = this.name): Promise<AuthResult> {
    const { cluster, connection, incoming } = this
    const platform = simPlatform(cluster.world)
    const { storage, clock } = platform
    const trust = await openTrustStore({ storage, clock, dir: 'keys', mode: 'tofu' })
    if (trust.tag === 'error') throw new Error(trust.message)
    const streams = authStreams(connection, incoming)
    const result = authenticate({
      role: { tag: 'dialer', dialed: this.target },
      selfName,
      keypair: this.options.keypair ?? generateKeypair(cluster.world.random),
      trust: trust.store,
      pipe: streams.pipe,
      platform,
      serverCertHash: connection.peerCertHash,
      clientCertHash: connection.localCertHash,
    })
    streams.listen()
    this.incoming.onceClosed((info) => {
      this.closed = info
      streams.closed()
    })
    return cluster.drive(result)
  }

  /** The control stream, opened with its kind byte. */
  openControl(): CarrierStream {
    const stream = this.connection.openStream('bidi')
    if (stream === undefined) throw new Error('no control stream')
    const reader = new FrameReader({
      knows: () => true,
      onFrame: (type, body) => {
        if (type === controlFrame.handshake) {
          this.#handshakes.push(this.#handshakeCodec.decode(body))
        } else this.control.push(type)
      },
    })
    stream.handler = { ...quiet, onData: (bytes) => void reader.push(bytes) }
    stream.write(Uint8Array.of(streamKind.control))
    this.#controlStream = stream
    return stream
  }

  say(message: HandshakeMessage): void {
    this.sendControl(controlFrame.handshake, this.#handshakeCodec.encode(message))
  }

  sendControl(type: number, body: Uint8Array): void {
    const writer = new FrameWriter()
    writer.append(type, body)
    this.controlStream.write(Buffer.concat(writer.take()))
  }

  /** Bytes on the control stream. */
  rawControl(bytes: Uint8Array): void {
    this.controlStream.write(bytes.slice())
  }

  get controlStream(): CarrierStream {
    return this.#controlStream ?? this.openControl()
  }

  /** Reads nothing of the data streams that the other side opens from now on. */
  deaf(): void {
    this.#deaf = true
  }

  /** Reads all there is, and all that comes. */
  listen(): void {
    this.#deaf = false
    for (const stream of this.#unread.splice(0)) stream.resume()
  }

  /** The next handshake message of the other side; undefined when the connection ended. */
  async hear(): Promise<HandshakeMessage | undefined> {
    await this.cluster.until('a handshake message or the end', () => {
      return this.#handshakes.length > 0 || this.closed !== undefined
    })
    return this.#handshakes.shift()
  }

  /**
   * Runs the handshake as an honest dialer with what `options` say; `hold` delays the reply, which
   * is all the other side needs to be up.
   */
  async handshake(
    hold: Promise<void> = Promise.resolve(),
  ): Promise<Extract<HandshakeAction, { tag: 'up' | 'fail' }> | { tag: 'closed' }> {
    const env = {
      role: 'dialer' as const,
      self: { node: this.name, creation: this.creation, flags: this.options.flags ?? [] },
      authenticated: this.target,
      cookie: this.options.cookie ?? 'the cookie',
      serverCertHash: this.connection.peerCertHash,
      clientCertHash: this.connection.localCertHash,
      nonce: this.cluster.world.random.bytes(16),
    }
    this.openControl()
    let state = newHandshake
    let event: HandshakeEvent = { tag: 'start' }
    for (;;) {
      let choosing = false
      const step: ReturnType<typeof stepHandshake> = stepHandshake(state, event, env)
      state = step[0]
      for (const action of step[1]) {
        if (action.tag === 'send') this.say(action.message)
        else if (action.tag === 'choose') choosing = true
        else if (action.tag === 'up') {
          this.begin(action.peer.creation)
          return action
        } else if (action.tag === 'fail') return action
      }
      if (choosing) {
        await hold
        event = { tag: 'chosen', won: true }
        continue
      }
      const message = await this.hear()
      if (message === undefined) return { tag: 'closed' }
      event = { tag: 'message', message }
    }
  }

  /** The channel is up: signals can be sent and heard. */
  begin(targetCreation: number): void {
    this.targetCreation = targetCreation
    const codec = createCodec({
      local: { name: this.name, creation: this.creation },
      peer: { name: this.target, creation: targetCreation },
      pid: (parts) => new Pid(parts),
      reference: (parts) => new RemoteReference(parts),
    })
    this.#codec = codec
    const reassembly = new Reassembly()
    this.incoming.take(streamKind.data, (stream) => {
      if (this.#deaf) {
        stream.pause()
        this.#unread.push(stream)
      }
      const take = (type: number, body: Uint8Array): void => {
        const decoded = codec.decode(body)
        if (decoded.tag === 'error') throw new Error(`peer heard rubbish: ${decoded.reason}`)
        if (type === serviceFrame) {
          if (!Array.isArray(decoded.term)) throw new Error('peer heard a bad service message')
          this.told.push([decoded.term[0], decoded.term[1]])
          return
        }
        const signal = decodeSignal(type, decoded.term)
        if (signal === undefined) throw new Error(`peer heard a bad signal of type ${type}`)
        this.heard.push(signal)
      }
      const reader = new FrameReader({
        knows: () => true,
        onFrame: (type, body) => {
          if (type !== fragmentFrame) return take(type, body)
          const result = reassembly.push(body)
          if (result.tag === 'done') take(result.type, result.body)
        },
      })
      return { ...quiet, onData: (bytes) => void reader.push(bytes) }
    })
  }

  /** A pid of this peer. */
  pid(index: number, serial = 1): Pid {
    return new Pid({ node: this.name, creation: this.creation, index, serial })
  }

  /** A reference of this peer. */
  ref(id: number): RemoteReference {
    return new RemoteReference({ node: this.name, creation: this.creation, id })
  }

  /** Sends a signal, well formed but whatever it says. */
  send(signal: Signal, lane = 0): void {
    const encoded = encodeSignal(this.codec, signal, true)
    if (encoded.tag === 'error') throw new Error(encoded.path)
    this.frame(encoded.type, Buffer.concat(encoded.body.pieces()), lane)
  }

  /** A frame with any term as its body. */
  term(type: number, term: unknown, lane = 0): void {
    const encoded = this.codec.encode(term)
    if (encoded.tag === 'error') throw new Error(encoded.path)
    this.frame(type, encoded.bytes, lane)
  }

  /** Says this to a service. */
  tell(service: string, body: unknown, lane = 0): void {
    this.term(serviceFrame, [service, body], lane)
  }

  frame(type: number, body: Uint8Array, lane = 0): void {
    const writer = new FrameWriter()
    if (!writer.append(type, body)) throw new Error('too long for a frame')
    this.raw(Buffer.concat(writer.take()), lane)
  }

  /** Bytes on the data stream `lane`. */
  raw(bytes: Uint8Array, lane = 0): void {
    this.lane(lane).write(bytes.slice())
  }

  lane(lane: number): CarrierStream {
    const known = this.#lanes.get(lane)
    if (known !== undefined) return known
    const stream = this.connection.openStream('uni')
    if (stream === undefined) throw new Error('no stream')
    stream.handler = quiet
    stream.write(Uint8Array.of(streamKind.data))
    this.#lanes.set(lane, stream)
    return stream
  }

  get codec(): Codec {
    if (this.#codec === undefined) throw new Error('no handshake yet')
    return this.#codec
  }

  /** Waits until a signal of this kind was heard, and takes it out. */
  async next<T extends Signal['tag']>(tag: T): Promise<Extract<Signal, { readonly tag: T }>> {
    const isOf = (signal: Signal): signal is Extract<Signal, { readonly tag: T }> =>
      signal.tag === tag
    await this.cluster.until(`a ${tag} signal`, () => this.heard.some(isOf))
    const found = this.heard.find(isOf)
    if (found === undefined) throw new Error('unreachable')
    this.heard.splice(this.heard.indexOf(found), 1)
    return found
  }

  /** Waits for the end of the connection. */
  async end(): Promise<CloseInfo> {
    await this.cluster.until('the end of the connection', () => this.closed !== undefined)
    return this.closed ?? { by: 'error', code: -1, reason: '' }
  }
}
