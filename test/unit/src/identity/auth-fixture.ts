/**
 * Two machines to authenticate with each other: keys, trust store and disk of each on one virtual
 * clock, and pipes that deliver in order, a microtask later, what the other end sent.
 */
import type { Platform } from '../../../../runtime/platform/platform.ts'
import { simPlatform, World } from '../../../../runtime/platform/sim.ts'
import type { SimDisk } from '../../../../runtime/platform/sim-storage.ts'
import {
  AuthFrameReader,
  type AuthMessage,
  decodeAuthMessage,
  encodeAuthMessage,
} from '../../../../src/identity/auth-message.ts'
import {
  type AuthPipe,
  type AuthResult,
  authenticate,
} from '../../../../src/identity/authenticate.ts'
import type { Exemptions } from '../../../../src/identity/cookie-only.ts'
import { generateKeypair, type Keypair } from '../../../../src/identity/ed25519.ts'
import type { TrustMode } from '../../../../src/identity/trust.ts'
import { openTrustStore, type TrustStore } from '../../../../src/identity/trust-store.ts'

export type Machine = {
  readonly name: string
  readonly keypair: Keypair
  readonly trust: TrustStore
  readonly platform: Platform
  readonly disk: SimDisk
  /** SHA-256 of its TLS certificate. */
  readonly certHash: Uint8Array
  readonly exemptions?: Exemptions
}

export async function machine(
  world: World,
  name: string,
  options: { mode?: TrustMode; wallSkewMs?: number; disk?: SimDisk; keypair?: Keypair } = {},
): Promise<Machine> {
  const disk: SimDisk = options.disk ?? new Map()
  const platform = simPlatform(world, { disk, wallSkewMs: options.wallSkewMs ?? 0 })
  const { storage, clock } = platform
  const opened = await openTrustStore({ storage, clock, dir: 'keys', mode: options.mode ?? 'tofu' })
  if (opened.tag === 'error') throw new Error(opened.message)
  const keypair = options.keypair ?? generateKeypair(world.random)
  return { name, keypair, trust: opened.store, platform, disk, certHash: world.random.bytes(32) }
}

/** One end of a pair: what it sends arrives at `other`. */
export class TestPipe implements AuthPipe {
  onBytes: ((bytes: Uint8Array) => void) | undefined
  onEnd: (() => void) | undefined
  onReset: ((code: number) => void) | undefined
  readonly sent: Uint8Array[] = []
  ended = false
  other: TestPipe | undefined

  send(bytes: Uint8Array): void {
    if (this.ended) return
    this.sent.push(bytes)
    queueMicrotask(() => this.other?.onBytes?.(bytes))
  }

  end(): void {
    if (this.ended) return
    this.ended = true
    queueMicrotask(() => this.other?.onEnd?.())
  }

  /** The messages sent so far. */
  get messages(): readonly AuthMessage[] {
    return messagesOf(this.sent)
  }
}

export function pipePair(): readonly [TestPipe, TestPipe] {
  const [left, right] = [new TestPipe(), new TestPipe()]
  left.other = right
  right.other = left
  return [left, right]
}

export function messagesOf(frames: readonly Uint8Array[]): readonly AuthMessage[] {
  const reader = new AuthFrameReader()
  const messages: AuthMessage[] = []
  for (const bytes of frames) {
    reader.push(bytes)
    for (let frame = reader.next(); frame; frame = reader.next()) {
      const decoded = decodeAuthMessage(frame)
      if (decoded.tag === 'ok') messages.push(decoded.message)
    }
  }
  return messages
}

/** The hashes of the certificates of one TLS connection. */
export type Binding = { readonly serverCertHash: Uint8Array; readonly clientCertHash: Uint8Array }

export function bindingOf(dialer: Machine, acceptor: Machine): Binding {
  return { serverCertHash: acceptor.certHash, clientCertHash: dialer.certHash }
}

export function dial(
  self: Machine,
  dialed: string,
  pipe: AuthPipe,
  binding: Binding,
): Promise<AuthResult> {
  const role = { tag: 'dialer', dialed } as const
  return kept(self, authenticate({ ...common(self, pipe, binding), role }))
}

export function accept(self: Machine, pipe: AuthPipe, binding: Binding): Promise<AuthResult> {
  return kept(self, authenticate({ ...common(self, pipe, binding), role: { tag: 'acceptor' } }))
}

/** What a link process does with a proven key, the dist handshake left out. */
async function kept({ trust }: Machine, result: Promise<AuthResult>): Promise<AuthResult> {
  const known = await result
  if (known.tag === 'ok' && known.firstContact)
    await trust.storeKeyIfNew(known.name, known.publicKey)
  else if (known.tag === 'ok') trust.markSeen(known.name)
  return known
}

function common(self: Machine, pipe: AuthPipe, binding: Binding) {
  const { name, keypair, trust, platform, exemptions = [] } = self
  return { selfName: name, keypair, trust, platform, pipe, exemptions, ...binding }
}

/** Both sides of one connection, to their ends. */
export async function meet(
  dialer: Machine,
  acceptor: Machine,
): Promise<readonly [AuthResult, AuthResult]> {
  const [left, right] = pipePair()
  const binding = bindingOf(dialer, acceptor)
  return Promise.all([dial(dialer, acceptor.name, left, binding), accept(acceptor, right, binding)])
}

/** A peer played by the test: it sends what it likes and waits for what the other side says. */
export class ScriptedPeer {
  readonly pipe: TestPipe
  readonly #inbox: AuthMessage[] = []
  readonly #reader = new AuthFrameReader()
  #waiting: ((message: AuthMessage) => void) | undefined

  constructor(pipe: TestPipe) {
    this.pipe = pipe
    pipe.onBytes = (bytes) => {
      this.#reader.push(bytes)
      for (let frame = this.#reader.next(); frame; frame = this.#reader.next()) {
        const decoded = decodeAuthMessage(frame)
        if (decoded.tag === 'ok') this.#deliver(decoded.message)
      }
    }
  }

  say(message: AuthMessage): void {
    this.pipe.send(encodeAuthMessage(message))
  }

  /** The next message, which must be of this kind. */
  async hear<Tag extends AuthMessage['tag']>(tag: Tag): Promise<AuthMessage & { tag: Tag }> {
    const message = this.#inbox.shift() ?? (await this.#arrival())
    if (!isOf(message, tag)) throw new Error(`expected ${tag}, got ${JSON.stringify(message.tag)}`)
    return message
  }

  #arrival(): Promise<AuthMessage> {
    return new Promise((resolve) => {
      this.#waiting = resolve
    })
  }

  #deliver(message: AuthMessage): void {
    const waiting = this.#waiting
    this.#waiting = undefined
    if (waiting) waiting(message)
    else this.#inbox.push(message)
  }
}

function isOf<Tag extends AuthMessage['tag']>(
  message: AuthMessage,
  tag: Tag,
): message is AuthMessage & { tag: Tag } {
  return message.tag === tag
}

/** Lets everything that can run without the clock run. */
export function quiet(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

export function helloOf({ name, keypair }: Machine): AuthMessage {
  return { tag: 'hello', name, publicKey: keypair.publicKey }
}

/** The files on its disk. */
export function filesOf({ disk }: Machine): readonly string[] {
  return [...disk.keys()]
}

export function reasonOf(result: AuthResult): string {
  return result.tag === 'error' ? result.reason : result.tag
}

/** `a@h` and `b@h`, strangers, and the binding of a connection from `a` to `b`. */
export async function twoMachines(): Promise<{
  readonly world: World
  readonly a: Machine
  readonly b: Machine
  readonly binding: Binding
}> {
  const world = new World(1)
  const a = await machine(world, 'a@h')
  const b = await machine(world, 'b@h')
  return { world, a, b, binding: bindingOf(a, b) }
}
