/**
 * Keys before a node's first start, so that its peers can pin it before they ever meet. What it
 * makes is what the node's own start would have made, and finds.
 */
import { nodePlatform } from '../../runtime/platform/node.ts'
import { chooseSigner, ensureKeypair, fingerprint } from '../identity/index.ts'
import { StartError } from './start-error.ts'

/**
 * Makes the key pair in `<dataDir>/keys` unless it is there. Gives the public key, 32 raw bytes, as
 * in `node.pub`, and its SHA-256 in hex. Throws `StartError` with the reasons of a start whose keys
 * cannot be used: `invalidKeySize`, `blankKey`, `keyExposed`, `keypairMismatch`,
 * `readPrivateKeyFailed`, `readPublicKeyFailed`, `writeKeyFailed`.
 */
export async function prepareKeys(
  dataDir: string,
): Promise<{ readonly publicKey: Uint8Array; readonly fingerprint: string }> {
  const { storage, random } = nodePlatform()
  const keys = await ensureKeypair(storage, random, `${dataDir}/keys`, chooseSigner())
  if (keys.tag === 'error') throw new StartError(keys.reason, keys.message)
  const { publicKey } = keys.keypair
  return { publicKey, fingerprint: fingerprint(publicKey) }
}
