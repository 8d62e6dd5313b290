/**
 * What an authenticated peer says to the services of a node: membership, broadcast, members, the
 * tables of names and the disputes over global ones. Each body goes through the channel's codec and
 * the decoder of its service to the rule behind it. What the rules promise whatever they hear: they
 * never throw, their state keeps its invariants, and what they send can be encoded and is taken by
 * the same service at the other end.
 */
import type { Random } from '../../runtime/platform/platform.ts'
import { createCodec } from '../../src/wire/index.ts'
import { equalTerms } from '../support/vectors/terms.ts'
import {
  BroadcastActor,
  type Decoders,
  decoders,
  MembersActor,
  MembershipActor,
} from './cluster-actors.ts'
import { type ClusterStep, clusterInputs } from './cluster-input.ts'
import {
  broadcastMessages,
  deltas,
  globalMessages,
  membershipMessages,
  newsMessages,
  type Service,
  services,
  tableMessages,
  verdictMessages,
} from './cluster-recording.ts'
import { FuzzSpace } from './fuzz-space.ts'
import { oneOf } from './mutate.ts'
import { GlobalActor, TableActor } from './replica-actors.ts'
import { broken, type Target, type Trial } from './target.ts'

type Reach = (what: string) => void

const tagsOf = {
  membership: membershipMessages,
  broadcast: broadcastMessages,
  members: verdictMessages,
  news: newsMessages,
  table: tableMessages,
  global: globalMessages,
} satisfies Record<Service | 'news', object>

export type ClusterTargetOptions = {
  /** Stand in for the decoders under test. */
  readonly wrap?: (decoders: Decoders) => Decoders
}

export function clusterTarget({ wrap }: ClusterTargetOptions = {}): Target {
  const receiver = new Receiver(wrap?.(decoders) ?? decoders)
  const draw = clusterInputs()
  return {
    name: 'cluster',
    required: [
      ...['body:undecodable', 'body:malformed', 'body:unknownService', 'news:undecodable'],
      ...Object.keys(deltas).map((kind) => `delta:${kind}`),
      ...['delta:malformed', 'delta:undecodable'],
      ...Object.entries(tagsOf).flatMap(([name, messages]) => [
        ...Object.keys(messages).map((tag) => `${name}:${tag}`),
        ...[`${name}:malformed`, `${name}:sent`],
      ]),
    ],
    tryOne: (random, reach) => receiver.take(draw(random), random, reach),
  }
}

/** Bob's end of the channel and what is behind it. Every input finds it as new. */
class Receiver {
  readonly #decoders: Decoders
  readonly #space = new FuzzSpace()
  readonly #codec = createCodec(this.#space)
  readonly #alices = createCodec(this.#space.turned())

  constructor(used: Decoders) {
    this.#decoders = used
  }

  take(steps: readonly ClusterStep[], random: Random, reach: Reach): Trial {
    this.#space.clear()
    const bob = new Bob(this.#decoders)
    let passedFraming = true
    for (const step of steps) {
      if (step.tag === 'goOn') bob.goOn(random)
      else if (!this.#hear(bob, step.bytes, reach)) passedFraming = false
      for (const [name, sent] of bob.takeSent()) {
        this.#checkSent(name, sent)
        reach(`${name}:sent`)
      }
    }
    return { passedFraming }
  }

  /** False when the bytes are no term. */
  #hear(bob: Bob, bytes: Uint8Array, reach: Reach): boolean {
    const decoded = this.#codec.decode(bytes)
    if (decoded.tag === 'error') {
      reach('body:undecodable')
      return false
    }
    const { term } = decoded
    if (!Array.isArray(term) || term.length !== 2 || typeof term[0] !== 'string') {
      reach('body:malformed')
      return true
    }
    const service = services.find((name) => name === term[0])
    if (service === undefined) reach('body:unknownService')
    else reach(`${service}:${bob[service].hear(term[1]) ?? 'malformed'}`)
    for (const { topic, payload } of bob.takeDelivered()) {
      if (topic === 'members')
        this.#news('news', payload, reach, (term) => bob.members.hearNews(term))
      else this.#news('delta', payload, reach, (term) => bob.table.hearNews(term))
    }
    return true
  }

  #news(
    what: 'news' | 'delta',
    payload: Uint8Array,
    reach: Reach,
    hear: (term: unknown) => string | undefined,
  ): void {
    const decoded = this.#codec.decode(payload)
    if (decoded.tag === 'error') reach(`${what}:undecodable`)
    else reach(`${what}:${hear(decoded.term) ?? 'malformed'}`)
  }

  /** What bob sends, alice takes, and it says the same to her. */
  #checkSent(name: Service | 'news', sent: unknown): void {
    const encoded = this.#codec.encode(sent)
    if (encoded.tag === 'error') throw new Error(`${name}: sent, not encoded: ${encoded.path}`)
    const bytes = encoded.bytes.slice()
    const back = this.#alices.decode(bytes)
    if (back.tag === 'error') throw broken(`${name}: sent, not decoded: ${back.reason}`, bytes)
    const taken = this.#decoders[name](back.term)
    if (taken === undefined) throw broken(`${name}: sent, and refused`, bytes)
    const message = name === 'membership' && Array.isArray(sent) ? sent[0] : sent
    const heard = 'message' in taken ? taken.message : taken
    if (!equalTerms(sorted(heard), sorted(message))) throw broken(`${name}: heard otherwise`, bytes)
  }
}

/** The order of fields says nothing. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return value
  const fields = Object.entries(value).map(([key, field]) => [key, sorted(field)] as const)
  return fields.sort(([a], [b]) => (a < b ? -1 : 1))
}

/** A node as far as its services go, each made when it is first spoken to. */
class Bob {
  readonly #decoders: Decoders
  #membership: MembershipActor | undefined
  #broadcast: BroadcastActor | undefined
  #members: MembersActor | undefined
  #table: TableActor | undefined
  #global: GlobalActor | undefined

  constructor(used: Decoders) {
    this.#decoders = used
  }

  get membership(): MembershipActor {
    this.#membership ??= new MembershipActor(this.#decoders.membership)
    return this.#membership
  }

  get broadcast(): BroadcastActor {
    this.#broadcast ??= new BroadcastActor(this.#decoders.broadcast)
    return this.#broadcast
  }

  get members(): MembersActor {
    this.#members ??= new MembersActor(this.#decoders)
    return this.#members
  }

  get table(): TableActor {
    this.#table ??= new TableActor(this.#decoders)
    return this.#table
  }

  get global(): GlobalActor {
    this.#global ??= new GlobalActor(this.#decoders.global)
    return this.#global
  }

  goOn(random: Random): void {
    this[oneOf(random, services)].goOn(random)
  }

  takeDelivered(): BroadcastActor['delivered'] {
    return this.#broadcast?.delivered.splice(0) ?? []
  }

  *takeSent(): Generator<readonly [Service | 'news', unknown]> {
    for (const body of this.#membership?.sent.splice(0) ?? []) yield ['membership', body]
    for (const body of this.#broadcast?.sent.splice(0) ?? []) yield ['broadcast', body]
    for (const body of this.#members?.sent.splice(0) ?? []) yield ['members', body]
    for (const body of this.#table?.sent.splice(0) ?? []) yield ['table', body]
    for (const body of this.#global?.sent.splice(0) ?? []) yield ['global', body]
    for (const news of this.#members?.told.splice(0) ?? []) yield ['news', news]
  }
}
