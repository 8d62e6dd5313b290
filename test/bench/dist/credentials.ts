/** A throw-away certificate and its key, on disk, for the sides that are not ours. */
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { nodePlatform } from '../../../runtime/platform/node.ts'
import { testTls } from '../../support/tls.ts'

export type Credentials = { readonly certPath: string; readonly keyPath: string }

export async function writeCredentials(directory: string): Promise<Credentials> {
  const { certPem, keyPem } = await testTls(nodePlatform(), 'localhost')
  const certPath = join(directory, 'cert.pem')
  const keyPath = join(directory, 'key.pem')
  await mkdir(directory, { recursive: true })
  await writeFile(certPath, certPem)
  await writeFile(keyPath, keyPem, { mode: 0o600 })
  return { certPath, keyPath }
}
