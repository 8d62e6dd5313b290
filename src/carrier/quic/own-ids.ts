/**
 * The connection ids of our side of one connection: spares for paths the peer may take later, new
 * ones for those it gives up, and for an acceptor's sake the reset tokens of all of them.
 *
 * Invariant: an id the peer has given up stays routed for a while. Late packets still carry it, and
 * a stateless reset in answer to one would end a connection that is alive.
 */
import { limits } from '../../limits.ts'
import type { NativeConnection } from './binding.ts'
import { keyOf } from './packet.ts'
import { writeNotice } from './reset-notice.ts'
import { tokenNumber } from './reset-token.ts'

/** Connection ids given to the peer beyond the first, for paths it may take later. */
const spareIds = 4

/** What the ids of an `Owner`, a connection, need of its endpoint. */
export interface IdHost<Owner> {
  /** A random connection id, routed to `owner`. */
  newId(owner: Owner): Uint8Array
  forgetId(key: string): void
  /** The stateless reset token of an id of ours. */
  resetTokenOf(id: Uint8Array): Buffer
}

/** `keys` are those by which it is routed. */
type Routed = { readonly native: NativeConnection; readonly keys: Set<string> }

export class OwnIds<Owner extends Routed> {
  readonly #host: IdHost<Owner>
  readonly #owner: Owner
  /** Those the peer has given up, the oldest first. */
  #retired: string[] = []

  constructor(host: IdHost<Owner>, owner: Owner) {
    this.#host = host
    this.#owner = owner
  }

  /** Gives the peer spare ids. Returns the tokens of all ids it has now. */
  issueSpares(): Buffer[] {
    const tokens = [this.#host.resetTokenOf(this.#owner.native.sourceId())]
    for (let spare = 0; spare < spareIds; spare++) {
      const token = this.#issue()
      if (token !== undefined) tokens.push(token)
    }
    return tokens
  }

  /** Replaces what the peer has given up. True when there was any. */
  replaceRetired(): boolean {
    let retired = this.#owner.native.retiredScidNext()
    if (retired === null) return false
    for (; retired !== null; retired = this.#owner.native.retiredScidNext()) {
      this.#retired.push(keyOf(retired))
      this.#issue()
    }
    const surplus = Math.max(this.#retired.length - limits.carrierConnectionIdsMax, 0)
    for (const key of this.#retired.splice(0, surplus)) {
      this.#owner.keys.delete(key)
      this.#host.forgetId(key)
    }
    return true
  }

  /** The tokens of all ids the peer may use. */
  tokens(): Buffer[] {
    const live = [...this.#owner.keys].filter((key) => !this.#retired.includes(key))
    return live.map((key) => this.#host.resetTokenOf(Buffer.from(key, 'latin1')))
  }

  /** Tells the peer the tokens in which our resets would end. False when it cannot be told. */
  tell(tokens: readonly Buffer[]): boolean {
    try {
      return this.#owner.native.dgramSend(writeNotice(tokens)) !== null
    } catch {
      return false
    }
  }

  #issue(): Buffer | undefined {
    if (this.#owner.native.sourceCidsLeft() < 1) return undefined
    const id = this.#host.newId(this.#owner)
    const token = this.#host.resetTokenOf(id)
    this.#owner.native.newSourceCid(id, tokenNumber(token), false)
    return token
  }
}
