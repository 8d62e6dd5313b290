/** Identity: node names, keys, certificates, trust and mutual authentication. */
export {
  type AuthPipe,
  type AuthResult,
  authenticate,
} from './authenticate.ts'
export type { TlsMaterial } from './cert.ts'
export { ed25519, fingerprint, generateKeypair, type Keypair, type Signer } from './ed25519.ts'
export { ensureKeypair } from './key-store.ts'
export { validateNodeName } from './node-name.ts'
export { ensureTlsMaterial } from './tls-store.ts'
export type { TrustMode } from './trust.ts'
export {
  openTrustStore,
  TrustStore,
} from './trust-store.ts'
