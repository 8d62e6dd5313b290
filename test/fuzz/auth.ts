/**
 * Authentication streams of a stranger: the frame reader and the decoder on their own, and whole
 * sessions of the real `authenticate`, in which the stranger says what an honest peer once said,
 * mutated. An accepted message must be the very bytes it came from: nothing may ride along.
 */
import type { Random } from '../../runtime/platform/platform.ts'
import type { AuthReason } from '../../src/identity/auth-failure.ts'
import {
  type AuthDecodeReason,
  AuthFrameReader,
  type AuthMessage,
  decodeAuthMessage,
  encodeAuthMessage,
} from '../../src/identity/auth-message.ts'
import { mutatedAuth } from './auth-input.ts'
import { type Role, type Session, Stage } from './auth-session.ts'
import { below, chance, chunks, join, oneOf } from './mutate.ts'
import { broken, type Target, type Trial } from './target.ts'

type Reach = (what: string) => void
type DecodeAuth = typeof decodeAuthMessage

// Typed by what the decoder can answer: a new answer is a type error until it is listed.
const messageTags = {
  hello: 1,
  challenge: 1,
  response: 1,
  ok: 1,
  fail: 1,
} satisfies Record<AuthMessage['tag'], 1>
const decodeReasons = {
  unsupportedVersion: 1,
  invalidHelloPayload: 1,
  invalidNodeName: 1,
  invalidChallengePayload: 1,
  invalidResponsePayload: 1,
  invalidFailPayload: 1,
  unknownMessageType: 1,
  malformedMessage: 1,
  messageTooLarge: 1,
} satisfies Record<AuthDecodeReason, 1>
/** What a stranger can bring a session to, and what takes a fault of our own. */
const endings = {
  ok: 1,
  exempt: 1,
  wrongPeerName: 1,
  ownKeyReflected: 1,
  nonceReflected: 1,
  keyMismatch: 1,
  untrustedKey: 1,
  peerTsSkew: 1,
  signatureVerificationFailed: 1,
  unexpectedAuthOk: 1,
  authRejected: 1,
  unexpectedMessage: 1,
  authStreamTimeout: 1,
  streamEnded: 1,
  streamReset: 1,
  channelBindingFailed: 0,
  pinUnreadable: 0,
} satisfies Record<Exclude<AuthReason, AuthDecodeReason> | 'ok' | 'exempt', 0 | 1>
const reachable = Object.entries(endings).flatMap(([end, is]) => (is === 1 ? [end] : []))
/** One input in so many is a whole session, which signs and verifies. */
const sessionEvery = 25
const prefixBytes = 2

export type AuthTargetOptions = {
  /** Stands in for the decoder under test. */
  readonly decode?: DecodeAuth
}

export async function authTarget(options: AuthTargetOptions = {}): Promise<Target> {
  const stage = new Stage()
  const recorded = await stage.record()
  const decode = options.decode ?? decodeAuthMessage
  return {
    name: 'auth',
    required: [
      ...Object.keys(messageTags).map((tag) => `message:${tag}`),
      ...Object.keys(decodeReasons).map((reason) => `decode:${reason}`),
      ...['frame:incomplete', 'frame:hopeless', 'frame:overrun'],
      ...reachable.map((end) => `session:${end}`),
    ],
    tryOne(random, reach) {
      const role = oneOf<Role>(random, ['dialer', 'acceptor'])
      const frames = mutatedAuth(random, recorded[role])
      if (below(random, sessionEvery) === 0) return session(stage, random, role, frames, reach)
      if (chance(random, 0.02)) return bare(random, decode, reach)
      return stream(random, frames, decode, reach)
    },
  }
}

/** All messages through the frame reader, cut anywhere, as `authenticate` reads them. */
function stream(
  random: Random,
  frames: readonly Uint8Array[],
  decode: DecodeAuth,
  reach: Reach,
): Trial {
  const bytes = join(...frames)
  const reader = new AuthFrameReader()
  let consumed = 0
  for (const chunk of chunks(random, bytes)) {
    if (!reader.push(chunk)) {
      reach('frame:overrun')
      return { passedFraming: false }
    }
    for (let frame = reader.next(); frame !== undefined; frame = reader.next()) {
      consumed += prefixBytes + frame.length
      message(frame, decode, reach)
    }
    if (reader.hopeless) {
      reach('frame:hopeless')
      return { passedFraming: false }
    }
  }
  if (consumed < bytes.length) reach('frame:incomplete')
  return { passedFraming: consumed === bytes.length }
}

/** A message as long as no reader would hand on. */
function bare(random: Random, decode: DecodeAuth, reach: Reach): Trial {
  const bytes = new Uint8Array(4000 + below(random, 200))
  bytes[0] = below(random, 7)
  message(bytes, decode, reach)
  return { passedFraming: false }
}

function message(frame: Uint8Array, decode: DecodeAuth, reach: Reach): void {
  const before = frame.slice()
  const decoded = decode(frame)
  if (Buffer.compare(before, frame) !== 0) throw broken('the input was changed', before)
  if (decoded.tag === 'error') {
    reach(`decode:${decoded.reason}`)
    return
  }
  reach(`message:${decoded.message.tag}`)
  const again = encodeAuthMessage(decoded.message).subarray(prefixBytes)
  if (Buffer.compare(again, frame) !== 0) throw broken('a message that is not all its bytes', frame)
}

async function session(
  stage: Stage,
  random: Random,
  role: Role,
  frames: readonly Uint8Array[],
  reach: Reach,
): Promise<Trial> {
  // Half of them break off somewhere.
  const said = frames.slice(0, below(random, 2 * frames.length + 1))
  const trust = oneOf<Session['trust']>(random, trusts)
  const result = await stage.play({
    role,
    trust,
    chunks: chunks(random, join(...said)),
    after: oneOf<Session['after']>(random, ['wait', 'end', 'reset']),
  })
  const peer = stage.peerOf(role)
  if (result.tag === 'ok' && Buffer.compare(result.publicKey, peer.publicKey) !== 0) {
    throw broken('somebody is believed who never signed', join(...frames))
  }
  if (result.tag === 'exempt' && (trust !== 'excused' || result.name !== peer.name)) {
    throw broken('somebody is excused who is not listed', join(...frames))
  }
  reach(`session:${'reason' in result ? result.reason : result.tag}`)
  return { passedFraming: true }
}

const trusts = ['tofu', 'tofu', 'tofu', 'strict', 'otherKeyPinned', 'excused'] as const
