/**
 * The options of `startNode` that say whom the node believes, and the guards over them: where the
 * cookie alone decides, it cannot be the one that everybody knows.
 */
import { BadArgument } from '../../runtime/index.ts'
import { show } from '../../runtime/kernel.ts'
import { cookieOnlyFault, type SignerChoice, type TrustMode } from '../identity/index.ts'
import { StartError } from './start-error.ts'

export type AuthOptions = {
  /** Secret shared by the cluster. Default `skein`, with a warning. */
  readonly cookie?: string
  /** `tofu` pins a key at first contact, `strict` accepts pinned keys only. Default `tofu`. */
  readonly trustMode?: TrustMode
  /**
   * Nodes that need not prove a key while they have no pin, as `name@host`, `name@*` or `*@host`:
   * for them the cookie alone decides. Both nodes must list each other. Default: none.
   */
  readonly cookieOnlyNodes?: readonly string[]
  /** False: no node has to prove a key; pins are not asked. Default true. */
  readonly authEnabled?: boolean
  /** Milliseconds for the whole authentication of a connection. Default 10,000. */
  readonly authTimeoutMs?: number
  /** Milliseconds a challenge is good for; clocks may differ by twice that. Default 30,000. */
  readonly authWindowMs?: number
  /**
   * What computes Ed25519: the host (`platform`) or the reference in JavaScript (`noble`); both
   * give the same. Default: the host where it can.
   */
  readonly signer?: SignerChoice
}

export const defaultCookie = 'skein'

const hourMs = 3_600_000

/** Throws `BadArgument` naming the field and the value. */
export function checkAuthOptions(options: AuthOptions): void {
  const { cookie, trustMode, cookieOnlyNodes, authEnabled, signer } = options
  if (cookie !== undefined && (typeof cookie !== 'string' || cookie === '')) {
    refuse('cookie', 'a non-empty string', cookie)
  }
  if (trustMode !== undefined && trustMode !== 'tofu' && trustMode !== 'strict') {
    refuse('trustMode', "'tofu' or 'strict'", trustMode)
  }
  if (cookieOnlyNodes !== undefined && !Array.isArray(cookieOnlyNodes)) {
    refuse('cookieOnlyNodes', 'an array of names and patterns', cookieOnlyNodes)
  }
  for (const pattern of cookieOnlyNodes ?? []) {
    const expected = cookieOnlyFault(pattern)
    if (expected !== undefined) refuse('cookieOnlyNodes', expected, pattern)
  }
  if (authEnabled !== undefined && typeof authEnabled !== 'boolean') {
    refuse('authEnabled', 'true or false', authEnabled)
  }
  for (const field of ['authTimeoutMs', 'authWindowMs'] as const) {
    const ms = options[field]
    if (ms !== undefined && !(Number.isFinite(ms) && ms >= 1 && ms <= hourMs)) {
      refuse(field, `1 to ${hourMs} milliseconds`, ms)
    }
  }
  if (signer !== undefined && signer !== 'noble' && signer !== 'platform') {
    refuse('signer', "'noble' or 'platform'", signer)
  }
}

/** Throws `StartError` for options that would let anybody in. */
export function guardCookie({ cookie, cookieOnlyNodes, authEnabled }: AuthOptions): void {
  if (cookie !== undefined && cookie !== defaultCookie) return
  const advice = 'set `cookie` to a secret'
  if (authEnabled === false) {
    const message = `authEnabled is false and the cookie, the only gate left, is public: ${advice}`
    throw new StartError('authDisabledWithDefaultCookie', message)
  }
  if (cookieOnlyNodes !== undefined && cookieOnlyNodes.length > 0) {
    const message = `cookieOnlyNodes is not empty and the cookie is public: ${advice}`
    throw new StartError('cookieOnlyWithDefaultCookie', message)
  }
}

function refuse(field: string, expected: string, got: unknown): never {
  throw new BadArgument(`startNode: ${field}: expected ${expected}, got ${show(got)}`)
}
