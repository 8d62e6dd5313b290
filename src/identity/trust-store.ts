/**
 * The pins: which key each node name is known by, in memory and in `<dir>/trusted/<node>.pub`
 * (32 raw bytes, mode 0600).
 *
 * Invariants: asking creates nothing; a pin learned from the wire (`storeKeyIfNew`) never replaces
 * another and is never written in strict mode; what a handshake decided is checked again when the
 * pin is written. Changes go one after the other, so that check and write are one step. A file
 * placed at run time is found when its name is not pinned yet (AMB-16); a file that cannot be read
 * as a pin refuses its name instead of counting as absent. Source: the cluster spec, 4.9, 5.4.
 */
import type { Clock, Storage } from '../../runtime/platform/platform.ts'
import { limits } from '../limits.ts'
import { fingerprint, keyBytes } from './ed25519.ts'
import { validateNodeName } from './node-name.ts'
import type { PinLookup, TrustMode } from './trust.ts'

export type TrustedNode = {
  readonly node: string
  /** SHA-256 of the key, hex. */
  readonly fingerprint: string
  readonly publicKey: Uint8Array
  /** Wall clock. For a pin read from a file: when it was read. */
  readonly addedAtMs: number
  readonly lastSeenMs: number | undefined
  /** `permanent`: stored by the operator or found as a file; `tofu`: learned at first contact. */
  readonly level: 'permanent' | 'tofu'
}

export type TrustStoreError = {
  readonly tag: 'error'
  /**
   * `invalidNodeName`, `invalidKeySize`: the arguments; `keyMismatch`: another key is pinned;
   * `untrustedKey`: strict mode pins nothing; `pinUnreadable`: the file of this name is not a pin;
   * `trustStoreFull`: `trustedPinsMax` pins are held; `pinWriteFailed`: the file cannot be written
   * or removed.
   */
  readonly reason:
    | 'invalidNodeName'
    | 'invalidKeySize'
    | 'keyMismatch'
    | 'untrustedKey'
    | 'pinUnreadable'
    | 'trustStoreFull'
    | 'pinWriteFailed'
  readonly message: string
}

export type TrustStoreOptions = {
  readonly storage: Storage
  readonly clock: Clock
  /** The key directory; pins are in its `trusted` subdirectory, created with mode 0700. */
  readonly dir: string
  /** Default `tofu`. */
  readonly mode?: TrustMode
  /** Default `limits.trustedPinsMax`. */
  readonly pinsMax?: number
}

/** What a change of the pins gives. */
export type PinResult = { readonly tag: 'ok' } | TrustStoreError

const directoryMode = 0o700
const pinMode = 0o600
const suffix = '.pub'
/** Pin files read at once while loading. */
const loadBatch = 64

/**
 * Opens the store and loads the pins. Files that are not pins are skipped, each with a warning.
 * Fails with `trustDirectoryFailed` when the directory can be neither created nor listed.
 */
export async function openTrustStore(
  options: TrustStoreOptions,
): Promise<
  | { readonly tag: 'ok'; readonly store: TrustStore; readonly warnings: readonly string[] }
  | { readonly tag: 'error'; readonly reason: 'trustDirectoryFailed'; readonly message: string }
> {
  const dir = `${options.dir}/trusted`
  const made = await options.storage.makeDirectory(dir, directoryMode)
  const listed = made.tag === 'ok' ? await options.storage.list(dir) : made
  // A directory that exists and cannot be listed is not an empty one.
  if (listed.tag === 'error' && !(made.tag === 'ok' && listed.reason === 'notFound')) {
    const advice = 'make it a directory writable by this user'
    const message = `cannot use ${dir} (${listed.message}): ${advice}`
    return { tag: 'error', reason: 'trustDirectoryFailed', message }
  }
  const store = new TrustStore(options)
  const warnings = await store.load(listed.tag === 'ok' ? listed.names : [])
  return { tag: 'ok', store, warnings }
}

export class TrustStore {
  readonly #storage: Storage
  readonly #clock: Clock
  readonly #dir: string
  readonly #pinsMax: number
  readonly #pins = new Map<string, TrustedNode>()
  #mode: TrustMode
  #tail: Promise<unknown> = Promise.resolve()

  constructor(options: TrustStoreOptions) {
    this.#storage = options.storage
    this.#clock = options.clock
    this.#dir = `${options.dir}/trusted`
    this.#pinsMax = options.pinsMax ?? limits.trustedPinsMax
    this.#mode = checkedMode(options.mode ?? 'tofu')
  }

  get trustMode(): TrustMode {
    return this.#mode
  }

  /** Applies from the next decision on. Throws a TypeError for anything but the two modes. */
  setTrustMode(mode: TrustMode): void {
    this.#mode = checkedMode(mode)
  }

  /** Reads the pins of the directory; what it answers are warnings, one sentence each. */
  async load(names: readonly string[]): Promise<readonly string[]> {
    const warnings: string[] = []
    const files = names.filter((name) => name.endsWith(suffix))
    for (let from = 0; from < files.length; from += loadBatch) {
      const batch = files.slice(from, from + loadBatch)
      const faults = await Promise.all(batch.map((file) => this.#loadFile(file)))
      for (const fault of faults) if (fault !== undefined) warnings.push(fault)
    }
    return warnings
  }

  /** The pin of a name. Creates nothing, whatever the name. */
  lookupPin(node: string): Promise<PinLookup> {
    const known = this.#pins.get(node)
    if (known) return Promise.resolve({ tag: 'pinned', publicKey: known.publicKey })
    if (validateNodeName(node).tag === 'error') return Promise.resolve({ tag: 'notPinned' })
    return this.#exclusive(() => this.#find(node))
  }

  /** True when `publicKey` is the pinned key of `node`. */
  async isTrusted(node: string, publicKey: Uint8Array): Promise<boolean> {
    const lookup = await this.lookupPin(node)
    return lookup.tag === 'pinned' && Buffer.compare(lookup.publicKey, publicKey) === 0
  }

  /** The operator's pin: replaces whatever was there. Never called for a peer's claim. */
  storeKey(node: string, publicKey: Uint8Array): Promise<PinResult> {
    const fault = argumentFault(node, publicKey)
    if (fault) return Promise.resolve(fault)
    return this.#exclusive(() => this.#put(node, publicKey, 'permanent'))
  }

  /**
   * First contact: pins a proven key unless the name has another one by now. Answers ok, and
   * changes nothing, when the same key is pinned already.
   */
  storeKeyIfNew(node: string, publicKey: Uint8Array): Promise<PinResult> {
    const fault = argumentFault(node, publicKey)
    if (fault) return Promise.resolve(fault)
    return this.#exclusive(async () => {
      const lookup = await this.#find(node)
      if (lookup.tag === 'error') return lookup
      if (lookup.tag === 'pinned') {
        if (Buffer.compare(lookup.publicKey, publicKey) === 0) return { tag: 'ok' }
        return refused('keyMismatch', `${node} was pinned with another key meanwhile`)
      }
      if (this.#mode !== 'tofu') {
        return refused('untrustedKey', `strict mode does not pin ${node} at first contact`)
      }
      return this.#put(node, publicKey, 'tofu')
    })
  }

  /**
   * The pin of a node that this one starts itself: in memory only, until `releaseKey`. Refused with
   * `keyMismatch` when the name has a pin already.
   */
  holdKey(node: string, publicKey: Uint8Array): Promise<PinResult> {
    const fault = argumentFault(node, publicKey)
    if (fault) return Promise.resolve(fault)
    return this.#exclusive(async () => {
      const lookup = await this.#find(node)
      if (lookup.tag === 'error') return lookup
      if (lookup.tag === 'pinned') return refused('keyMismatch', `${node} has a pin already`)
      if (this.#pins.size >= this.#pinsMax) return this.#full(node)
      this.#remember(node, publicKey.slice(), 'permanent')
      return { tag: 'ok' }
    })
  }

  /** Ends what `holdKey` began; files stay as they are. */
  releaseKey(node: string): void {
    this.#pins.delete(node)
  }

  /** Notes a successful authentication of a pinned name. */
  markSeen(node: string): void {
    const known = this.#pins.get(node)
    if (known) this.#pins.set(node, { ...known, lastSeenMs: this.#clock.wallMs() })
  }

  /** Forgets a name, file first. Ok when it was not pinned. */
  deleteKey(node: string): Promise<PinResult> {
    const valid = validateNodeName(node)
    if (valid.tag === 'error') return Promise.resolve(valid)
    return this.#exclusive(async () => {
      const removed = await this.#storage.remove(this.#path(node))
      if (removed.tag === 'error' && removed.reason !== 'notFound') {
        return refused('pinWriteFailed', `cannot remove ${this.#path(node)} (${removed.message})`)
      }
      this.#pins.delete(node)
      return { tag: 'ok' }
    })
  }

  /** The pins in memory, by name. The keys are copies. */
  listTrusted(): readonly TrustedNode[] {
    const copies = [...this.#pins.values()].map((pin) => {
      return { ...pin, publicKey: pin.publicKey.slice() }
    })
    return copies.sort((a, b) => (a.node < b.node ? -1 : 1))
  }

  async #loadFile(file: string): Promise<string | undefined> {
    const node = file.slice(0, -suffix.length)
    const valid = validateNodeName(node)
    if (valid.tag === 'error') return `pin file skipped: ${valid.message}`
    const lookup = await this.#find(node)
    if (lookup.tag === 'error') return `pin file skipped: ${lookup.message}`
    if (this.#pins.has(node)) return undefined
    return `pin of ${node} not loaded: ${this.#pinsMax} pins are held (trustedPinsMax)`
  }

  /** Memory, then the file: a pin found there is kept unless the table is full. */
  async #find(node: string): Promise<PinLookup> {
    const known = this.#pins.get(node)
    if (known) return { tag: 'pinned', publicKey: known.publicKey }
    const path = this.#path(node)
    const file = await this.#storage.read(path, limits.keyFileMaxBytes)
    if (file.tag === 'error') {
      if (file.reason === 'notFound') return { tag: 'notPinned' }
      return unreadable(`cannot read ${path} (${file.message})`)
    }
    if (file.bytes.length !== keyBytes) {
      return unreadable(`${path} holds ${file.bytes.length} bytes instead of ${keyBytes}`)
    }
    if (this.#pins.size < this.#pinsMax) this.#remember(node, file.bytes, 'permanent')
    return { tag: 'pinned', publicKey: file.bytes }
  }

  async #put(node: string, publicKey: Uint8Array, level: TrustedNode['level']): Promise<PinResult> {
    if (!this.#pins.has(node) && this.#pins.size >= this.#pinsMax) return this.#full(node)
    const key = publicKey.slice()
    const written = await this.#storage.write(this.#path(node), key, pinMode)
    if (written.tag === 'error') {
      return refused('pinWriteFailed', `cannot write ${this.#path(node)} (${written.message})`)
    }
    this.#remember(node, key, level)
    return { tag: 'ok' }
  }

  #full(node: string): TrustStoreError {
    const message = `cannot pin ${node}: ${this.#pinsMax} pins are held (trustedPinsMax)`
    return refused('trustStoreFull', message)
  }

  #remember(node: string, publicKey: Uint8Array, level: TrustedNode['level']): void {
    const addedAtMs = this.#clock.wallMs()
    // Learned at first contact means seen; a pin from an operator or a file may never have been.
    const lastSeenMs = level === 'tofu' ? addedAtMs : undefined
    const print = fingerprint(publicKey)
    this.#pins.set(node, { node, fingerprint: print, publicKey, addedAtMs, lastSeenMs, level })
  }

  #path(node: string): string {
    return `${this.#dir}/${node}${suffix}`
  }

  #exclusive<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#tail.then(work)
    this.#tail = result.catch(() => undefined)
    return result
  }
}

function checkedMode(mode: TrustMode): TrustMode {
  if (mode === 'tofu' || mode === 'strict') return mode
  throw new TypeError(`trust mode must be "tofu" or "strict", received ${JSON.stringify(mode)}`)
}

function argumentFault(node: string, publicKey: Uint8Array): TrustStoreError | undefined {
  const valid = validateNodeName(node)
  if (valid.tag === 'error') return valid
  if (publicKey instanceof Uint8Array && publicKey.length === keyBytes) return undefined
  return refused('invalidKeySize', `the key of ${node} must be ${keyBytes} raw bytes`)
}

function unreadable(why: string): PinLookup & { readonly tag: 'error' } {
  const advice = 'its name is refused until the file is repaired or removed'
  return { tag: 'error', reason: 'pinUnreadable', message: `${why}: ${advice}` }
}

function refused(reason: TrustStoreError['reason'], message: string): TrustStoreError {
  return { tag: 'error', reason, message }
}
