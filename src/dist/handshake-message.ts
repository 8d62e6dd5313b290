/**
 * Messages of the dist handshake, on the control stream, after authentication. Maps by field name,
 * so that later versions can add fields: unknown ones are ignored, known ones are checked.
 */
import { type Codec, createCodec } from '../wire/index.ts'
import { cookieNonceBytes } from './cookie.ts'

/** Answer of the acceptor to a name. */
export type Status =
  | 'ok'
  /** Go on, although the acceptor dials too: its own attempt is the one that yields. */
  | 'okSimultaneous'
  /** The acceptor's own dial wins: wait for it. */
  | 'nok'
  /** A channel between these two nodes is in use. */
  | 'alive'
  | 'unsupportedVersion'
  | 'unsupportedFlags'

const statuses: readonly string[] = [
  'ok',
  'okSimultaneous',
  'nok',
  'alive',
  'unsupportedVersion',
  'unsupportedFlags',
] satisfies readonly Status[]

export type HandshakeMessage =
  | {
      readonly tag: 'name'
      readonly version: number
      readonly node: string
      readonly creation: number
      readonly flags: readonly string[]
      /** Flags the sender cannot do without. */
      readonly mandatory: readonly string[]
      /** The cookie proved ahead of its being asked for, and our nonce. The first nodes wait. */
      readonly proof?: CookieProof
    }
  /** `detail` says more of a refusal, to the operator of the other side. */
  | { readonly tag: 'status'; readonly status: Status; readonly detail?: string }
  | {
      readonly tag: 'challenge'
      readonly nonce: Uint8Array
      readonly node: string
      readonly creation: number
      readonly flags: readonly string[]
      /** The same for the acceptor. The first nodes did not say, and have none. */
      readonly mandatory: readonly string[]
    }
  | ({ readonly tag: 'reply' } & CookieProof)
  | { readonly tag: 'ack'; readonly digest: Uint8Array }
  /** Answer to a proof that came with the name: what `challenge` and `ack` say together. */
  | {
      readonly tag: 'welcome'
      readonly digest: Uint8Array
      readonly node: string
      readonly creation: number
      readonly flags: readonly string[]
      readonly mandatory: readonly string[]
    }

/** `digest` covers what the other side chose; `nonce` is for it to cover. */
export type CookieProof = { readonly nonce: Uint8Array; readonly digest: Uint8Array }

const digestBytes = 32
const flagsMax = 64
const detailMaxChars = 256

/** Encodes and decodes; one per channel, as every codec is. */
export class HandshakeCodec {
  readonly #codec: Codec = createCodec()

  /** The bytes, borrowed until the next `encode`. */
  encode(message: HandshakeMessage): Uint8Array {
    const result = this.#codec.encode(message)
    if (result.tag === 'error') throw new Error(`handshake message: ${result.path}`)
    return result.bytes
  }

  /** Undefined for anything that is not a handshake message. */
  decode(bytes: Uint8Array): HandshakeMessage | undefined {
    const result = this.#codec.decode(bytes)
    return result.tag === 'ok' && isRecord(result.term) ? check(result.term) : undefined
  }
}

type Fields = Readonly<Record<string, unknown>>

function check(fields: Fields): HandshakeMessage | undefined {
  const { tag, version, node, creation, flags, mandatory, status, detail, nonce, digest } = fields
  const { proof } = fields
  switch (tag) {
    case 'name':
      if (!isCount(version) || typeof node !== 'string' || !isCount(creation)) return undefined
      if (!isFlags(flags) || !isFlags(mandatory)) return undefined
      if (proof === undefined) return { tag, version, node, creation, flags, mandatory }
      return isProof(proof) ? { tag, version, node, creation, flags, mandatory, proof } : undefined
    case 'status':
      if (!isStatus(status)) return undefined
      return isDetail(detail) ? { tag, status, detail } : { tag, status }
    case 'challenge':
      if (!isBytes(nonce, cookieNonceBytes) || typeof node !== 'string') return undefined
      if (!isCount(creation) || !isFlags(flags)) return undefined
      if (mandatory === undefined) return { tag, nonce, node, creation, flags, mandatory: [] }
      return isFlags(mandatory) ? { tag, nonce, node, creation, flags, mandatory } : undefined
    case 'reply':
      return isProof(fields) ? { tag, nonce: fields.nonce, digest: fields.digest } : undefined
    case 'ack':
      return isBytes(digest, digestBytes) ? { tag, digest } : undefined
    case 'welcome':
      if (!isBytes(digest, digestBytes) || typeof node !== 'string') return undefined
      if (!isCount(creation) || !isFlags(flags) || !isFlags(mandatory)) return undefined
      return { tag, digest, node, creation, flags, mandatory }
    default:
      return undefined
  }
}

function isRecord(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null
}

function isProof(value: unknown): value is CookieProof {
  if (!isRecord(value)) return false
  const { nonce, digest } = value
  return isBytes(nonce, cookieNonceBytes) && isBytes(digest, digestBytes)
}

function isStatus(value: unknown): value is Status {
  return typeof value === 'string' && statuses.includes(value)
}

function isDetail(value: unknown): value is string {
  return typeof value === 'string' && value.length <= detailMaxChars
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value < 2 ** 32
}

function isFlags(value: unknown): value is readonly string[] {
  return (
    Array.isArray(value) &&
    value.length <= flagsMax &&
    value.every((flag) => typeof flag === 'string' && flag.length <= 64)
  )
}

function isBytes(value: unknown, size: number): value is Uint8Array {
  return value instanceof Uint8Array && value.length === size
}
