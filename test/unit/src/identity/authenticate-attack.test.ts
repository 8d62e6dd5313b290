import fc from 'fast-check'
import { encodeAuthMessage } from '../../../../src/identity/auth-message.ts'
import { signTranscript } from '../../../../src/identity/auth-transcript.ts'
import { ed25519 } from '../../../../src/identity/ed25519.ts'
import { limits } from '../../../../src/limits.ts'
import { assert, suite } from '../../../support/harness.ts'
import {
  accept,
  type Binding,
  dial,
  filesOf,
  helloOf,
  type Machine,
  pipePair,
  quiet,
  reasonOf,
  ScriptedPeer,
  twoMachines,
} from './auth-fixture.ts'

const test = suite('authenticate against an attacker')

/** The acceptor `b` faced with a peer the test plays. */
async function facingAcceptor() {
  const { world, a, b, binding } = await twoMachines()
  const [left, right] = pipePair()
  const result = accept(b, right, binding)
  return { world, a, b, binding, peer: new ScriptedPeer(left), result, ours: right }
}

/** The dialer `a` faced with a peer the test plays. */
async function facingDialer() {
  const { world, a, b, binding } = await twoMachines()
  const [left, right] = pipePair()
  const peer = new ScriptedPeer(right)
  const result = dial(a, 'b@h', left, binding)
  return { world, a, b, binding, peer, result, ours: left }
}

/** Plays an honest `a` up to the acceptor's response; answers what `a` would respond. */
async function introduce(peer: ScriptedPeer, a: Machine, binding: Binding) {
  peer.say(helloOf(a))
  await peer.hear('hello')
  const { nonce, timestampMs } = await peer.hear('challenge')
  peer.say({ tag: 'challenge', nonce: new Uint8Array(32), timestampMs })
  const theirs = await peer.hear('response')
  const facts = { ...binding, role: 'dialer', nonce, timestampMs } as const
  const signature = signTranscript(ed25519, a.keypair, facts)
  if (!signature) throw new Error('the fixture signs what has the right size')
  return { theirs, ours: { tag: 'response', signature } as const }
}

for (const [role, facing] of [
  ['acceptor', facingAcceptor],
  ['dialer', facingDialer],
] as const) {
  test(`${role}: a silent peer is cut at the deadline, not before`, async () => {
    const { world, result, ours } = await facing()
    let settled = false
    result.then(() => {
      settled = true
    })
    world.advance(limits.authHandshakeTimeoutMs - 1)
    await quiet()
    assert.not(settled)
    world.advance(limits.authHandshakeTimeoutMs)
    assert.is(reasonOf(await result), 'authStreamTimeout')
    assert.ok(ours.ended)
    assert.is(ours.onBytes, undefined)
  })

  test(`${role}: a peer that dribbles a byte a second is cut at the same deadline`, async () => {
    const { world, a, b, peer, result } = await facing()
    const claimed = role === 'acceptor' ? a : b
    const bytes = encodeAuthMessage(helloOf(claimed))
    let sent = 0
    const dribble = (): void => {
      peer.pipe.send(bytes.subarray(sent, sent + 1))
      sent += 1
      world.after(1000, dribble)
    }
    dribble()
    let settled = false
    const reason = result.then((outcome) => {
      settled = true
      return reasonOf(outcome)
    })
    while (!settled && world.nowMs < 60_000) {
      world.advance()
      await quiet()
    }
    assert.is(await reason, 'authStreamTimeout')
    assert.is(world.nowMs, limits.authHandshakeTimeoutMs)
    assert.ok(sent >= 9 && sent < bytes.length)
  })

  test(`${role}: end, reset and garbage of the peer are outcomes`, async () => {
    const ended = await facing()
    ended.peer.pipe.end()
    assert.is(reasonOf(await ended.result), 'streamEnded')

    const reset = await facing()
    reset.ours.onReset?.(77)
    const outcome = await reset.result
    assert.ok(outcome.tag === 'error' && outcome.reason === 'streamReset')
    assert.ok(outcome.tag === 'error' && outcome.message.includes('77'))

    const garbage = await facing()
    garbage.peer.pipe.send(Uint8Array.of(0, 3, 9, 9, 9))
    assert.is(reasonOf(await garbage.result), 'unknownMessageType')
  })

  test(`${role}: a flood and an announced giant are refused at once`, async () => {
    const flood = await facing()
    flood.peer.pipe.send(new Uint8Array(1024 * 1024).fill(255))
    assert.is(reasonOf(await flood.result), 'messageTooLarge')
    const giant = await facing()
    giant.peer.pipe.send(Uint8Array.of(0xff, 0xff))
    assert.is(reasonOf(await giant.result), 'messageTooLarge')
  })

  test(`${role}: a FAIL followed at once by the end is still reported`, async () => {
    const { peer, result } = await facing()
    peer.say({ tag: 'fail', reason: 'untrustedKey' })
    peer.pipe.end()
    const outcome = await result
    assert.ok(outcome.tag === 'error' && outcome.peerReason === 'untrustedKey')
  })

  test(`${role}: any bytes, in any cut, end in an error value, nothing pinned`, async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.uint8Array({ maxLength: 60 }), { maxLength: 8 }),
        async (chunks) => {
          const { a, b, peer, result } = await facing()
          for (const chunk of chunks) peer.pipe.send(chunk)
          peer.pipe.end()
          assert.is((await result).tag, 'error')
          assert.equal([...filesOf(a), ...filesOf(b)], [])
        },
      ),
      { numRuns: 60 },
    )
  })
}

test('a peer of version 1 is told unsupportedVersion', async () => {
  const { peer, result } = await facingAcceptor()
  peer.pipe.send(Uint8Array.of(0, 2, 1, 1))
  assert.is((await peer.hear('fail')).reason, 'unsupportedVersion')
  const outcome = await result
  assert.ok(outcome.tag === 'error' && outcome.reason === 'unsupportedVersion')
})

test('a response of an earlier handshake is refused: the nonce is another', async () => {
  const { world, a, b, binding } = await twoMachines()
  const [left, right] = pipePair()
  const results = Promise.all([dial(a, 'b@h', left, binding), accept(b, right, binding)])
  assert.equal((await results).map(reasonOf), ['ok', 'ok'])
  const recorded = left.messages.find(({ tag }) => tag === 'response')
  assert.ok(recorded)
  if (!recorded) return

  const [attacker, ours] = pipePair()
  const peer = new ScriptedPeer(attacker)
  const result = accept(b, ours, binding)
  peer.say(helloOf(a))
  await peer.hear('hello')
  await peer.hear('challenge')
  peer.say({
    tag: 'challenge',
    nonce: world.random.bytes(32),
    timestampMs: BigInt(a.platform.clock.wallMs()),
  })
  await peer.hear('response')
  peer.say(recorded)
  assert.is((await peer.hear('fail')).reason, 'signatureInvalid')
  assert.is(reasonOf(await result), 'signatureVerificationFailed')
})

test('our own challenge sent back is refused', async () => {
  const { a, peer, result } = await facingAcceptor()
  peer.say(helloOf(a))
  await peer.hear('hello')
  peer.say(await peer.hear('challenge'))
  assert.is((await peer.hear('fail')).reason, 'nonceReflected')
  assert.is(reasonOf(await result), 'nonceReflected')
})

test('our own response sent back is refused', async () => {
  const { a, b, binding, peer, result } = await facingAcceptor()
  peer.say((await introduce(peer, a, binding)).theirs)
  assert.is(reasonOf(await result), 'signatureVerificationFailed')
  assert.equal(filesOf(b), [])
})

test('first contact is pinned after the proof and the OK of the peer, not before', async () => {
  const { a, b, binding, peer, result } = await facingAcceptor()
  const { ours } = await introduce(peer, a, binding)
  assert.equal(filesOf(b), [])
  peer.say(ours)
  await peer.hear('ok')
  await quiet()
  assert.equal(filesOf(b), [])
  peer.say({ tag: 'ok' })
  assert.is(reasonOf(await result), 'ok')
  assert.equal(filesOf(b), ['keys/trusted/a@h.pub'])
})

test('a peer that never says OK is not accepted and not pinned', async () => {
  const { world, a, b, binding, peer, result } = await facingAcceptor()
  peer.say((await introduce(peer, a, binding)).ours)
  await peer.hear('ok')
  await quiet()
  world.advance(limits.authHandshakeTimeoutMs)
  assert.is(reasonOf(await result), 'authStreamTimeout')
  assert.equal(filesOf(b), [])
})

test('OK before RESPONSE is refused', async () => {
  const { a, b, binding, peer, result } = await facingAcceptor()
  await introduce(peer, a, binding)
  peer.say({ tag: 'ok' })
  assert.is((await peer.hear('fail')).reason, 'unexpectedMessage')
  assert.is(reasonOf(await result), 'unexpectedMessage')
  assert.equal(filesOf(b), [])
})

test('a second RESPONSE is refused, nothing pinned', async () => {
  const { a, b, binding, peer, result } = await facingAcceptor()
  const { ours } = await introduce(peer, a, binding)
  peer.say(ours)
  peer.say(ours)
  assert.is(reasonOf(await result), 'unexpectedMessage')
  assert.equal(filesOf(b), [])
})

test('a second HELLO is refused, also when it came while the pin was looked up', async () => {
  const { a, peer, result } = await facingAcceptor()
  peer.say(helloOf(a))
  peer.say(helloOf(a))
  assert.is(reasonOf(await result), 'unexpectedMessage')
})

test('ten thousand claimed names leave nothing behind', async () => {
  const { world, b, binding } = await twoMachines()
  const publicKey = world.random.bytes(32)
  for (let i = 0; i < 10_000; i++) {
    const [left, right] = pipePair()
    const result = accept(b, right, binding)
    left.send(encodeAuthMessage({ tag: 'hello', name: `bogus-${i}@h`, publicKey }))
    left.end()
    assert.is(reasonOf(await result), 'streamEnded')
  }
  assert.equal(filesOf(b), [])
  assert.equal(b.trust.listTrusted(), [])
  assert.not(world.advance())
})

test.run()
