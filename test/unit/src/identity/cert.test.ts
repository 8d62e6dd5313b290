import { generateKeyPairSync, X509Certificate } from 'node:crypto'
import { seededRandom } from '../../../../runtime/platform/sim.ts'
import { makeCertificate, makeTlsKey, readTlsPair } from '../../../../src/identity/cert.ts'
import { assert, suite } from '../../../support/harness.ts'

const test = suite('certificate')
const wallMs = Date.UTC(2026, 10, 20, 12, 0, 0)
const random = seededRandom(1)
const key = makeTlsKey()

/** Parts of a DER encoding as hex: enough to find fixed byte strings of X.509. */
function hexOf(der: Uint8Array): string {
  return Buffer.from(der).toString('hex')
}

test('self-signed ECDSA P-256 with SHA-256, CN = node name', async () => {
  const tls = await makeCertificate({ commonName: 'a@127.0.0.1', wallMs, random, key })
  const certificate = new X509Certificate(tls.certPem)
  assert.is(certificate.subject, 'CN=a@127.0.0.1')
  assert.is(certificate.issuer, 'CN=a@127.0.0.1')
  assert.ok(certificate.verify(certificate.publicKey))
  assert.ok(certificate.checkPrivateKey(key))
  assert.is(certificate.publicKey.asymmetricKeyDetails?.namedCurve, 'prime256v1')
  assert.is(hexOf(certificate.raw), hexOf(tls.certDer))
  // ecdsa-with-SHA256, 1.2.840.10045.4.3.2
  assert.match(hexOf(tls.certDer), '06082a8648ce3d040302')
  // version [0] INTEGER 2: X.509 v3
  assert.match(hexOf(tls.certDer), 'a003020102')
})

test('valid from 300 s before its making, for 365 days after', async () => {
  const tls = await makeCertificate({ commonName: 'a@h', wallMs: wallMs + 789, random, key })
  const certificate = new X509Certificate(tls.certPem)
  assert.is(Date.parse(certificate.validFrom), wallMs - 300_000)
  assert.is(Date.parse(certificate.validTo), wallMs + 365 * 86_400_000)
})

test('basicConstraints and keyUsage critical, serverAuth and clientAuth', async () => {
  const tls = await makeCertificate({ commonName: 'a@h', wallMs, random, key })
  const certificate = new X509Certificate(tls.certPem)
  assert.not(certificate.ca)
  // extnID, critical TRUE, OCTET STRING: SEQUENCE {} and BIT STRING digitalSignature.
  assert.match(hexOf(tls.certDer), '0603551d130101ff04023000')
  assert.match(hexOf(tls.certDer), '0603551d0f0101ff0404030207 80'.replace(' ', ''))
  assert.equal(certificate.keyUsage, ['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2'])
})

test('serials are positive, within 127 bits, non-zero and all different', async () => {
  const serials = new Set<bigint>()
  let widest = 0
  for (let i = 0; i < 64; i++) {
    const { certPem } = await makeCertificate({ commonName: 'a@h', wallMs, random, key })
    const serial = BigInt(`0x${new X509Certificate(certPem).serialNumber}`)
    assert.ok(serial > 0n && serial < 2n ** 127n)
    widest = Math.max(widest, serial.toString(2).length)
    serials.add(serial)
  }
  assert.is(serials.size, 64)
  assert.is(widest, 127)
})

test('the extremes of the random source give 2^127 - 1 and 1', async () => {
  for (const [fill, expected] of [
    [0xff, 2n ** 127n - 1n],
    [0x00, 1n],
  ] as const) {
    const fixed = { unit: () => 0, bytes: (size: number) => new Uint8Array(size).fill(fill) }
    const tls = await makeCertificate({ commonName: 'a@h', wallMs, random: fixed, key })
    assert.is(BigInt(`0x${new X509Certificate(tls.certPem).serialNumber}`), expected)
  }
})

test('dates before 2050 are UTCTime, from 2050 on GeneralizedTime', async () => {
  const time = (text: string): string => Buffer.from(text, 'latin1').toString('hex')
  const days = Math.ceil((Date.UTC(2060, 0, 1, 12) - wallMs) / 86_400_000)
  const mixed = await makeCertificate({ commonName: 'a@h', wallMs, days, random, key })
  assert.match(hexOf(mixed.certDer), `170d${time('261120115500Z')}180f${time('20600101120000Z')}`)
  assert.is(new X509Certificate(mixed.certPem).validTo, 'Jan  1 12:00:00 2060 GMT')

  const edge = Date.UTC(2050, 0, 1) - 365 * 86_400_000
  const last = await makeCertificate({ commonName: 'a@h', wallMs: edge - 1000, random, key })
  assert.match(hexOf(last.certDer), `170d${time('491231235959Z')}`)
  const first = await makeCertificate({ commonName: 'a@h', wallMs: edge, random, key })
  assert.match(hexOf(first.certDer), `180f${time('20500101000000Z')}`)
})

test('the longest node name fits', async () => {
  const commonName = `${'n'.repeat(127)}@${'h'.repeat(127)}`
  const tls = await makeCertificate({ commonName, wallMs, random, key })
  assert.is(new X509Certificate(tls.certPem).subject, `CN=${commonName}`)
})

test('only an ECDSA P-256 key is certified', async () => {
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey
  const outcome = await makeCertificate({ commonName: 'a@h', wallMs, random, key: rsa }).then(
    () => 'made',
    () => 'refused',
  )
  assert.is(outcome, 'refused')
})

test('a pair read back is the pair made', async () => {
  const tls = await makeCertificate({ commonName: 'a@h', wallMs, random, key })
  assert.equal(readTlsPair(tls.certPem, tls.keyPem), { tag: 'ok', tls })
})

test.run()
