/**
 * The rules behind the services of one node, bob, who has alice for a neighbour and knows others of
 * whom she speaks. Each hears what its decoder accepts, and what it asked for itself: channels that
 * come up or fail, timers that fire in any order. All three look the same from outside.
 */
import type { Random } from '../../runtime/platform/platform.ts'
import { seededRandom } from '../../runtime/platform/sim.ts'
import {
  type BroadcastEvent,
  type BroadcastTimer,
  broadcastTimerKey,
  decodeBroadcast,
  defaultBroadcastOptions,
  newBroadcast,
  stepBroadcast,
} from '../../src/broadcast/index.ts'
import { envelope, openEnvelope } from '../../src/membership/envelope.ts'
import {
  type MembershipEvent,
  type MembershipTimer,
  membershipOptions,
  timerKey as membershipTimerKey,
  newMembership,
  stepMembership,
} from '../../src/membership/index.ts'
import {
  decodeVerdict,
  newVerdict,
  stepVerdict,
  type VerdictEvent,
  type VerdictTimer,
  verdictOptions,
  timerKey as verdictTimerKey,
} from '../../src/membership/verdict/index.ts'
import { decodeNews } from '../../src/membership/verdict/message.ts'
import { alice, bob } from '../support/vectors/term-space.ts'
import { violations } from '../unit/src/membership/invariants.ts'
import { knownEdge, others, wallMs } from './cluster-recording.ts'
import { below, chance, oneOf } from './mutate.ts'
import { replicaDecoders } from './replica-actors.ts'

export type Actor = {
  /** Takes a body from alice; the tag of its message, undefined when it is none. */
  hear(body: unknown): string | undefined
  /** Something happens that it asked for. */
  goOn(random: Random): void
  /** Bodies that it has sent. */
  readonly sent: unknown[]
}

export const decoders = {
  membership: openEnvelope,
  broadcast: decodeBroadcast,
  members: decodeVerdict,
  news: decodeNews,
  ...replicaDecoders,
} as const
export type Decoders = typeof decoders

const startMs = 1_000_000
const stepMaxMs = 90_000
const address = { host: '10.0.0.9', port: 4433 }
const [carol, dave] = others

export class MembershipActor implements Actor {
  readonly sent: unknown[] = []
  readonly #decode: Decoders['membership']
  readonly #options = membershipOptions({ contactNodes: [carol] })
  readonly #timers = new Map<string, MembershipTimer>()
  readonly #dialled: string[] = []
  readonly #random = seededRandom(1)
  #nowMs = startMs
  #state = newMembership(this.#options)

  constructor(decode: Decoders['membership']) {
    this.#decode = decode
    this.#step({ tag: 'bootstrap' })
    const message = { tag: 'neighbor', edge: knownEdge, priority: 'low' } as const
    for (const from of [alice.name, dave]) this.#step({ tag: 'message', from, message })
  }

  hear(body: unknown): string | undefined {
    const message = this.#decode(body)?.message
    if (message !== undefined) this.#step({ tag: 'message', from: alice.name, message })
    return message?.tag
  }

  goOn(random: Random): void {
    this.#nowMs += below(random, stepMaxMs)
    const node = this.#dialled.shift()
    const timer = node === undefined ? takeAny(random, this.#timers) : undefined
    if (timer !== undefined) this.#step({ tag: 'timer', timer })
    else if (node === undefined) return
    else if (chance(random, 0.5)) this.#step({ tag: 'connected', node })
    else this.#step({ tag: 'failed', node, reason: 'connectFailed' })
  }

  #step(event: MembershipEvent): void {
    const [options, nowMs] = [this.#options, this.#nowMs]
    const env = { self: bob.name, nowMs, random: this.#random, options }
    const [state, actions] = stepMembership(this.#state, event, env)
    this.#state = state
    for (const action of actions) {
      if (action.tag === 'send') this.sent.push(envelope(action.message, () => address))
      else if (action.tag === 'connect') this.#dialled.push(action.node)
      else if (action.tag === 'setTimer') {
        this.#timers.set(membershipTimerKey(action.timer), action.timer)
      } else if (action.tag === 'cancelTimer') {
        this.#timers.delete(membershipTimerKey(action.timer))
      }
    }
    const found = violations(state, bob.name, options, this.#timers)
    if (found.length > 0) throw new Error(`${JSON.stringify(event)}: ${found.join('; ')}`)
  }
}

export class BroadcastActor implements Actor {
  readonly sent: unknown[] = []
  /** Payloads of the topics of members and of alice's table. */
  readonly delivered: { readonly topic: string; readonly payload: Uint8Array }[] = []
  readonly #timers = new Map<string, BroadcastTimer>()
  readonly #random = seededRandom(1)
  readonly #decode: Decoders['broadcast']
  #nowMs = startMs
  #state = newBroadcast()

  constructor(decode: Decoders['broadcast']) {
    this.#decode = decode
    for (const node of [alice.name, dave]) this.#step({ tag: 'peerUp', node })
    this.#step({ tag: 'broadcast', topic: 'news', payload: Uint8Array.of(1) })
    this.#step({ tag: 'broadcast', topic: 'news', payload: Uint8Array.of(2), id: 'own' })
  }

  hear(body: unknown): string | undefined {
    const message = this.#decode(body)
    if (message !== undefined) this.#step({ tag: 'message', from: alice.name, message })
    return message?.tag
  }

  goOn(random: Random): void {
    this.#nowMs += below(random, stepMaxMs)
    const timer = takeAny(random, this.#timers)
    if (timer !== undefined) this.#step({ tag: 'timer', timer })
  }

  #step(event: BroadcastEvent): void {
    const env = {
      self: bob.name,
      nowMs: this.#nowMs,
      random: this.#random,
      options: defaultBroadcastOptions,
    }
    const [state, actions] = stepBroadcast(this.#state, event, env)
    this.#state = state
    for (const action of actions) {
      if (action.tag === 'send') this.sent.push(action.message)
      else if (action.tag === 'setTimer') {
        this.#timers.set(broadcastTimerKey(action.timer), action.timer)
      } else if (action.tag === 'cancelTimer') {
        this.#timers.delete(broadcastTimerKey(action.timer))
      } else if (action.tag === 'deliver') {
        const { topic, payload } = action
        if (topic === 'members' || topic === 'table') this.delivered.push({ topic, payload })
      }
    }
  }
}

export class MembersActor implements Actor {
  readonly sent: unknown[] = []
  /** News that it has broadcast. */
  readonly told: unknown[] = []
  readonly #timers = new Map<string, VerdictTimer>()
  readonly #dialled: string[] = []
  readonly #options = verdictOptions()
  readonly #random = seededRandom(1)
  readonly #decoders: Pick<Decoders, 'members' | 'news'>
  #nowMs = startMs
  #state = newVerdict({ self: bob.name, creation: bob.creation, wallMs, version: '', metadata: {} })

  constructor(used: Pick<Decoders, 'members' | 'news'>) {
    this.#decoders = used
    this.#step({ tag: 'start' })
    for (const node of [alice.name, dave]) this.#step({ tag: 'peerUp', node })
  }

  hear(body: unknown): string | undefined {
    const message = this.#decoders.members(body)
    if (message !== undefined) this.#step({ tag: 'message', from: alice.name, message })
    return message?.tag
  }

  /** Takes what a broadcast about members carries. */
  hearNews(payload: unknown): string | undefined {
    const news = this.#decoders.news(payload)
    if (news !== undefined) this.#step({ tag: 'news', from: alice.name, news })
    return news?.tag
  }

  goOn(random: Random): void {
    this.#nowMs += below(random, stepMaxMs)
    const node = this.#dialled.shift()
    if (node !== undefined) {
      this.#step({ tag: chance(random, 0.5) ? 'connected' : 'failed', node })
      return
    }
    const timer = takeAny(random, this.#timers)
    if (timer !== undefined) this.#step({ tag: 'timer', timer })
  }

  #step(event: VerdictEvent): void {
    const env = {
      self: bob.name,
      nowMs: this.#nowMs,
      wallMs: wallMs + this.#nowMs - startMs,
      random: this.#random,
      options: this.#options,
    }
    const [state, actions] = stepVerdict(this.#state, event, env)
    this.#state = state
    for (const action of actions) {
      if (action.tag === 'send') this.sent.push(action.message)
      else if (action.tag === 'broadcast') this.told.push(action.news)
      else if (action.tag === 'connect') this.#dialled.push(action.node)
      else if (action.tag === 'setTimer') {
        this.#timers.set(verdictTimerKey(action.timer), action.timer)
      } else if (action.tag === 'cancelTimer') this.#timers.delete(action.key)
    }
  }
}

function takeAny<Timer>(random: Random, timers: Map<string, Timer>): Timer | undefined {
  if (timers.size === 0) return undefined
  const key = oneOf(random, [...timers.keys()])
  const timer = timers.get(key)
  timers.delete(key)
  return timer
}
