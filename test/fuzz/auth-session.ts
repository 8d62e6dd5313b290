/**
 * One authentication with a stranger that says what it likes. Both machines, their keys and the
 * nonces come from one seed, so that a recording is valid in every session: what is not changed is
 * accepted. Sessions share nothing: each has a world, a disk and a trust store of its own.
 */
import { World } from '../../runtime/platform/sim.ts'
import { nonceBytes } from '../../src/identity/auth-message.ts'
import type { AuthResult } from '../../src/identity/authenticate.ts'
import { generateKeypair, type Keypair } from '../../src/identity/ed25519.ts'
import { turn } from '../support/until.ts'
import {
  accept,
  bindingOf,
  dial,
  type Machine,
  machine,
  messagesOf,
  pipePair,
  TestPipe,
} from '../unit/src/identity/auth-fixture.ts'
import type { AuthRecording } from './auth-input.ts'

export type Role = 'dialer' | 'acceptor'

export type Session = {
  /** The part the node under test plays. */
  readonly role: Role
  /** `excused`: the peer's name need not prove a key. */
  readonly trust: 'tofu' | 'strict' | 'otherKeyPinned' | 'excused'
  readonly chunks: readonly Uint8Array[]
  /** What the stranger does after the last byte. */
  readonly after: 'wait' | 'end' | 'reset'
}

const seed = 7
const names = { dialer: 'a@h', acceptor: 'b@h' } as const
/** Turns after which a session that has not moved on never will. */
const turnsMax = 200

type Keys = { readonly dialer: Keypair; readonly acceptor: Keypair; readonly other: Keypair }

export class Stage {
  readonly #keys: Keys

  constructor() {
    const { random } = new World(seed)
    this.#keys = {
      dialer: generateKeypair(random),
      acceptor: generateKeypair(random),
      other: generateKeypair(random),
    }
  }

  /** What an honest peer says to a node that plays the role. */
  async record(): Promise<Readonly<Record<Role, AuthRecording>>> {
    const { a, b } = await this.#machines('tofu')
    const [left, right] = pipePair()
    const binding = bindingOf(a, b)
    const both = [dial(a, b.name, left, binding), accept(b, right, binding)] as const
    for (const result of await Promise.all(both)) {
      if (result.tag === 'error') throw new Error(`recording: ${result.message}`)
    }
    const [dialer, acceptor] = [messagesOf(left.sent), messagesOf(right.sent)]
    return {
      dialer: { said: acceptor, told: dialer },
      acceptor: { said: dialer, told: acceptor },
    }
  }

  /** The peer of a node that plays the role. */
  peerOf(role: Role): { readonly name: string; readonly publicKey: Uint8Array } {
    const peer = role === 'dialer' ? 'acceptor' : 'dialer'
    return { name: names[peer], publicKey: this.#keys[peer].publicKey }
  }

  /** How it ends for the node under test. Throws if it does not. */
  async play({ role, trust, chunks, after }: Session): Promise<AuthResult> {
    const { world, a, b } = await this.#machines(trust === 'strict' ? 'strict' : 'tofu')
    const [near, peer] = role === 'dialer' ? [a, b] : [b, a]
    const self: Machine = trust === 'excused' ? { ...near, exemptions: [peer.name] } : near
    if (trust === 'otherKeyPinned') {
      const pinned = await self.trust.storeKeyIfNew(peer.name, this.#keys.other.publicKey)
      if (pinned.tag === 'error') throw new Error(pinned.message)
    }
    const pipe = new TestPipe()
    const binding = bindingOf(a, b)
    // In the recording the dialer drew its nonce first.
    if (role === 'acceptor') world.random.bytes(nonceBytes)
    const running =
      role === 'dialer' ? dial(self, peer.name, pipe, binding) : accept(self, pipe, binding)
    let result: AuthResult | undefined
    const settled = running.then((value) => {
      result = value
    })
    for (const chunk of chunks) pipe.onBytes?.(chunk)
    if (after === 'end') pipe.onEnd?.()
    else if (after === 'reset') pipe.onReset?.(3)
    for (let turns = 0; result === undefined && turns < turnsMax; turns++) {
      await turn()
      if (result === undefined) world.advance()
    }
    if (result === undefined) throw new Error('an authentication that never ends')
    await settled
    if (pipe.onBytes || pipe.onEnd || pipe.onReset) throw new Error('callbacks are left behind')
    return result
  }

  async #machines(mode: 'tofu' | 'strict'): Promise<{ world: World; a: Machine; b: Machine }> {
    const world = new World(seed)
    const { dialer, acceptor } = this.#keys
    const a = await machine(world, names.dialer, { mode, keypair: dialer })
    const b = await machine(world, names.acceptor, { mode, keypair: acceptor })
    return { world, a, b }
  }
}
