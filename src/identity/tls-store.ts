/**
 * The TLS pair on disk: `<dir>/node.crt` and `<dir>/node.key` (PEM, the key with mode 0600).
 *
 * Invariant: a pair that is there is used unchanged, expired or not (peers do not judge dates), and
 * nothing an operator placed is overwritten. The key is written first: a key without a certificate
 * is an interrupted first start, and gets its certificate. A certificate without its key is an
 * operator's mistake and is refused. Source: the cluster spec, 5.1, 5.6 and 5.7.
 */
import type { Platform, Storage } from '../../runtime/platform/platform.ts'
import { limits } from '../limits.ts'
import {
  isP256,
  makeCertificate,
  makeTlsKey,
  pemOf,
  readPrivateKey,
  readTlsPair,
  type TlsMaterial,
} from './cert.ts'

export type TlsStoreError = {
  readonly tag: 'error'
  /**
   * `readFailed`: a file is there and cannot be read; `tooLarge`: above `certFileMaxBytes`;
   * `badCertificate`, `badKey`: not PEM of the right kind, or encrypted; `mismatch`: the key is not
   * that of the certificate; `keyMissing`: a certificate alone; `writeFailed`: the directory or a
   * file cannot be written.
   */
  readonly reason:
    | 'readFailed'
    | 'tooLarge'
    | 'badCertificate'
    | 'badKey'
    | 'mismatch'
    | 'keyMissing'
    | 'writeFailed'
  /** One sentence naming the file and what to do. */
  readonly message: string
}

type TlsResult =
  | {
      readonly tag: 'ok'
      readonly tls: TlsMaterial
      readonly made: boolean
      /** The private key may be read or replaced by others: one sentence. */
      readonly warning?: string
    }
  | TlsStoreError

const directoryMode = 0o700
const secretMode = 0o600
const publicMode = 0o644
/** What nobody but the owner should do with the private key. */
const othersMode = 0o077

/** Loads the TLS pair of `dir`, or makes it for `nodeName` when there is no certificate yet. */
export async function ensureTlsMaterial(
  platform: Pick<Platform, 'storage' | 'clock' | 'random'>,
  dir: string,
  nodeName: string,
): Promise<TlsResult> {
  const certPath = `${dir}/node.crt`
  const keyPath = `${dir}/node.key`
  const cert = await readPem(platform.storage, certPath)
  if (cert.tag === 'error') return cert
  const key = await readPem(platform.storage, keyPath)
  if (key.tag === 'error') return key
  if (cert.tag === 'absent') {
    return makePair(platform, dir, nodeName, key.tag === 'ok' ? key.text : undefined)
  }
  if (key.tag === 'absent') {
    const advice = 'restore the key, or remove the certificate to have a new pair made'
    return refused('keyMissing', `${certPath} is there without ${keyPath}: ${advice}`)
  }
  const pair = readTlsPair(cert.text, key.text)
  if (pair.tag === 'ok') {
    const loaded = { tag: 'ok', tls: pair.tls, made: false } as const
    if ((key.mode & othersMode) === 0) return loaded
    return { ...loaded, warning: `${keyPath} is open to other users: chmod 600` }
  }
  return refused(pair.reason, `${pairFault[pair.reason](certPath, keyPath)}: ${pairAdvice}`)
}

const pairAdvice = 'restore the pair, or remove both files to have a new one made'
const pairFault = {
  badCertificate: (certPath: string) => `${certPath} is not a PEM certificate`,
  badKey: (_: string, keyPath: string) => `${keyPath} is not an unencrypted PEM private key`,
  mismatch: (certPath: string, keyPath: string) => `${keyPath} is not the key of ${certPath}`,
}

async function makePair(
  { storage, clock, random }: Pick<Platform, 'storage' | 'clock' | 'random'>,
  dir: string,
  nodeName: string,
  keyPem: string | undefined,
): Promise<TlsResult> {
  const key = keyPem === undefined ? makeTlsKey() : readPrivateKey(keyPem)
  if (!key || !isP256(key)) {
    const advice = 'place its certificate beside it, or remove it to have a pair made'
    return refused('badKey', `${dir}/node.key is not an ECDSA P-256 key in PEM: ${advice}`)
  }
  const ready = await storage.makeDirectory(dir, directoryMode)
  if (ready.tag === 'error') return writeFailed(dir, ready.message)
  if (keyPem === undefined) {
    const written = await storage.write(`${dir}/node.key`, bytesOf(pemOf(key)), secretMode)
    if (written.tag === 'error') return writeFailed(`${dir}/node.key`, written.message)
  }
  const request = { commonName: nodeName, wallMs: clock.wallMs(), random, key }
  const tls = await makeCertificate(request)
  const written = await storage.write(`${dir}/node.crt`, bytesOf(tls.certPem), publicMode)
  if (written.tag === 'error') return writeFailed(`${dir}/node.crt`, written.message)
  return { tag: 'ok', tls, made: true }
}

async function readPem(
  storage: Storage,
  path: string,
): Promise<
  | { readonly tag: 'ok'; readonly text: string; readonly mode: number }
  | { readonly tag: 'absent' }
  | TlsStoreError
> {
  const file = await storage.read(path, limits.certFileMaxBytes)
  if (file.tag === 'ok') {
    return { tag: 'ok', text: new TextDecoder().decode(file.bytes), mode: file.mode }
  }
  if (file.reason === 'notFound') return { tag: 'absent' }
  if (file.reason === 'tooLarge') return refused('tooLarge', `${file.message}: not a PEM file`)
  const advice = 'make it readable by this user'
  return refused('readFailed', `cannot read ${path} (${file.message}): ${advice}`)
}

function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}

function refused(reason: TlsStoreError['reason'], message: string): TlsStoreError {
  return { tag: 'error', reason, message }
}

function writeFailed(path: string, why: string): TlsStoreError {
  const advice = 'make its directory writable by this user'
  return refused('writeFailed', `cannot write ${path} (${why}): ${advice}`)
}
