/**
 * What two neighbours know, compared: a number when it is the same, all heads when it is not, and
 * then what each lacks. With every new neighbour, and with a random one every `antiEntropyMs`, so
 * that whatever was lost on the way comes all the same.
 */
import { addDigests, hashHead, isNews } from '../crdt/table-digest.ts'
import { limits } from '../limits.ts'
import type { Link } from './link.ts'
import type { TableAuthor } from './table-author.ts'
import { encodeMessage, type NamedHead, type TableMessage } from './table-message.ts'
import type { TableReader } from './table-reader.ts'
import type { ReplicaContext } from './table-replica.ts'

/** The period varies by so much, that not all compare at the same time. */
const jitter = 0.25

export class TableCompare<Value> {
  readonly #link: Link
  readonly #node: string
  readonly #periodMs: number
  readonly #random: { unit(): number }
  readonly #author: TableAuthor<Value>
  readonly #reader: TableReader<Value>

  constructor(
    link: Link,
    { system, options }: ReplicaContext,
    author: TableAuthor<Value>,
    reader: TableReader<Value>,
  ) {
    this.#link = link
    this.#node = system.node
    this.#periodMs = options.antiEntropyMs
    this.#random = system.platform.random
    this.#author = author
    this.#reader = reader
  }

  begin(): void {
    if (this.#periodMs === 0) return
    const afterMs = this.#periodMs * (1 + jitter * (2 * this.#random.unit() - 1))
    this.#link.timers.set('compare', { tag: 'compare' }, afterMs)
  }

  due(): void {
    const peers = [...this.#link.peers]
    const peer = peers[Math.floor(this.#random.unit() * peers.length)]
    if (peer !== undefined) this.#ask(peer)
    this.begin()
  }

  /** A neighbour has come. */
  met(peer: string): void {
    this.#link.peers.add(peer)
    this.#ask(peer)
  }

  heard(from: string, message: TableMessage & { tag: 'digest' | 'vector' | 'heads' }): void {
    const kind = message.tag === 'digest' ? 'compare' : 'news'
    if (!this.#link.admits(from, kind)) return
    if (message.tag === 'digest') {
      if (message.digest !== this.#digest()) this.#tellAll(from)
      return
    }
    for (const named of message.heads) {
      if (named.node === this.#node) this.#author.shown(from, named.head)
      else this.#reader.hint(named, true)
    }
    if (message.tag === 'vector') this.#answer(from, message)
  }

  #ask(peer: string): void {
    this.#link.tell(peer, encodeMessage({ tag: 'digest', digest: this.#digest() }))
    this.#link.count('digest_sent')
  }

  /** Of this node, too, whatever it has: somebody may believe in an earlier run of it. */
  *#heads(): Generator<NamedHead> {
    yield { node: this.#node, head: this.#author.head }
    yield* this.#reader.heads()
  }

  #digest(): number {
    let digest = 0
    for (const { node, head } of this.#heads()) digest = addDigests(digest, hashHead(node, head))
    return digest
  }

  #tellAll(peer: string): void {
    const all = [...this.#heads()].sort((a, b) => (a.node < b.node ? -1 : 1))
    let after = ''
    for (let at = 0; at < all.length; at += limits.replicaHeadsMax) {
      const heads = all.slice(at, at + limits.replicaHeadsMax)
      const isLast = at + heads.length >= all.length
      const upTo = isLast ? null : (heads.at(-1)?.node ?? null)
      this.#link.tell(peer, encodeMessage({ tag: 'vector', after, upTo, heads }))
      after = upTo ?? ''
    }
    this.#link.count('vector_sent')
  }

  /** Says what the sender of the vector lacks. */
  #answer(to: string, { after, upTo, heads }: TableMessage & { tag: 'vector' }): void {
    const theirs = new Map(heads.map(({ node, head }) => [node, head]))
    const lacking: NamedHead[] = []
    for (const named of this.#heads()) {
      const { node, head } = named
      const isAsked = node > after && (upTo === null || node <= upTo)
      if (isAsked && head.version > 0 && isNews(theirs.get(node), head)) lacking.push(named)
    }
    for (let at = 0; at < lacking.length; at += limits.replicaHeadsMax) {
      this.#link.tell(
        to,
        encodeMessage({ tag: 'heads', heads: lacking.slice(at, at + limits.replicaHeadsMax) }),
      )
    }
  }
}
