/**
 * The process that obeys the membership rule (`rule.ts`): carries its messages over channels that
 * exist, asks for channels, keeps its timers and its list of lost nodes, and tells who has
 * subscribed.
 *
 * Invariants: a message counts for the node whose channel it came by; a hidden node never enters a
 * view; a peer to which nothing can be sent for `membershipBusyFailedMs` has failed.
 */
import {
  type Module,
  type NodeDownMessage,
  type NodeUpMessage,
  type Self,
  send,
} from '../../runtime/index.ts'
import { processOfSelf, type System } from '../../runtime/kernel.ts'
import { genServer, next, reply } from '../../stdlib/index.ts'
import type { Address } from '../carrier/carrier.ts'
import type { Discovery } from '../discovery/index.ts'
import { isServiceMessage, monitorNodes, type Router } from '../dist/index.ts'
import { type Metrics, snakeCase } from '../metrics/index.ts'
import { BusyPeers } from './busy-peers.ts'
import { envelope, openEnvelope } from './envelope.ts'
import {
  type MembershipAction,
  type MembershipEvent,
  type MembershipTimer,
  timerKey,
} from './event.ts'
import { KeyedTimers } from './keyed-timers.ts'
import type { LostNames } from './lost-names.ts'
import type { MembershipMessage } from './message.ts'
import { type MembershipView, viewOf } from './observe.ts'
import type { MembershipOptions } from './options.ts'
import { stepMembership } from './rule.ts'
import { type MembershipState, newMembership } from './state.ts'
import type { Subscriptions } from './subscriptions.ts'

export const membershipName = 'skein.membership'
/** Name of its messages between nodes. */
const service = 'membership'

/** What subscribers hear. `joined`: this node has its first peer; `left`: it left on purpose. */
export type MembershipNews =
  | { readonly tag: 'peerUp'; readonly node: string }
  | { readonly tag: 'peerDown'; readonly node: string; readonly reason: string }
  | { readonly tag: 'joined' }
  | { readonly tag: 'left' }

export type MembershipServer = {
  calls: {
    view: () => MembershipView
    join: (contact: string) => null
    leave: () => null
    block: (nodes: readonly string[]) => null
    unblock: (nodes: readonly string[] | null) => null
  }
}

/** What was asked of this node for good: it belongs to the node and outlives the process. */
export type Wish = { left: boolean; blocked: ReadonlySet<string> }

export type MembershipContext = {
  readonly system: System
  readonly router: Router
  readonly metrics: Metrics
  readonly options: MembershipOptions
  readonly subscriptions: Subscriptions<MembershipNews>
  readonly lostNames: LostNames
  readonly discovery: Discovery
  readonly wish: Wish
}

export function membershipModule(context: MembershipContext): Module<MembershipServer, undefined> {
  return genServer<MembershipServer>(membershipName)({
    init: (_: undefined, self) => next(new Membership(context, self), { continue: null }),
    continue: async (membership, _, self) => {
      const names = await self.wait(context.lostNames.read())
      membership.begin(names)
      return next(membership)
    },
    calls: {
      view: (membership) => reply(membership.view(), membership),
      join: (membership, contact) => {
        membership.wished({ tag: 'join', contact })
        return reply(null, membership)
      },
      leave: (membership) => {
        membership.wished({ tag: 'leave' })
        return reply(null, membership)
      },
      block: (membership, nodes) => {
        membership.wished({ tag: 'block', nodes })
        return reply(null, membership)
      },
      unblock: (membership, nodes) => {
        membership.wished(nodes === null ? { tag: 'unblock' } : { tag: 'unblock', nodes })
        return reply(null, membership)
      },
    },
    info: (membership, message) => {
      membership.heard(message)
      return next(membership)
    },
  })
}

/** The answer of the router to a request for a channel. */
type Asked = { readonly tag: '$asked'; readonly node: string; readonly up: boolean }
/** Nothing could be sent to a peer for too long. */
type Busy = { readonly tag: '$busy'; readonly node: string }
type OwnMessage = Asked | Busy | NodeUpMessage | NodeDownMessage

function isTagged<Tag extends OwnMessage['tag']>(
  message: unknown,
  tag: Tag,
): message is Extract<OwnMessage, { readonly tag: Tag }> {
  return typeof message === 'object' && message !== null && 'tag' in message && message.tag === tag
}

class Membership {
  readonly #context: MembershipContext
  readonly #self: Self
  readonly #timers: KeyedTimers<MembershipTimer>
  readonly #busy = new BusyPeers()
  #state: MembershipState

  constructor(context: MembershipContext, self: Self) {
    this.#context = context
    this.#self = self
    this.#timers = new KeyedTimers(self)
    this.#state = newMembership(context.options)
    monitorNodes(self, true, 'connected')
    context.router.services.listen(service, processOfSelf(self))
    context.subscriptions.begin()
  }

  /** `names`: the lost of an earlier life. */
  begin(names: readonly string[]): void {
    const { left, blocked } = this.#context.wish
    if (blocked.size > 0) this.happened({ tag: 'block', nodes: [...blocked] })
    if (left) this.happened({ tag: 'leave' })
    else {
      if (names.length > 0) this.happened({ tag: 'restore', nodes: names })
      this.happened({ tag: 'bootstrap' })
    }
  }

  /** As `happened`, at the wish of the program. */
  wished(event: MembershipEvent): void {
    this.happened(event)
    const { wish } = this.#context
    wish.left = this.#state.left
    wish.blocked = this.#state.blocked
  }

  view(): MembershipView {
    return viewOf(this.#state, this.#context.system.platform.clock.now())
  }

  happened(event: MembershipEvent): void {
    const { system, options } = this.#context
    const { clock, random } = system.platform
    const env = { self: system.node, nowMs: clock.now(), random, options }
    const [state, actions] = stepMembership(this.#state, event, env)
    this.#state = state
    for (const action of actions) this.#perform(action)
  }

  /** A message that is no call. */
  heard(message: unknown): void {
    const timer = this.#timers.due(message)
    if (timer !== undefined) this.happened({ tag: 'timer', timer })
    else if (isServiceMessage(message)) this.#took(message.node, message.body)
    else if (isTagged(message, 'nodeup')) this.#met(message.node)
    else if (isTagged(message, 'nodedown')) this.#lost(message.node)
    else if (isTagged(message, '$asked')) this.#answered(message)
    else if (isTagged(message, '$busy')) {
      this.happened({ tag: 'failed', node: message.node, reason: 'busy' })
    }
  }

  #took(node: string, body: unknown): void {
    const opened = openEnvelope(body)
    if (opened === undefined) this.#count('malformed', node)
    else if (!this.#isHidden(node)) {
      const { hints } = this.#context.discovery
      for (const hint of opened.hints) hints.tell(node, hint.node, hint.address)
      this.happened({ tag: 'message', from: node, message: opened.message })
    }
  }

  /** Its address is worth keeping: the channel may go, and others ask. */
  #met(node: string): void {
    const { router, discovery } = this.#context
    const address = router.addressOf(node)
    if (address !== undefined && !this.#isHidden(node)) discovery.hints.see(node, address)
  }

  #lost(node: string): void {
    this.#busy.forget(node)
    this.happened({ tag: 'failed', node, reason: 'nodedown' })
  }

  #answered({ node, up }: Asked): void {
    if (up && !this.#isHidden(node)) this.happened({ tag: 'connected', node })
    else this.happened({ tag: 'failed', node, reason: 'connectFailed' })
  }

  /** A node that does not want to be counted, or this one. */
  #isHidden(node: string): boolean {
    return this.#context.router.isHidden(node)
  }

  #perform(action: MembershipAction): void {
    const { subscriptions, lostNames } = this.#context
    switch (action.tag) {
      case 'send':
        this.#send(action.to, action.message)
        break
      case 'connect':
        this.#connect(action.node)
        break
      case 'setTimer':
        this.#timers.set(timerKey(action.timer), action.timer, action.afterMs)
        break
      case 'cancelTimer':
        this.#timers.cancel(timerKey(action.timer))
        break
      case 'up':
        this.#count('peer_up', action.node)
        subscriptions.tell({ tag: 'peerUp', node: action.node })
        break
      case 'down':
        this.#context.metrics.count('skein.hyparview.peer_down', {
          peer: action.node,
          reason: action.reason,
        })
        subscriptions.tell({ tag: 'peerDown', node: action.node, reason: action.reason })
        break
      case 'joined':
      case 'left':
        this.#count(action.tag)
        subscriptions.tell({ tag: action.tag })
        break
      case 'persist':
        lostNames.keep(action.nodes)
        break
      case 'count':
        this.#count(snakeCase(action.name), action.peer)
        break
    }
  }

  #send(node: string, message: MembershipMessage): void {
    const { router, system } = this.#context
    const body = envelope(message, (named) => this.#addressOf(named))
    const told = router.services.tell(node, service, body)
    if (!this.#busy.note(node, told, system.platform.clock.now())) return
    send(this.#self.pid, { tag: '$busy', node } satisfies Busy)
  }

  /** Where `node` is seen, or was said to be. */
  #addressOf(node: string): Address | undefined {
    const { router, discovery } = this.#context
    return router.addressOf(node) ?? discovery.hints.addressesOf(node)[0]
  }

  /** The answer comes as a message, also when there is a channel already. */
  #connect(node: string): void {
    const { pid } = this.#self
    this.#context.router.connect(node, (up) => {
      send(pid, { tag: '$asked', node, up } satisfies Asked)
    })
  }

  #count(name: string, peer?: string): void {
    const label = name === 'shuffle' ? 'target' : 'peer'
    const labels = peer === undefined ? {} : { [label]: peer }
    this.#context.metrics.count(`skein.hyparview.${name}`, labels)
  }
}
