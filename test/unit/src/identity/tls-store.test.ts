import { execFile } from 'node:child_process'
import { generateKeyPairSync, X509Certificate } from 'node:crypto'
import { chmod, mkdir, readFile, stat, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { nodeStorage } from '../../../../runtime/platform/node-storage.ts'
import type { Platform, Storage } from '../../../../runtime/platform/platform.ts'
import { simPlatform, World } from '../../../../runtime/platform/sim.ts'
import { simStorage } from '../../../../runtime/platform/sim-storage.ts'
import { ensureTlsMaterial } from '../../../../src/identity/tls-store.ts'
import { assert, suite } from '../../../support/harness.ts'
import { dyingStorage, faultyStorage, temporaryDirectory } from './disk-fixture.ts'

const test = suite('tls store')

function platformOn(storage: Storage): Pick<Platform, 'storage' | 'clock' | 'random'> {
  const { clock, random } = simPlatform(new World(1))
  return { clock, random, storage }
}

const onDisk = platformOn(nodeStorage())

async function failureOf(
  work: ReturnType<typeof ensureTlsMaterial>,
): Promise<{ reason: string; message: string }> {
  const result = await work
  if (result.tag === 'ok') throw new Error('expected a failure')
  return result
}

test('first start makes a pair; the key is readable by its owner alone', async () => {
  const dir = `${await temporaryDirectory()}/data/quic`
  const result = await ensureTlsMaterial(onDisk, dir, 'a@127.0.0.1')
  assert.ok(result.tag === 'ok' && result.made)
  if (result.tag !== 'ok') return
  assert.is((await stat(`${dir}/node.key`)).mode & 0o777, 0o600)
  assert.is(await readFile(`${dir}/node.crt`, 'utf8'), result.tls.certPem)
  assert.is(await readFile(`${dir}/node.key`, 'utf8'), result.tls.keyPem)
  assert.is(new X509Certificate(result.tls.certPem).subject, 'CN=a@127.0.0.1')
})

test('the pair is used unchanged on the second start, also under another name', async () => {
  const dir = await temporaryDirectory()
  const first = await ensureTlsMaterial(onDisk, dir, 'a@h')
  const second = await ensureTlsMaterial(onDisk, dir, 'b@h')
  assert.ok(first.tag === 'ok' && second.tag === 'ok')
  if (first.tag !== 'ok' || second.tag !== 'ok') return
  assert.not(second.made)
  assert.equal(second.tls, first.tls)
})

test(
  'loading a pair does not load the certificate library',
  async () => {
    const dir = await temporaryDirectory()
    await ensureTlsMaterial(onDisk, dir, 'a@h')
    const store = fileURLToPath(new URL('../../../../src/identity/tls-store.ts', import.meta.url))
    const disk = fileURLToPath(
      new URL('../../../../runtime/platform/node-storage.ts', import.meta.url),
    )
    const program = `
    const { ensureTlsMaterial } = await import(${JSON.stringify(store)})
    const { nodeStorage } = await import(${JSON.stringify(disk)})
    const dir = ${JSON.stringify(dir)}
    const result = await ensureTlsMaterial({ storage: nodeStorage() }, dir, 'a@h')
    console.log(result.tag, result.made, typeof Reflect.getMetadata)`
    const args = ['--import', 'tsx', '--input-type=module', '--eval', program]
    const { stdout } = await promisify(execFile)(process.execPath, args)
    assert.is(stdout.trim(), 'ok false undefined')
  },
  { deadlineMs: 30_000 },
)

test('a private key open to others is used, with a warning until it is mended', async () => {
  const dir = await temporaryDirectory()
  await ensureTlsMaterial(onDisk, dir, 'a@127.0.0.1')
  await chmod(`${dir}/node.key`, 0o640)
  const open = await ensureTlsMaterial(onDisk, dir, 'a@127.0.0.1')
  assert.match((open.tag === 'ok' && open.warning) || '', `${dir}/node.key`)
  await chmod(`${dir}/node.key`, 0o400)
  const mended = await ensureTlsMaterial(onDisk, dir, 'a@127.0.0.1')
  assert.ok(mended.tag === 'ok' && mended.warning === undefined)
})

test('a chain in node.crt is kept, its first certificate is the one hashed', async () => {
  const dir = await temporaryDirectory()
  const first = await ensureTlsMaterial(onDisk, dir, 'a@h')
  const other = await ensureTlsMaterial(onDisk, `${dir}/other`, 'authority@h')
  assert.ok(first.tag === 'ok' && other.tag === 'ok')
  if (first.tag !== 'ok' || other.tag !== 'ok') return
  const chain = first.tls.certPem + other.tls.certPem
  await writeFile(`${dir}/node.crt`, chain)
  const again = await ensureTlsMaterial(onDisk, dir, 'a@h')
  assert.equal(again, { tag: 'ok', made: false, tls: { ...first.tls, certPem: chain } })
})

test('the key of another certificate: mismatch, naming both files', async () => {
  const dir = await temporaryDirectory()
  await ensureTlsMaterial(onDisk, dir, 'a@h')
  await ensureTlsMaterial(onDisk, `${dir}/other`, 'b@h')
  await writeFile(`${dir}/node.key`, await readFile(`${dir}/other/node.key`))
  const failure = await failureOf(ensureTlsMaterial(onDisk, dir, 'a@h'))
  assert.is(failure.reason, 'mismatch')
  assert.match(failure.message, `${dir}/node.key`)
  assert.match(failure.message, `${dir}/node.crt`)
})

const encrypted = generateKeyPairSync('ec', {
  namedCurve: 'prime256v1',
  privateKeyEncoding: { type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' },
  publicKeyEncoding: { type: 'spki', format: 'pem' },
}).privateKey
const rsa = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  publicKeyEncoding: { type: 'spki', format: 'pem' },
}).privateKey

const damaged: readonly (readonly [string, string, string | Uint8Array, string])[] = [
  ['an empty certificate', 'node.crt', '', 'badCertificate'],
  ['a certificate of random bytes', 'node.crt', new Uint8Array(500).fill(200), 'badCertificate'],
  ['an empty key', 'node.key', '', 'badKey'],
  ['an encrypted key', 'node.key', encrypted, 'badKey'],
  ['a key of another kind', 'node.key', rsa, 'mismatch'],
  ['a huge certificate', 'node.crt', new Uint8Array(65 * 1024), 'tooLarge'],
]

for (const [what, file, bytes, reason] of damaged) {
  test(`${what}: ${reason}, and the file is left as it is`, async () => {
    const dir = await temporaryDirectory()
    await ensureTlsMaterial(onDisk, dir, 'a@h')
    await writeFile(`${dir}/${file}`, bytes)
    const failure = await failureOf(ensureTlsMaterial(onDisk, dir, 'a@h'))
    assert.is(failure.reason, reason)
    assert.match(failure.message, `${dir}/${file}`)
    assert.equal(await readFile(`${dir}/${file}`), Buffer.from(bytes))
  })
}

test('a truncated certificate is refused wherever it is cut', async () => {
  const disk = new Map()
  const platform = platformOn(simStorage(disk))
  const made = await ensureTlsMaterial(platform, 'quic', 'a@h')
  assert.is(made.tag, 'ok')
  const whole: Uint8Array = disk.get('quic/node.crt').bytes
  for (let size = 0; size < whole.length - 30; size += 37) {
    disk.set('quic/node.crt', { bytes: whole.subarray(0, size), mode: 0o644 })
    const failure = await failureOf(ensureTlsMaterial(platform, 'quic', 'a@h'))
    assert.is(failure.reason, 'badCertificate')
  }
})

test('a certificate without its key: keyMissing, nothing made', async () => {
  const disk = new Map()
  const platform = platformOn(simStorage(disk))
  await ensureTlsMaterial(platform, 'quic', 'a@h')
  disk.delete('quic/node.key')
  assert.is((await failureOf(ensureTlsMaterial(platform, 'quic', 'a@h'))).reason, 'keyMissing')
  assert.equal([...disk.keys()], ['quic/node.crt'])
})

test('a P-256 key without certificate gets one; another key is refused and kept', async () => {
  const disk = new Map()
  const platform = platformOn(simStorage(disk))
  const first = await ensureTlsMaterial(platform, 'quic', 'a@h')
  disk.delete('quic/node.crt')
  const second = await ensureTlsMaterial(platform, 'quic', 'a@h')
  assert.ok(first.tag === 'ok' && second.tag === 'ok' && second.made)
  if (first.tag !== 'ok' || second.tag !== 'ok') return
  assert.is(second.tls.keyPem, first.tls.keyPem)

  disk.delete('quic/node.crt')
  const foreign = new TextEncoder().encode(rsa)
  disk.set('quic/node.key', { bytes: foreign, mode: 0o600 })
  assert.is((await failureOf(ensureTlsMaterial(platform, 'quic', 'a@h'))).reason, 'badKey')
  assert.is(disk.get('quic/node.key').bytes, foreign)
  assert.not(disk.has('quic/node.crt'))
})

test('power lost at any point of the first start: the next start succeeds', async () => {
  for (let changes = 0; changes <= 2; changes++) {
    const disk = new Map()
    const dying = dyingStorage(simStorage(disk), changes)
    await Promise.race([ensureTlsMaterial(platformOn(dying.storage), 'quic', 'a@h'), dying.died])
    const second = await ensureTlsMaterial(platformOn(simStorage(disk)), 'quic', 'a@h')
    assert.is(second.tag, 'ok', `after ${changes} changes`)
  }
})

for (const [operation, path, reason] of [
  ['read', 'node.crt', 'readFailed'],
  ['read', 'node.key', 'readFailed'],
  ['makeDirectory', 'quic', 'writeFailed'],
  ['write', 'node.key', 'writeFailed'],
  ['write', 'node.crt', 'writeFailed'],
] as const) {
  test(`a disk that refuses to ${operation} ${path}: ${reason}`, async () => {
    const refusing = faultyStorage(
      simStorage(new Map()),
      (asked, at) => asked === operation && at.endsWith(path),
    )
    const failure = await failureOf(ensureTlsMaterial(platformOn(refusing), 'quic', 'a@h'))
    assert.is(failure.reason, reason)
    assert.match(failure.message, path)
  })
}

test('a certificate path that is a directory: readFailed', async () => {
  const dir = await temporaryDirectory()
  await mkdir(`${dir}/node.crt`)
  assert.is((await failureOf(ensureTlsMaterial(onDisk, dir, 'a@h'))).reason, 'readFailed')
})

test.run()
