import {
  type HandshakeAction,
  type HandshakeEnv,
  type HandshakeEvent,
  type HandshakeState,
  newHandshake,
  stepHandshake,
} from '../../../../src/dist/handshake.ts'
import type { HandshakeMessage, Status } from '../../../../src/dist/handshake-message.ts'
import { assert, suite } from '../../../support/harness.ts'

const test = suite('dist handshake')

const bytes = (fill: number, size = 32): Uint8Array => new Uint8Array(size).fill(fill)

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
    ...changes,
  }
}

type Ends = { readonly dialer: HandshakeAction; readonly acceptor: HandshakeAction | undefined }

/** Lets the two machines talk; `tamper` may change what passes. Gives how each ended. */
function talk(
  dialerEnv: HandshakeEnv,
  acceptorEnv: HandshakeEnv,
  options: {
    readonly status?: Status
    readonly won?: Readonly<Record<'dialer' | 'acceptor', boolean>>
    readonly tamper?: (message: HandshakeMessage) => HandshakeMessage
  } = {},
): Ends {
  const { status = 'ok', tamper = (message) => message } = options
  const { won = { dialer: true, acceptor: true } } = options
  const envs = { dialer: dialerEnv, acceptor: acceptorEnv }
  const states: Record<string, HandshakeState> = { dialer: newHandshake, acceptor: newHandshake }
  const ends: { dialer?: HandshakeAction; acceptor?: HandshakeAction } = {}
  const queue: { to: 'dialer' | 'acceptor'; event: HandshakeEvent }[] = [
    { to: 'acceptor', event: { tag: 'start' } },
    { to: 'dialer', event: { tag: 'start' } },
  ]
  for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
    const { to, event } = next
    const [state, actions] = stepHandshake(states[to] ?? newHandshake, event, envs[to])
    states[to] = state
    for (const action of actions) {
      if (action.tag === 'up' || action.tag === 'fail') ends[to] = action
      else if (action.tag === 'ask') queue.push({ to, event: { tag: 'decided', status } })
      else if (action.tag === 'choose') queue.push({ to, event: { tag: 'chosen', won: won[to] } })
      else {
        const other = to === 'dialer' ? 'acceptor' : 'dialer'
        queue.push({ to: other, event: { tag: 'message', message: tamper(action.message) } })
      }
    }
  }
  if (ends.dialer === undefined) throw new Error('the dialer waits for ever')
  return { dialer: ends.dialer, acceptor: ends.acceptor }
}

const failed = (reason: string) => ({ tag: 'fail', reason })

test('two nodes that agree come up and know each other', () => {
  const ends = talk(env('dialer'), env('acceptor'))
  assert.equal(ends, {
    dialer: { tag: 'up', peer: { node: 'a@h', creation: 2, flags: ['y'] } },
    acceptor: { tag: 'up', peer: { node: 'd@h', creation: 1, flags: ['x'] } },
  })
})

test('different cookies: the acceptor finds out first and says nothing more', () => {
  let acks = 0
  const watch = (message: HandshakeMessage): HandshakeMessage => {
    if (message.tag === 'ack') acks++
    return message
  }
  const acceptor = env('acceptor', { cookie: 'other' })
  assert.throws(() => talk(env('dialer'), acceptor, { tamper: watch }), /waits for ever/)
  assert.is(acks, 0)
  assert.is(endOfAcceptor(acceptor), 'cookieMismatch')
})

/** How an acceptor with this env ends when a dialer of the common cookie talks to it. */
function endOfAcceptor(acceptorEnv: HandshakeEnv): string {
  const ends: string[] = []
  const dialerEnv = env('dialer')
  let acceptor = stepHandshake(newHandshake, { tag: 'start' }, acceptorEnv)[0]
  let dialer = stepHandshake(newHandshake, { tag: 'start' }, dialerEnv)
  const inbox = [...dialer[1]]
  for (let action = inbox.shift(); action !== undefined; action = inbox.shift()) {
    if (action.tag !== 'send') continue
    let event: HandshakeEvent = { tag: 'message', message: action.message }
    for (;;) {
      const [state, actions] = stepHandshake(acceptor, event, acceptorEnv)
      acceptor = state
      const question = actions.find(({ tag }) => tag === 'ask' || tag === 'choose')
      for (const answer of actions) {
        if (answer.tag === 'fail') ends.push(answer.reason)
        if (answer.tag !== 'send') continue
        dialer = stepHandshake(dialer[0], { tag: 'message', message: answer.message }, dialerEnv)
        if (dialer[0].tag === 'choosing') {
          dialer = stepHandshake(dialer[0], { tag: 'chosen', won: true }, dialerEnv)
        }
        inbox.push(...dialer[1])
      }
      if (question === undefined) break
      event =
        question.tag === 'ask' ? { tag: 'decided', status: 'ok' } : { tag: 'chosen', won: true }
    }
  }
  return ends.join()
}

test('a changed digest, nonce, name or certificate fails the proof on its side', () => {
  const flip = (digest: Uint8Array): Uint8Array =>
    digest.map((byte, at) => (at === 0 ? byte ^ 1 : byte))
  const onAck = talk(env('dialer'), env('acceptor'), {
    tamper: (message) =>
      message.tag === 'ack' ? { ...message, digest: flip(message.digest) } : message,
  })
  assert.equal(onAck.dialer, failed('cookieMismatch'))
  for (const changes of [
    { serverCertHash: bytes(9) },
    { clientCertHash: bytes(9) },
    { nonce: bytes(9, 16), cookie: 'x' },
  ]) {
    assert.is(endOfAcceptor(env('acceptor', changes)), 'cookieMismatch')
  }
})

test('a digest sent back as the answer is not the answer', () => {
  let reply: HandshakeMessage | undefined
  const ends = talk(env('dialer'), env('acceptor', { cookie: 'same' }), {
    tamper: (message) => {
      if (message.tag === 'reply') reply = message
      return message.tag === 'ack' && reply?.tag === 'reply'
        ? { tag: 'ack', digest: reply.digest }
        : message
    },
  })
  assert.equal(ends.dialer, failed('cookieMismatch'))
})

test('an acceptor that challenges with the nonce of the dialer learns nothing it can use', () => {
  // The dialer's own nonce is drawn after the challenge is known only to itself; equal nonces of
  // both sides must still give different digests.
  const nonce = bytes(7, 16)
  const digests: Uint8Array[] = []
  const ends = talk(env('dialer', { nonce }), env('acceptor', { nonce }), {
    tamper: (message) => {
      if (message.tag === 'reply' || message.tag === 'ack') digests.push(message.digest)
      return message
    },
  })
  assert.is(ends.dialer.tag, 'up')
  assert.not.equal(digests[0], digests[1])
})

test('names that are not the authenticated ones are refused by either side', () => {
  const renamed =
    (tag: 'name' | 'challenge') =>
    (message: HandshakeMessage): HandshakeMessage =>
      message.tag === tag ? { ...message, node: 'other@h' } : message
  const byDialer = talk(env('dialer'), env('acceptor'), { tamper: renamed('challenge') })
  assert.equal(byDialer.dialer, failed('wrongNodeName'))
  const [, actions] = stepHandshake(
    { tag: 'waitingName' },
    { tag: 'message', message: renamed('name')(nameOf(env('dialer'))) },
    env('acceptor'),
  )
  assert.equal(actions, [failed('wrongNodeName')], 'not even a status')
})

function nameOf(dialer: HandshakeEnv): Extract<HandshakeMessage, { readonly tag: 'name' }> {
  const [, actions] = stepHandshake(newHandshake, { tag: 'start' }, dialer)
  const [first] = actions
  if (first?.tag !== 'send' || first.message.tag !== 'name') throw new Error('no name')
  return first.message
}

test('another version and unknown mandatory flags are refused with their reason', () => {
  const wanting = (changes: object) => (message: HandshakeMessage) =>
    message.tag === 'name' ? { ...message, ...changes } : message
  for (const [changes, reason, detail] of [
    [{ version: 2 }, 'unsupportedVersion', 'version 2; this node speaks 1'],
    [{ version: 0 }, 'unsupportedVersion', 'version 0; this node speaks 1'],
    [{ mandatory: ['goaway', 'x9', 'y'] }, 'unsupportedFlags', 'not known: x9, y'],
  ] as const) {
    const ends = talk(env('dialer'), env('acceptor'), { tamper: wanting(changes) })
    const end = { ...failed(reason), detail }
    assert.equal(ends, { dialer: end, acceptor: end })
  }
})

test('a dialer refuses an acceptor that cannot do without what it does not know', () => {
  const { dialer } = talk(env('dialer'), env('acceptor', { mandatory: ['x9'] }))
  assert.equal(dialer, { ...failed('unsupportedFlags'), detail: 'not known: x9' })
  const challenge = {
    tag: 'challenge',
    nonce: bytes(1, 16),
    node: 'a@h',
    creation: 1,
    flags: [],
    mandatory: ['hidden', 'x9'],
  } as const
  const [, actions] = stepHandshake(
    { tag: 'waitingChallenge' },
    { tag: 'message', message: challenge },
    env('dialer'),
  )
  assert.equal(actions, [{ ...failed('unsupportedFlags'), detail: 'not known: x9' }])
})

test('unknown optional flags are ignored and passed on', () => {
  const ends = talk(env('dialer'), env('acceptor'), {
    tamper: (message) =>
      message.tag === 'name' ? { ...message, flags: ['unheard', 'of'] } : message,
  })
  assert.equal(ends.acceptor, {
    tag: 'up',
    peer: { node: 'd@h', creation: 1, flags: ['unheard', 'of'] },
  })
})

test('a side that was not chosen says nothing that would bring the other up', () => {
  const said: string[] = []
  const tamper = (message: HandshakeMessage): HandshakeMessage => {
    said.push(message.tag)
    return message
  }
  const noDialer = { won: { dialer: false, acceptor: true }, tamper }
  assert.equal(talk(env('dialer'), env('acceptor'), noDialer).dialer, failed('superseded'))
  assert.equal(said.splice(0), ['name', 'status', 'challenge'])
  const noAcceptor = { won: { dialer: true, acceptor: false }, tamper }
  assert.throws(() => talk(env('dialer'), env('acceptor'), noAcceptor), /waits for ever/)
  assert.equal(said, ['name', 'status', 'challenge', 'reply'])
  const choosing: HandshakeState = { tag: 'choosing', next: [{ tag: 'done' }, []] }
  const lost = stepHandshake(choosing, { tag: 'chosen', won: false }, env('acceptor'))
  assert.equal(lost, [{ tag: 'done' }, [failed('superseded')]])
})

test('every refusing status ends both sides with what it means', () => {
  const meaning = {
    nok: 'superseded',
    alive: 'alive',
    unsupportedVersion: 'unsupportedVersion',
    unsupportedFlags: 'unsupportedFlags',
  } as const
  for (const [status, reason] of Object.entries(meaning)) {
    const ends = talk(env('dialer'), env('acceptor'), { status: status as Status })
    assert.equal(ends, { dialer: failed(reason), acceptor: failed(reason) })
  }
  assert.is(talk(env('dialer'), env('acceptor'), { status: 'okSimultaneous' }).dialer.tag, 'up')
})

const peer = { node: 'd@h', creation: 1, flags: [] }

const states: readonly HandshakeState[] = [
  newHandshake,
  { tag: 'waitingName' },
  { tag: 'deciding', peer },
  { tag: 'waitingReply', nonce: bytes(4, 16), peer },
  { tag: 'waitingStatus' },
  { tag: 'waitingChallenge' },
  { tag: 'waitingAck', nonce: bytes(3, 16), peer },
  { tag: 'choosing', next: [{ tag: 'done' }, [{ tag: 'up', peer }]] },
]

const messages: readonly HandshakeMessage[] = [
  { tag: 'name', version: 1, node: 'd@h', creation: 1, flags: [], mandatory: [] },
  { tag: 'status', status: 'ok' },
  { tag: 'challenge', nonce: bytes(1, 16), node: 'a@h', creation: 1, flags: [], mandatory: [] },
  { tag: 'reply', nonce: bytes(1, 16), digest: bytes(1) },
  { tag: 'ack', digest: bytes(1) },
  { tag: 'welcome', digest: bytes(1), node: 'a@h', creation: 1, flags: [], mandatory: [] },
]

const awaited: Readonly<Record<string, HandshakeMessage['tag']>> = {
  waitingName: 'name',
  waitingReply: 'reply',
  waitingStatus: 'status',
  waitingChallenge: 'challenge',
  waitingAck: 'ack',
}

for (const state of states) {
  test(`in state ${state.tag} every message but the awaited one ends the handshake`, () => {
    for (const role of ['dialer', 'acceptor'] as const) {
      for (const message of messages) {
        if (awaited[state.tag] === message.tag) continue
        const step = stepHandshake(state, { tag: 'message', message }, env(role))
        assert.equal(step, [{ tag: 'done' }, [failed('unexpectedMessage')]], message.tag)
      }
      const step = stepHandshake(state, { tag: 'malformed' }, env(role))
      assert.equal(step, [{ tag: 'done' }, [failed('malformedMessage')]])
    }
  })
}

test('after the end nothing happens any more', () => {
  const done: HandshakeState = { tag: 'done' }
  const events: HandshakeEvent[] = [
    { tag: 'start' },
    { tag: 'malformed' },
    { tag: 'decided', status: 'ok' },
    { tag: 'chosen', won: true },
    ...messages.map((message) => ({ tag: 'message', message }) as const),
  ]
  for (const event of events) {
    assert.equal(stepHandshake(done, event, env('dialer')), [done, []])
  }
})

test('a decision nobody waits for, and a second start, change nothing', () => {
  for (const state of states) {
    if (state.tag !== 'deciding') {
      const decided = stepHandshake(state, { tag: 'decided', status: 'ok' }, env('acceptor'))
      assert.equal(decided, [state, []])
    }
    if (state.tag !== 'choosing') {
      const chosen = stepHandshake(state, { tag: 'chosen', won: true }, env('dialer'))
      assert.equal(chosen, [state, []])
    }
    if (state.tag === 'idle') continue
    assert.equal(stepHandshake(state, { tag: 'start' }, env('dialer')), [state, []])
  }
})

test.run()
