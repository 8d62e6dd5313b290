/**
 * Numbered messages: the mouth that sends them and the ear that hears them. A number counts the
 * messages of one process to one other, by whatever address they go; the message says for whom it
 * is meant, because a name may belong to somebody else by the time it arrives.
 */
import {
  type Destination,
  isNodeDown,
  isNodeUp,
  nodeOf,
  type Pid,
  pidKey,
  type Reason,
  type Self,
} from '../../../runtime/index.ts'
import { monitorNodes, nodes } from '../../../src/dist/index.ts'
import type { Witness } from '../witness.ts'

type Numbered = {
  readonly tag: 'numbered'
  readonly from: Pid
  readonly to: string
  /** Incarnation of the sender's node. */
  readonly of: string
  readonly n: number
  readonly epoch: number
  /** Only there for its size. */
  readonly ballast?: Uint8Array
}

/** How a process of the workload ends when it wants its last words checked. */
export type Ended = {
  readonly tag: 'ended'
  /** Who is to have heard `sent` messages before this. */
  readonly to: string
  readonly sent: number
  /** Epoch of the last message; the channel may be another one by now. */
  readonly epoch: number
  readonly now: number
}

export class Mouth {
  readonly #witness: Witness
  readonly #self: Self
  readonly #counts = new Map<string, { n: number; epoch: number }>()

  constructor(witness: Witness, self: Self) {
    this.#witness = witness
    this.#self = self
  }

  /** Sends the next message for `to`, addressed to `by` if given. */
  say(to: Pid, ballastBytes = 0, by: Destination = to): void {
    const self = this.#self
    const key = pidKey(to)
    const n = (this.#counts.get(key)?.n ?? 0) + 1
    const epoch = this.#witness.epochOf(self, nodeOf(to))
    this.#counts.set(key, { n, epoch })
    this.#witness.tell({ tag: 'sent', from: pidKey(self.pid), to: key, n, epoch })
    const message: Numbered = {
      tag: 'numbered',
      from: self.pid,
      to: key,
      of: this.#witness.viewOf(self).key,
      n,
      epoch,
      ...(ballastBytes === 0 ? {} : { ballast: new Uint8Array(ballastBytes) }),
    }
    self.send(by, message)
  }

  /** The reason to end with, for `to` to compare with what it has heard. */
  lastWords(to: Pid): Ended {
    const key = pidKey(to)
    const { n, epoch } = this.#counts.get(key) ?? { n: 0, epoch: 0 }
    const now = this.#witness.epochOf(this.#self, nodeOf(to))
    return { tag: 'ended', to: key, sent: n, epoch, now }
  }
}

export class Ear {
  readonly #witness: Witness
  readonly #self: Self
  /** Nodedowns by node: those before this process began to listen, and those it has read. */
  readonly #downs: Map<string, number>
  readonly #up: Set<string>

  constructor(witness: Witness, self: Self) {
    this.#witness = witness
    this.#self = self
    monitorNodes(self, true)
    this.#downs = witness.viewOf(self).allDowns()
    this.#up = new Set(nodes(self))
  }

  downsOf(node: string): number {
    return this.#downs.get(node) ?? 0
  }

  /** True when the message was a numbered one, or of a node coming or going. */
  take(message: unknown): boolean {
    if (isNodeUp()(message)) this.#up.add(message.node)
    else if (isNodeDown()(message)) {
      this.#up.delete(message.node)
      this.#downs.set(message.node, this.downsOf(message.node) + 1)
    } else if (isNumbered(message)) this.#hear(message)
    else return false
    return true
  }

  /** Compares what a process said it had sent with what was heard. */
  compare(from: Pid, reason: Reason, how: 'down' | 'exit' | 'call'): void {
    const by = pidKey(this.#self.pid)
    if (!isEnded(reason) || reason.to !== by) return
    if (reason.sent === 0 || reason.epoch !== reason.now) return
    this.#witness.tell({ tag: 'lastWords', by, from: pidKey(from), n: reason.sent, how })
  }

  #hear({ from, to, of, n, epoch }: Numbered): void {
    const by = pidKey(this.#self.pid)
    if (to !== by) return
    const node = nodeOf(from)
    this.#witness.tell({
      tag: 'received',
      by,
      at: this.#witness.viewOf(this.#self).key,
      from: pidKey(from),
      of,
      n,
      epoch,
      downs: this.downsOf(node),
      up: this.#up.has(node),
    })
  }
}

function isNumbered(message: unknown): message is Numbered {
  return hasTag(message, 'numbered')
}

function isEnded(reason: Reason): reason is Ended {
  return hasTag(reason, 'ended')
}

function hasTag(value: unknown, tag: string): boolean {
  return typeof value === 'object' && value !== null && 'tag' in value && value.tag === tag
}
