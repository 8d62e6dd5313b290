/**
 * One node under the membership rule, and a script in place of the world: events go in, what the
 * rule asks for comes out. Time stands still unless the script moves it.
 */
import { seededRandom } from '../../../../runtime/platform/sim.ts'
import {
  activeView,
  type MembershipAction,
  type MembershipEvent,
  type MembershipMessage,
  type MembershipOptions,
  type MembershipState,
  type MembershipTimer,
  membershipOptions,
  newMembership,
  type PeerRef,
  passiveView,
  stepMembership,
  timerKey,
} from '../../../../src/membership/index.ts'
import { assert } from '../../../support/harness.ts'
import { violations } from './invariants.ts'

export const self = 'm@self'

type Sent<Tag> = { readonly to: string } & Extract<MembershipMessage, { readonly tag: Tag }>

export class Lone {
  readonly options: MembershipOptions
  readonly name: string
  nowMs = 1_000_000
  state: MembershipState
  /** Actions of the last step. */
  last: readonly MembershipAction[] = []
  /** Timers that are set, by key, with the time they are due. */
  readonly timers = new Map<string, { readonly timer: MembershipTimer; readonly dueMs: number }>()
  readonly #random

  constructor(options: Partial<MembershipOptions> = {}, { name = self, seed = 1 } = {}) {
    this.options = membershipOptions(options)
    this.name = name
    this.state = newMembership(this.options)
    this.#random = seededRandom(seed)
  }

  get active(): readonly string[] {
    return activeView(this.state)
  }

  get passive(): readonly string[] {
    return [...passiveView(this.state)].sort()
  }

  get pending(): readonly string[] {
    return this.state.pending.map((peer) => peer.node)
  }

  step(event: MembershipEvent): this {
    const { name, nowMs, options } = this
    const env = { self: name, nowMs, random: this.#random, options }
    const [state, actions] = stepMembership(frozen(this.state), event, env)
    this.state = state
    this.last = actions
    for (const action of actions) {
      if (action.tag === 'setTimer') {
        const { timer, afterMs } = action
        this.timers.set(timerKey(timer), { timer, dueMs: nowMs + afterMs })
      } else if (action.tag === 'cancelTimer') this.timers.delete(timerKey(action.timer))
    }
    const found = violations(state, name, options, this.timers)
    if (found.length > 0) assert.unreachable(`${JSON.stringify(event)}: ${found.join('; ')}`)
    return this
  }

  hear(from: string, message: MembershipMessage): this {
    return this.step({ tag: 'message', from, message })
  }

  /** Fires a timer that is set, at its time. */
  fire(key: string): this {
    const set = this.timers.get(key)
    if (set === undefined) throw new Error(`no timer ${key}; ${[...this.timers.keys()].join(', ')}`)
    this.timers.delete(key)
    this.nowMs = Math.max(this.nowMs, set.dueMs)
    return this.step({ tag: 'timer', timer: set.timer })
  }

  /** Lets time pass; what is due fires, in order. Returns the actions of all steps. */
  pass(ms: number): MembershipAction[] {
    const endMs = this.nowMs + ms
    const all: MembershipAction[] = []
    for (;;) {
      const due = [...this.timers].filter(([, { dueMs }]) => dueMs <= endMs)
      const [first] = due.sort(([, a], [, b]) => a.dueMs - b.dueMs)
      if (first === undefined) break
      all.push(...this.fire(first[0]).last)
    }
    this.nowMs = endMs
    return all
  }

  /** Makes `node` a peer by its own proposal. */
  befriend(node: string, edge = 7): this {
    this.hear(node, { tag: 'neighbor', edge, priority: 'low' })
    assert.ok(this.active.includes(node), `${node} is no peer`)
    return this
  }

  /** Fills the active view with `size` peers named p0@h, p1@h and so on. */
  fill(size = this.options.activeSize): this {
    for (let i = 0; i < size; i++) this.befriend(`p${i}@h`, i)
    return this
  }

  /** Puts names into the passive view as hearsay of the peer `from`. */
  teach(from: string, ...nodes: readonly string[]): this {
    return this.hear(from, {
      tag: 'shuffle',
      id: 1,
      ttl: 0,
      origin: from,
      peers: nodes.map((node) => ref(node)),
      tried: [],
    })
  }

  /** What the last step sent of one kind, with its receiver. */
  sent<Tag extends MembershipMessage['tag']>(tag: Tag): Sent<Tag>[] {
    return sentOf(this.last, tag)
  }

  /** Receivers of `connect` in the last step. */
  get dialled(): string[] {
    return dialledOf(this.last)
  }

  /** Ups and downs of the last step as text. */
  get told(): string[] {
    return toldOf(this.last)
  }

  counted(name: string): boolean {
    return this.last.some((action) => action.tag === 'count' && action.name === name)
  }
}

/** So that a step that changes the state it was given, or a list in it, throws. */
function frozen(state: MembershipState): MembershipState {
  for (const list of Object.values(state)) if (Array.isArray(list)) Object.freeze(list)
  return Object.freeze(state)
}

export function ref(node: string, ageMs = 0): PeerRef {
  return { node, ageMs }
}

export function sentOf<Tag extends MembershipMessage['tag']>(
  actions: readonly MembershipAction[],
  tag: Tag,
): Sent<Tag>[] {
  return actions.flatMap((action) =>
    action.tag === 'send' && isOf(action.message, tag)
      ? [{ to: action.to, ...action.message }]
      : [],
  )
}

export function dialledOf(actions: readonly MembershipAction[]): string[] {
  return actions.flatMap((action) => (action.tag === 'connect' ? [action.node] : []))
}

function toldOf(actions: readonly MembershipAction[]): string[] {
  return actions.flatMap((action) => {
    if (action.tag === 'up') return [`up ${action.node}`]
    if (action.tag === 'down') return [`down ${action.node} ${action.reason}`]
    return action.tag === 'joined' || action.tag === 'left' ? [action.tag] : []
  })
}

function isOf<Tag extends MembershipMessage['tag']>(
  message: MembershipMessage,
  tag: Tag,
): message is Extract<MembershipMessage, { readonly tag: Tag }> {
  return message.tag === tag
}
