import { createPublicKey, verify as hostVerify } from 'node:crypto'
import {
  authTranscript,
  type SignedFacts,
  signTranscript,
  verifyTranscript,
} from '../../../../src/identity/auth-transcript.ts'
import { ed25519 } from '../../../../src/identity/ed25519.ts'
import { assert, suite } from '../../../support/harness.ts'
import {
  authVectors,
  fromHex,
  type TranscriptVector,
  toHex,
} from '../../../support/vectors/auth-vectors.ts'

const test = suite('auth transcript')

function factsOf(vector: TranscriptVector): SignedFacts {
  return {
    role: vector.role,
    nonce: fromHex(vector.nonce),
    timestampMs: BigInt(vector.timestampMs),
    signerKey: fromHex(vector.publicKey),
    serverCertHash: fromHex(vector.serverCertHash),
    clientCertHash: fromHex(vector.clientCertHash),
  }
}

for (const vector of authVectors.transcripts) {
  const facts = factsOf(vector)
  const keypair = { publicKey: fromHex(vector.publicKey), privateKey: fromHex(vector.seed) }

  test(`golden bytes and signature of the ${vector.role}`, () => {
    assert.is(toHex(authTranscript(facts)!), vector.bytes)
    assert.is(toHex(signTranscript(ed25519, keypair, facts)!), vector.signature)
    assert.ok(verifyTranscript(ed25519, fromHex(vector.signature), facts))
  })

  test(`an independent verifier accepts the ${vector.role}'s signature`, () => {
    const spki = Buffer.from(`302a300506032b6570032100${vector.publicKey}`, 'hex')
    const key = createPublicKey({ key: spki, format: 'der', type: 'spki' })
    const signature = signTranscript(ed25519, keypair, facts)!
    assert.ok(hostVerify(null, fromHex(vector.bytes), key, signature))
  })
}

const vector = authVectors.transcripts[0]!
const facts = factsOf(vector)
const other = factsOf(authVectors.transcripts[1]!)
const bent = (bytes: Uint8Array): Uint8Array =>
  bytes.map((byte, at) => (at === 31 ? byte ^ 1 : byte))

const changes: readonly (readonly [string, Partial<SignedFacts>])[] = [
  ['role', { role: 'acceptor' }],
  ['nonce', { nonce: bent(facts.nonce) }],
  ['timestamp', { timestampMs: facts.timestampMs + 1n }],
  ["signer's key", { signerKey: other.signerKey }],
  ['server certificate', { serverCertHash: bent(facts.serverCertHash) }],
  ['client certificate', { clientCertHash: bent(facts.clientCertHash) }],
  [
    'order of the certificates',
    { serverCertHash: facts.clientCertHash, clientCertHash: facts.serverCertHash },
  ],
]

for (const [what, change] of changes) {
  test(`a signature does not hold for another ${what}`, () => {
    assert.not(verifyTranscript(ed25519, fromHex(vector.signature), { ...facts, ...change }))
  })
}

test('a field of the wrong size gives no bytes, no signature, and false', () => {
  const keypair = { publicKey: fromHex(vector.publicKey), privateKey: fromHex(vector.seed) }
  for (const field of ['nonce', 'signerKey', 'serverCertHash', 'clientCertHash'] as const) {
    for (const size of [0, 31, 33, 64]) {
      const wrong = { ...facts, [field]: new Uint8Array(size) }
      assert.is(authTranscript(wrong), undefined)
      assert.not(verifyTranscript(ed25519, fromHex(vector.signature), wrong))
      if (field !== 'signerKey') assert.is(signTranscript(ed25519, keypair, wrong), undefined)
    }
  }
})

test.run()
