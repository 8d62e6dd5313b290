/**
 * The node's identity on disk: `<dir>/node.key` (32 raw bytes, mode 0600) and `<dir>/node.pub`.
 *
 * Invariant: the node starts with a pair that belongs together or not at all, and a present
 * private key is never replaced. The private key is written first and is what counts: a crash
 * between the two writes leaves a key whose public file the next start derives again.
 * Source: the cluster spec, 5.1, 5.2. Difference: a missing `node.pub` beside a present `node.key`
 * is derived, where the seeds mint a new identity.
 */
import type { Random, Storage } from '../../runtime/platform/platform.ts'
import { limits } from '../limits.ts'
import { ed25519, generateKeypair, type Keypair, keyBytes } from './ed25519.ts'

export type KeypairError = {
  readonly tag: 'error'
  /**
   * `invalidKeySize`: a file does not hold 32 bytes; `keypairMismatch`: the public key is not that
   * of the private key; `readPrivateKeyFailed`, `readPublicKeyFailed`: the file is there and cannot
   * be read; `writeKeyFailed`: the directory or a file cannot be written.
   */
  readonly reason:
    | 'invalidKeySize'
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

type Part =
  | { readonly tag: 'ok'; readonly bytes: Uint8Array }
  | { readonly tag: 'absent' }
  | KeypairError

/** Loads the pair of `dir`, making what is missing. The directory is created with mode 0700. */
export async function ensureKeypair(
  storage: Storage,
  random: Random,
  dir: string,
): Promise<
  { readonly tag: 'ok'; readonly keypair: Keypair; readonly origin: KeypairOrigin } | KeypairError
> {
  const seed = await readKey(storage, privatePath(dir), 'readPrivateKeyFailed')
  if (seed.tag === 'error') return seed
  const stored = await readKey(storage, publicPath(dir), 'readPublicKeyFailed')
  if (stored.tag === 'error') return stored
  if (seed.tag === 'absent') return mint(storage, random, dir, stored.tag === 'ok')
  const keypair = { publicKey: ed25519.publicKey(seed.bytes), privateKey: seed.bytes }
  if (stored.tag === 'absent') {
    const failed = await writePart(storage, publicPath(dir), keypair.publicKey, publicMode)
    return failed ?? { tag: 'ok', keypair, origin: 'derived' }
  }
  if (Buffer.compare(stored.bytes, keypair.publicKey) === 0) {
    return { tag: 'ok', keypair, origin: 'loaded' }
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
  const keypair = generateKeypair(random)
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
  return { tag: 'ok', bytes: file.bytes }
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
