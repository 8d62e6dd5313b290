/**
 * The process that obeys the broadcast rule (`rule.ts`): its messages go over the channels to the
 * neighbours that membership chose, its deliveries to the subscribers of a topic.
 *
 * Invariants: a message counts for the node whose channel it came by; sending waits for nobody, and
 * what finds no room is lost here and caught up later (cluster spec, 8.6); a payload that cannot be
 * decoded is counted and delivered to nobody.
 */
import { BadArgument, type Module, type Self } from '../../runtime/index.ts'
import { prepare, processOfSelf, type System } from '../../runtime/kernel.ts'
import { genServer, next, reply } from '../../stdlib/index.ts'
import { isServiceMessage, type Router } from '../dist/index.ts'
import { KeyedTimers, type MembershipNews, type Overlay } from '../membership/index.ts'
import { type MetricLabels, type Metrics, snakeCase } from '../metrics/index.ts'
import { type Codec, createCodec } from '../wire/index.ts'
import { decodeBroadcast } from './message.ts'
import type { BroadcastOptions } from './options.ts'
import { stepBroadcast } from './rule.ts'
import {
  type BroadcastAction,
  type BroadcastEvent,
  type BroadcastState,
  type BroadcastTimer,
  broadcastTimerKey,
  newBroadcast,
} from './state.ts'
import { type BroadcastStatistics, broadcastStatistics } from './statistics.ts'
import type { Topics } from './topics.ts'

export const broadcastName = 'skein.broadcast'
/** Name of its messages between nodes. */
const service = 'broadcast'

/** What subscribers of a topic hear. */
export type BroadcastMessageOut = {
  readonly tag: 'broadcast'
  readonly topic: string
  readonly payload: unknown
  readonly id: string
  /** Who made it, as its id claims: a node that is authenticated can still lie about it. */
  readonly origin: string | undefined
  /** The neighbour it came by, for certain; this node for its own. */
  readonly from: string
}

/** A broadcast that was not made; `knownId`: one with this id was. */
export type Refusal = Extract<BroadcastAction, { readonly tag: 'refused' }>['reason']

export type Published = { readonly tag: 'ok' } | { readonly tag: 'error'; readonly reason: Refusal }

type Wanted = { readonly topic: string; readonly payload: Uint8Array; readonly id: string | null }

export type BroadcastServer = {
  calls: {
    publish: (wanted: Wanted) => Published
    statistics: () => BroadcastStatistics
  }
  casts: { publish: (wanted: Wanted) => void }
}

export type BroadcastContext = {
  readonly system: System
  readonly router: Router
  readonly metrics: Metrics
  readonly overlay: Overlay
  readonly options: BroadcastOptions
  readonly topics: Topics<BroadcastMessageOut>
}

export function broadcastModule(context: BroadcastContext): Module<BroadcastServer, undefined> {
  return genServer<BroadcastServer>(broadcastName)({
    init: async (_: undefined, self) => {
      const broadcast = new Broadcast(context, self)
      await broadcast.begin(self)
      return next(broadcast)
    },
    calls: {
      publish: (broadcast, wanted) => reply(broadcast.publish(wanted), broadcast),
      statistics: (broadcast) => reply(broadcast.statistics(), broadcast),
    },
    casts: {
      publish: (broadcast, wanted) => {
        broadcast.publish(wanted)
        return next(broadcast)
      },
    },
    info: (broadcast, message) => {
      broadcast.heard(message)
      return next(broadcast)
    },
  })
}

/** Payloads travel on through many nodes: what is in them is named in full, for any reader. */
export function payloadCodec(system: System): Codec {
  const nobody = { name: '', creation: 0 }
  return createCodec({
    local: nobody,
    peer: nobody,
    left: (pid) => system.leaves(pid),
    pid: (parts) => system.pidFor(parts),
    reference: (parts) => system.refFor(parts),
  })
}

class Broadcast {
  readonly #context: BroadcastContext
  readonly #timers: KeyedTimers<BroadcastTimer>
  readonly #codec: Codec
  #state: BroadcastState = newBroadcast()
  /** Whom the event that is being handled came from. */
  #from: string
  #refused: Refusal | undefined

  constructor(context: BroadcastContext, self: Self) {
    this.#context = context
    this.#timers = new KeyedTimers(self)
    this.#codec = payloadCodec(context.system)
    this.#from = context.system.node
    context.router.services.listen(service, processOfSelf(self))
  }

  /** Learns of the neighbours there are, and of all that come. */
  async begin(self: Self): Promise<void> {
    const { overlay, topics } = this.#context
    overlay.subscriptions.add(processOfSelf(self))
    for (const node of await overlay.peers(self)) this.#happened({ tag: 'peerUp', node })
    topics.begin()
  }

  statistics(): BroadcastStatistics {
    return broadcastStatistics(this.#state)
  }

  publish({ topic, payload, id }: Wanted): Published {
    this.#refused = undefined
    this.#happened({ tag: 'broadcast', topic, payload, ...(id === null ? {} : { id }) })
    const reason = this.#refused
    return reason === undefined ? { tag: 'ok' } : { tag: 'error', reason }
  }

  heard(message: unknown): void {
    const timer = this.#timers.due(message)
    if (timer !== undefined) this.#happened({ tag: 'timer', timer })
    else if (isServiceMessage(message)) this.#took(message.node, message.body)
    else if (isPeerNews(message)) {
      const tag = message.tag
      this.#happened({ tag, node: message.node })
    }
  }

  #took(node: string, body: unknown): void {
    const message = decodeBroadcast(body)
    if (message === undefined) this.#count('malformed', { peer: node })
    else {
      if (message.tag === 'gossip') this.#count('gossip.received', { from: node })
      this.#happened({ tag: 'message', from: node, message })
    }
  }

  #happened(event: BroadcastEvent): void {
    const { system, options } = this.#context
    const { clock, random } = system.platform
    const env = { self: system.node, nowMs: clock.now(), random, options }
    const [state, actions] = stepBroadcast(this.#state, event, env)
    this.#state = state
    this.#from = event.tag === 'message' ? event.from : system.node
    for (const action of actions) this.#perform(action)
  }

  #perform(action: BroadcastAction): void {
    const { router } = this.#context
    switch (action.tag) {
      case 'send':
        this.#countSent(action.message.tag, action.to)
        if (router.services.tell(action.to, service, action.message) === 'busy') {
          this.#count('dropped', { peer: action.to })
        }
        break
      case 'deliver':
        this.#deliver(action)
        break
      case 'refused':
        this.#refused = action.reason
        break
      case 'setTimer':
        this.#timers.set(broadcastTimerKey(action.timer), action.timer, action.afterMs)
        break
      case 'cancelTimer':
        this.#timers.cancel(broadcastTimerKey(action.timer))
        break
      case 'count':
        this.#count(snakeCase(action.name), action.peer === undefined ? {} : { peer: action.peer })
        break
    }
  }

  #deliver({ id, topic, payload, origin }: Extract<BroadcastAction, { tag: 'deliver' }>): void {
    const { system, topics } = this.#context
    const decoded = this.#codec.decode(payload)
    if (decoded.tag === 'error') {
      this.#count('undecodable', { peer: this.#from })
      const detail = `undecodable broadcast: ${decoded.reason}`
      system.trace.emit({ tag: 'deadLetter', node: this.#from, detail })
      return
    }
    const term = system.checked ? prepare(decoded.term, 'payload') : decoded.term
    topics.tell({ tag: 'broadcast', topic, payload: term, id, origin, from: this.#from })
  }

  /** What asks something of one neighbour is counted by neighbour. */
  #countSent(tag: string, peer: string): void {
    this.#count(`${tag}.sent`, tag === 'graft' || tag === 'prune' ? { peer } : {})
  }

  #count(name: string, labels: MetricLabels): void {
    this.#context.metrics.count(`skein.plumtree.${name}`, labels)
  }
}

function isPeerNews(
  message: unknown,
): message is Extract<MembershipNews, { readonly tag: 'peerUp' | 'peerDown' }> {
  if (typeof message !== 'object' || message === null || !('tag' in message)) return false
  return message.tag === 'peerUp' || message.tag === 'peerDown'
}

/** The bytes of a payload. Throws `BadArgument` naming the field that cannot be sent. */
export function encodePayload(codec: Codec, payload: unknown): Uint8Array {
  const encoded = codec.encode(payload, 'payload')
  if (encoded.tag === 'ok') return encoded.bytes.slice()
  throw new BadArgument(`${encoded.path}: ${encoded.reason} cannot be sent to another node`)
}
