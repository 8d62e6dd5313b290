import fc from 'fast-check'
import { seededRandom } from '../../../../runtime/platform/sim.ts'
import type { AuthMessage } from '../../../../src/identity/auth-message.ts'
import { ed25519, generateKeypair, type Signer } from '../../../../src/identity/ed25519.ts'
import {
  type HandshakeAction,
  type HandshakeEvent,
  newHandshake,
  stepHandshake,
} from '../../../../src/identity/handshake.ts'
import { assert, suite } from '../../../support/harness.ts'
import {
  acceptor,
  challengeOf,
  dialer,
  failureOf,
  helloOf,
  looked,
  message,
  responseOf,
  run,
  scripts,
  tagsOf,
  wallMs,
} from './handshake-run.ts'

const test = suite('handshake rule')

for (const { env, events, sends } of scripts) {
  const role = env.role.tag
  const peer = env === dialer ? acceptor : dialer

  test(`${role}: the whole run, in order, ending with a peer that is new`, () => {
    const { actions, state } = run(env, events)
    assert.equal(tagsOf(actions), sends)
    assert.is(state.tag, 'done')
    const known = { name: peer.selfName, publicKey: peer.keypair.publicKey }
    const acceptorNonce = acceptor.nonce
    assert.equal(actions.at(-1), { tag: 'finish', peer: known, firstContact: true, acceptorNonce })
  })

  test(`${role}: a pinned peer is not new`, () => {
    const lookup = { tag: 'pinned', publicKey: peer.keypair.publicKey } as const
    const { actions } = run(env, [...events.slice(0, 2), { ...looked, lookup }, ...events.slice(3)])
    assert.equal(tagsOf(actions), sends)
    const last = actions.at(-1)
    assert.is(last?.tag === 'finish' && last.firstContact, false)
  })

  test(`${role}: nothing is signed before the trust decision, whatever came by then`, () => {
    const signer: Signer = {
      ...ed25519,
      sign: () => {
        throw new Error('signed')
      },
    }
    const early = [...events.slice(0, 2), events[3]!]
    const { actions } = run({ ...env, signer }, early)
    const opening = role === 'dialer' ? ['hello', 'challenge', 'lookup'] : ['lookup']
    assert.equal(tagsOf(actions).slice(0, opening.length), opening)
    assert.not(tagsOf(actions).includes('response'))
  })

  test(`${role}: the peer is proven when its signature was good, and not before`, () => {
    const proven = { tag: 'proven', name: peer.selfName, acceptorNonce: acceptor.nonce }
    assert.not(tagsOf(run(env, events.slice(0, 4)).actions).includes('proven'))
    assert.equal(run(env, events.slice(0, 5)).actions.at(-1), proven)
  })

  for (const [what, lookup, mode, reason] of [
    ['another pin, tofu', { tag: 'pinned', publicKey: dialer.nonce }, 'tofu', 'keyMismatch'],
    ['another pin, strict', { tag: 'pinned', publicKey: dialer.nonce }, 'strict', 'keyMismatch'],
    ['no pin, strict', { tag: 'notPinned' }, 'strict', 'untrustedKey'],
    [
      'an unreadable pin',
      { tag: 'error', reason: 'pinUnreadable', message: 'x' },
      'tofu',
      'pinUnreadable',
    ],
  ] as const) {
    test(`${role}: ${what} fails before anything is signed`, () => {
      const result = run(env, [...events.slice(0, 2), { tag: 'looked', lookup, mode }])
      assert.is(failureOf(result), reason)
      assert.not(tagsOf(result.actions).includes('response'))
      const sent = result.actions.flatMap((action) =>
        action.tag === 'send' ? [action.message] : [],
      )
      const told = reason === 'pinUnreadable' ? 'untrustedKey' : reason
      assert.equal(sent.at(-1), { tag: 'fail', reason: told })
    })
  }

  test(`${role}: a peer with our own key is refused as a reflection`, () => {
    const mirror = message({ tag: 'hello', name: peer.selfName, publicKey: env.keypair.publicKey })
    assert.is(failureOf(run(env, [{ tag: 'start' }, mirror, looked])), 'ownKeyReflected')
  })

  test(`${role}: our own challenge sent back is refused`, () => {
    const mirror = message(challengeOf(env))
    assert.is(failureOf(run(env, [...events.slice(0, 3), mirror])), 'nonceReflected')
  })

  for (const [skewMs, accepted] of [
    [60_000, true],
    [-60_000, true],
    [60_001, false],
    [-60_001, false],
    [300_000, false],
  ] as const) {
    test(`${role}: a clock ${skewMs} ms apart is ${accepted ? 'accepted' : 'refused'}`, () => {
      const skewed = message({
        tag: 'challenge',
        nonce: peer.nonce,
        timestampMs: BigInt(wallMs + skewMs),
      })
      const result = run(env, [...events.slice(0, 3), skewed])
      if (accepted) assert.is(result.state.tag, 'response')
      else assert.is(failureOf(result), 'peerTsSkew')
    })
  }

  for (const timestampMs of [0n, 2n ** 53n, 2n ** 64n - 1n]) {
    test(`${role}: timestamp ${timestampMs} is refused`, () => {
      const absurd = message({ tag: 'challenge', nonce: peer.nonce, timestampMs })
      assert.is(failureOf(run(env, [...events.slice(0, 3), absurd])), 'peerTsSkew')
    })
  }

  test(`${role}: the age of our challenge is bounded by the monotonic clock`, () => {
    const until = run(env, events.slice(0, 4)).state
    const answer = events[4]!
    const [inTime] = stepHandshake(until, answer, { ...env, nowMs: 500 + 30_000 })
    assert.is(inTime.tag, 'ok')
    const [state, actions] = stepHandshake(until, answer, { ...env, nowMs: 500 + 30_001 })
    assert.is(failureOf({ state, actions }), 'signatureVerificationFailed')
  })

  test(`${role}: a step of the wall clock during the handshake changes nothing`, () => {
    for (const stepMs of [-86_400_000, 86_400_000]) {
      let state = newHandshake
      let actions: readonly HandshakeAction[] = []
      for (const [at, event] of events.entries()) {
        // The challenge, which was signed for `wallMs`, is the dialer's first word.
        const startMs = role === 'dialer' ? wallMs : wallMs - 2
        const stepped = { ...env, nowMs: 500 + at, wallMs: at === 0 ? startMs : wallMs + stepMs }
        ;[state, actions] = stepHandshake(state, event, stepped)
      }
      assert.is(actions.at(-1)?.tag, 'finish')
    }
  })

  test(`${role}: without a certificate hash it fails before a byte is sent`, () => {
    for (const field of ['serverCertHash', 'clientCertHash'] as const) {
      const unbound = { ...env, [field]: new Uint8Array(0) }
      const result = run(unbound, [{ tag: 'start' }])
      assert.is(failureOf(result), 'channelBindingFailed')
      assert.equal(tagsOf(result.actions), ['fail'])
    }
  })

  test(`${role}: FAIL at any point ends it with the peer's reason and no answer`, () => {
    for (let at = 1; at < events.length; at++) {
      const refusal = message({ tag: 'fail', reason: 'keyMismatch' })
      const { state, actions } = run(env, [...events.slice(0, at), refusal])
      assert.is(failureOf({ state, actions }), 'authRejected')
      const last = actions.at(-1)
      assert.is(last?.tag === 'fail' && last.failure.peerReason, 'keyMismatch')
      assert.not(tagsOf(actions.slice(0, -1)).includes('fail'))
    }
  })

  test(`${role}: every message that is not the one awaited fails, at every point`, () => {
    const contents = events.flatMap((event) => (event.tag === 'message' ? [event.message] : []))
    for (let at = 1; at < events.length; at++) {
      const expected = events[at]!
      for (const content of contents) {
        if (expected.tag === 'message' && expected.message.tag === content.tag) continue
        const result = run(env, [...events.slice(0, at), message(content)])
        const excused = role === 'dialer' && at === 1 && content.tag === 'ok'
        const reason = excused ? 'unexpectedAuthOk' : 'unexpectedMessage'
        assert.is(failureOf(result), reason, `${content.tag} at ${at}`)
        assert.not(tagsOf(result.actions).includes('finish'))
      }
    }
  })

  test(`${role}: deadline, end, reset and damage fail at every point`, () => {
    for (let at = 1; at < events.length; at++) {
      for (const [event, reason] of [
        [{ tag: 'deadline' }, 'authStreamTimeout'],
        [{ tag: 'streamEnded' }, 'streamEnded'],
        [{ tag: 'streamReset', code: 7 }, 'streamReset'],
        [
          { tag: 'malformed', error: { tag: 'error', reason: 'malformedMessage' } },
          'malformedMessage',
        ],
      ] as const) {
        const result = run(env, [...events.slice(0, at), event, ...events.slice(at)])
        assert.is(failureOf(result), reason)
      }
    }
  })

  test(`${role}: the peer's end after its OK is not a failure`, () => {
    const { actions } = run(env, [...events, { tag: 'streamEnded' }])
    assert.is(actions.at(-1)?.tag, 'finish')
  })

  const forgeries: readonly (readonly [string, AuthMessage])[] = [
    ['of random bytes', { tag: 'response', signature: seededRandom(9).bytes(64) }],
    ['reflected from us', responseOf(env, peer)],
    ['made in our role', responseOf({ ...peer, role: env.role }, env)],
    ['by another key', responseOf({ ...peer, keypair: generateKeypair(seededRandom(8)) }, env)],
    ['over an older challenge', responseOf(peer, { ...env, nonce: seededRandom(7).bytes(32) })],
    [
      'bound to another server certificate',
      responseOf({ ...peer, serverCertHash: seededRandom(6).bytes(32) }, env),
    ],
    [
      'bound to another client certificate',
      responseOf({ ...peer, clientCertHash: seededRandom(5).bytes(32) }, env),
    ],
  ]
  for (const [what, forged] of forgeries) {
    test(`${role}: a response ${what} is refused`, () => {
      const result = run(env, [...events.slice(0, 4), message(forged)])
      assert.is(failureOf(result), 'signatureVerificationFailed')
      assert.equal(tagsOf(result.actions).slice(-2), ['fail', 'fail'])
    })
  }
}

test('dialer: another name than the dialled one is refused before its pin is looked up', () => {
  const impostor = message({ ...helloOf(acceptor), name: 'c@h' } as AuthMessage)
  const result = run(dialer, [{ tag: 'start' }, impostor])
  assert.is(failureOf(result), 'wrongPeerName')
  assert.not(tagsOf(result.actions).includes('lookup'))
})

const anyEvent: fc.Arbitrary<HandshakeEvent> = fc.oneof(
  ...scripts.flatMap(({ events }) => events.map((event) => fc.constant(event as HandshakeEvent))),
  fc.constant<HandshakeEvent>({ tag: 'deadline' }),
  fc.constant<HandshakeEvent>({ tag: 'streamEnded' }),
)

test('any order of events: one outcome at most, silent afterwards, nobody without proof', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(dialer, acceptor),
      fc.array(anyEvent, { maxLength: 12 }),
      (env, events) => {
        const tags = tagsOf(run(env, events).actions)
        const outcomes = run(env, events).actions.filter(({ tag }) =>
          ['finish', 'exempt', 'fail'].includes(tag),
        )
        assert.not(tags.includes('exempt'))
        assert.ok(outcomes.length <= 1)
        if (outcomes.length === 1) assert.is(tags.at(-1), outcomes[0]!.tag)
        if (tags.includes('finish')) assert.ok(tags.includes('ok'))
      },
    ),
    { numRuns: 500 },
  )
})

test.run()
