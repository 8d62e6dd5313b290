/**
 * A cluster for Lifeguard's experiment (arXiv 1707.00788v2, section V): the verdict rule of every
 * node on the light engine, over a plain overlay of five links each, with ticks, dialling and
 * flooding. Some nodes have loops that stand still again and again; everything between two nodes,
 * the answer to a dial included, needs the loops of both.
 *
 * The overlay is only what the rule needs of one: a link whose far end was silent for four ticks is
 * lost, and a node short of links dials others by lot. A new link brings the broadcasts that either
 * end has missed lately.
 */
import {
  timerKey,
  type VerdictAction,
  type VerdictEvent,
  type VerdictTimer,
} from '../../../src/membership/verdict/event.ts'
import type { News, VerdictMessage } from '../../../src/membership/verdict/message.ts'
import type { VerdictOptions } from '../../../src/membership/verdict/options.ts'
import { stepVerdict } from '../../../src/membership/verdict/rule.ts'
import { newVerdict, type VerdictState } from '../../../src/membership/verdict/state.ts'
import { LightEngine, type Port } from './engine.ts'
import { BlockableLoop } from './lifeguard-loop.ts'
import { draw, drawSome } from './node-random.ts'

type Message =
  | { readonly tag: 'tick' | 'dial' | 'dialled' | 'closed' | 'dropped' }
  | { readonly tag: 'neighbor'; readonly urgent: boolean }
  | { readonly tag: 'neighborReply'; readonly accept: boolean }
  | { readonly tag: 'flood'; readonly id: string; readonly news: News }
  | { readonly tag: 'verdict'; readonly message: VerdictMessage }

type Timer =
  | { readonly tag: 'tick' | 'repair' | 'lag' | 'drain' }
  | { readonly tag: 'dialTimeout'; readonly peer: number }
  | { readonly tag: 'verdict'; readonly timer: VerdictTimer }
  | { readonly tag: 'block' | 'unblock' }

export type Blocks = { readonly forMs: number; readonly openMs: number; readonly untilMs: number }

/** One member was held to be down by one node. */
export type Down = { readonly atMs: number; readonly by: number; readonly node: number }

type NodeState = {
  verdict: VerdictState
  readonly loop: BlockableLoop
  /** Ticks without a word, by link. */
  readonly links: Map<number, number>
  readonly channels: Set<number>
  readonly dials: Set<number>
  /** Dialled for a link, not for a probe. */
  courted: number | undefined
  readonly flooded: Map<string, { readonly news: News; readonly atMs: number }>
  floodSeq: number
  /** The rule's timers that are set, by key. */
  readonly timers: Map<string, VerdictTimer>
  blocks: Blocks | undefined
}

const degree = 5
const tickMs = 500
const silentTicks = 4
const repairMs = 500
const lagMs = 1_000
const dialTimeoutMs = 3_000
const latencyMs = 1
const floodKeptMs = 60_000
const wallMs = 1_700_000_000_000

export class LifeguardWorld {
  readonly engine: LightEngine
  readonly downs: Down[] = []
  readonly #options: VerdictOptions
  readonly #nodes: NodeState[]
  readonly #port: Port<Message, Timer>

  constructor(size: number, seed: number, options: VerdictOptions) {
    this.#options = options
    this.engine = new LightEngine(size, seed, {
      latencyMs: () => latencyMs,
      detection: 'never',
    })
    this.#port = this.engine.addLayer<Message, Timer>({
      onMessage: (node, from, message) => {
        this.#nodes[node]!.loop.mail(() => this.#received(node, from, message))
      },
      onTimer: (node, timer) => this.#fired(node, timer),
    })
    this.#nodes = this.engine.names.map((name, node) => this.#fresh(name, node))
    this.#introduce()
    for (const [node] of this.#nodes.entries()) this.#settle(node)
  }

  /** Lets the loop of a node stand still again and again. */
  block(node: number, blocks: Blocks): void {
    this.#nodes[node]!.blocks = blocks
    this.#port.setTimer(node, 'block', { tag: 'block' }, 0)
  }

  #fresh(name: string, node: number): NodeState {
    const verdict = newVerdict({
      self: name,
      creation: node + 1,
      wallMs,
      version: '',
      metadata: {},
    })
    return {
      verdict,
      loop: new BlockableLoop(),
      links: new Map(),
      channels: new Set(),
      dials: new Set(),
      courted: undefined,
      flooded: new Map(),
      floodSeq: 0,
      timers: new Map(),
      blocks: undefined,
    }
  }

  /** Everybody knows everybody: what one has learned of all is true for all. */
  #introduce(): void {
    const first = this.#nodes[0]!
    for (const [other, { verdict }] of this.#nodes.entries()) {
      const name = this.engine.names[other]!
      const news = { tag: 'alive', node: name, ...verdict.own } as const
      if (other > 0) this.#tell(0, { tag: 'news', from: name, news })
    }
    for (const node of this.#nodes) node.verdict = { ...node.verdict, table: first.verdict.table }
  }

  #settle(node: number): void {
    const { engine } = this
    const random = engine.random(node)
    this.#tell(node, { tag: 'start' })
    for (const peer of drawSome(random, engine.size, engine.size)) {
      const { links } = this.#nodes[node]!
      if (links.size >= degree) break
      if (peer !== node && this.#nodes[peer]!.links.size < degree) this.#linkBoth(node, peer)
    }
    this.#every(node, { tag: 'tick' }, tickMs * random.unit())
    this.#every(node, { tag: 'repair' }, repairMs * random.unit())
    this.#every(node, { tag: 'lag' }, lagMs)
  }

  #linkBoth(a: number, b: number): void {
    this.#linked(a, b)
    this.#linked(b, a)
  }

  #every(node: number, timer: Timer & { tag: 'tick' | 'repair' | 'lag' }, afterMs: number): void {
    this.#port.setTimer(node, timer.tag, timer, afterMs)
  }

  #fired(node: number, timer: Timer): void {
    const state = this.#nodes[node]!
    const dueMs = this.engine.nowMs
    if (timer.tag === 'block' || timer.tag === 'unblock') this.#blocking(node, timer.tag)
    else if (timer.tag === 'drain') this.#drain(node)
    else if (timer.tag === 'verdict') {
      const key = timerKey(timer.timer)
      state.loop.timer(() => {
        // Cancelled or set anew while it waited for the loop.
        if (state.timers.get(key) !== timer.timer) return
        state.timers.delete(key)
        this.#tell(node, { tag: 'timer', timer: timer.timer })
      })
    } else state.loop.timer(() => this.#upkeep(node, timer, dueMs))
  }

  #blocking(node: number, tag: 'block' | 'unblock'): void {
    const { loop, blocks } = this.#nodes[node]!
    if (blocks === undefined) return
    if (tag === 'block') {
      if (this.engine.nowMs >= blocks.untilMs) return
      loop.blocked = true
      this.#port.setTimer(node, 'block', { tag: 'unblock' }, blocks.forMs)
      return
    }
    loop.blocked = false
    this.#port.setTimer(node, 'block', { tag: 'block' }, blocks.openMs)
    this.#drain(node)
  }

  #drain(node: number): void {
    const { loop, blocks } = this.#nodes[node]!
    if (loop.blocked) return
    const sliceMs = Math.min(1, blocks?.openMs ?? 1)
    if (!loop.drain(sliceMs)) this.#port.setTimer(node, 'drain', { tag: 'drain' }, sliceMs)
  }

  #upkeep(node: number, timer: Exclude<Timer, { tag: 'verdict' }>, dueMs: number): void {
    switch (timer.tag) {
      case 'tick':
        this.#ticked(node)
        this.#every(node, { tag: 'tick' }, tickMs)
        return
      case 'repair':
        this.#repair(node)
        this.#every(node, { tag: 'repair' }, repairMs * (0.5 + this.#unit(node)))
        return
      case 'lag':
        this.#tell(node, { tag: 'lag', lateMs: this.engine.nowMs - dueMs })
        this.#every(node, { tag: 'lag' }, lagMs)
        return
      case 'dialTimeout':
        this.#dialFailed(node, timer.peer)
        return
    }
  }

  #unit(node: number): number {
    return this.engine.random(node).unit()
  }

  #ticked(node: number): void {
    const { links } = this.#nodes[node]!
    for (const [peer, silent] of [...links]) {
      if (silent >= silentTicks) {
        this.#port.send(node, peer, { tag: 'closed' })
        this.#lost(node, peer)
      } else {
        links.set(peer, silent + 1)
        this.#port.send(node, peer, { tag: 'tick' })
      }
    }
  }

  #lost(node: number, peer: number): void {
    const { links, channels } = this.#nodes[node]!
    channels.delete(peer)
    if (links.delete(peer)) this.#tell(node, { tag: 'peerLost', node: this.engine.names[peer]! })
  }

  #repair(node: number): void {
    const state = this.#nodes[node]!
    if (state.links.size >= degree || state.courted !== undefined) return
    const peer = draw(this.engine.random(node), this.engine.size)
    if (peer === node || state.links.has(peer)) return
    state.courted = peer
    this.#dial(node, peer)
  }

  #dial(node: number, peer: number): void {
    const { dials, channels } = this.#nodes[node]!
    if (channels.has(peer)) {
      this.#dialled(node, peer)
      return
    }
    if (dials.has(peer)) return
    dials.add(peer)
    this.#port.send(node, peer, { tag: 'dial' })
    this.#port.setTimer(node, `dial ${peer}`, { tag: 'dialTimeout', peer }, dialTimeoutMs)
  }

  #dialled(node: number, peer: number): void {
    const state = this.#nodes[node]!
    state.dials.delete(peer)
    state.channels.add(peer)
    this.#port.cancelTimer(node, `dial ${peer}`)
    if (state.courted === peer) {
      this.#port.send(node, peer, { tag: 'neighbor', urgent: state.links.size === 0 })
    }
    this.#tell(node, { tag: 'connected', node: this.engine.names[peer]! })
  }

  #dialFailed(node: number, peer: number): void {
    const state = this.#nodes[node]!
    if (state.courted === peer) state.courted = undefined
    if (state.dials.delete(peer))
      this.#tell(node, { tag: 'failed', node: this.engine.names[peer]! })
  }

  #received(node: number, from: number, message: Message): void {
    const state = this.#nodes[node]!
    if (state.links.has(from)) state.links.set(from, 0)
    switch (message.tag) {
      case 'tick':
        return
      case 'dial':
        state.channels.add(from)
        this.#port.send(node, from, { tag: 'dialled' })
        return
      case 'dialled':
        this.#dialled(node, from)
        return
      case 'closed':
        this.#lost(node, from)
        return
      case 'dropped':
        if (state.links.delete(from)) {
          this.#tell(node, { tag: 'peerDropped', node: this.engine.names[from]! })
        }
        return
      case 'neighbor':
        this.#proposed(node, from, message.urgent)
        return
      case 'neighborReply':
        state.courted = undefined
        if (message.accept) this.#linked(node, from)
        return
      case 'flood':
        this.#flood(node, message.id, message.news, from)
        return
      case 'verdict':
        this.#tell(node, {
          tag: 'message',
          from: this.engine.names[from]!,
          message: message.message,
        })
        return
    }
  }

  #proposed(node: number, from: number, urgent: boolean): void {
    const { links } = this.#nodes[node]!
    const accept = urgent || links.size < degree
    this.#port.send(node, from, { tag: 'neighborReply', accept })
    if (!accept) return
    if (links.size >= degree) {
      const given = [...links.keys()][draw(this.engine.random(node), links.size)]!
      links.delete(given)
      this.#port.send(node, given, { tag: 'dropped' })
      this.#tell(node, { tag: 'peerDropped', node: this.engine.names[given]! })
    }
    this.#linked(node, from)
  }

  #linked(node: number, peer: number): void {
    const { links, channels, flooded } = this.#nodes[node]!
    if (links.has(peer)) return
    links.set(peer, 0)
    channels.add(peer)
    this.#tell(node, { tag: 'peerUp', node: this.engine.names[peer]! })
    for (const [id, { news, atMs }] of flooded) {
      if (this.engine.nowMs - atMs > floodKeptMs) flooded.delete(id)
      else this.#port.send(node, peer, { tag: 'flood', id, news })
    }
  }

  #flood(node: number, id: string, news: News, from: number): void {
    const { flooded, links } = this.#nodes[node]!
    if (flooded.has(id)) return
    flooded.set(id, { news, atMs: this.engine.nowMs })
    for (const peer of links.keys()) {
      if (peer !== from) this.#port.send(node, peer, { tag: 'flood', id, news })
    }
    if (from !== node) this.#tell(node, { tag: 'news', from: this.engine.names[from]!, news })
  }

  #tell(node: number, event: VerdictEvent): void {
    const state = this.#nodes[node]!
    const { nowMs, names } = this.engine
    const [verdict, actions] = stepVerdict(state.verdict, event, {
      self: names[node]!,
      nowMs,
      wallMs: wallMs + nowMs,
      random: this.engine.random(node),
      options: this.#options,
    })
    state.verdict = verdict
    for (const action of actions) this.#perform(node, action)
  }

  #perform(node: number, action: VerdictAction): void {
    const { engine } = this
    const state = this.#nodes[node]!
    switch (action.tag) {
      case 'send': {
        const peer = engine.indexOf(action.to)
        if (!state.channels.has(peer)) return
        this.#port.send(node, peer, { tag: 'verdict', message: action.message })
        return
      }
      case 'connect':
        this.#dial(node, engine.indexOf(action.node))
        return
      case 'broadcast':
        this.#flood(node, `${node} ${state.floodSeq++}`, action.news, node)
        return
      case 'setTimer': {
        const key = timerKey(action.timer)
        state.timers.set(key, action.timer)
        const timer = { tag: 'verdict', timer: action.timer } as const
        this.#port.setTimer(node, `verdict ${key}`, timer, action.afterMs)
        return
      }
      case 'cancelTimer':
        state.timers.delete(action.key)
        this.#port.cancelTimer(node, `verdict ${action.key}`)
        return
      case 'memberDown':
        this.downs.push({ atMs: engine.nowMs, by: node, node: engine.indexOf(action.node) })
    }
  }
}
