/** The handshake rule played step by step: two sides, what each sees of a run, what it does. */
import { seededRandom } from '../../../../runtime/platform/sim.ts'
import type { AuthMessage } from '../../../../src/identity/auth-message.ts'
import { signTranscript } from '../../../../src/identity/auth-transcript.ts'
import { ed25519, generateKeypair } from '../../../../src/identity/ed25519.ts'
import {
  type HandshakeAction,
  type HandshakeEnv,
  type HandshakeEvent,
  type HandshakeState,
  newHandshake,
  stepHandshake,
} from '../../../../src/identity/handshake.ts'
import { assert } from '../../../support/harness.ts'

const random = seededRandom(1)
export const dialerKeys = generateKeypair(random)
const acceptorKeys = generateKeypair(random)
export const wallMs = 1_800_000_000_000

const common = {
  signer: ed25519,
  exemptions: [],
  serverCertHash: random.bytes(32),
  clientCertHash: random.bytes(32),
  timestampWindowMs: 30_000,
  nowMs: 500,
  wallMs,
}
export const dialer: HandshakeEnv = {
  ...common,
  role: { tag: 'dialer', dialed: 'b@h' },
  selfName: 'a@h',
  keypair: dialerKeys,
  nonce: random.bytes(32),
}
export const acceptor: HandshakeEnv = {
  ...common,
  role: { tag: 'acceptor' },
  selfName: 'b@h',
  keypair: acceptorKeys,
  nonce: random.bytes(32),
}

export const looked = { tag: 'looked', lookup: { tag: 'notPinned' }, mode: 'tofu' } as const
export const message = (content: AuthMessage): HandshakeEvent => ({
  tag: 'message',
  message: content,
})
export const helloOf = (env: HandshakeEnv): AuthMessage => ({
  tag: 'hello',
  name: env.selfName,
  publicKey: env.keypair.publicKey,
})
export const challengeOf = (env: HandshakeEnv): AuthMessage => ({
  tag: 'challenge',
  nonce: env.nonce,
  timestampMs: BigInt(wallMs),
})
/** What `env` answers to the challenge of `to`. */
export function responseOf(env: HandshakeEnv, to: HandshakeEnv): AuthMessage {
  const facts = {
    role: env.role.tag,
    nonce: to.nonce,
    timestampMs: BigInt(wallMs),
    serverCertHash: env.serverCertHash,
    clientCertHash: env.clientCertHash,
  }
  return { tag: 'response', signature: signTranscript(ed25519, env.keypair, facts)! }
}

type Run = { readonly state: HandshakeState; readonly actions: readonly HandshakeAction[] }

export function run(env: HandshakeEnv, events: readonly HandshakeEvent[]): Run {
  let state = newHandshake
  let actions: readonly HandshakeAction[] = []
  for (const event of events) {
    const [next, done] = stepHandshake(state, event, env)
    state = next
    actions = [...actions, ...done]
  }
  return { state, actions }
}

export function tagsOf(actions: readonly HandshakeAction[]): readonly string[] {
  return actions.map((action) => (action.tag === 'send' ? action.message.tag : action.tag))
}

export function failureOf({ actions, state }: Run): string {
  assert.is(state.tag, 'done')
  const last = actions.at(-1)
  return last?.tag === 'fail' ? last.failure.reason : `no failure but ${last?.tag}`
}

/** The events of a whole run as each side sees them. */
export const scripts = [
  {
    env: dialer,
    events: [
      { tag: 'start' },
      message(helloOf(acceptor)),
      looked,
      message(challengeOf(acceptor)),
      message(responseOf(acceptor, dialer)),
      message({ tag: 'ok' }),
    ] satisfies HandshakeEvent[],
    sends: ['hello', 'challenge', 'lookup', 'response', 'ok', 'proven', 'finish'],
  },
  {
    env: acceptor,
    events: [
      { tag: 'start' },
      message(helloOf(dialer)),
      looked,
      message(challengeOf(dialer)),
      message(responseOf(dialer, acceptor)),
      message({ tag: 'ok' }),
    ] satisfies HandshakeEvent[],
    sends: ['lookup', 'hello', 'challenge', 'response', 'ok', 'proven', 'finish'],
  },
] as const
