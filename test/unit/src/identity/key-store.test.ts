import { chmod, mkdir, readFile, stat, writeFile } from 'node:fs/promises'
import { nodeStorage } from '../../../../runtime/platform/node-storage.ts'
import { seededRandom } from '../../../../runtime/platform/sim.ts'
import { simStorage } from '../../../../runtime/platform/sim-storage.ts'
import { ed25519, generateKeypair } from '../../../../src/identity/ed25519.ts'
import { ensureKeypair } from '../../../../src/identity/key-store.ts'
import { chooseSigner } from '../../../../src/identity/platform-signer.ts'
import { assert, suite } from '../../../support/harness.ts'
import { toHex } from '../../../support/vectors/auth-vectors.ts'
import { dyingStorage, faultyStorage, temporaryDirectory } from './disk-fixture.ts'

const test = suite('key store')
const storage = nodeStorage()
const random = seededRandom(1)

async function failureOf(
  work: ReturnType<typeof ensureKeypair>,
): Promise<{ reason: string; message: string }> {
  const result = await work
  if (result.tag === 'ok') throw new Error('expected a failure')
  return result
}

test('first start: 32 and 32 raw bytes, the key readable by its owner alone', async () => {
  const dir = `${await temporaryDirectory()}/data/keys`
  const first = await ensureKeypair(storage, random, dir)
  assert.is(first.tag, 'ok')
  if (first.tag !== 'ok') return
  assert.is(first.origin, 'generated')
  assert.is((await stat(`${dir}/node.key`)).mode & 0o777, 0o600)
  assert.is((await stat(dir)).mode & 0o777, 0o700)
  assert.is(toHex(await readFile(`${dir}/node.key`)), toHex(first.keypair.privateKey))
  assert.is(toHex(await readFile(`${dir}/node.pub`)), toHex(first.keypair.publicKey))
  assert.is(first.keypair.privateKey.length, 32)
  assert.is(first.keypair.publicKey.length, 32)
})

test('the identity survives a restart', async () => {
  const dir = await temporaryDirectory()
  const first = await ensureKeypair(storage, random, dir)
  const second = await ensureKeypair(storage, random, dir)
  assert.ok(first.tag === 'ok' && second.tag === 'ok')
  if (first.tag !== 'ok' || second.tag !== 'ok') return
  assert.is(second.origin, 'loaded')
  assert.equal(second.keypair, first.keypair)
})

test('a missing public file is derived again, the identity stays', async () => {
  const dir = await temporaryDirectory()
  const { privateKey, publicKey } = generateKeypair(random)
  await writeFile(`${dir}/node.key`, privateKey, { mode: 0o600 })
  const result = await ensureKeypair(storage, random, dir)
  assert.is(result.tag, 'ok')
  if (result.tag !== 'ok') return
  assert.is(result.origin, 'derived')
  assert.equal(result.keypair, { publicKey, privateKey })
  assert.is(toHex(await readFile(`${dir}/node.pub`)), toHex(publicKey))
})

test('a public file without its key: a new identity, said to be one', async () => {
  const dir = await temporaryDirectory()
  await writeFile(`${dir}/node.pub`, generateKeypair(random).publicKey)
  const result = await ensureKeypair(storage, random, dir)
  assert.is(result.tag, 'ok')
  if (result.tag !== 'ok') return
  assert.is(result.origin, 'replaced')
  assert.is(toHex(await readFile(`${dir}/node.pub`)), toHex(result.keypair.publicKey))
  assert.equal(result.keypair.publicKey, ed25519.publicKey(result.keypair.privateKey))
})

test('a public key of another private key: keypairMismatch, files untouched', async () => {
  const dir = await temporaryDirectory()
  const { privateKey } = generateKeypair(random)
  const { publicKey } = generateKeypair(random)
  await writeFile(`${dir}/node.key`, privateKey, { mode: 0o600 })
  await writeFile(`${dir}/node.pub`, publicKey)
  const failure = await failureOf(ensureKeypair(storage, random, dir))
  assert.is(failure.reason, 'keypairMismatch')
  assert.match(failure.message, `${dir}/node.pub`)
  assert.is(toHex(await readFile(`${dir}/node.key`)), toHex(privateKey))
  assert.is(toHex(await readFile(`${dir}/node.pub`)), toHex(publicKey))
})

for (const file of ['node.key', 'node.pub']) {
  for (const size of [0, 31, 33, 64, 5000]) {
    test(`${file} of ${size} bytes: invalidKeySize, nothing replaced`, async () => {
      const dir = await temporaryDirectory()
      await ensureKeypair(storage, random, dir)
      await writeFile(`${dir}/${file}`, new Uint8Array(size))
      const failure = await failureOf(ensureKeypair(storage, random, dir))
      assert.is(failure.reason, 'invalidKeySize')
      assert.match(failure.message, `${dir}/${file}`)
      assert.is((await stat(`${dir}/${file}`)).size, size)
    })
  }
}

for (const [file, reason] of [
  ['node.key', 'readPrivateKeyFailed'],
  ['node.pub', 'readPublicKeyFailed'],
] as const) {
  test(`${file} that is a directory: ${reason}`, async () => {
    const dir = await temporaryDirectory()
    await mkdir(`${dir}/${file}`)
    const failure = await failureOf(ensureKeypair(storage, random, dir))
    assert.is(failure.reason, reason)
    assert.match(failure.message, `${dir}/${file}`)
  })

  test(`${file} without permission to read: ${reason}`, async () => {
    const disk = simStorage(new Map())
    await ensureKeypair(disk, random, 'keys')
    const denied = faultyStorage(
      disk,
      (operation, path) => operation === 'read' && path.endsWith(file),
    )
    assert.is((await failureOf(ensureKeypair(denied, random, 'keys'))).reason, reason)
  })
}

test('a key directory that is a file: an error naming it', async () => {
  const dir = `${await temporaryDirectory()}/keys`
  await writeFile(dir, 'not a directory')
  const failure = await failureOf(ensureKeypair(storage, random, dir))
  assert.is(failure.reason, 'readPrivateKeyFailed')
  assert.match(failure.message, dir)
})

for (const operation of ['makeDirectory', 'write', 'remove'] as const) {
  test(`a disk that refuses ${operation}: writeKeyFailed, no key minted in part`, async () => {
    const disk = new Map([['keys/node.pub', { bytes: new Uint8Array(32), mode: 0o644 }]])
    const denied = faultyStorage(simStorage(disk), (asked) => asked === operation)
    assert.is((await failureOf(ensureKeypair(denied, random, 'keys'))).reason, 'writeKeyFailed')
    assert.not(disk.has('keys/node.key'))
  })
}

test('node.key and node.pub swapped: keypairMismatch, nothing replaced', async () => {
  const dir = await temporaryDirectory()
  const { privateKey, publicKey } = generateKeypair(random)
  await writeFile(`${dir}/node.key`, publicKey, { mode: 0o600 })
  await writeFile(`${dir}/node.pub`, privateKey)
  assert.is((await failureOf(ensureKeypair(storage, random, dir))).reason, 'keypairMismatch')
  assert.is(toHex(await readFile(`${dir}/node.key`)), toHex(publicKey))
})

test('node.key with the bytes of a file that was never written out: blankKey', async () => {
  const dir = await temporaryDirectory()
  await writeFile(`${dir}/node.key`, new Uint8Array(32), { mode: 0o600 })
  const failure = await failureOf(ensureKeypair(storage, random, dir))
  assert.is(failure.reason, 'blankKey')
  assert.match(failure.message, `${dir}/node.key`)
})

for (const mode of [0o640, 0o604, 0o660, 0o644, 0o620, 0o601, 0o777]) {
  test(`node.key with mode ${mode.toString(8)}: keyExposed, until it is mended`, async () => {
    const dir = await temporaryDirectory()
    const first = await ensureKeypair(storage, random, dir)
    await chmod(`${dir}/node.key`, mode)
    const failure = await failureOf(ensureKeypair(storage, random, dir))
    assert.is(failure.reason, 'keyExposed')
    assert.match(failure.message, mode.toString(8))
    await chmod(`${dir}/node.key`, 0o400)
    const mended = await ensureKeypair(storage, random, dir)
    assert.ok(mended.tag === 'ok' && first.tag === 'ok')
    if (mended.tag === 'ok' && first.tag === 'ok') assert.equal(mended.keypair, first.keypair)
  })
}

test('the host and the reference derive the same identity from a file', async () => {
  const dir = await temporaryDirectory()
  const byHost = await ensureKeypair(storage, random, dir, chooseSigner('platform'))
  const byReference = await ensureKeypair(storage, random, dir, ed25519)
  assert.ok(byHost.tag === 'ok' && byReference.tag === 'ok')
  if (byHost.tag !== 'ok' || byReference.tag !== 'ok') return
  assert.equal(byHost.keypair, byReference.keypair)
})

test('a half-written file of a crash is not read as a key', async () => {
  const dir = await temporaryDirectory()
  await writeFile(`${dir}/node.key.1.tmp`, new Uint8Array(7))
  const result = await ensureKeypair(storage, random, dir)
  assert.ok(result.tag === 'ok' && result.origin === 'generated')
})

for (const [what, staleBytes] of [
  ['an empty disk', undefined],
  ['a disk with a stale public file', new Uint8Array(32)],
] as const) {
  test(`power lost at any point of the first start on ${what}`, async () => {
    for (let changes = 0; changes <= 3; changes++) {
      const disk = new Map(
        staleBytes ? [['keys/node.pub', { bytes: staleBytes, mode: 0o644 }]] : [],
      )
      const dying = dyingStorage(simStorage(disk), changes)
      const first = await Promise.race([
        ensureKeypair(dying.storage, random, 'keys'),
        dying.died.then(() => undefined),
      ])
      const written = disk.get('keys/node.key')?.bytes
      const second = await ensureKeypair(simStorage(disk), random, 'keys')
      assert.is(second.tag, 'ok', `after ${changes} changes`)
      if (second.tag !== 'ok') return
      // What was written of the identity before the crash is the identity.
      if (written) assert.equal(second.keypair.privateKey, written)
      if (first?.tag === 'ok') assert.equal(first.keypair, second.keypair)
    }
  })
}

test.run()
