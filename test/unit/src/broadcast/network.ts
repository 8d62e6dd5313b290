/**
 * Nodes that run the broadcast rules, and the messages between them in any order a seed draws. Time
 * passes only when nothing is on its way, unless `msPerMessage` says otherwise.
 */
import type { Random } from '../../../../runtime/platform/platform.ts'
import {
  type BroadcastAction,
  type BroadcastEvent,
  type BroadcastOptions,
  type BroadcastState,
  type BroadcastTimer,
  broadcastTimerKey,
  decodeBroadcast,
  defaultBroadcastOptions,
  newBroadcast,
  stepBroadcast,
} from '../../../../src/broadcast/index.ts'
import { nodeRandoms } from '../../../simulation/light/node-random.ts'

export const payload = new Uint8Array([1, 2, 3])

type Flying = { readonly from: string; readonly to: string; readonly message: unknown }

export class TestNode {
  state: BroadcastState = newBroadcast()
  /** By key: what is set, and when it is due. */
  readonly timers = new Map<string, { readonly timer: BroadcastTimer; readonly dueMs: number }>()
  /** Ids delivered, in order. */
  readonly delivered: string[] = []
  readonly rounds: number[] = []
  readonly counts = new Map<string, number>()
  nowMs = 0
  readonly name: string
  readonly random: Random
  readonly options: BroadcastOptions

  constructor(name: string, random: Random, options: Partial<BroadcastOptions> = {}) {
    this.name = name
    this.random = random
    this.options = { ...defaultBroadcastOptions, ...options }
  }

  step(event: BroadcastEvent): readonly BroadcastAction[] {
    const { name: self, nowMs, random, options } = this
    const [state, actions] = stepBroadcast(this.state, event, { self, nowMs, random, options })
    this.state = state
    for (const action of actions) this.#perform(action)
    return actions
  }

  /** Fires what is due until `untilMs`, in order. */
  runUntil(untilMs: number): BroadcastAction[] {
    const actions: BroadcastAction[] = []
    for (;;) {
      const next = [...this.timers].sort(([, a], [, b]) => a.dueMs - b.dueMs)[0]
      if (next === undefined || next[1].dueMs > untilMs) break
      this.timers.delete(next[0])
      this.nowMs = Math.max(this.nowMs, next[1].dueMs)
      actions.push(...this.step({ tag: 'timer', timer: next[1].timer }))
    }
    this.nowMs = Math.max(this.nowMs, untilMs)
    return actions
  }

  get eager(): string[] {
    return [...this.state.peers].filter(([, peer]) => peer.eager).map(([node]) => node)
  }

  #perform(action: BroadcastAction): void {
    if (action.tag === 'deliver') {
      this.delivered.push(action.id)
      this.rounds.push(action.round)
    } else if (action.tag === 'count') {
      this.counts.set(action.name, (this.counts.get(action.name) ?? 0) + 1)
    } else if (action.tag === 'setTimer') {
      const { timer, afterMs } = action
      this.timers.set(broadcastTimerKey(timer), { timer, dueMs: this.nowMs + afterMs })
    } else if (action.tag === 'cancelTimer') {
      this.timers.delete(broadcastTimerKey(action.timer))
    }
  }
}

export class Network {
  readonly nodes = new Map<string, TestNode>()
  readonly flying: Flying[] = []
  readonly links = new Set<string>()
  /** Messages sent, by tag. */
  sent = new Map<string, number>()
  msPerMessage = 0
  nowMs = 0
  readonly random: Random

  constructor(size: number, seed: number, options: Partial<BroadcastOptions> = {}) {
    const randoms = nodeRandoms(seed, size + 1)
    this.random = randoms[size]!
    for (let at = 0; at < size; at++) {
      const name = `n${at}@host`
      this.nodes.set(name, new TestNode(name, randoms[at]!, options))
    }
  }

  get names(): string[] {
    return [...this.nodes.keys()]
  }

  node(at: number): TestNode {
    return [...this.nodes.values()][at % this.nodes.size]!
  }

  link(a: string, b: string): void {
    if (a === b || this.links.has(linkOf(a, b))) return
    this.links.add(linkOf(a, b))
    this.#step(a, { tag: 'peerUp', node: b })
    this.#step(b, { tag: 'peerUp', node: a })
  }

  /** What is on its way between the two is lost. */
  unlink(a: string, b: string): void {
    if (!this.links.delete(linkOf(a, b))) return
    this.#step(a, { tag: 'peerDown', node: b })
    this.#step(b, { tag: 'peerDown', node: a })
    const kept = this.flying.filter(({ from, to }) => linkOf(from, to) !== linkOf(a, b))
    this.flying.splice(0, this.flying.length, ...kept)
  }

  /** A tree over all nodes and some links more, as the seed draws them. */
  linkAll(more: number): void {
    const names = this.names
    for (let at = 1; at < names.length; at++) this.link(names[at]!, names[this.draw(at)]!)
    for (let each = 0; each < more; each++) this.link(this.#any(), this.#any())
  }

  broadcast(node: TestNode, id?: string): void {
    const event = { tag: 'broadcast', topic: 't', payload } as const
    this.#step(node.name, id === undefined ? event : { ...event, id })
  }

  /** Delivers one message, any of those on their way. */
  deliverOne(): boolean {
    if (this.flying.length === 0) return false
    const [flying] = this.flying.splice(this.draw(this.flying.length), 1)
    this.#pass(this.msPerMessage)
    const message = decodeBroadcast(flying!.message)
    if (message !== undefined) {
      this.#step(flying!.to, { tag: 'message', from: flying!.from, message })
    }
    return true
  }

  loseOne(): void {
    if (this.flying.length > 0) this.flying.splice(this.draw(this.flying.length), 1)
  }

  deliverAll(): void {
    while (this.deliverOne());
  }

  /** Everything that happens within the next `ms`. */
  run(ms: number): void {
    const untilMs = this.nowMs + ms
    for (;;) {
      this.deliverAll()
      const due = [...this.nodes.values()].flatMap((node) =>
        [...node.timers.values()].map(({ dueMs }) => dueMs),
      )
      const nextMs = Math.min(...due, untilMs)
      this.#pass(Math.max(0, nextMs - this.nowMs))
      if (this.nowMs >= untilMs && this.flying.length === 0) return
    }
  }

  draw(below: number): number {
    return Math.floor(this.random.unit() * below)
  }

  #any(): string {
    return this.names[this.draw(this.nodes.size)]!
  }

  #pass(ms: number): void {
    this.nowMs += ms
    for (const node of this.nodes.values()) this.#send(node.name, node.runUntil(this.nowMs))
  }

  #step(name: string, event: BroadcastEvent): void {
    const node = this.nodes.get(name)!
    this.#send(name, node.step(event))
  }

  #send(from: string, actions: readonly BroadcastAction[]): void {
    for (const action of actions) {
      if (action.tag !== 'send') continue
      const { to, message } = action
      if (decodeBroadcast(message) === undefined) throw new Error(JSON.stringify(message))
      this.sent.set(message.tag, (this.sent.get(message.tag) ?? 0) + 1)
      if (this.links.has(linkOf(from, to))) this.flying.push({ from, to, message })
    }
  }
}

function linkOf(a: string, b: string): string {
  return a < b ? `${a} ${b}` : `${b} ${a}`
}
