/**
 * The driver of a replica: carries what is told to all, compares with neighbours what the replica
 * comes to, and sends whoever has something else a snapshot, or the part of it that it lacks.
 *
 * Invariants: what reaches `merge` has passed `isPiece`; what cannot be read is counted and harms
 * nothing; a snapshot leaves in parts, as fast as its receiver takes them.
 */
import type { Reason, Self } from '../../runtime/index.ts'
import { prepare, processOfSelf } from '../../runtime/kernel.ts'
import { hashText } from '../crdt/hash.ts'
import { addDigests } from '../crdt/table-digest.ts'
import { isServiceMessage } from '../dist/index.ts'
import { limits } from '../limits.ts'
import { members, subscribeMembers } from '../members/index.ts'
import { termKey } from '../wire/index.ts'
import { decodeDriverMessage, decodeDriverNews, type Part } from './driver-message.ts'
import { Link, type ReplicaTimer } from './link.ts'
import { Pump } from './pump.ts'
import { Pushes } from './pushes.ts'
import type { ReplicaCallbacks } from './replica.ts'
import type { ReplicaContext } from './table-replica.ts'

/** The period varies by so much, that not all compare at the same time. */
const jitter = 0.25

export class Driver<Piece> {
  readonly #name: string
  readonly #context: ReplicaContext
  readonly #callbacks: ReplicaCallbacks<Piece>
  readonly #self: Self
  readonly #link: Link
  readonly #pushes: Pushes
  readonly #pump: Pump<Part>
  /** Who has compared while it was sent a snapshot: it may have lost the first of it. */
  readonly #again = new Set<string>()
  /** Members that were up here. */
  readonly #alive = new Set<string>()

  constructor(
    name: string,
    context: ReplicaContext,
    callbacks: ReplicaCallbacks<Piece>,
    self: Self,
  ) {
    const { random } = context.system.platform
    this.#name = name
    this.#context = context
    this.#callbacks = callbacks
    this.#self = self
    this.#link = new Link(serviceOf(name), name, context, self)
    const firstId = Math.floor(random.unit() * 2 ** 40)
    this.#pushes = new Pushes((piece) => this.#pieceBytes(piece), firstId)
    this.#pump = new Pump(this.#link, this.#pushes, (part) => part)
  }

  /** Asks every neighbour for what is missing here. */
  async begin(): Promise<void> {
    const { overlay, broadcasting, dist } = this.#context
    const process = processOfSelf(this.#self)
    dist.router.services.listen(this.#link.service, process)
    overlay.subscriptions.add(process)
    broadcasting.topics.add(process, this.#link.service)
    subscribeMembers(this.#self)
    this.#compareLater()
    await this.reread()
  }

  /** A message that is no call. */
  async heard(message: unknown): Promise<void> {
    const timer = this.#link.timers.due(message)
    if (timer !== undefined) await this.#due(timer)
    else if (isServiceMessage(message)) await this.#took(message.node, message.body)
    else if (isTagged(message)) await this.#happened(message)
  }

  /** Who is there, when events may have been missed. */
  async reread(): Promise<void> {
    const up = new Set<string>()
    for (const { node, state } of await members(this.#self)) {
      if (state === 'up' || state === 'suspect') up.add(node)
    }
    for (const node of [...this.#alive]) if (!up.has(node)) await this.#lost(node, 'unreachable')
    for (const node of up) this.#alive.add(node)
    this.#link.peers.clear()
    const peers = await this.#context.overlay.peers(this.#self)
    for (const peer of peers) this.#link.peers.add(peer)
    if (peers.length === 0) return
    const digest = await this.#digest()
    for (const peer of peers) this.#compare(peer, digest, true)
  }

  async #happened({ tag, node, reason, from, payload }: Tagged): Promise<void> {
    if (tag === 'resync') await this.reread()
    else if (tag === 'broadcast' && typeof from === 'string') await this.#heardAll(from, payload)
    else if (typeof node !== 'string') return
    else if (tag === 'memberUp') this.#alive.add(node)
    else if (tag === 'memberDown') await this.#lost(node, String(reason))
    else if (tag === 'peerDown') this.#link.peers.delete(node)
    else if (tag === 'peerUp') {
      this.#link.peers.add(node)
      this.#compare(node, await this.#digest(), true)
    }
  }

  async #due(timer: ReplicaTimer): Promise<void> {
    if (timer.tag === 'send') await this.#push(timer.node)
    else if (timer.tag === 'stalled') {
      this.#pump.drop(timer.node)
      await this.#pushed(timer.node)
    } else if (timer.tag === 'compare') {
      this.#compareLater()
      const peers = [...this.#link.peers]
      const peer = peers[Math.floor(this.#context.system.platform.random.unit() * peers.length)]
      if (peer !== undefined) this.#compare(peer, await this.#digest(), true)
    }
  }

  async #took(node: string, body: unknown): Promise<void> {
    const message = decodeDriverMessage(body)
    if (message === undefined) this.#link.count('malformed', node)
    else if (message.tag === 'ack') {
      if (this.#pushes.heard(node, message.id, message.seq)) await this.#push(node)
    } else if (message.tag === 'part') await this.#tookPart(node, message)
    else if (this.#link.admits(node, 'compare')) {
      await this.#compared(node, message.digest, message.asks)
    }
  }

  async #tookPart(node: string, { id, seq, end, pieces }: Part): Promise<void> {
    if (!this.#link.admits(node, 'piece')) return
    const terms = pieces.map((bytes) => this.#termOf(bytes)?.term)
    await this.#merge(node, terms, { tag: 'sync', from: node })
    if (!end) this.#link.tell(node, { tag: 'ack', id, seq })
  }

  async #heardAll(from: string, payload: unknown): Promise<void> {
    if (from === this.#context.system.node) return
    const news = decodeDriverNews(payload)
    if (news === undefined) this.#link.count('malformed', from)
    else if (news.tag === 'update') {
      await this.#merge(from, news.pieces, { tag: 'update', from })
    } else await this.#callbacks.mergeCustom?.(this.#name, news.payload, this.#self, from)
  }

  async #merge(from: string, terms: readonly unknown[], source: Source): Promise<void> {
    const pieces = terms.filter((term): term is Piece => this.#isPiece(term))
    for (let bad = pieces.length; bad < terms.length; bad++) this.#link.count('invalid', from)
    if (pieces.length > 0) await this.#callbacks.merge(this.#name, pieces, this.#self, source)
  }

  /** The other one has this; tells it what it lacks, and asks it for what is lacking here. */
  async #compared(node: string, theirs: Uint8Array, asks: boolean): Promise<void> {
    const mine = await this.#digest()
    const decoded = this.#termOf(theirs)
    if (decoded === undefined) {
      this.#link.count('malformed', node)
      return
    }
    const key = termKey(decoded.term)
    if (key.tag === 'ok' && key.key === keyOf(mine)) return
    if (asks) this.#compare(node, mine, false)
    if (this.#pushes.has(node)) this.#again.add(node)
    if (this.#pushes.has(node) || !this.#pushes.mayBegin()) return
    const { snapshot, digest } = this.#callbacks
    const given = digest === undefined ? undefined : decoded.term
    const pieces = await snapshot(this.#name, this.#self, given)
    checkPieces(this.#name, pieces)
    if (pieces.length === 0) return
    this.#pushes.begin(node, pieces)
    await this.#push(node)
    this.#link.count('snapshot_sent')
  }

  async #push(node: string): Promise<void> {
    this.#pump.run(node)
    await this.#pushed(node)
  }

  async #pushed(node: string): Promise<void> {
    if (this.#pushes.has(node) || !this.#again.delete(node)) return
    this.#compare(node, await this.#digest(), true)
  }

  #compare(node: string, digest: unknown, asks: boolean): void {
    const bytes = this.#bytesOf(digest, 'the digest')
    this.#link.tell(node, { tag: 'compare', digest: bytes, asks })
    this.#link.count('digest_sent')
  }

  #compareLater(): void {
    const { options, system } = this.#context
    const { antiEntropy = true } = this.#callbacks
    if (!antiEntropy || options.antiEntropyMs === 0) return
    const { random } = system.platform
    const afterMs = options.antiEntropyMs * (1 + jitter * (2 * random.unit() - 1))
    this.#link.timers.set('compare', { tag: 'compare' }, afterMs)
  }

  async #lost(node: string, reason: Reason): Promise<void> {
    if (!this.#alive.delete(node)) return
    this.#pump.drop(node)
    this.#again.delete(node)
    await this.#callbacks.removeNode?.(this.#name, node, this.#self, reason)
  }

  /** Without one of its own, a replica comes to the sum of its pieces, in whatever order. */
  async #digest(): Promise<unknown> {
    const { digest, snapshot } = this.#callbacks
    if (digest !== undefined) return await digest(this.#name, this.#self)
    const pieces = await snapshot(this.#name, this.#self, undefined)
    checkPieces(this.#name, pieces)
    let sum = 0
    for (const piece of pieces) sum = addDigests(sum, hashText(keyOf(piece)))
    return [pieces.length, sum]
  }

  #isPiece(term: unknown): term is Piece {
    try {
      return this.#callbacks.isPiece(term) === true
    } catch {
      return false
    }
  }

  /** Throws for what the program made: the replica ends, and its supervisor reports. */
  #bytesOf(term: unknown, what: string): Uint8Array {
    const encoded = this.#context.broadcasting.codec.encode(term, what)
    if (encoded.tag === 'ok') return encoded.bytes.slice()
    const { path, reason } = encoded
    throw new TypeError(`replica ${this.#name}: ${path}: ${reason} cannot be sent`)
  }

  /** Undefined, and counted: others would refuse it, and all that comes with it. */
  #pieceBytes(piece: unknown): Uint8Array | undefined {
    const bytes = this.#bytesOf(piece, 'a piece of a snapshot')
    if (bytes.length <= limits.broadcastPayloadMaxBytes) return bytes
    this.#link.count('too_long')
    return undefined
  }

  #termOf(bytes: Uint8Array): { readonly term: unknown } | undefined {
    const { system, broadcasting } = this.#context
    const decoded = broadcasting.codec.decode(bytes)
    if (decoded.tag === 'error') return undefined
    return { term: system.checked ? prepare(decoded.term, 'piece') : decoded.term }
  }
}

type Source = { readonly tag: 'update' | 'sync'; readonly from: string }

export function serviceOf(name: string): string {
  return `skein.replica/${name}`
}

function keyOf(term: unknown): string {
  const key = termKey(term)
  if (key.tag === 'ok') return key.key
  throw new TypeError(`replica: ${key.path}: ${key.reason} cannot be compared`)
}

function checkPieces(name: string, pieces: unknown): void {
  if (!Array.isArray(pieces)) throw new TypeError(`replica ${name}: snapshot: expected an array`)
  if (pieces.length <= limits.replicaPiecesMax) return
  throw new TypeError(`replica ${name}: snapshot: more than ${limits.replicaPiecesMax} pieces`)
}

/** What the messages of its sources may have. */
type Tagged = { readonly tag: unknown } & Partial<
  Record<'node' | 'reason' | 'from' | 'payload', unknown>
>

function isTagged(message: unknown): message is Tagged {
  return typeof message === 'object' && message !== null && 'tag' in message
}
