/**
 * The identity a node starts with: key pair, pins, signer, and what the operator is told of them.
 */
import type { System } from '../../runtime/kernel.ts'
import type { PeerAuthOptions } from '../dist/index.ts'
import {
  chooseSigner,
  ensureKeypair,
  fingerprint,
  KeyRing,
  openTrustStore,
} from '../identity/index.ts'
import { limits } from '../limits.ts'
import { type AuthOptions, defaultCookie, guardCookie } from './auth-options.ts'
import { StartError } from './start-error.ts'

/** Throws `StartError` with the reason of whatever cannot be used. */
export async function openIdentity(
  system: System,
  dir: string,
  options: AuthOptions,
): Promise<PeerAuthOptions> {
  guardCookie(options)
  const { cookie = defaultCookie, cookieOnlyNodes = [], authEnabled = true } = options
  const { storage, clock, random } = system.platform
  const say = (level: 'info' | 'warning', text: string, more: object = {}): void =>
    system.trace.log(level, text, { node: system.node, ...more })
  if (cookie === defaultCookie) say('warning', 'the cookie is the default one: set `cookie`')
  if (!authEnabled) {
    const believed = 'whoever has the cookie is believed to be any node it says it is'
    say('warning', `authentication is off (authEnabled: false): ${believed}`)
  }
  const signer = chooseSigner(options.signer)
  if (signer === undefined) {
    const message = "signer: 'platform': this host has no Ed25519; leave the option out"
    throw new StartError('signerUnavailable', message)
  }
  const keys = await ensureKeypair(storage, random, dir, signer)
  if (keys.tag === 'error') throw new StartError(keys.reason, keys.message)
  const print = { fingerprint: fingerprint(keys.keypair.publicKey) }
  if (keys.origin === 'generated') say('info', 'a new key was made for this node', print)
  if (keys.origin === 'replaced') {
    const advice = 'peers that pinned the old one refuse this node until they unpin it'
    say('warning', `the private key was missing and a new one was made: ${advice}`, print)
  }
  const mode = options.trustMode ?? 'tofu'
  const trust = await openTrustStore({ storage, clock, dir, mode })
  if (trust.tag === 'error') throw new StartError(trust.reason, trust.message)
  for (const warning of trust.warnings) say('warning', warning)
  return {
    keys: new KeyRing({
      storage,
      clock,
      dir,
      signer,
      keypair: keys.keypair,
      warn: (message) => say('warning', message),
    }),
    signer,
    trust: trust.store,
    exemptions: authEnabled ? cookieOnlyNodes : 'everybody',
    timeoutMs: options.authTimeoutMs ?? limits.authHandshakeTimeoutMs,
    timestampWindowMs: options.authWindowMs ?? limits.authTimestampWindowMs,
  }
}
