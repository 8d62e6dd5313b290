/**
 * The node's identity on disk: `<dir>/node.key` (32 raw bytes, mode 0600) and `<dir>/node.pub`.
 *
 * Invariant: the node starts with a pair that belongs together or not at all, and a present
 * private key is never replaced. The private key is written first and is what counts: a crash
 * between the two writes leaves a key whose public file the next start derives again.
 * Source: the cluster spec, 5.1, 5.2. Difference: a missing `node.pub` beside a present `node.key`
 * is derived, where the seeds mint a new identity. A private key that others may read is refused,
 * as Erlang refuses such a cookie file.
 */
import type { Random, Storage } from '../../runtime/platform/platform.ts'
import { limits } from '../limits.ts'
import { ed25519, generateKeypair, type Keypair, keyBytes, type Signer } from './ed25519.ts'

export type KeypairError = {
  readonly tag: 'error'
  /**
   * `invalidKeySize`: a file does not hold 32 bytes; `blankKey`: the private key is all zeros, as a
   * file that was never written out; `keyExposed`: others than its owner may read the private key
   * or replace it; `keypairMismatch`: the public key is not that of the private key;
   * `readPrivateKeyFailed`, `readPublicKeyFailed`: the file is there and cannot
   * be read; `writeKeyFailed`: the directory or a file cannot be written.
   */
  readonly reason:
    | 'invalidKeySize'
    | 'blankKey'
    | 'keyExposed'
    | 'keypairMismatch'
    | 'readPrivateKeyFailed'
    | 'readPublicKeyFailed'
    | 'writeKeyFailed'
  /** One sentence naming the file and what to do. */
  readonly message: string
}

/**
 * `loaded`: both files were there; `derived`: the public file was missing and was written again;
 * `generated`: a new identity; `replaced`: a new identity although a public file without its
 * private key was found, so that peers that pinned the old one will refuse this node.
 */
export type KeypairOrigin = 'loaded' | 'derived' | 'generated' | 'replaced'

const directoryMode = 0o700
const secretMode = 0o600
const publicMode = 0o644
/** What nobody but the owner may do with the private key. */
const othersMode = 0o077

type Part =
  | { readonly tag: 'ok'; readonly bytes: Uint8Array; readonly mode: number }
  | { readonly tag: 'absent' }
  | KeypairError

/** Loads the pair of `dir`, making what is missing. The directory is created with mode 0700. */
export async function ensureKeypair(
  storage: Storage,
  random: Random,
  dir: string,
  signer: Signer = ed25519,
): Promise<
  { readonly tag: 'ok'; readonly keypair: Keypair; readonly origin: KeypairOrigin } | KeypairError
> {
  const pair = await loadKeypair(storage, dir, signer)
  if (pair.tag === 'error') return pair
  if (pair.tag === 'absent') return mint(storage, random, dir, signer, pair.hasPublicKey)
  const { keypair, derived } = pair
  if (!derived) return { tag: 'ok', keypair, origin: 'loaded' }
  const failed = await writePart(storage, publicPath(dir), keypair.publicKey, publicMode)
  return failed ?? { tag: 'ok', keypair, origin: 'derived' }
}

/**
 * Reads the pair of `dir` and writes nothing. `derived`: there is no public file; `absent`: no
 * private key.
 */
export async function loadKeypair(
  storage: Storage,
  dir: string,
  signer: Signer,
): Promise<
  | { readonly tag: 'ok'; readonly keypair: Keypair; readonly derived: boolean }
  | { readonly tag: 'absent'; readonly hasPublicKey: boolean }
  | KeypairError
> {
  const seed = await readKey(storage, privatePath(dir), 'readPrivateKeyFailed')
  if (seed.tag === 'error') return seed
  const stored = await readKey(storage, publicPath(dir), 'readPublicKeyFailed')
  if (stored.tag === 'error') return stored
  if (seed.tag === 'absent') return { tag: 'absent', hasPublicKey: stored.tag === 'ok' }
  const fault = secretFault(privatePath(dir), seed)
  if (fault !== undefined) return fault
  const keypair = { publicKey: signer.publicKey(seed.bytes), privateKey: seed.bytes }
  if (stored.tag === 'absent') return { tag: 'ok', keypair, derived: true }
  if (Buffer.compare(stored.bytes, keypair.publicKey) === 0) {
    return { tag: 'ok', keypair, derived: false }
  }
  const advice = 'restore the pair from a backup, or remove node.pub to keep the private key'
  const message = `${publicPath(dir)} is not the public key of ${privatePath(dir)}: ${advice}`
  return { tag: 'error', reason: 'keypairMismatch', message }
}

/**
 * A stale public file goes first: left beside the new private key by a crash it would be a
 * mismatch, and the node would not start again.
 */
async function mint(
  storage: Storage,
  random: Random,
  dir: string,
  signer: Signer,
  stale: boolean,
): Promise<
  { readonly tag: 'ok'; readonly keypair: Keypair; readonly origin: KeypairOrigin } | KeypairError
> {
  const made = await storage.makeDirectory(dir, directoryMode)
  if (made.tag === 'error') return writeFailed(dir, made.message)
  if (stale) {
    const removed = await storage.remove(publicPath(dir))
    if (removed.tag === 'error' && removed.reason !== 'notFound') {
      return writeFailed(publicPath(dir), removed.message)
    }
  }
  const keypair = generateKeypair(random, signer)
  const failed =
    (await writePart(storage, privatePath(dir), keypair.privateKey, secretMode)) ??
    (await writePart(storage, publicPath(dir), keypair.publicKey, publicMode))
  return failed ?? { tag: 'ok', keypair, origin: stale ? 'replaced' : 'generated' }
}

async function readKey(
  storage: Storage,
  path: string,
  unreadable: 'readPrivateKeyFailed' | 'readPublicKeyFailed',
): Promise<Part> {
  const file = await storage.read(path, limits.keyFileMaxBytes)
  if (file.tag === 'error') {
    if (file.reason === 'notFound') return { tag: 'absent' }
    if (file.reason === 'tooLarge') return wrongSize(path, `more than ${limits.keyFileMaxBytes}`)
    const message = `cannot read ${path} (${file.message}): make it readable by this user`
    return { tag: 'error', reason: unreadable, message }
  }
  if (file.bytes.length !== keyBytes) return wrongSize(path, String(file.bytes.length))
  return file
}

function secretFault(
  path: string,
  { bytes, mode }: { readonly bytes: Uint8Array; readonly mode: number },
): KeypairError | undefined {
  if (bytes.every((byte) => byte === 0)) {
    const advice = 'restore it from a backup, or remove it to have a new one made'
    return { tag: 'error', reason: 'blankKey', message: `${path} holds zeros: ${advice}` }
  }
  if ((mode & othersMode) === 0) return undefined
  const advice = "make it its owner's alone (chmod 600), and replace it if others may have read it"
  const shown = mode.toString(8).padStart(4, '0')
  return { tag: 'error', reason: 'keyExposed', message: `${path} has mode ${shown}: ${advice}` }
}

async function writePart(
  storage: Storage,
  path: string,
  bytes: Uint8Array,
  mode: number,
): Promise<KeypairError | undefined> {
  const written = await storage.write(path, bytes, mode)
  return written.tag === 'error' ? writeFailed(path, written.message) : undefined
}

function wrongSize(path: string, size: string): KeypairError {
  const message = `${path} holds ${size} bytes instead of ${keyBytes}: restore it from a backup`
  return { tag: 'error', reason: 'invalidKeySize', message }
}

function writeFailed(path: string, why: string): KeypairError {
  const message = `cannot write ${path} (${why}): make its directory writable by this user`
  return { tag: 'error', reason: 'writeKeyFailed', message }
}

function privatePath(dir: string): string {
  return `${dir}/node.key`
}

function publicPath(dir: string): string {
  return `${dir}/node.pub`
}
