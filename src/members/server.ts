/**
 * The process that obeys the verdict rule (`membership/verdict`): it learns from membership who is
 * watched and who was lost, carries probes and tables over channels and news by broadcast, measures
 * how late its own loop is, and tells who has subscribed.
 *
 * Invariants: what is sent counts for the node whose channel it came by, what is broadcast for the
 * neighbour that handed it on; a dial for a probe makes nobody a neighbour.
 */
import { type Module, type Self, send } from '../../runtime/index.ts'
import { processOfSelf, type System } from '../../runtime/kernel.ts'
import { cast, genServer, local, next, reply } from '../../stdlib/index.ts'
import { type Broadcasting, broadcastName, encodePayload } from '../broadcast/index.ts'
import { isServiceMessage, type Router } from '../dist/index.ts'
import { KeyedTimers, type Overlay, type Subscriptions } from '../membership/index.ts'
import {
  decodeNews,
  decodeVerdict,
  type Entry,
  livenessOf,
  type Metadata,
  memberList,
  newVerdict,
  stepVerdict,
  timerKey,
  type VerdictAction,
  type VerdictEvent,
  type VerdictOptions,
  type VerdictState,
  type VerdictTimer,
} from '../membership/verdict/index.ts'
import { type Metrics, snakeCase } from '../metrics/index.ts'
import type { Description, Own } from './own.ts'

export const membersName = 'skein.members'
/** Name of its messages between nodes. */
const service = 'members'
/** Topic of its broadcasts, which no program uses. */
const topic = 'skein.members'
const lagPeriodMs = 1_000

export type Member = {
  readonly node: string
  /**
   * `suspect`: it may be unreachable, and is asked through others; `down`: it was, by the verdict
   * of this node; `left`: it said goodbye.
   */
  readonly state: 'up' | 'suspect' | 'down' | 'left'
  readonly creation: number
  /** What it says of itself. */
  readonly version: string
  readonly metadata: Metadata
}

export type MemberNews =
  | {
      readonly tag: 'memberUp' | 'memberSuspect' | 'memberUpdated'
      readonly node: string
      readonly creation: number
    }
  | {
      readonly tag: 'memberDown'
      readonly node: string
      readonly creation: number
      readonly reason: 'unreachable' | 'restarted' | 'left'
    }

export type MembersServer = {
  calls: {
    list: () => readonly Member[]
    describe: (description: Description) => null
    leave: () => null
    comeBack: () => null
  }
}

export type MembersContext = {
  readonly system: System
  readonly router: Router
  readonly metrics: Metrics
  readonly overlay: Overlay
  readonly broadcasting: Broadcasting
  readonly options: VerdictOptions
  readonly own: Own
  readonly subscriptions: Subscriptions<MemberNews>
}

export function membersModule(context: MembersContext): Module<MembersServer, undefined> {
  return genServer<MembersServer>(membersName)({
    init: async (_: undefined, self) => {
      const members = new Members(context, self)
      await members.begin()
      return next(members)
    },
    calls: {
      list: (members) => reply(members.list(), members),
      describe: (members, description) => {
        members.happened({ tag: 'describe', ...description })
        return reply(null, members)
      },
      leave: (members) => {
        context.own.left = true
        members.happened({ tag: 'leave' })
        return reply(null, members)
      },
      comeBack: (members) => {
        context.own.left = false
        members.happened({ tag: 'start' })
        return reply(null, members)
      },
    },
    info: (members, message) => {
      members.heard(message)
      return next(members)
    },
  })
}

type Timer = VerdictTimer | { readonly tag: 'lag'; readonly dueMs: number }
type Asked = { readonly tag: '$asked'; readonly node: string; readonly up: boolean }

class Members {
  readonly #context: MembersContext
  readonly #self: Self
  readonly #timers: KeyedTimers<Timer>
  #state: VerdictState

  constructor(context: MembersContext, self: Self) {
    const { system, router, own } = context
    this.#context = context
    this.#self = self
    this.#timers = new KeyedTimers(self)
    const { clock } = system.platform
    const { version, metadata } = own
    const identity = { self: system.node, creation: system.creation, wallMs: clock.wallMs() }
    this.#state = newVerdict({ ...identity, version, metadata })
    router.services.listen(service, processOfSelf(self))
  }

  async begin(): Promise<void> {
    const { overlay, broadcasting, subscriptions, own } = this.#context
    const process = processOfSelf(this.#self)
    overlay.subscriptions.add(process)
    broadcasting.topics.add(process, topic)
    this.happened({ tag: 'start' })
    if (own.left) this.happened({ tag: 'leave' })
    for (const node of await overlay.peers(this.#self)) this.happened({ tag: 'peerUp', node })
    this.#measureLag()
    subscriptions.begin()
  }

  list(): readonly Member[] {
    return memberList(this.#state).flatMap(memberOf)
  }

  happened(event: VerdictEvent): void {
    const { system, options } = this.#context
    const { clock, random } = system.platform
    const nowMs = clock.now()
    const env = { self: system.node, nowMs, wallMs: clock.wallMs(), random, options }
    const [state, actions] = stepVerdict(this.#state, event, env)
    this.#state = state
    for (const action of actions) this.#perform(action)
  }

  /** A message that is no call. */
  heard(message: unknown): void {
    const timer = this.#timers.due(message)
    if (timer?.tag === 'lag') this.#measured(timer.dueMs)
    else if (timer !== undefined) this.happened({ tag: 'timer', timer })
    else if (isServiceMessage(message)) this.#took(message.node, message.body)
    else if (isTagged(message)) this.#told(message)
  }

  #took(node: string, body: unknown): void {
    // Who hides is no member.
    if (this.#context.router.isHidden(node)) return
    const message = decodeVerdict(body)
    if (message === undefined) this.#count('malformed', node)
    else this.happened({ tag: 'message', from: node, message })
  }

  #told(message: Tagged): void {
    const { tag, node, reason, up, from, payload } = message
    if (tag === 'broadcast' && typeof from === 'string') {
      const news = decodeNews(payload)
      if (news === undefined) this.#count('malformed', from)
      else this.happened({ tag: 'news', from, news })
    } else if (typeof node !== 'string') return
    else if (tag === 'peerUp') this.happened({ tag, node })
    else if (tag === 'peerDown') {
      const isLost = reason === 'nodedown' || reason === 'connectFailed' || reason === 'busy'
      this.happened({ tag: isLost ? 'peerLost' : 'peerDropped', node })
    } else if (tag === '$asked') this.happened({ tag: up === true ? 'connected' : 'failed', node })
  }

  #perform(action: VerdictAction): void {
    const { router, subscriptions } = this.#context
    switch (action.tag) {
      case 'send':
        if (router.services.tell(action.to, service, action.message) === 'busy') {
          this.#count('dropped', action.to)
        }
        break
      case 'connect':
        this.#connect(action.node)
        break
      case 'broadcast':
        this.#broadcast(action.news)
        break
      case 'setTimer':
        this.#timers.set(timerKey(action.timer), action.timer, action.afterMs)
        break
      case 'cancelTimer':
        this.#timers.cancel(action.key)
        break
      case 'count':
        this.#count(snakeCase(action.name), action.peer)
        break
      default:
        this.#countNews(action)
        subscriptions.tell(action)
    }
  }

  /** The answer comes as a message, also when there is a channel already. */
  #connect(node: string): void {
    const { pid } = this.#self
    this.#context.router.connect(node, (up) => {
      send(pid, { tag: '$asked', node, up } satisfies Asked)
    })
  }

  #broadcast(news: unknown): void {
    const { broadcasting } = this.#context
    const payload = encodePayload(broadcasting.codec, news)
    const server = local(broadcasting.module, broadcastName)
    cast(this.#self, server, 'publish', { topic, payload, id: null })
  }

  #measureLag(): void {
    const dueMs = this.#context.system.platform.clock.now() + lagPeriodMs
    this.#timers.set('lag', { tag: 'lag', dueMs }, lagPeriodMs)
  }

  #measured(dueMs: number): void {
    const lateMs = Math.max(0, this.#context.system.platform.clock.now() - dueMs)
    this.happened({ tag: 'lag', lateMs })
    this.#measureLag()
  }

  /** Not by name: anybody can make up members. */
  #countNews(news: MemberNews): void {
    const labels = 'reason' in news ? { reason: news.reason } : {}
    this.#context.metrics.count(`skein.members.${snakeCase(news.tag)}`, labels)
  }

  /** By the names of those whom a channel has proven alone. */
  #count(name: string, peer?: string): void {
    const { metrics, router } = this.#context
    const isProven = peer !== undefined && router.channel(peer) !== undefined
    metrics.count(`skein.members.${name}`, isProven ? { peer } : {})
  }
}

/** What the messages of its sources may have. */
type Tagged = { readonly tag: unknown } & Partial<
  Record<'node' | 'reason' | 'up' | 'from' | 'payload', unknown>
>

function isTagged(message: unknown): message is Tagged {
  return typeof message === 'object' && message !== null && 'tag' in message
}

function memberOf(entry: Entry): readonly Member[] {
  const { node, authored } = entry
  const state = livenessOf(entry)
  if (authored === undefined || state === 'mark') return []
  const { creation, version, metadata } = authored
  return [{ node, state, creation, version, metadata }]
}
