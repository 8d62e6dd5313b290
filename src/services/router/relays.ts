/**
 * Calls and messages on their way through this node to a service of another one, or to one of its
 * own (cluster spec, 14.9). The rule (`next-hop.ts`) says where each goes next.
 *
 * Invariants: what this node hands on it hands to one node, once, so that nothing arrives twice; an
 * answer goes back the way the packet came, and counts only if it comes from the node that was
 * handed it; only what is registered as a service can be reached so.
 *
 * Difference: before a packet leaves by a way that nobody has found yet, the way is searched, with
 * a question that is much smaller than it. If it comes back as undeliverable this is done once
 * more.
 */
import type { Reason } from '../../../runtime/index.ts'
import {
  LocalCall,
  placeCall,
  processOfSelf,
  reasonOfThrown,
  withoutStack,
} from '../../../runtime/kernel.ts'
import { limits } from '../../limits.ts'
import type { KeyedTimers } from '../../membership/index.ts'
import type { Hop } from './hop.ts'
import type { Packet, RelayReply, RouterMessage, Trail } from './message.ts'
import { callOf, encodeOutcome, type Outcome } from './packet-body.ts'
import type { RouterTimer, Searches } from './searches.ts'

type Asker =
  | { readonly tag: 'own'; readonly done: (reply: RelayReply) => void }
  | { readonly tag: 'peer'; readonly node: string; readonly ref: number }

type Carried = { readonly asker: Asker; readonly node: string; readonly to: string }

export class Relays {
  readonly #hop: Hop
  readonly #timers: KeyedTimers<RouterTimer>
  readonly #searches: Searches
  /** What was handed on, by the number of the packet. */
  readonly #carried = new Map<number, Carried>()
  #own = 0

  constructor(hop: Hop, timers: KeyedTimers<RouterTimer>, searches: Searches) {
    this.#hop = hop
    this.#timers = timers
    this.#searches = searches
  }

  get size(): number {
    return this.#carried.size
  }

  /** Sends something of this node's own. `done` is called once. */
  send(packet: Packet, leftMs: number, done: (reply: RelayReply) => void): void {
    if (this.#own >= limits.relaysOwnMax) {
      done({ tag: 'error', reason: 'overloaded' })
      return
    }
    this.#own += 1
    this.#begin(packet, this.#hop.nowMs + leftMs, false, (reply) => {
      this.#own -= 1
      done(reply)
    })
  }

  /** A node hands something on. */
  asked(node: string, message: Extract<RouterMessage, { readonly tag: 'relay' }>): void {
    const { inFlight, context } = this.#hop
    const { ref, ttl, visited, leftMs } = message
    const full = inFlight.isFull(node)
    inFlight.enter(node)
    const asker: Asker = { tag: 'peer', node, ref }
    if (!full) this.#handOn(message, { ttl, visited, leftMs }, asker)
    else {
      context.metrics.count('skein.router.request_dropped')
      this.#settle(asker, { tag: 'error', reason: 'overloaded' })
    }
  }

  /** A node tells what became of it. */
  replied(node: string, ref: number, result: RelayReply): void {
    if (this.#carried.get(ref)?.to === node) this.#over(ref, result)
    else this.#hop.count('unasked', node)
  }

  late(ref: number): void {
    this.#over(ref, { tag: 'error', reason: 'timeout' })
  }

  /** The channel to `node` is gone: nobody knows what became of what it was handed. */
  lost(node: string): void {
    for (const [ref, { to }] of [...this.#carried]) {
      if (to === node) this.#over(ref, { tag: 'error', reason: 'lost' })
    }
  }

  #begin(packet: Packet, dueMs: number, again: boolean, done: (reply: RelayReply) => void): void {
    const { node } = packet
    const next = this.#hop.next(node, [], limits.routeTtl)
    const isKnown = next.tag !== 'via' || next.known
    if (isKnown && !again) {
      this.#leave(packet, dueMs, (reply) => {
        if (!isUndelivered(reply)) return done(reply)
        if (next.tag === 'via') this.#hop.cache.dropWay(node, next.node)
        this.#begin(packet, dueMs, true, done)
      })
      return
    }
    const leftMs = Math.min(this.#leftMs(dueMs), limits.routeDeadlineMs)
    this.#searches.find({ tag: 'node', node }, leftMs, () => this.#leave(packet, dueMs, done))
  }

  #leave(packet: Packet, dueMs: number, done: (reply: RelayReply) => void): void {
    const leftMs = this.#leftMs(dueMs)
    if (leftMs < 1) done({ tag: 'error', reason: 'timeout' })
    else this.#handOn(packet, { ttl: limits.routeTtl, visited: [], leftMs }, { tag: 'own', done })
  }

  #leftMs(dueMs: number): number {
    return Math.max(0, Math.floor(dueMs - this.#hop.nowMs))
  }

  #handOn(packet: Packet, { ttl, visited, leftMs }: Trail, asker: Asker): void {
    const next = this.#hop.next(packet.node, visited, ttl)
    if (next.tag === 'here') {
      this.#deliver(packet, leftMs, (reply) => this.#settle(asker, reply))
      return
    }
    if (next.tag === 'refused') {
      this.#settle(asker, { tag: 'error', reason: next.reason })
      return
    }
    const { node, name, text, kind, body } = packet
    const ref = this.#hop.newRef()
    const trail: Trail = { ttl: ttl - 1, visited: [...visited, this.#hop.node], leftMs }
    const message = { tag: 'relay', ref, node, name, text, kind, body, ...trail } as const
    if (!this.#hop.tell(next.node, message)) {
      this.#settle(asker, { tag: 'error', reason: 'noRoute' })
      return
    }
    this.#hop.count('relayed')
    this.#carried.set(ref, { asker, node, to: next.node })
    this.#timers.set(keyOf(ref), { tag: 'packet', ref }, leftMs)
  }

  #over(ref: number, reply: RelayReply): void {
    const carried = this.#carried.get(ref)
    if (carried === undefined) return
    this.#carried.delete(ref)
    this.#timers.cancel(keyOf(ref))
    if (isUndelivered(reply)) this.#hop.cache.dropWay(carried.node, carried.to)
    this.#settle(carried.asker, reply)
  }

  #settle(asker: Asker, reply: RelayReply): void {
    if (asker.tag === 'own') asker.done(reply)
    else {
      this.#hop.inFlight.leave(asker.node)
      this.#hop.tell(asker.node, { tag: 'relayed', ref: asker.ref, result: reply })
    }
  }

  /** It is for a service of this node. */
  #deliver({ name, kind, body }: Packet, leftMs: number, done: (reply: RelayReply) => void): void {
    const { context, self } = this.#hop
    const { system, registry, codec } = context
    const pid = registry.own(name)?.pid
    if (pid === undefined) {
      done({ tag: 'error', reason: 'serviceNotFound' })
      return
    }
    const decoded = codec.decode(body)
    if (decoded.tag === 'error') {
      done({ tag: 'error', reason: 'undecodable' })
      return
    }
    if (kind === 'send') {
      self.send(pid, decoded.term)
      done({ tag: 'done', body: new Uint8Array() })
      return
    }
    const asked = callOf(decoded.term)
    if (asked === undefined) {
      done({ tag: 'error', reason: 'undecodable' })
      return
    }
    const answer = (outcome: Outcome): void => {
      done({ tag: 'done', body: encodeOutcome(codec, outcome) })
    }
    const failed = (reason: Reason): void => {
      const told = system.exposeStacks ? reason : withoutStack(reason)
      answer({ tag: 'failed', reason: told })
    }
    const call = new LocalCall(
      system,
      processOfSelf(self),
      asked.op,
      asked.arg,
      (value) => answer({ tag: 'reply', value }),
      (error) => failed(reasonOfThrown(error)),
    )
    placeCall(call, pid, leftMs)
  }
}

/** It did not arrive, for certain, for want of a way. */
function isUndelivered(reply: RelayReply): boolean {
  if (reply.tag !== 'error') return false
  const { reason } = reply
  return reason === 'noRoute' || reason === 'ttlExpired' || reason === 'relayLoop'
}

function keyOf(ref: number): string {
  return `packet ${ref}`
}
