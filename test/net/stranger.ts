/**
 * Ends of connections that the test plays itself, over the real QUIC carrier: strangers that say
 * what they like, and a peer that is known and means harm. Identity, trust store and TLS material
 * are those of a real node.
 */
import { nodePlatform } from '../../runtime/platform/node.ts'
import { simPlatform, World } from '../../runtime/platform/sim.ts'
import type { Address, Connection, Endpoint, StreamHandler } from '../../src/carrier/carrier.ts'
import { quicCarrier } from '../../src/carrier/quic/index.ts'
import { authStreams } from '../../src/dist/auth-pipe.ts'
import { type HandshakeEvent, newHandshake, stepHandshake } from '../../src/dist/handshake.ts'
import { HandshakeCodec } from '../../src/dist/handshake-message.ts'
import { Incoming } from '../../src/dist/incoming.ts'
import { controlFrame, streamKind } from '../../src/dist/protocol.ts'
import { authenticate, generateKeypair, openTrustStore } from '../../src/identity/index.ts'
import { FrameReader, FrameWriter } from '../../src/wire/index.ts'
import { testTls } from '../support/tls.ts'
import { cookie, type Stage } from './stage.ts'

const dialTimeoutMs = 20_000
const creation = 77

export const quietStream: StreamHandler = {
  onData: () => undefined,
  onEnd: () => undefined,
  onReset: () => undefined,
  onDrain: () => undefined,
}

/** An endpoint that dials and accepts nobody, closed with the stage. */
export async function openStranger(stage: Stage, host: string): Promise<Endpoint> {
  const platform = nodePlatform()
  const opened = await quicCarrier({ host, port: 0 }).open({
    platform,
    tls: await testTls(platform),
    onConnection: (connection) => connection.close(0, 'not listening'),
  })
  if (opened.tag === 'error') throw new Error(opened.message)
  stage.atEnd(() => opened.endpoint.close(0))
  return opened.endpoint
}

export async function dialTo(endpoint: Endpoint, target: Address): Promise<Connection> {
  const dialled = await endpoint.dial(target, dialTimeoutMs)
  if (dialled.tag === 'error') throw new Error(dialled.message)
  return dialled.connection
}

export type KnownPeerOptions = {
  readonly endpoint: Endpoint
  readonly name: string
  readonly keypair: ReturnType<typeof generateKeypair>
  readonly target: { readonly name: string; readonly address: Address }
}

/** A connection past authentication and dist handshake; `incoming` takes what the node opens. */
export type KnownPeer = {
  readonly connection: Connection
  readonly incoming: Incoming
  /** The target's creation. */
  readonly creation: number
}

export function newKeypair(): KnownPeerOptions['keypair'] {
  return generateKeypair(nodePlatform().random)
}

export const knownCreation = creation

export async function becomeKnown(options: KnownPeerOptions): Promise<KnownPeer> {
  const { endpoint, name, target, keypair } = options
  const connection = await dialTo(endpoint, target.address)
  const incoming = new Incoming(connection)
  connection.handler = incoming
  // Its disk is a virtual one: pins of a peer that means harm are not worth a file.
  const { storage } = simPlatform(new World(1))
  const platform = nodePlatform()
  const { clock } = platform
  const trust = await openTrustStore({ storage, clock, dir: 'keys', mode: 'tofu' })
  if (trust.tag === 'error') throw new Error(trust.message)
  const streams = authStreams(connection, incoming)
  incoming.onceClosed(() => streams.closed())
  const authenticating = authenticate({
    role: { tag: 'dialer', dialed: target.name },
    selfName: name,
    keypair,
    trust: trust.store,
    pipe: streams.pipe,
    platform,
    serverCertHash: connection.peerCertHash,
    clientCertHash: connection.localCertHash,
  })
  streams.listen()
  const result = await authenticating
  if (result.tag === 'error') throw new Error(result.message)
  const shaken = await shakeHands(connection, options)
  return { connection, incoming, creation: shaken }
}

/** The dialer's side of the dist handshake; resolves to the target's creation. */
function shakeHands(connection: Connection, { name, target }: KnownPeerOptions): Promise<number> {
  const codec = new HandshakeCodec()
  const env = {
    role: 'dialer' as const,
    self: { node: name, creation, flags: [] },
    authenticated: target.name,
    cookie,
    serverCertHash: connection.peerCertHash,
    clientCertHash: connection.localCertHash,
    nonce: nodePlatform().random.bytes(16),
  }
  const stream = connection.openStream('bidi')
  if (stream === undefined) throw new Error('no control stream')
  stream.write(Uint8Array.of(streamKind.control))
  return new Promise((resolve, reject) => {
    let state = newHandshake
    const step = (event: HandshakeEvent): void => {
      const [next, actions] = stepHandshake(state, event, env)
      state = next
      for (const action of actions) {
        if (action.tag === 'send') {
          const writer = new FrameWriter()
          writer.append(controlFrame.handshake, codec.encode(action.message))
          stream.write(Buffer.concat(writer.take()))
        } else if (action.tag === 'choose') step({ tag: 'chosen', won: true })
        else if (action.tag === 'up') resolve(action.peer.creation)
        else if (action.tag === 'fail') reject(new Error(`handshake: ${action.reason}`))
      }
    }
    const reader = new FrameReader({
      knows: () => true,
      onFrame: (type, body) => {
        if (type !== controlFrame.handshake) return
        const message = codec.decode(body)
        step(message === undefined ? { tag: 'malformed' } : { tag: 'message', message })
      },
    })
    stream.handler = { ...quietStream, onData: (bytes) => void reader.push(bytes) }
    step({ tag: 'start' })
  })
}
