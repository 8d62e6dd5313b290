/**
 * Draws one input of the auth target: the messages an honest peer said, with up to three changes.
 * A message is changed as such (a name, a key, a nonce that is somebody else's), so that it is
 * still well formed, or as bytes; messages are dropped, doubled, swapped and taken from the other
 * side.
 */
import type { Random } from '../../runtime/platform/platform.ts'
import { type AuthMessage, encodeAuthMessage } from '../../src/identity/auth-message.ts'
import { limits } from '../../src/limits.ts'
import { below, chance, mutateBytes, oneOf } from './mutate.ts'

export type AuthRecording = {
  /** What the peer said. */
  readonly said: readonly AuthMessage[]
  /** What it was told: said back to it, this is a reflection. */
  readonly told: readonly AuthMessage[]
}

const prefixBytes = 2
const names = ['a@h', 'b@h', 'c@h', 'a', '@', 'a@', '.a@h', 'a@h@h', '../a@h', 'é@h', ''] as const
const longName = `${'n'.repeat(limits.nodeNameMaxBytes)}@h`
const reasons = [
  'untrustedKey',
  'x',
  'x'.repeat(64),
  'x'.repeat(65),
  '',
  'two words',
  '\n',
] as const
const timestamps = [0n, 1n, 2n ** 53n, 2n ** 63n, 2n ** 64n - 1n] as const

/** Whole messages, length prefix included, each as the peer would put it on its stream. */
export function mutatedAuth(random: Random, recording: AuthRecording): readonly Uint8Array[] {
  let messages = recording.said
  for (let left = below(random, 4); left > 0; left--) {
    messages = changedOrder(random, messages, recording) ?? changedOne(random, messages, recording)
  }
  return messages.map((message) => {
    const bytes = encodeAuthMessage(message)
    if (chance(random, 0.9)) return bytes
    return chance(random, 0.2) ? mutateBytes(random, bytes) : mutatedPayload(random, bytes)
  })
}

/** Changes what is behind the prefix; the prefix is true again, or as large as it can be. */
function mutatedPayload(random: Random, bytes: Uint8Array): Uint8Array {
  const grown = chance(random, 0.05) ? new Uint8Array(limits.authMessageMaxBytes) : undefined
  const payload = grown ?? mutateBytes(random, bytes.subarray(prefixBytes))
  const whole = new Uint8Array(prefixBytes + payload.length)
  whole.set(payload, prefixBytes)
  if (grown !== undefined) whole[prefixBytes] = below(random, 7)
  new DataView(whole.buffer).setUint16(0, chance(random, 0.95) ? payload.length : 0xffff)
  return whole
}

function changedOrder(
  random: Random,
  messages: readonly AuthMessage[],
  { said, told }: AuthRecording,
): readonly AuthMessage[] | undefined {
  const at = below(random, messages.length + 1)
  switch (below(random, 8)) {
    case 0:
      return messages.toSpliced(at, 1)
    case 1:
      return messages.toSpliced(at, 0, oneOf(random, [...said, ...told]))
    case 2:
      return messages.toSpliced(at, 0, { tag: 'fail', reason: oneOf(random, reasons) })
    case 3:
      return messages.toReversed()
    default:
      return undefined
  }
}

function changedOne(
  random: Random,
  messages: readonly AuthMessage[],
  { said, told }: AuthRecording,
): readonly AuthMessage[] {
  const at = below(random, messages.length)
  const message = messages[at]
  if (message === undefined) return messages
  return messages.with(at, changed(random, message, [...said, ...told]))
}

function changed(
  random: Random,
  message: AuthMessage,
  others: readonly AuthMessage[],
): AuthMessage {
  switch (message.tag) {
    case 'hello': {
      const { publicKey } = oneOf(random, others.filter(isOf('hello')))
      if (chance(random, 0.4)) return { ...message, publicKey }
      if (chance(random, 0.2)) return { ...message, publicKey: flipped(random, publicKey) }
      return { ...message, name: oneOf(random, [...names, longName]) }
    }
    case 'challenge': {
      const { nonce, timestampMs } = oneOf(random, others.filter(isOf('challenge')))
      if (chance(random, 0.4)) return { ...message, nonce }
      const jump = BigInt(below(random, 4 * limits.authTimestampWindowMs))
      const moved = chance(random, 0.5) ? timestampMs + jump : oneOf(random, timestamps)
      return { ...message, timestampMs: moved }
    }
    case 'response': {
      const { signature } = oneOf(random, others.filter(isOf('response')))
      return { ...message, signature: flipped(random, signature) }
    }
    case 'ok':
    case 'fail':
      return { tag: 'fail', reason: oneOf(random, reasons) }
  }
}

function flipped(random: Random, bytes: Uint8Array): Uint8Array {
  const copy = bytes.slice()
  const at = below(random, copy.length)
  copy[at] = (copy[at] ?? 0) ^ (1 << below(random, 8))
  return copy
}

function isOf<T extends AuthMessage['tag']>(tag: T) {
  return (message: AuthMessage): message is Extract<AuthMessage, { readonly tag: T }> =>
    message.tag === tag
}
