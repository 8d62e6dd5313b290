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

/** What the ids need of the connection and its endpoint. */
export interface IdHost {
  /** A random connection id, routed to the connection. */
  newId(): Uint8Array
  forgetId(key: string): void
  /** The stateless reset token of an id of ours. */
  resetTokenOf(id: Uint8Array): Buffer
}

export class OwnIds {
  readonly #native: NativeConnection
  readonly #host: IdHost
  /** Routing keys of the connection. */
  readonly #keys: Set<string>
  /** Those the peer has given up, the oldest first. */
  #retired: string[] = []

  constructor(native: NativeConnection, host: IdHost, keys: Set<string>) {
    this.#native = native
    this.#host = host
    this.#keys = keys
  }

  /** Gives the peer spare ids. Returns the tokens of all ids it has now. */
  issueSpares(): Buffer[] {
    const tokens = [this.#host.resetTokenOf(this.#native.sourceId())]
    for (let spare = 0; spare < spareIds; spare++) {
      const token = this.#issue()
      if (token !== undefined) tokens.push(token)
    }
    return tokens
  }

  /** Replaces what the peer has given up. True when there was any. */
  replaceRetired(): boolean {
    let retired = this.#native.retiredScidNext()
    if (retired === null) return false
    for (; retired !== null; retired = this.#native.retiredScidNext()) {
      this.#retired.push(keyOf(retired))
      this.#issue()
    }
    const surplus = Math.max(this.#retired.length - limits.carrierConnectionIdsMax, 0)
    for (const key of this.#retired.splice(0, surplus)) {
      this.#keys.delete(key)
      this.#host.forgetId(key)
    }
    return true
  }

  /** The tokens of all ids the peer may use. */
  tokens(): Buffer[] {
    const live = [...this.#keys].filter((key) => !this.#retired.includes(key))
    return live.map((key) => this.#host.resetTokenOf(Buffer.from(key, 'latin1')))
  }

  /** Tells the peer the tokens in which our resets would end. False when it cannot be told. */
  tell(tokens: readonly Buffer[]): boolean {
    try {
      return this.#native.dgramSend(writeNotice(tokens)) !== null
    } catch {
      return false
    }
  }

  #issue(): Buffer | undefined {
    if (this.#native.sourceCidsLeft() < 1) return undefined
    const id = this.#host.newId()
    const token = this.#host.resetTokenOf(id)
    this.#native.newSourceCid(id, tokenNumber(token), false)
    return token
  }
}
