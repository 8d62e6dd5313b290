/**
 * The key pair a running node authenticates with: that of its directory, looked at again before an
 * authentication when the last look is older than `keysReadAgainMs`, so that a changed identity
 * needs no restart.
 *
 * Invariants: what cannot be used, files half written or not yet both replaced, leaves the pair in
 * use as it is, with one warning; nothing is ever made or written here. However many handshakes
 * come, the disk is asked once per interval, and a disk that does not answer holds none of them up
 * longer than `keysReadMaxMs`. Source: the cluster spec, 5.3, with an interval for the cache.
 */
import type { Clock, Storage } from '../../runtime/platform/platform.ts'
import { limits } from '../limits.ts'
import { fingerprint, type Keypair, type Signer } from './ed25519.ts'
import { loadKeypair } from './key-store.ts'

export type KeyRingOptions = {
  readonly storage: Storage
  readonly clock: Clock
  /** The key directory. */
  readonly dir: string
  readonly signer: Signer
  /** The pair read at start. */
  readonly keypair: Keypair
  /** Tells the operator. */
  readonly warn: (message: string) => void
}

export class KeyRing {
  readonly #options: KeyRingOptions
  #keypair: Keypair
  #readAtMs: number
  #reading: Promise<void> | undefined
  /** The last warning, until the pair can be used again. */
  #warned = ''

  constructor(options: KeyRingOptions) {
    this.#options = options
    this.#keypair = options.keypair
    this.#readAtMs = options.clock.now()
  }

  /** The pair in use. */
  get keypair(): Keypair {
    return this.#keypair
  }

  /** The pair for a handshake that begins now. */
  async current(): Promise<Keypair> {
    const { clock } = this.#options
    if (this.#reading === undefined && clock.now() - this.#readAtMs >= limits.keysReadAgainMs) {
      this.#reading = this.#read().finally(() => {
        this.#readAtMs = clock.now()
        this.#reading = undefined
      })
    }
    if (this.#reading !== undefined) await this.#inTime(this.#reading)
    return this.#keypair
  }

  async #read(): Promise<void> {
    const { storage, dir, signer } = this.#options
    const pair = await loadKeypair(storage, dir, signer)
    if (pair.tag !== 'ok') {
      this.#warn(pair.tag === 'error' ? pair.message : `${dir}/node.key is gone`)
      return
    }
    this.#warned = ''
    const { publicKey } = pair.keypair
    if (Buffer.compare(publicKey, this.#keypair.publicKey) === 0) return
    this.#keypair = pair.keypair
    const print = fingerprint(publicKey)
    this.#options.warn(`this node has another key now, with fingerprint ${print}`)
  }

  #warn(message: string): void {
    if (message === this.#warned) return
    this.#warned = message
    this.#options.warn(`the key read at start stays in use: ${message}`)
  }

  #inTime(reading: Promise<void>): Promise<void> {
    const { clock } = this.#options
    return new Promise((resolve) => {
      const timer = clock.after(limits.keysReadMaxMs, resolve)
      void reading.finally(() => {
        clock.cancel(timer)
        resolve()
      })
    })
  }
}
