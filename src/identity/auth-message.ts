/**
 * The five messages of authentication version 2 and their framing: a 2-byte big-endian length,
 * then type byte and body (cluster spec, 4.1, 4.2). Integers are big-endian.
 *
 *     1 HELLO      version:u8 = 2, nameLength:u16, name, publicKey:32
 *     2 CHALLENGE  nonce:32, timestamp:u64 (wall clock, ms)
 *     3 RESPONSE   signature:64
 *     4 OK
 *     5 FAIL       reasonLength:u16, reason
 *
 * Invariants: decoding never throws and keeps no reference to the bytes given; every byte of a
 * message is accounted for. Difference: a FAIL reason must be an identifier of at most 64
 * characters, since it ends up in logs.
 */
import { limits } from '../limits.ts'
import { keyBytes, signatureBytes } from './ed25519.ts'
import { validateNodeName } from './node-name.ts'

const authVersion = 2
export const nonceBytes = 32

export type AuthMessage =
  | { readonly tag: 'hello'; readonly name: string; readonly publicKey: Uint8Array }
  | { readonly tag: 'challenge'; readonly nonce: Uint8Array; readonly timestampMs: bigint }
  | { readonly tag: 'response'; readonly signature: Uint8Array }
  | { readonly tag: 'ok' }
  | { readonly tag: 'fail'; readonly reason: string }

export type AuthDecodeReason =
  | 'unsupportedVersion'
  | 'invalidHelloPayload'
  | 'invalidNodeName'
  | 'invalidChallengePayload'
  | 'invalidResponsePayload'
  | 'invalidFailPayload'
  | 'unknownMessageType'
  | 'malformedMessage'
  | 'messageTooLarge'

export type AuthDecodeError = {
  readonly tag: 'error'
  readonly reason: AuthDecodeReason
  /** The version or type byte received, for `unsupportedVersion` and `unknownMessageType`. */
  readonly received?: number
}

const types = { hello: 1, challenge: 2, response: 3, ok: 4, fail: 5 } as const
const prefixBytes = 2
const timestampBytes = 8
const helloFixedBytes = 4
const failFixedBytes = 3
const failReasonForm = /^[A-Za-z0-9_-]{1,64}$/

/** One message, length prefix included. */
export function encodeAuthMessage(message: AuthMessage): Uint8Array {
  const body = bodyOf(message)
  const frame = new Uint8Array(prefixBytes + 1 + body.length)
  new DataView(frame.buffer).setUint16(0, 1 + body.length)
  frame[prefixBytes] = types[message.tag]
  frame.set(body, prefixBytes + 1)
  return frame
}

/** Decodes one message, length prefix already removed. Never throws. */
export function decodeAuthMessage(
  bytes: Uint8Array,
): { readonly tag: 'ok'; readonly message: AuthMessage } | AuthDecodeError {
  if (bytes.length > limits.authMessageMaxBytes) return invalid('messageTooLarge')
  switch (bytes[0]) {
    case undefined:
      return invalid('malformedMessage')
    case types.hello:
      return decodeHello(bytes)
    case types.challenge:
      return decodeChallenge(bytes)
    case types.response:
      if (bytes.length !== 1 + signatureBytes) return invalid('invalidResponsePayload')
      return decoded({ tag: 'response', signature: bytes.slice(1) })
    case types.ok:
      return bytes.length === 1 ? decoded({ tag: 'ok' }) : invalid('malformedMessage')
    case types.fail:
      return decodeFail(bytes)
    default:
      return invalid('unknownMessageType', bytes[0])
  }
}

/**
 * Cuts a byte stream into messages. Holds at most one message of `authMessageMaxBytes` and its
 * prefix, whatever the peer sends and however it is cut.
 */
export class AuthFrameReader {
  #held = new Uint8Array(0)

  /** Takes bytes (copied). False when more is waiting than one message may hold: give up. */
  push(bytes: Uint8Array): boolean {
    const total = this.#held.length + bytes.length
    if (total > prefixBytes + limits.authMessageMaxBytes) return false
    const joined = new Uint8Array(total)
    joined.set(this.#held)
    joined.set(bytes, this.#held.length)
    this.#held = joined
    return true
  }

  /** The next message without its prefix; undefined while it is incomplete. */
  next(): Uint8Array | undefined {
    const held = this.#held
    if (held.length < prefixBytes) return undefined
    const end = prefixBytes + uint16(held, 0)
    if (held.length < end) return undefined
    this.#held = held.slice(end)
    return held.slice(prefixBytes, end)
  }

  /** True when the announced message can never fit: waiting for the rest is pointless. */
  get hopeless(): boolean {
    return this.#held.length >= prefixBytes && uint16(this.#held, 0) > limits.authMessageMaxBytes
  }
}

function bodyOf(message: AuthMessage): Uint8Array {
  switch (message.tag) {
    case 'hello': {
      const name = ascii(message.name)
      return join([Uint8Array.of(authVersion), lengthOf(name), name, message.publicKey])
    }
    case 'challenge': {
      const timestamp = new Uint8Array(timestampBytes)
      new DataView(timestamp.buffer).setBigUint64(0, message.timestampMs)
      return join([message.nonce, timestamp])
    }
    case 'response':
      return message.signature
    case 'ok':
      return new Uint8Array(0)
    case 'fail': {
      const reason = ascii(message.reason)
      return join([lengthOf(reason), reason])
    }
  }
}

function decodeHello(bytes: Uint8Array): ReturnType<typeof decodeAuthMessage> {
  const version = bytes[1]
  if (version === undefined) return invalid('invalidHelloPayload')
  // Before the rest: another version may have another layout.
  if (version !== authVersion) return invalid('unsupportedVersion', version)
  if (bytes.length < helloFixedBytes) return invalid('invalidHelloPayload')
  const nameEnd = helloFixedBytes + uint16(bytes, 2)
  if (bytes.length !== nameEnd + keyBytes) return invalid('invalidHelloPayload')
  const name = validateNodeName(bytes.subarray(helloFixedBytes, nameEnd))
  if (name.tag === 'error') return invalid('invalidNodeName')
  return decoded({ tag: 'hello', name: name.name, publicKey: bytes.slice(nameEnd) })
}

function decodeChallenge(bytes: Uint8Array): ReturnType<typeof decodeAuthMessage> {
  const nonceEnd = 1 + nonceBytes
  if (bytes.length !== nonceEnd + timestampBytes) return invalid('invalidChallengePayload')
  const timestampMs = new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(nonceEnd)
  return decoded({ tag: 'challenge', nonce: bytes.slice(1, nonceEnd), timestampMs })
}

function decodeFail(bytes: Uint8Array): ReturnType<typeof decodeAuthMessage> {
  if (bytes.length < failFixedBytes) return invalid('invalidFailPayload')
  if (bytes.length !== failFixedBytes + uint16(bytes, 1)) return invalid('invalidFailPayload')
  const reason = Buffer.from(bytes.subarray(failFixedBytes)).toString('latin1')
  if (!failReasonForm.test(reason)) return invalid('invalidFailPayload')
  return decoded({ tag: 'fail', reason })
}

function decoded(message: AuthMessage): { readonly tag: 'ok'; readonly message: AuthMessage } {
  return { tag: 'ok', message }
}

function invalid(reason: AuthDecodeReason, received?: number): AuthDecodeError {
  return received === undefined ? { tag: 'error', reason } : { tag: 'error', reason, received }
}

function uint16(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 8) | bytes[at + 1]!
}

function lengthOf(bytes: Uint8Array): Uint8Array {
  return Uint8Array.of(bytes.length >> 8, bytes.length & 0xff)
}

function ascii(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}

function join(parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts))
}
