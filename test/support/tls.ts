/** Throw-away TLS material for tests of the carriers. */
import type { Platform } from '../../runtime/platform/platform.ts'
import type { TlsMaterial } from '../../src/carrier/carrier.ts'
import { makeCertificate, makeTlsKey } from '../../src/identity/cert.ts'

/** A self-signed certificate and its key, valid for a year from the platform's now. */
export function testTls(platform: Platform, commonName = 'test'): Promise<TlsMaterial> {
  return makeCertificate({
    commonName,
    wallMs: platform.clock.wallMs(),
    random: platform.random,
    key: makeTlsKey(),
  })
}
