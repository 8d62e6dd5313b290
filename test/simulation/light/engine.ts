/**
 * The light simulator: pure rules of thousands of nodes on one event heap, without processes,
 * carriers or promises. Nodes are numbers here and names (`names`) for the rules. Each protocol is
 * a layer: an object that holds the rule states of all nodes and is told of messages, timers and
 * channels; through its port it sends, connects and sets timers.
 *
 * Invariant: the same seed and the same calls give the same run. The dead are told nothing, and
 * nothing they had set happens.
 */
import type { Random } from '../../../runtime/platform/platform.ts'
import { EventHeap } from './event-heap.ts'
import { nodeRandoms } from './node-random.ts'
import { nodeName, plainTransport, type Transport } from './transport.ts'

export type FailReason = 'connectFailed' | 'nodedown'

/** What the engine tells a layer; `node` is the one that is told. */
export interface Layer<Message, Timer> {
  onMessage(node: number, from: number, message: Message): void
  onTimer(node: number, timer: Timer): void
  /** A channel asked for is up, or was so already. */
  onConnected?(node: number, peer: number): void
  onFailed?(node: number, peer: number, reason: FailReason): void
}

/** One thing that will happen to `node`; `data` is the message or timer, `key` the timer's. */
type Happening = {
  readonly kind: 'message' | 'timer' | 'connecting' | 'failed'
  readonly port: Port<unknown, unknown> | undefined
  readonly node: number
  readonly peer: number
  readonly data: unknown
  readonly key: string
}

/** A moment of a run, to which the engine returns any number of times. */
export type Moment = {
  readonly nowMs: number
  readonly heap: EventHeap<Happening>
  readonly dead: Uint8Array
  readonly pausedUntilMs: Float64Array
  readonly timers: readonly (readonly ReadonlyMap<string, Happening>[])[]
  readonly channels: readonly ReadonlySet<number>[]
}

/** How one layer acts on the world. */
export class Port<Message, Timer> {
  readonly layer: Layer<Message, Timer>
  /** By node and key: what is set and has neither fired nor been cancelled. */
  timers: Map<string, Happening>[]
  readonly #engine: LightEngine

  constructor(engine: LightEngine, layer: Layer<Message, Timer>) {
    this.#engine = engine
    this.layer = layer
    this.timers = Array.from({ length: engine.size }, () => new Map())
  }

  send(node: number, peer: number, message: Message): void {
    this.#engine.carry(this, node, peer, message)
  }

  /** Answered by `onConnected` or `onFailed`, one round trip later. */
  connect(node: number, peer: number): void {
    const { latencyMs } = this.#engine.transport
    const afterMs = latencyMs(node, peer) + latencyMs(peer, node)
    this.#engine.plan(afterMs, happening('connecting', this, node, peer))
  }

  /** Replaces the timer that `node` has under this key. */
  setTimer(node: number, key: string, timer: Timer, afterMs: number): void {
    const due = happening('timer', this, node, -1, timer, key)
    this.timers[node]!.set(key, due)
    this.#engine.plan(afterMs, due)
  }

  cancelTimer(node: number, key: string): void {
    this.timers[node]!.delete(key)
  }
}

/** Made in one place, so that the engine sees one shape of object. */
function happening(
  kind: Happening['kind'],
  port: Port<unknown, unknown> | undefined,
  node: number,
  peer: number,
  data?: unknown,
  key = '',
): Happening {
  return { kind, port, node, peer, data, key }
}

/** The same texts as the names of properties are: to compare two of them is to compare pointers. */
function interned(names: readonly string[]): string[] {
  return Object.keys(Object.fromEntries(names.map((name) => [name, true])))
}

/** More than this many things at one instant are rules that provoke each other for ever. */
const settleMax = 50_000_000

export class LightEngine {
  readonly size: number
  readonly names: readonly string[]
  readonly transport: Transport
  /** Messages sent since the start, lost ones included. */
  sent = 0
  /** Messages that went nowhere because no channel stood; only with tracked channels. */
  unsent = 0
  /** Rises whenever somebody dies or is brought back. */
  fates = 0
  /** Things that happened since the start: the measure of the engine's speed. */
  happened = 0
  /** Called for every message sent; for counting bytes. */
  onSend: ((port: Port<unknown, unknown>, from: number, message: unknown) => void) | undefined
  #nowMs = 0
  #heap = new EventHeap<Happening>()
  #randoms: Random[]
  #dead: Uint8Array
  #pausedUntilMs: Float64Array
  #channels: Set<number>[]
  readonly #ports: Port<unknown, unknown>[] = []
  readonly #indices: ReadonlyMap<string, number>

  constructor(size: number, seed: number, transport: Partial<Transport> = {}) {
    this.size = size
    this.names = interned(Array.from({ length: size }, (_, node) => nodeName(node)))
    this.transport = { ...plainTransport, ...transport }
    this.#indices = new Map(this.names.map((name, node) => [name, node]))
    this.#randoms = nodeRandoms(seed, size)
    this.#dead = new Uint8Array(size)
    this.#pausedUntilMs = new Float64Array(size)
    this.#channels = Array.from({ length: size }, () => new Set())
  }

  get nowMs(): number {
    return this.#nowMs
  }

  addLayer<Message, Timer>(layer: Layer<Message, Timer>): Port<Message, Timer> {
    const port = new Port(this, layer)
    this.#ports.push(port)
    return port
  }

  random(node: number): Random {
    return this.#randoms[node]!
  }

  /** The number of a name; -1 for a name that no node has. */
  indexOf(name: string): number {
    return this.#indices.get(name) ?? -1
  }

  alive(node: number): boolean {
    return this.#dead[node] === 0
  }

  living(): number[] {
    return this.names.flatMap((_, node) => (this.alive(node) ? [node] : []))
  }

  kill(node: number): void {
    this.#dead[node] = 1
    this.fates++
    this.#channels[node]!.clear()
  }

  /** A node whose loop is blocked: what happens to it until then happens then, in order. */
  pause(node: number, untilMs: number): void {
    this.#pausedUntilMs[node] = untilMs
  }

  /** `node` notices that its channel to `peer` is gone, whether it is or not. */
  failChannel(node: number, peer: number): void {
    this.plan(0, happening('failed', undefined, node, peer))
  }

  /** Everything that is due at this instant, and what comes of it without time passing. */
  settle(): void {
    this.#run(this.#nowMs, settleMax)
  }

  /** Lets time pass until `limitMs`. */
  runUntil(limitMs: number): void {
    this.#run(limitMs, Number.POSITIVE_INFINITY)
    this.#nowMs = Math.max(this.#nowMs, limitMs)
  }

  /** What may be kept of this moment; nothing may be due. */
  moment(): Moment {
    return {
      nowMs: this.#nowMs,
      heap: this.#heap.copy(),
      dead: this.#dead.slice(),
      pausedUntilMs: this.#pausedUntilMs.slice(),
      timers: this.#ports.map(({ timers }) => timers.map((ofNode) => new Map(ofNode))),
      channels: this.#channels.map((ofNode) => new Set(ofNode)),
    }
  }

  /** Back to a moment, but chance takes another course from there: that of `seed`. */
  returnTo(moment: Moment, seed: number): void {
    this.#nowMs = moment.nowMs
    this.#heap = moment.heap.copy()
    this.#dead = moment.dead.slice()
    this.fates++
    this.#pausedUntilMs = moment.pausedUntilMs.slice()
    this.#channels = moment.channels.map((ofNode) => new Set(ofNode))
    this.#randoms = nodeRandoms(seed, this.size)
    for (const [at, port] of this.#ports.entries()) {
      port.timers = moment.timers[at]!.map((ofNode) => new Map(ofNode))
    }
  }

  /** For ports: something will happen, `afterMs` from now. */
  plan(afterMs: number, happening: Happening): void {
    this.#heap.push(this.#nowMs + afterMs, this.#nowMs, happening)
  }

  /** For ports: a message goes on its way. */
  carry(port: Port<unknown, unknown>, from: number, to: number, message: unknown): void {
    this.sent++
    this.onSend?.(port, from, message)
    const { channels, loses, latencyMs } = this.transport
    if (channels === 'tracked' && !this.#channels[from]!.has(to)) {
      this.unsent++
    } else if (!loses(from, to)) {
      this.plan(latencyMs(from, to), happening('message', port, to, from, message))
    }
  }

  #run(limitMs: number, happeningsMax: number): void {
    const last = this.happened + happeningsMax
    for (;;) {
      const dueMs = this.#heap.nextMs(this.#nowMs)
      if (dueMs > limitMs) return
      this.#nowMs = dueMs
      const happening = this.#heap.pop(dueMs)!
      if (++this.happened > last) throw new Error(`no rest after ${happeningsMax} happenings`)
      this.#fire(happening)
    }
  }

  #fire(happening: Happening): void {
    const { kind, port, node, peer, data, key } = happening
    const timers = kind === 'timer' ? port?.timers[node] : undefined
    if (timers && timers.get(key) !== happening) return
    if (this.#dead[node] === 1) {
      if (kind === 'message') this.#bounce(node, peer)
      return
    }
    if (this.#pausedUntilMs[node]! > this.#nowMs) {
      this.#heap.push(this.#pausedUntilMs[node]!, this.#nowMs, happening)
      return
    }
    if (port === undefined) {
      this.#channels[node]!.delete(peer)
      for (const { layer } of this.#ports) layer.onFailed?.(node, peer, 'nodedown')
    } else if (kind === 'message') {
      port.layer.onMessage(node, peer, data)
    } else if (kind === 'timer') {
      timers?.delete(key)
      port.layer.onTimer(node, data)
    } else {
      this.#connected(port, node, peer)
    }
  }

  #connected(port: Port<unknown, unknown>, node: number, peer: number): void {
    const { channels, loses } = this.transport
    if (this.#dead[peer] === 1 || loses(node, peer) || loses(peer, node)) {
      port.layer.onFailed?.(node, peer, 'connectFailed')
      return
    }
    if (channels === 'tracked') {
      this.#channels[node]!.add(peer)
      this.#channels[peer]!.add(node)
    }
    port.layer.onConnected?.(node, peer)
  }

  /** A message found its receiver dead: its sender learns it when the network tells it. */
  #bounce(dead: number, sender: number): void {
    const { detection, latencyMs } = this.transport
    if (detection === 'never') return
    this.plan(latencyMs(dead, sender), happening('failed', undefined, sender, dead))
  }
}
