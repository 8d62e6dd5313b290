import type { Platform, Storage } from '../../../../runtime/platform/platform.ts'
import { World } from '../../../../runtime/platform/sim.ts'
import { simStorage } from '../../../../runtime/platform/sim-storage.ts'
import { encodeAuthMessage } from '../../../../src/identity/auth-message.ts'
import { authenticate } from '../../../../src/identity/authenticate.ts'
import { ed25519, fingerprint, type Signer } from '../../../../src/identity/ed25519.ts'
import type { AcceptorNonce } from '../../../../src/identity/handshake.ts'
import { openTrustStore } from '../../../../src/identity/trust-store.ts'
import { limits } from '../../../../src/limits.ts'
import { assert, suite } from '../../../support/harness.ts'
import {
  accept,
  bindingOf,
  dial,
  filesOf,
  helloOf,
  type Machine,
  machine,
  meet,
  messagesOf,
  pipePair,
  quiet,
  reasonOf,
  type TestPipe,
  twoMachines,
} from './auth-fixture.ts'

const test = suite('authenticate')

test('two strangers: both succeed, each pins the other once, no timer is left', async () => {
  const { world, a, b } = await twoMachines()
  const [atA, atB] = await meet(a, b)
  const known = (peer: Machine) => ({ name: peer.name, publicKey: peer.keypair.publicKey })
  assert.ok(atA.tag === 'ok' && atB.tag === 'ok')
  const { acceptorNonce } = atA
  assert.is(acceptorNonce.length, 32)
  assert.equal(atA, { tag: 'ok', ...known(b), firstContact: true, acceptorNonce })
  assert.equal(atB, { tag: 'ok', ...known(a), firstContact: true, acceptorNonce })
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
  test(`${mode}: another key for a pinned name is refused, the pin kept`, async () => {
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

  test(`${mode}: a relay between two TLS connections fails, nothing pinned`, async () => {
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

test('strict: an unknown peer is refused and told why; pinned at run time it enters', async () => {
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
  test(`a peer ${skewMs} ms off is ${accepted ? 'accepted' : 'refused'}`, async () => {
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

test('an answer that arrives within send waits; nothing is sent after the end', async () => {
  const { a, b, binding } = await twoMachines()
  const [, right] = pipePair()
  const calls: string[] = []
  right.send = (bytes) => {
    calls.push(messagesOf([bytes])[0]?.tag ?? 'nothing')
    if (calls.length === 1) right.onBytes?.(encodeAuthMessage({ tag: 'fail', reason: 'no' }))
  }
  right.end = () => {
    calls.push('end')
  }
  const atB = accept(b, right, binding)
  right.onBytes?.(encodeAuthMessage(helloOf(a)))
  assert.is(reasonOf(await atB), 'authRejected')
  assert.equal(calls, ['hello', 'challenge', 'end'])
})

/** `b` with a trust store on a disk of the test's making. */
async function withStorage(b: Machine, storage: Storage): Promise<Machine> {
  const opened = await openTrustStore({ storage, clock: b.platform.clock, dir: 'keys' })
  if (opened.tag === 'error') throw new Error(opened.message)
  return { ...b, trust: opened.store }
}

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

test('the dialer challenges with its first words, the acceptor answers with three', async () => {
  const { a, b, binding } = await twoMachines()
  const [left, right] = pipePair()
  const flights: string[] = []
  for (const [pipe, name] of [
    [left, 'a'],
    [right, 'b'],
  ] as const) {
    const send = pipe.send.bind(pipe)
    pipe.send = (bytes) => {
      flights.push(`${name} ${messagesOf([bytes])[0]?.tag}`)
      send(bytes)
    }
  }
  await Promise.all([dial(a, 'b@h', left, binding), accept(b, right, binding)])
  const first = ['a hello', 'a challenge', 'b hello', 'b challenge', 'b response']
  assert.equal(flights, [...first, 'a response', 'a ok', 'b ok'])
})

test('onProven is called once, after our OK and before the peer said its own', async () => {
  const { a, b, binding } = await twoMachines()
  const [left, right] = pipePair()
  const seen: string[] = []
  const { name: selfName, keypair, trust, platform } = a
  const role = { tag: 'dialer', dialed: 'b@h' } as const
  const onProven = ({ acceptorNonce }: AcceptorNonce): void => {
    const theirs = right.messages.find(({ tag }) => tag === 'challenge')
    assert.equal(theirs?.tag === 'challenge' && theirs.nonce, acceptorNonce)
    seen.push(`after ${left.messages.at(-1)?.tag}, told ${right.messages.at(-1)?.tag}`)
  }
  const options = { selfName, keypair, trust, platform, ...binding, pipe: left, role, onProven }
  await Promise.all([authenticate(options), accept(b, right, binding)])
  assert.equal(seen, ['after ok, told response'])
})

test('a slow signer: what was sent has left before the next message is looked at', async () => {
  const { world, a, b, binding } = await twoMachines()
  const [left, right] = pipePair()
  let signed = 0
  const sign: Signer['sign'] = (bytes, key) => {
    signed++
    return ed25519.sign(bytes, key)
  }
  const { name: selfName, keypair, trust, platform } = b
  const signer: Signer = { ...ed25519, sign, isSlow: true }
  const role = { tag: 'acceptor' } as const
  const atA = dial(a, 'b@h', left, binding)
  const options = { selfName, keypair, trust, platform, ...binding, pipe: right, role, signer }
  const atB = authenticate(options)
  await quiet()
  assert.equal([right.messages.map(({ tag }) => tag), signed], [['hello', 'challenge'], 0])
  world.advance(0)
  await quiet()
  assert.equal([right.messages.at(-1)?.tag, signed], ['response', 1])
  world.advance(0)
  await quiet()
  assert.is(right.messages.at(-1)?.tag, 'ok')
  world.advance(0)
  assert.equal((await Promise.all([atA, atB])).map(reasonOf), ['ok', 'ok'])
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

test('the given time limit is used', async () => {
  const { world, b, binding } = await twoMachines()
  const platform: Pick<Platform, 'clock' | 'random' | 'turn'> = b.platform
  const options = { selfName: b.name, keypair: b.keypair, trust: b.trust, platform, ...binding }
  const [, right] = pipePair()
  const role = { tag: 'acceptor' } as const
  const result = authenticate({ ...options, pipe: right, role, timeoutMs: 250 })
  world.advance(250)
  assert.is(reasonOf(await result), 'authStreamTimeout')
  assert.is(world.nowMs, 250)
})

test('the given timestamp window is used', async () => {
  const world = new World(1)
  const a = await machine(world, 'a@h', { wallSkewMs: 21 })
  const b = await machine(world, 'b@h')
  const [left, right] = pipePair()
  const options = { selfName: b.name, keypair: b.keypair, trust: b.trust, platform: b.platform }
  const role = { tag: 'acceptor' } as const
  const binding = bindingOf(a, b)
  const atA = dial(a, 'b@h', left, binding)
  const atB = authenticate({ ...options, ...binding, pipe: right, role, timestampWindowMs: 10 })
  assert.is(reasonOf(await atB), 'peerTsSkew')
  assert.is(reasonOf(await atA), 'authRejected')
})

test.run()
