/**
 * What is behind the tables of names: bob's own table and his copy of alice's, and a dispute over a
 * global name that she claims too. They hear what their decoders accept, as `src/replica` and
 * `src/services/global` do, and keep their books: what a copy holds is what it was charged for.
 */
import { Pid } from '../../runtime/identifier.ts'
import type { Random } from '../../runtime/platform/platform.ts'
import { seededRandom } from '../../runtime/platform/sim.ts'
import { Table, type TableOp } from '../../src/crdt/table.ts'
import { TableCopies, type TableCopy } from '../../src/crdt/table-copy.ts'
import { limits } from '../../src/limits.ts'
import { type PullAction, Pulls } from '../../src/replica/pulls.ts'
import { Sends } from '../../src/replica/sends.ts'
import {
  type Chunk,
  decodeDelta,
  decodeMessage,
  encodeMessage,
  type TableMessage,
  type WireOp,
} from '../../src/replica/table-message.ts'
import { verdictOnChunk, verdictOnDelta } from '../../src/replica/table-verdict.ts'
import { entryBytes } from '../../src/replica/table-weight.ts'
import type { Claim } from '../../src/services/global/claim.ts'
import { Claims } from '../../src/services/global/claims.ts'
import { type Dispute, stepDispute } from '../../src/services/global/dispute.ts'
import { decodeGlobal } from '../../src/services/global/message.ts'
import { keyOfName } from '../../src/services/global/name.ts'
import { createCodec } from '../../src/wire/index.ts'
import { alice, bob } from '../support/vectors/term-space.ts'
import type { Actor } from './cluster-actors.ts'
import { below } from './mutate.ts'

/** Number of the question that bob has asked alice. */
export const askedId = 7
/** What bob knows of alice's table. */
export const knownHead = { epoch: { wallMs: 1_000, logical: 1 }, version: 5 } as const
export const disputed = 'disputed'

export const replicaDecoders = {
  /** As bodies are sent, and as they are meant. */
  table: (body: unknown) => {
    const heard = decodeMessage(body)
    return heard && { tag: heard.tag, message: encodeMessage(heard), heard }
  },
  delta: decodeDelta,
  global: decodeGlobal,
} as const
export type ReplicaDecoders = typeof replicaDecoders

const entries = 40
const copyLimits = { entriesMax: 20, maxBytes: 4_000, allEntriesMax: 20, allMaxBytes: 4_000 }

export class TableActor implements Actor {
  readonly sent: unknown[] = []
  readonly #decoders: ReplicaDecoders
  readonly #codec = createCodec()
  readonly #own = new Table<unknown>({ wallMs: 900, logical: 0 })
  readonly #sends: Sends<unknown>
  readonly #copies = new TableCopies<unknown>(copyLimits)
  readonly #pulls: Pulls
  readonly #timers = new Set<string>()
  #nowMs = 0

  constructor(decoders: ReplicaDecoders) {
    this.#decoders = decoders
    for (let n = 0; n < entries; n++) this.#own.put(`own ${n}`, n, 3_000)
    this.#sends = new Sends(this.#own, (op) => {
      return op.tag === 'put' ? [op.key, this.#bytesOf(op.value)] : [op.key]
    })
    const pace = { pullEveryMs: 100, pullTimeoutMs: 5_000, random: seededRandom(1) }
    this.#pulls = new Pulls(pace, askedId)
    this.#perform(this.#pulls.want(alice.name, this.#nowMs))
    this.sent.length = 0
  }

  hear(body: unknown): string | undefined {
    const message = this.#decoders.table(body)?.heard
    if (message !== undefined) this.#take(message)
    this.#check()
    return message?.tag
  }

  /** Takes what a broadcast about alice's table carries. */
  hearNews(payload: unknown): string | undefined {
    const delta = this.#decoders.delta(payload)
    if (delta === undefined) return undefined
    const copy = this.#copy
    const isHers = delta.node === alice.name
    if (isHers && verdictOnDelta(copy.head, delta) === 'advance') {
      copy.head = delta.head
      this.#apply(copy, delta.ops ?? [])
    } else this.#want(delta.node)
    this.#check()
    return delta.ops === undefined ? 'head' : 'ops'
  }

  goOn(random: Random): void {
    this.#nowMs += below(random, 10_000)
    const [key] = this.#timers
    if (key === undefined) return
    this.#timers.delete(key)
    this.#perform(this.#pulls.due(key, this.#nowMs))
  }

  get #copy(): TableCopy<unknown> {
    const known = this.#copies.get(alice.name)
    if (known !== undefined) return known
    const copy = this.#copies.of(alice.name, alice.creation)
    copy.head = knownHead
    return copy
  }

  #take(message: TableMessage): void {
    if (message.tag === 'pull') this.#sends.begin(alice.name, message.id, message.head)
    if (message.tag === 'ack') this.#sends.heard(alice.name, message.id, message.seq)
    if (message.tag === 'pull' || message.tag === 'ack') {
      for (let part = this.#sends.next(alice.name); part; part = this.#sends.next(alice.name)) {
        this.sent.push(encodeMessage(part))
      }
    } else if (message.tag === 'chunk') this.#tookChunk(message)
    else if (message.tag === 'refused') {
      if (this.#pulls.idOf(alice.name) === message.id) {
        this.#perform(this.#pulls.failed(alice.name, this.#nowMs))
      }
    } else if (message.tag !== 'digest') for (const { node } of message.heads) this.#want(node)
  }

  #tookChunk(chunk: Chunk): void {
    if (this.#pulls.idOf(alice.name) !== chunk.id) return
    const copy = this.#copy
    const verdict = verdictOnChunk(copy.head, chunk)
    if (verdict === 'begin' || verdict === 'refuse') copy.begin()
    if (verdict === 'refuse') this.#perform(this.#pulls.failed(alice.name, this.#nowMs))
    else {
      if (verdict !== 'skip') this.#apply(copy, chunk.ops)
      while (verdict !== 'skip' && chunk.last && !copy.sweep(8, undefined, () => undefined));
      if (chunk.last) copy.head = chunk.head
      if (chunk.end) this.#perform(this.#pulls.done(alice.name, false, this.#nowMs))
      else this.sent.push(encodeMessage({ tag: 'ack', id: chunk.id, seq: chunk.seq }))
    }
  }

  #apply(copy: TableCopy<unknown>, ops: readonly WireOp[]): void {
    for (const op of ops) copy.apply(this.#opOf(op), () => undefined)
  }

  #opOf([key, bytes]: WireOp): TableOp<unknown> {
    const decoded = bytes instanceof Uint8Array ? this.#codec.decode(bytes) : undefined
    if (decoded?.tag !== 'ok') return { tag: 'remove', key, cause: undefined }
    const { term: value } = decoded
    return { tag: 'put', key, value, bytes: entryBytes(key, value, bytes?.length ?? 0) }
  }

  #want(node: string): void {
    this.#perform(this.#pulls.want(node, this.#nowMs))
  }

  #perform(actions: readonly PullAction[]): void {
    for (const action of actions) {
      if (action.tag === 'timer') this.#timers.add(action.key)
      else if (action.tag === 'cancel') this.#timers.delete(action.key)
      else this.sent.push(encodeMessage({ tag: 'pull', id: action.id, head: this.#copy.head }))
    }
  }

  #check(): void {
    const { entries, bytes } = this.#copies
    const [size, sum] = [this.#copy.size, this.#copy.bytes]
    if (entries !== size || bytes !== sum) throw new Error(`${entries} entries are booked: ${size}`)
    if (entries > copyLimits.entriesMax || bytes > copyLimits.maxBytes) throw new Error('too much')
    if ([...this.#copy.entries()].length !== size) throw new Error('a copy has another size')
    if (this.#sends.size > 1) throw new Error('one who asks is served several times')
    if (this.#pulls.size > limits.replicaHeadsMax * 8) throw new Error('too many are asked')
  }

  #bytesOf(value: unknown): Uint8Array {
    const encoded = this.#codec.encode(value)
    if (encoded.tag === 'error') throw new Error(encoded.path)
    return encoded.bytes.slice()
  }
}

/** Bob's claim is weaker than alice's, who is asked about it. */
export class GlobalActor implements Actor {
  readonly sent: unknown[] = []
  readonly #decode: ReplicaDecoders['global']
  readonly #claims = new Claims()
  readonly #key = keyOfName(disputed)
  #dispute: Dispute | undefined

  constructor(decode: ReplicaDecoders['global']) {
    this.#decode = decode
    this.#claims.put(this.#key, bob.name, claimOf(bob, 9))
    this.#claims.put(this.#key, alice.name, claimOf(alice, 3))
    this.#step({ tag: 'look' })
    this.sent.length = 0
  }

  hear(body: unknown): string | undefined {
    const message = this.#decode(body)
    if (message?.tag === 'ask') {
      const { key, pid, since, rank } = message
      const own = this.#claims.ofNode(key, bob.name)
      this.sent.push({
        tag: 'answer',
        key,
        pid,
        since,
        rank,
        holds: own !== undefined && own.rank >= rank,
      })
    } else if (message !== undefined) {
      const winner = this.#claims.ofNode(message.key, alice.name)
      if (winner !== undefined) this.#step({ tag: 'answer', winner, holds: message.holds })
    }
    return message?.tag
  }

  goOn(random: Random): void {
    const verdicts = ['stop', 'release', 'take'] as const
    const verdict = verdicts[below(random, verdicts.length)] ?? 'stop'
    this.#step(below(random, 2) === 0 ? { tag: 'unanswered' } : { tag: 'verdict', verdict })
  }

  #step(event: Parameters<typeof stepDispute>[1]): void {
    const env = { claims: this.#claims.of(this.#key), self: bob.name }
    const [dispute, actions] = stepDispute(this.#dispute, event, env)
    this.#dispute = dispute
    for (const action of actions) {
      if (action.tag !== 'ask') continue
      const { pid, since, rank } = action.winner
      this.sent.push({ tag: 'ask', key: this.#key, pid, since, rank })
    }
  }
}

type Claimant = { readonly name: string; readonly creation: number }

export function claimOf({ name, creation }: Claimant, wallMs: number): Claim {
  const pid = new Pid({ node: name, creation, index: 4, serial: 3 })
  return { name: disputed, pid, since: { wallMs, logical: 0 }, rank: 0 }
}
