/**
 * What the mutations begin with: real frames, made by the codec and by two ends that shake hands in
 * this process. Nothing is stored: the recording follows the protocol as it is today. A signal that
 * is added to the protocol is a type error here until it is recorded too.
 */
import { Pid, type PidParts, RemoteReference } from '../../runtime/identifier.ts'
import type { Signal } from '../../runtime/kernel.ts'
import {
  type HandshakeAction,
  type HandshakeEnv,
  type HandshakeEvent,
  type HandshakeState,
  newHandshake,
  stepHandshake,
} from '../../src/dist/handshake.ts'
import {
  HandshakeCodec,
  type HandshakeMessage,
  type Status,
} from '../../src/dist/handshake-message.ts'
import { protocolVersion } from '../../src/dist/protocol.ts'
import { encodeSignal } from '../../src/dist/signal-codec.ts'
import { createCodec } from '../../src/wire/index.ts'
import { alice, bob } from '../support/vectors/term-space.ts'
import { recordServices } from './cluster-recording.ts'
import { parseTerm, subtrees, type TermTree } from './term-tree.ts'

export type RecordedFrame = {
  /** The signal's own tag, or the name of the service. */
  readonly name: string
  readonly type: number
  readonly term: TermTree
}

const pidOf = (node: PidParts['node'], creation: number, index: number): Pid =>
  new Pid({ node, creation, index, serial: 3 })
const from = pidOf(alice.name, alice.creation, 4)
const to = pidOf(bob.name, bob.creation, 9)
const third = pidOf('third@10.0.0.3', 5, 1)
const ref = new RemoteReference({ node: alice.name, creation: alice.creation, id: 12 })
const asked = new RemoteReference({ node: bob.name, creation: bob.creation, id: 2 ** 40 })

const rich = {
  list: [1, -1, 300, 70_000, 2 ** 40, -(2 ** 40), 1.5, Number.NaN, true, false, null, undefined],
  texts: ['', 'two', 'é'.repeat(40), '\ufeffmark', 'x'.repeat(300)],
  bytes: new Uint8Array(40),
  map: new Map<unknown, unknown>([
    ['k', ref],
    [{ at: 1 }, [third]],
  ]),
  set: new Set([1, 'a', from]),
  big: [0n, -256n, 10n ** 30n],
  deep: { a: { b: { c: { d: [[[[to]]]] } } } },
}
const wide = { items: Array.from({ length: 40 }, (_, n) => ({ n, name: `item ${n}` })) }
const long = { text: 'long '.repeat(1000), bytes: new Uint8Array(3000) }
const reason = { tag: 'broken', detail: { at: [1, 2], who: third } }
const spawn = { tag: 'spawn', ref, from, module: 'm', arg: rich, name: 'n' } as const

const signals: { readonly [T in Signal['tag']]: readonly Extract<Signal, { tag: T }>[] } = {
  send: [
    { tag: 'send', to, message: rich },
    { tag: 'send', to: 'name', message: wide },
    { tag: 'send', to, message: long },
  ],
  link: [{ tag: 'link', from, to }],
  unlink: [{ tag: 'unlink', from, to, id: 7 }],
  unlinkAck: [{ tag: 'unlinkAck', from, to, id: 2 ** 40 }],
  linkExit: [{ tag: 'linkExit', from, to, reason }],
  exit: [{ tag: 'exit', from, to, reason: 'kill' }],
  monitor: [
    { tag: 'monitor', ref, from, to },
    { tag: 'monitor', ref, from, to: 'name' },
  ],
  demonitor: [{ tag: 'demonitor', ref }],
  down: [{ tag: 'down', ref: asked, reason }],
  call: [
    { tag: 'call', ref, from, to, op: 'add', arg: rich },
    { tag: 'call', ref, from: null, to: 'name', op: '', arg: undefined },
  ],
  reply: [{ tag: 'reply', ref: asked, value: rich }],
  callFailed: [{ tag: 'callFailed', ref: asked, reason: 'noproc' }],
  cancelCall: [{ tag: 'cancelCall', ref }],
  spawn: [
    { ...spawn, link: true, monitor: false },
    { ...spawn, from: null, name: null, link: false, monitor: true },
  ],
  spawned: [{ tag: 'spawned', ref: asked, pid: from }],
  spawnFailed: [{ tag: 'spawnFailed', ref: asked, reason: { tag: 'unknownModule', module: 'm' } }],
}

/** Frames from alice to bob: every signal there is. */
export function recordSignals(): readonly RecordedFrame[] {
  const codec = createCodec({
    local: alice,
    peer: bob,
    pid: (parts) => new Pid(parts),
    reference: (parts) => new RemoteReference(parts),
  })
  return Object.values(signals)
    .flat()
    .map((signal) => {
      const encoded = encodeSignal(codec, signal, true)
      if (encoded.tag === 'error') throw new Error(`${signal.tag}: ${encoded.path}`)
      return {
        name: signal.tag,
        type: encoded.type,
        term: parseTerm(Buffer.concat(encoded.body.pieces())),
      }
    })
}

/** All that a data stream carries: signals, and messages between services. */
export function recordData(): readonly RecordedFrame[] {
  return [...recordSignals(), ...recordServices()]
}

export type HandshakeSide = 'dialer' | 'acceptor'

/**
 * What alice (the dialer) or bob (the acceptor) knows when they shake hands; `challenged`: bob has
 * asked alice for her key before, so that she proves the cookie at once.
 */
export function handshakeEnv(role: HandshakeSide, challenged: boolean): HandshakeEnv {
  const ends = { dialer: alice, acceptor: bob } as const
  const [self, peer] = role === 'dialer' ? [alice, bob] : [bob, alice]
  return {
    role,
    self: { node: self.name, creation: self.creation, flags: [] },
    authenticated: peer.name,
    cookie: 'the cookie',
    serverCertHash: new Uint8Array(32).fill(1),
    clientCertHash: new Uint8Array(32).fill(2),
    nonce: new Uint8Array(16).fill(ends[role].creation),
    authNonce: challenged ? new Uint8Array(32).fill(7) : undefined,
  }
}

/** What one side says in a whole dist handshake: of either side, challenged before and not. */
export function recordHandshakes(): readonly (readonly TermTree[])[] {
  return [false, true].flatMap((challenged) => Object.values(recordHandshake(challenged)))
}

/** Messages of a whole dist handshake, by who says them. */
export function recordHandshake(
  challenged: boolean,
): Readonly<Record<HandshakeSide, readonly TermTree[]>> {
  const codec = new HandshakeCodec()
  const said: Record<HandshakeSide, TermTree[]> = { dialer: [], acceptor: [] }
  const states: Record<HandshakeSide, HandshakeState> = {
    dialer: newHandshake,
    acceptor: newHandshake,
  }
  const tell = (side: HandshakeSide, event: HandshakeEvent): void => {
    const [state, actions] = stepHandshake(states[side], event, handshakeEnv(side, challenged))
    states[side] = state
    for (const action of actions) perform(side, action)
  }
  const hear = (side: HandshakeSide, message: HandshakeMessage): void => {
    said[side].push(parseTerm(codec.encode(message).slice()))
    tell(side === 'dialer' ? 'acceptor' : 'dialer', { tag: 'message', message })
  }
  const perform = (side: HandshakeSide, action: HandshakeAction): void => {
    if (action.tag === 'send') hear(side, action.message)
    else if (action.tag === 'ask') tell(side, { tag: 'decided', status: 'ok' })
    else if (action.tag === 'choose') tell(side, { tag: 'chosen', won: true })
    else if (action.tag === 'fail') throw new Error(`recording: ${action.reason}`)
  }
  tell('acceptor', { tag: 'start' })
  tell('dialer', { tag: 'start' })
  return said
}

const statuses: readonly Status[] = [
  ...(['okSimultaneous', 'nok', 'alive', 'unsupportedVersion', 'unsupportedFlags'] as const),
]

/** Handshake messages of a peer that is newer, or busier, than the recorded ones. */
export function oddMessages(): readonly TermTree[] {
  const codec = new HandshakeCodec()
  const name = {
    tag: 'name',
    version: protocolVersion,
    node: alice.name,
    creation: alice.creation,
    flags: ['a flag of later'],
    mandatory: [],
  } as const satisfies HandshakeMessage
  const messages: readonly HandshakeMessage[] = [
    name,
    { ...name, version: protocolVersion + 1 },
    { ...name, mandatory: ['a flag of later'] },
    { ...name, node: 'mallory@10.6.6.6' },
    ...statuses.map((status) => ({ tag: 'status', status }) as const),
  ]
  return messages.map((message) => parseTerm(codec.encode(message).slice()))
}

/** Values to graft onto other terms. */
export function donorsOf(frames: readonly { readonly term: TermTree }[]): readonly TermTree[] {
  return frames.flatMap(({ term }) => [...subtrees(term)])
}
