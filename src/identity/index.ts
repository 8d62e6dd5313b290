/** Identity: node names, keys, certificates, trust and mutual authentication. */
export type { AuthReason } from './auth-failure.ts'
export {
  type AuthenticateOptions,
  type AuthPipe,
  type AuthResult,
  authenticate,
} from './authenticate.ts'
export type { TlsMaterial } from './cert.ts'
export { ed25519, fingerprint, generateKeypair, type Keypair, type Signer } from './ed25519.ts'
export { ensureKeypair, type KeypairError, type KeypairOrigin } from './key-store.ts'
export { hostOf, type NodeNameError, validateNodeName } from './node-name.ts'
export { ensureTlsMaterial, type TlsStoreError } from './tls-store.ts'
export type { TrustMode } from './trust.ts'
export {
  openTrustStore,
  type TrustedNode,
  TrustStore,
  type TrustStoreError,
  type TrustStoreOptions,
} from './trust-store.ts'
