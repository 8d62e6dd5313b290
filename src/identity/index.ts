/** Identity: node names, keys, certificates, trust and mutual authentication. */
export {
  type AuthPipe,
  type AuthResult,
  authenticate,
} from './authenticate.ts'
export type { TlsMaterial } from './cert.ts'
export { cookieOnlyFault, type Exemptions } from './cookie-only.ts'
export { fingerprint, generateKeypair, type Keypair, type Signer } from './ed25519.ts'
export type { AcceptorNonce } from './handshake.ts'
export { KeyRing } from './key-ring.ts'
export { ensureKeypair } from './key-store.ts'
export { hostOf, validateNodeName } from './node-name.ts'
export { chooseSigner, type SignerChoice } from './platform-signer.ts'
export { ensureTlsMaterial } from './tls-store.ts'
export type { PinLookup, TrustMode } from './trust.ts'
export {
  openTrustStore,
  type PinResult,
  type TrustedNode,
  TrustStore,
} from './trust-store.ts'
