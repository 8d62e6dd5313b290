/**
 * How the parts of one replica reach the outside: its neighbours, messages to nodes and to all,
 * timers, counters, and what each sender may still ask for.
 */
import { type Self, send } from '../../runtime/index.ts'
import { cast, local } from '../../stdlib/index.ts'
import { broadcastName, encodePayload } from '../broadcast/index.ts'
import { KeyedTimers } from '../membership/index.ts'
import { Allowance, type Rates } from './allowance.ts'
import type { ReplicaContext } from './table-replica.ts'

export type ReplicaTimer =
  | { readonly tag: 'pull'; readonly key: string }
  | { readonly tag: 'send' | 'stalled'; readonly node: string }
  | { readonly tag: 'flush' | 'compare' | 'news' }

/** What the parts of the replica tell its process. */
export type OwnMessage =
  | { readonly tag: '$tell' }
  | { readonly tag: '$ask'; readonly node: string }
  | { readonly tag: '$asked'; readonly node: string; readonly id: number; readonly up: boolean }
  | { readonly tag: '$work' }

type Kind = 'ask' | 'part' | 'piece' | 'compare' | 'news' | 'renew'

/** Far above what an honest node needs, and far below what would keep this one busy. */
const rates: Rates<Kind> = {
  ask: { burst: 64, perSecond: 20 },
  part: { burst: 512, perSecond: 256 },
  piece: { burst: 1024, perSecond: 512 },
  compare: { burst: 16, perSecond: 4 },
  news: { burst: 256, perSecond: 64 },
  renew: { burst: 4, perSecond: 0.1 },
}

export class Link {
  /** Name of its messages between nodes, and topic of its broadcasts. */
  readonly service: string
  readonly timers: KeyedTimers<ReplicaTimer>
  readonly peers = new Set<string>()
  readonly #context: ReplicaContext
  readonly #self: Self
  readonly #labels: { readonly replica: string }
  readonly #allowance = new Allowance(rates)

  constructor(service: string, name: string, context: ReplicaContext, self: Self) {
    this.service = service
    this.timers = new KeyedTimers(self)
    this.#context = context
    this.#self = self
    this.#labels = { replica: name }
  }

  get nowMs(): number {
    return this.#context.system.platform.clock.now()
  }

  post(message: OwnMessage): void {
    send(this.#self.pid, message)
  }

  tell(node: string, body: unknown): 'sent' | 'busy' | 'noChannel' {
    const told = this.#context.dist.router.services.tell(node, this.service, body)
    if (told === 'busy') this.count('dropped', node)
    return told
  }

  /** To all nodes. */
  publish(term: unknown): void {
    const { broadcasting } = this.#context
    const payload = encodePayload(broadcasting.codec, term)
    const server = local(broadcasting.module, broadcastName)
    cast(this.#self, server, 'publish', { topic: this.service, payload, id: null })
  }

  /** Takes one of what `node` may ask for; counts when there is none left. */
  admits(node: string, kind: Kind): boolean {
    if (this.#allowance.take(node, kind, this.nowMs)) return true
    this.count('flood', node)
    return false
  }

  /** Takes one, or tells when there will be one. */
  takeOrWaitMs(node: string, kind: Kind): number {
    const waitMs = this.#allowance.waitMs(node, kind, this.nowMs)
    if (waitMs === 0) this.#allowance.take(node, kind, this.nowMs)
    return waitMs
  }

  /** By the names of those whom a channel has proven alone. */
  count(name: string, peer?: string, by = 1): void {
    if (by === 0) return
    const { metrics, dist } = this.#context
    const isProven = peer !== undefined && dist.router.channel(peer) !== undefined
    const labels = isProven ? { ...this.#labels, peer } : this.#labels
    metrics.count(`skein.replica.${name}`, labels, by)
  }
}
