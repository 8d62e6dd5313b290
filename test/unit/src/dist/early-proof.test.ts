/** The dist handshake of two nodes that have challenged each other's keys: the cookie at once. */
import {
  type HandshakeAction,
  type HandshakeEnv,
  type HandshakeState,
  type HandshakeStep,
  newHandshake,
  stepHandshake,
} from '../../../../src/dist/handshake.ts'
import type { HandshakeMessage } from '../../../../src/dist/handshake-message.ts'
import { assert, suite } from '../../../support/harness.ts'

const test = suite('dist handshake, early proof')

const bytes = (fill: number, size = 32): Uint8Array => new Uint8Array(size).fill(fill)
const failed = (reason: string) => ({ tag: 'fail', reason })

function env(role: 'dialer' | 'acceptor', changes: Partial<HandshakeEnv> = {}): HandshakeEnv {
  const dialer = { node: 'd@h', creation: 1, flags: ['x'] }
  const acceptor = { node: 'a@h', creation: 2, flags: ['y'] }
  return {
    role,
    self: role === 'dialer' ? dialer : acceptor,
    authenticated: role === 'dialer' ? 'a@h' : 'd@h',
    cookie: 'same',
    serverCertHash: bytes(1),
    clientCertHash: bytes(2),
    nonce: bytes(role === 'dialer' ? 3 : 4, 16),
    authNonce: bytes(5),
    ...changes,
  }
}

/** One side, fed by hand. */
class Side {
  readonly env: HandshakeEnv
  state: HandshakeState = newHandshake

  constructor(env: HandshakeEnv) {
    this.env = env
  }

  take(event: Parameters<typeof stepHandshake>[1]): readonly HandshakeAction[] {
    const [state, actions]: HandshakeStep = stepHandshake(this.state, event, this.env)
    this.state = state
    return actions
  }

  hear(message: HandshakeMessage): readonly HandshakeAction[] {
    return this.take({ tag: 'message', message })
  }
}

function messagesIn(actions: readonly HandshakeAction[]): HandshakeMessage[] {
  return actions.flatMap((action) => (action.tag === 'send' ? [action.message] : []))
}

type Name = HandshakeMessage & { readonly tag: 'name' }

function nameOf(dialer: Side): Name {
  const [name] = messagesIn(dialer.take({ tag: 'start' }))
  if (name?.tag !== 'name') throw new Error('no name')
  return name
}

/** An acceptor that has heard `name` and was told that it may go on. */
function answered(name: Name, changes: Partial<HandshakeEnv> = {}): Side {
  const acceptor = new Side(env('acceptor', changes))
  acceptor.take({ tag: 'start' })
  assert.is(acceptor.hear(name)[0]?.tag, 'ask')
  return acceptor
}

test('two messages each way become one: name with proof, status with welcome', () => {
  const dialer = new Side(env('dialer'))
  const acceptor = answered(nameOf(dialer))
  assert.is(acceptor.take({ tag: 'decided', status: 'ok' })[0]?.tag, 'choose')
  const last = acceptor.take({ tag: 'chosen', won: true })
  const [status, welcome, ...more] = messagesIn(last)
  assert.equal([status?.tag, welcome?.tag, more.length], ['status', 'welcome', 0])
  const up = { tag: 'up', peer: { node: 'd@h', creation: 1, flags: ['x'] } }
  assert.equal(last.at(-1), up)
  assert.equal(dialer.hear(status!), [])
  assert.is(dialer.hear(welcome!)[0]?.tag, 'choose')
  assert.equal(dialer.take({ tag: 'chosen', won: true }), [
    { tag: 'up', peer: { node: 'a@h', creation: 2, flags: ['y'] } },
  ])
})

test('a proof that is wrong ends it before anything is asked or said', () => {
  for (const changes of [
    { cookie: 'other' },
    { authNonce: bytes(6) },
    { serverCertHash: bytes(9) },
    { clientCertHash: bytes(9) },
  ]) {
    const acceptor = new Side(env('acceptor'))
    acceptor.take({ tag: 'start' })
    const name = nameOf(new Side(env('dialer', changes)))
    assert.equal(acceptor.hear(name), [failed('cookieMismatch')])
  }
  const { proof, ...name } = nameOf(new Side(env('dialer')))
  const flipped = proof!.digest.map((byte, at) => (at === 31 ? byte ^ 1 : byte))
  const acceptor = new Side(env('acceptor'))
  acceptor.take({ tag: 'start' })
  const changed = { ...name, proof: { ...proof!, digest: flipped } }
  assert.equal(acceptor.hear(changed), [failed('cookieMismatch')])
})

test('a welcome without the cookie, or with what the dialer said itself, is none', () => {
  const dialer = new Side(env('dialer'))
  const { proof } = nameOf(dialer)
  const welcome = { tag: 'welcome', node: 'a@h', creation: 2, flags: [], mandatory: [] } as const
  for (const digest of [bytes(0), proof!.digest]) {
    const deceived = new Side(env('dialer'))
    nameOf(deceived)
    deceived.hear({ tag: 'status', status: 'ok' })
    assert.equal(deceived.hear({ ...welcome, digest }), [failed('cookieMismatch')])
  }
  dialer.hear({ tag: 'status', status: 'ok' })
  const other = { ...welcome, node: 'other@h', digest: bytes(0) }
  assert.equal(dialer.hear(other), [failed('wrongNodeName')])
})

test('nobody is welcomed who has proved nothing, and no dialer believes it', () => {
  const { proof: _, ...older } = nameOf(new Side(env('dialer')))
  const said = messagesIn(answered(older).take({ tag: 'decided', status: 'ok' }))
  assert.equal(
    said.map(({ tag }) => tag),
    ['status', 'challenge'],
  )
  const unasked = new Side(env('dialer', { authNonce: undefined }))
  assert.is(nameOf(unasked).proof, undefined)
  unasked.hear({ tag: 'status', status: 'ok' })
  const welcome = { tag: 'welcome', node: 'a@h', creation: 2, flags: [], mandatory: [] } as const
  assert.equal(unasked.hear({ ...welcome, digest: bytes(1) }), [failed('unexpectedMessage')])
})

test('a proof over a nonce that the acceptor never gave does not count, and is asked for', () => {
  const dialer = new Side(env('dialer'))
  const acceptor = answered(nameOf(dialer), { authNonce: undefined })
  const [status, challenge] = messagesIn(acceptor.take({ tag: 'decided', status: 'ok' }))
  assert.equal([status?.tag, challenge?.tag], ['status', 'challenge'])
  dialer.hear(status!)
  assert.is(dialer.hear(challenge!)[0]?.tag, 'choose')
  const [reply] = messagesIn(dialer.take({ tag: 'chosen', won: true }))
  acceptor.hear(reply!)
  const [ack] = messagesIn(acceptor.take({ tag: 'chosen', won: true }))
  assert.is(dialer.hear(ack!)[0]?.tag, 'up')
})

test('when both dial, the dialer is asked: it may have another connection to choose', () => {
  const acceptor = answered(nameOf(new Side(env('dialer'))))
  const said = messagesIn(acceptor.take({ tag: 'decided', status: 'okSimultaneous' }))
  assert.equal(
    said.map(({ tag }) => tag),
    ['status', 'challenge'],
  )
  assert.is(acceptor.state.tag, 'waitingReply')
})

test('an acceptor that needs what the dialer may not know asks, so that it can refuse', () => {
  const dialer = new Side(env('dialer'))
  const acceptor = answered(nameOf(dialer), { mandatory: ['z9'] })
  const [status, challenge] = messagesIn(acceptor.take({ tag: 'decided', status: 'ok' }))
  dialer.hear(status!)
  assert.equal(dialer.hear(challenge!), [
    { ...failed('unsupportedFlags'), detail: 'not known: z9' },
  ])
  const able = answered(nameOf(new Side(env('dialer'))), { mandatory: ['x'] })
  assert.is(able.take({ tag: 'decided', status: 'ok' })[0]?.tag, 'choose')
})

test('a refusal, or another connection being chosen, welcomes nobody', () => {
  const refused = answered(nameOf(new Side(env('dialer'))))
  const said = messagesIn(refused.take({ tag: 'decided', status: 'alive' }))
  assert.equal(said, [{ tag: 'status', status: 'alive' }])
  const beaten = answered(nameOf(new Side(env('dialer'))))
  beaten.take({ tag: 'decided', status: 'ok' })
  assert.equal(beaten.take({ tag: 'chosen', won: false }), [failed('superseded')])
})

test.run()
