/**
 * A small world for the membership rules: virtual time, channels with a latency drawn per message,
 * in order per direction or not at all, dials that take a while, nodes that die, partitions. After
 * every step of every node the invariants of the state are checked, and so is that ups and downs
 * alternate and agree with the active view.
 */
import type { Random } from '../../../../runtime/platform/platform.ts'
import { seededRandom } from '../../../../runtime/platform/sim.ts'
import {
  activeView,
  type MembershipEvent,
  type MembershipMessage,
  type MembershipOptions,
  type MembershipState,
  membershipOptions,
  newMembership,
  stepMembership,
  timerKey,
} from '../../../../src/membership/index.ts'
import { assert } from '../../../support/harness.ts'
import { violations } from './invariants.ts'
import { Schedule } from './schedule.ts'

export type NetOptions = {
  readonly seed: number
  readonly options?: Partial<MembershipOptions>
  /** Messages of one direction of a channel may overtake each other. Default false. */
  readonly unordered?: boolean
  /** Share of messages that get lost though the channel stays. Default 0. */
  readonly loss?: number
}

type Member = {
  readonly name: string
  readonly options: MembershipOptions
  state: MembershipState
  readonly random: Random
  readonly timers: Map<string, number>
  /** Names announced up, for the check that every up has one down. */
  readonly up: Set<string>
  persisted: readonly string[]
}

export class Net {
  nowMs = 0
  readonly random: Random
  readonly members = new Map<string, Member>()
  readonly counts = new Map<string, number>()
  readonly dials: { readonly from: string; readonly to: string; readonly atMs: number }[] = []
  readonly downs: { readonly at: string; readonly node: string; readonly reason: string }[] = []
  sent = 0
  readonly #options: NetOptions
  readonly #queue = new Schedule()
  #order = 0
  /** Channel of two nodes -> its incarnation. */
  readonly #channels = new Map<string, number>()
  readonly #lastMs = new Map<string, number>()
  #group: (name: string) => number = () => 0

  constructor(options: NetOptions) {
    this.#options = options
    this.random = seededRandom(options.seed)
  }

  /** Starts a node, and its upkeep. */
  add(
    name: string,
    options: Partial<MembershipOptions> = {},
    restore: readonly string[] = [],
  ): void {
    const all = membershipOptions({ ...this.#options.options, ...options })
    this.members.set(name, {
      name,
      options: all,
      state: newMembership(all),
      random: seededRandom(Math.floor(this.random.unit() * 2 ** 31)),
      timers: new Map(),
      up: new Set(),
      persisted: [],
    })
    this.step(name, { tag: 'bootstrap' })
    if (restore.length > 0) this.step(name, { tag: 'restore', nodes: restore })
  }

  state(name: string): MembershipState {
    return this.#member(name).state
  }

  active(name: string): readonly string[] {
    return activeView(this.state(name))
  }

  /** One event at a node, now. */
  step(name: string, event: MembershipEvent): void {
    const member = this.members.get(name)
    if (member === undefined) return
    const { options, random } = member
    const env = { self: name, nowMs: this.nowMs, random, options }
    const [state, actions] = stepMembership(member.state, event, env)
    member.state = state
    for (const action of actions) {
      switch (action.tag) {
        case 'send':
          this.sent += 1
          this.#deliver(name, action.to, action.message)
          break
        case 'connect':
          this.dials.push({ from: name, to: action.node, atMs: this.nowMs })
          this.#connect(name, action.node)
          break
        case 'setTimer': {
          const key = timerKey(action.timer)
          const id = this.#order
          member.timers.set(key, id)
          this.#after(action.afterMs, () => {
            if (this.members.get(name) !== member || member.timers.get(key) !== id) return
            member.timers.delete(key)
            this.step(name, { tag: 'timer', timer: action.timer })
          })
          break
        }
        case 'cancelTimer':
          member.timers.delete(timerKey(action.timer))
          break
        case 'up':
          assert.not(member.up.has(action.node), `${name}: ${action.node} up twice`)
          member.up.add(action.node)
          break
        case 'down':
          assert.ok(member.up.delete(action.node), `${name}: ${action.node} down, never up`)
          this.downs.push({ at: name, node: action.node, reason: action.reason })
          break
        case 'persist':
          member.persisted = action.nodes
          break
        case 'count':
          this.counts.set(action.name, (this.counts.get(action.name) ?? 0) + 1)
          break
        case 'joined':
        case 'left':
          break
      }
    }
    const found = violations(state, name, options, member.timers)
    if (found.length > 0) {
      assert.unreachable(`${name} at ${this.nowMs}, ${JSON.stringify(event)}: ${found.join('; ')}`)
    }
    const peers = activeView(state)
    const agrees = peers.length === member.up.size && peers.every((peer) => member.up.has(peer))
    assert.ok(agrees, `${name}: announced peers are not the active view`)
  }

  /** Lets `ms` pass. */
  run(ms: number): void {
    const endMs = this.nowMs + ms
    for (;;) {
      const next = this.#queue.popUntil(endMs)
      if (next === undefined) break
      this.nowMs = next.atMs
      next.run()
    }
    this.nowMs = endMs
  }

  /** Dies without a word. */
  kill(name: string): void {
    this.members.delete(name)
    for (const other of this.members.keys()) this.cut(name, other)
  }

  /** Nodes of different groups cannot reach each other. */
  partition(group: (name: string) => number): void {
    this.#group = group
    const names = [...this.members.keys()]
    for (const a of names) {
      for (const b of names) if (a < b && group(a) !== group(b)) this.cut(a, b)
    }
  }

  heal(): void {
    this.#group = () => 0
  }

  /** Ends the channel of two nodes; each of them learns of it a little later. */
  cut(a: string, b: string): void {
    if (!this.#channels.delete(channelKey(a, b))) return
    for (const [at, node] of [
      [a, b],
      [b, a],
    ] as const) {
      this.#after(this.#latency(), () => {
        if (!this.isLinked(a, b)) this.step(at, { tag: 'failed', node, reason: 'nodedown' })
      })
    }
  }

  isLinked(a: string, b: string): boolean {
    return this.#channels.has(channelKey(a, b))
  }

  /** A channel that nobody of the rules asked for. */
  link(a: string, b: string): void {
    if (!this.isLinked(a, b)) this.#channels.set(channelKey(a, b), this.#order++)
  }

  /** Active edges that only one end has, as text. */
  oneSided(): string[] {
    return [...this.members.keys()].flatMap((name) =>
      this.active(name)
        .filter((peer) => !(this.members.has(peer) && this.active(peer).includes(name)))
        .map((peer) => `${name} -> ${peer}`),
    )
  }

  /** Nodes reached from any one over active edges, component by component, greatest first. */
  components(): string[][] {
    const rest = new Set(this.members.keys())
    const found: string[][] = []
    for (const first of rest) {
      const component = [first]
      rest.delete(first)
      for (const name of component) {
        for (const peer of this.active(name)) if (rest.delete(peer)) component.push(peer)
      }
      found.push(component)
    }
    return found.sort((a, b) => b.length - a.length)
  }

  count(name: string): number {
    return this.counts.get(name) ?? 0
  }

  #member(name: string): Member {
    const member = this.members.get(name)
    if (member === undefined) throw new Error(`no node ${name}`)
    return member
  }

  #latency(): number {
    return 1 + Math.floor(this.random.unit() * 40)
  }

  #connect(from: string, to: string): void {
    const roundTripMs = this.#latency() + this.#latency()
    this.#after(roundTripMs, () => {
      if (this.members.has(to) && this.#group(from) === this.#group(to)) {
        this.link(from, to)
        this.step(from, { tag: 'connected', node: to })
      } else this.step(from, { tag: 'failed', node: to, reason: 'connectFailed' })
    })
  }

  #deliver(from: string, to: string, message: MembershipMessage): void {
    const channel = this.#channels.get(channelKey(from, to))
    if (channel === undefined || this.random.unit() < (this.#options.loss ?? 0)) return
    const direction = `${from} ${to}`
    let atMs = this.nowMs + this.#latency()
    if (this.#options.unordered !== true) {
      atMs = Math.max(atMs, this.#lastMs.get(direction) ?? 0)
      this.#lastMs.set(direction, atMs)
    }
    this.#after(atMs - this.nowMs, () => {
      if (this.#channels.get(channelKey(from, to)) !== channel) return
      this.step(to, { tag: 'message', from, message })
    })
  }

  #after(ms: number, run: () => void): void {
    this.#queue.push({ atMs: this.nowMs + ms, order: this.#order++, run })
  }
}

function channelKey(a: string, b: string): string {
  return a < b ? `${a} ${b}` : `${b} ${a}`
}
