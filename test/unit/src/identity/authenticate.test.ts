import fc from 'fast-check'
import type { Platform, Storage } from '../../../../runtime/platform/platform.ts'
import { World } from '../../../../runtime/platform/sim.ts'
import { simStorage } from '../../../../runtime/platform/sim-storage.ts'
import { encodeAuthMessage } from '../../../../src/identity/auth-message.ts'
import { signTranscript } from '../../../../src/identity/auth-transcript.ts'
import { type AuthResult, authenticate } from '../../../../src/identity/authenticate.ts'
import { ed25519, fingerprint, generateKeypair } from '../../../../src/identity/ed25519.ts'
import { openTrustStore } from '../../../../src/identity/trust-store.ts'
import { limits } from '../../../../src/limits.ts'
import { assert, suite } from '../../../support/harness.ts'
import {
  accept,
  type Binding,
  bindingOf,
  dial,
  type Machine,
  machine,
  meet,
  pipePair,
  quiet,
  ScriptedPeer,
  type TestPipe,
} from './auth-fixture.ts'

const test = suite('authenticate')

const filesOf = ({ disk }: Machine): readonly string[] => [...disk.keys()]
const reasonOf = (result: AuthResult): string => (result.tag === 'ok' ? 'ok' : result.reason)

async function twoMachines(
  seed = 1,
): Promise<{ world: World; a: Machine; b: Machine; binding: Binding }> {
  const world = new World(seed)
  const a = await machine(world, 'a@h')
  const b = await machine(world, 'b@h')
  return { world, a, b, binding: bindingOf(a, b) }
}

/** The acceptor `b` faced with a peer the test plays; `world` has its deadline only. */
async function facingAcceptor(seed = 1) {
  const { world, a, b, binding } = await twoMachines(seed)
  const [left, right] = pipePair()
  const result = accept(b, right, binding)
  return { world, a, b, binding, peer: new ScriptedPeer(left), result, ours: right }
}

/** The dialer `a` faced with a peer the test plays. */
async function facingDialer(seed = 1) {
  const { world, a, b, binding } = await twoMachines(seed)
  const [left, right] = pipePair()
  const peer = new ScriptedPeer(right)
  const result = dial(a, 'b@h', left, binding)
  return { world, a, b, binding, peer, result, ours: left }
}

const helloOf = (self: Machine) =>
  ({ tag: 'hello', name: self.name, publicKey: self.keypair.publicKey }) as const

test('two strangers: both succeed, each pins the other once, no timer is left', async () => {
  const { world, a, b } = await twoMachines()
  const [atA, atB] = await meet(a, b)
  const known = (peer: Machine) => ({ name: peer.name, publicKey: peer.keypair.publicKey })
  assert.equal(atA, { tag: 'ok', ...known(b), firstContact: true })
  assert.equal(atB, { tag: 'ok', ...known(a), firstContact: true })
  assert.equal(filesOf(a), ['keys/trusted/b@h.pub'])
  assert.equal(filesOf(b), ['keys/trusted/a@h.pub'])
  assert.equal(b.disk.get('keys/trusted/a@h.pub')?.bytes, a.keypair.publicKey)
  const before = world.nowMs
  assert.not(world.advance())
  assert.is(world.nowMs, before)
})

test('meeting again: accepted by the pin, last seen moves, no file is written', async () => {
  const { world, a, b } = await twoMachines()
  await meet(a, b)
  const file = b.disk.get('keys/trusted/a@h.pub')
  world.advance(60_000)
  const [atA, atB] = await meet(b, a)
  assert.ok(atA.tag === 'ok' && !atA.firstContact)
  assert.ok(atB.tag === 'ok' && !atB.firstContact)
  assert.is(b.disk.get('keys/trusted/a@h.pub'), file)
  assert.is(b.trust.listTrusted()[0]?.lastSeenMs, b.platform.clock.wallMs())
})

test('after a restart of both, on the same disks, they know each other', async () => {
  const { world, a, b } = await twoMachines()
  await meet(a, b)
  const a2 = await machine(world, 'a@h', { disk: a.disk, keypair: a.keypair, mode: 'strict' })
  const b2 = await machine(world, 'b@h', { disk: b.disk, keypair: b.keypair, mode: 'strict' })
  assert.equal((await meet(a2, b2)).map(reasonOf), ['ok', 'ok'])
})

for (const mode of ['tofu', 'strict'] as const) {
  test(`${mode}: another key for a pinned name is refused, told to the dialer, pin kept`, async () => {
    const { world, a, b } = await twoMachines()
    await meet(a, b)
    b.trust.setTrustMode(mode)
    const file = b.disk.get('keys/trusted/a@h.pub')
    const impostor = await machine(world, 'a@h')
    const [atImpostor, atB] = await meet(impostor, b)
    assert.ok(atB.tag === 'error' && atB.reason === 'keyMismatch')
    if (atB.tag !== 'error') return
    assert.is(atB.peerName, 'a@h')
    assert.equal(atB.fingerprints, {
      presented: fingerprint(impostor.keypair.publicKey),
      expected: fingerprint(a.keypair.publicKey),
    })
    assert.match(atB.message, 'a@h')
    assert.ok(atImpostor.tag === 'error' && atImpostor.reason === 'authRejected')
    assert.ok(atImpostor.tag === 'error' && atImpostor.peerReason === 'keyMismatch')
    assert.is(b.disk.get('keys/trusted/a@h.pub'), file)
    assert.equal(filesOf(impostor), [])
  })

  test(`${mode}: the dialer refuses a server with another key, told to the server`, async () => {
    const { world, a, b } = await twoMachines()
    await meet(a, b)
    a.trust.setTrustMode(mode)
    const impostor = await machine(world, 'b@h')
    const [atA, atImpostor] = await meet(a, impostor)
    assert.is(reasonOf(atA), 'keyMismatch')
    assert.ok(atImpostor.tag === 'error' && atImpostor.peerReason === 'keyMismatch')
    assert.equal(filesOf(impostor), [])
  })

  test(`${mode}: a relay between two TLS connections fails on both sides, nothing pinned`, async () => {
    const { world, a, b } = await twoMachines()
    if (mode === 'strict') {
      await a.trust.storeKey('b@h', b.keypair.publicKey)
      await b.trust.storeKey('a@h', a.keypair.publicKey)
      a.trust.setTrustMode('strict')
      b.trust.setTrustMode('strict')
    }
    const files = [filesOf(a), filesOf(b)]
    const middle = await machine(world, 'm@h')
    // The relay copies every byte between its leg to a and its leg to b.
    const [left, right] = pipePair()
    const results = Promise.all([
      dial(a, 'b@h', left, bindingOf(a, middle)),
      accept(b, right, bindingOf(middle, b)),
    ])
    for (const result of await results) {
      assert.ok(result.tag === 'error')
      const reasons = ['signatureVerificationFailed', 'authRejected']
      assert.ok(reasons.includes(reasonOf(result)), reasonOf(result))
    }
    assert.equal([filesOf(a), filesOf(b)], files)
  })
}

for (const [what, relayDials] of [
  ['client', true],
  ['server', false],
] as const) {
  test(`a relay that shares the ${what} certificate of one leg still fails`, async () => {
    const { world, a, b, binding } = await twoMachines()
    const middle = await machine(world, 'm@h')
    const [left, right] = pipePair()
    const bent = relayDials
      ? { ...binding, clientCertHash: middle.certHash }
      : { ...binding, serverCertHash: middle.certHash }
    const [atA, atB] = await Promise.all([dial(a, 'b@h', left, binding), accept(b, right, bent)])
    assert.is(atA.tag, 'error')
    assert.is(atB.tag, 'error')
    assert.equal([...filesOf(a), ...filesOf(b)], [])
  })
}

test('strict: an unknown peer is refused, told why, and never pinned; pinned at run time it enters', async () => {
  const { a, b } = await twoMachines()
  b.trust.setTrustMode('strict')
  const [atA, atB] = await meet(a, b)
  assert.is(reasonOf(atB), 'untrustedKey')
  assert.ok(atA.tag === 'error' && atA.peerReason === 'untrustedKey')
  assert.equal([...filesOf(a), ...filesOf(b)], [])
  await b.trust.storeKey('a@h', a.keypair.publicKey)
  assert.equal((await meet(a, b)).map(reasonOf), ['ok', 'ok'])
})

test('the dialer refuses a node of another name than dialled', async () => {
  const { a, b, binding } = await twoMachines()
  const [left, right] = pipePair()
  const results = Promise.all([dial(a, 'c@h', left, binding), accept(b, right, binding)])
  assert.equal((await results).map(reasonOf), ['wrongPeerName', 'authRejected'])
  assert.equal([...filesOf(a), ...filesOf(b)], [])
})

test("the holder of one node's key cannot connect as another", async () => {
  const { world, a, b } = await twoMachines()
  const c = await machine(world, 'c@h')
  await meet(a, b)
  await meet(c, b)
  const thief = await machine(world, 'c@h', { keypair: a.keypair })
  assert.is(reasonOf((await meet(thief, b))[1]), 'keyMismatch')
})

test('a caller with our own key under another name is refused', async () => {
  const { world, b } = await twoMachines()
  const mirror = await machine(world, 'x@h', { keypair: b.keypair })
  assert.is(reasonOf((await meet(mirror, b))[1]), 'ownKeyReflected')
})

for (const [skewMs, accepted] of [
  [59_000, true],
  [-59_000, true],
  [61_000, false],
  [-61_000, false],
  [300_000, false],
] as const) {
  test(`a peer whose clock is ${skewMs} ms off is ${accepted ? 'accepted' : 'refused'}`, async () => {
    const world = new World(1)
    const a = await machine(world, 'a@h')
    const b = await machine(world, 'b@h', { wallSkewMs: skewMs })
    const results = await meet(a, b)
    if (accepted) assert.equal(results.map(reasonOf), ['ok', 'ok'])
    else {
      assert.ok(results.some((result) => reasonOf(result) === 'peerTsSkew'))
      assert.ok(results.every((result) => result.tag === 'error'))
      assert.equal([...filesOf(a), ...filesOf(b)], [])
    }
  })
}

test('a wall clock that steps while the handshake runs does not matter', async () => {
  const { a, b, binding } = await twoMachines()
  let stepMs = 0
  const clock = { ...b.platform.clock, wallMs: () => b.platform.clock.wallMs() + stepMs }
  const stepping: Machine = { ...b, platform: { ...b.platform, clock } }
  const [left, right] = pipePair()
  const atB = accept(stepping, right, binding)
  stepMs = 3_600_000
  const atA = dial(a, 'b@h', left, binding)
  assert.equal((await Promise.all([atA, atB])).map(reasonOf), ['ok', 'ok'])
})

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
  const { a, b, peer, result } = await facingAcceptor()
  peer.say(helloOf(a))
  await peer.hear('hello')
  const { timestampMs } = await peer.hear('challenge')
  peer.say({ tag: 'challenge', nonce: new Uint8Array(32), timestampMs })
  peer.say(await peer.hear('response'))
  assert.is(reasonOf(await result), 'signatureVerificationFailed')
  assert.equal(filesOf(b), [])
})

test('first contact is pinned after the proof and the OK of the peer, not before', async () => {
  const { a, b, binding, peer, result } = await facingAcceptor()
  peer.say(helloOf(a))
  await peer.hear('hello')
  const { nonce, timestampMs } = await peer.hear('challenge')
  peer.say({ tag: 'challenge', nonce: new Uint8Array(32), timestampMs })
  await peer.hear('response')
  assert.equal(filesOf(b), [])
  const facts = { ...binding, role: 'dialer', nonce, timestampMs } as const
  const signature = signTranscript(ed25519, a.keypair, facts)
  assert.ok(signature)
  peer.say({ tag: 'response', signature: signature! })
  await peer.hear('ok')
  await quiet()
  assert.equal(filesOf(b), [])
  peer.say({ tag: 'ok' })
  assert.is(reasonOf(await result), 'ok')
  assert.equal(filesOf(b), ['keys/trusted/a@h.pub'])
})

test('a peer that never says OK is not accepted and not pinned', async () => {
  const { world, a, b, binding, peer, result } = await facingAcceptor()
  peer.say(helloOf(a))
  await peer.hear('hello')
  const { nonce, timestampMs } = await peer.hear('challenge')
  peer.say({ tag: 'challenge', nonce: new Uint8Array(32), timestampMs })
  await peer.hear('response')
  const facts = { ...binding, role: 'dialer', nonce, timestampMs } as const
  peer.say({ tag: 'response', signature: signTranscript(ed25519, a.keypair, facts)! })
  await peer.hear('ok')
  await quiet()
  world.advance(limits.authHandshakeTimeoutMs)
  assert.is(reasonOf(await result), 'authStreamTimeout')
  assert.equal(filesOf(b), [])
})

test('OK before RESPONSE is refused', async () => {
  const { a, b, peer, result } = await facingAcceptor()
  peer.say(helloOf(a))
  await peer.hear('hello')
  const { timestampMs } = await peer.hear('challenge')
  peer.say({ tag: 'challenge', nonce: new Uint8Array(32), timestampMs })
  peer.say({ tag: 'ok' })
  await peer.hear('response')
  assert.is((await peer.hear('fail')).reason, 'unexpectedMessage')
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

test('messages sent together or byte by byte give the same outcome', async () => {
  const { a, b, binding } = await twoMachines()
  const [left, right] = pipePair()
  const split = (from: TestPipe, to: TestPipe): void => {
    from.send = (bytes) => {
      // A carrier may reuse the bytes once the callback returned.
      const scratch = new Uint8Array(1)
      for (const byte of bytes) {
        queueMicrotask(() => {
          scratch[0] = byte
          to.onBytes?.(scratch)
        })
      }
    }
  }
  split(left, right)
  split(right, left)
  const results = Promise.all([dial(a, 'b@h', left, binding), accept(b, right, binding)])
  assert.equal((await results).map(reasonOf), ['ok', 'ok'])
})

test('a pipe that delivers from within send keeps the order of messages', async () => {
  const { a, b, binding } = await twoMachines()
  const [left, right] = pipePair()
  left.send = (bytes) => right.onBytes?.(bytes)
  right.send = (bytes) => left.onBytes?.(bytes)
  const atB = accept(b, right, binding)
  const atA = dial(a, 'b@h', left, binding)
  assert.equal((await Promise.all([atA, atB])).map(reasonOf), ['ok', 'ok'])
})

test('a key pinned by another connection meanwhile wins: keyMismatch at the write', async () => {
  const { a, b, binding, peer, result } = await facingAcceptor()
  peer.say(helloOf(a))
  await peer.hear('hello')
  const { nonce, timestampMs } = await peer.hear('challenge')
  peer.say({ tag: 'challenge', nonce: new Uint8Array(32), timestampMs })
  const other = generateKeypair(a.platform.random).publicKey
  await b.trust.storeKeyIfNew('a@h', other)
  const facts = { ...binding, role: 'dialer', nonce, timestampMs } as const
  peer.say({ tag: 'response', signature: signTranscript(ed25519, a.keypair, facts)! })
  peer.say({ tag: 'ok' })
  assert.is(reasonOf(await result), 'keyMismatch')
  assert.ok(await b.trust.isTrusted('a@h', other))
})

/** `b` with a trust store on a disk of the test's making. */
async function withStorage(b: Machine, storage: Storage): Promise<Machine> {
  const opened = await openTrustStore({ storage, clock: b.platform.clock, dir: 'keys' })
  if (opened.tag === 'error') throw new Error(opened.message)
  return { ...b, trust: opened.store }
}

test('a disk that cannot keep the pin fails the acceptor, which says why', async () => {
  const { a, b } = await twoMachines()
  const full = { tag: 'error', reason: 'failed', message: 'ENOSPC: no space left' } as const
  const storage: Storage = { ...simStorage(new Map()), write: async () => full }
  const [, atB] = await meet(a, await withStorage(b, storage))
  assert.ok(atB.tag === 'error' && atB.reason === 'pinWriteFailed')
  assert.ok(atB.tag === 'error' && atB.message.includes('ENOSPC'))
})

test('a disk that never answers is cut at the deadline', async () => {
  const { world, a, b, binding } = await twoMachines()
  const storage: Storage = { ...simStorage(new Map()), read: () => new Promise(() => undefined) }
  const [left, right] = pipePair()
  const atB = accept(await withStorage(b, storage), right, binding)
  left.send(encodeAuthMessage(helloOf(a)))
  await quiet()
  world.advance(limits.authHandshakeTimeoutMs)
  assert.is(reasonOf(await atB), 'authStreamTimeout')
})

test('a signer or port that throws rejects the promise and leaves no timer', async () => {
  const { world, a, b, binding } = await twoMachines()
  const signer = {
    ...ed25519,
    sign: () => {
      throw new Error('the token was pulled out')
    },
  }
  const [left, right] = pipePair()
  const atB = accept(b, right, binding)
  const options = { selfName: a.name, keypair: a.keypair, trust: a.trust, platform: a.platform }
  const role = { tag: 'dialer', dialed: 'b@h' } as const
  const broken = authenticate({ ...options, ...binding, pipe: left, role, signer })
  const thrown = await broken.then(
    () => '',
    (error: unknown) => String(error),
  )
  assert.match(thrown, 'pulled out')
  assert.is(reasonOf(await atB), 'streamEnded')
  assert.not(world.advance())
})

test('the given time limit and window are used', async () => {
  const { world, b, binding } = await twoMachines()
  const platform: Pick<Platform, 'clock' | 'random'> = b.platform
  const options = { selfName: b.name, keypair: b.keypair, trust: b.trust, platform, ...binding }
  const [, right] = pipePair()
  const role = { tag: 'acceptor' } as const
  const result = authenticate({ ...options, pipe: right, role, timeoutMs: 250 })
  world.advance(250)
  assert.is(reasonOf(await result), 'authStreamTimeout')
  assert.is(world.nowMs, 250)
})

test.run()
