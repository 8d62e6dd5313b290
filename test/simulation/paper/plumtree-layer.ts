/**
 * The broadcast rules of all nodes as a layer of the light simulator, on top of the membership's:
 * its peers are their active views. Counts what one broadcast costs and where it arrives.
 */
import {
  type BroadcastEvent,
  type BroadcastMessage,
  type BroadcastOptions,
  type BroadcastState,
  type BroadcastTimer,
  broadcastTimerKey,
  defaultBroadcastOptions,
  newBroadcast,
  stepBroadcast,
} from '../../../src/broadcast/index.ts'
import type { Layer, LightEngine, Port } from '../light/engine.ts'
import type { MembershipLayer } from '../light/membership-layer.ts'

/** Of one broadcast: messages that reached living nodes, and the nodes that have it. */
export type BroadcastCost = {
  readonly payload: number
  /** IHAVE, GRAFT and PRUNE. */
  readonly control: number
  /** Messages of digests, which no broadcast causes. */
  readonly catchUp: number
  /** Nodes, the sender included, and how many of them got it twice. */
  readonly delivered: number
  readonly twice: number
  readonly lastHop: number
}

const payload = new Uint8Array(1)
const topic = 'paper'
const bodies: ReadonlySet<string> = new Set(['gossip', 'repair'])
const controls: ReadonlySet<string> = new Set(['ihave', 'graft', 'prune'])

export class BroadcastLayer implements Layer<BroadcastMessage, BroadcastTimer> {
  readonly #engine: LightEngine
  readonly #membership: MembershipLayer
  readonly #port: Port<BroadcastMessage, BroadcastTimer>
  #states: BroadcastState[]
  #id = ''
  #received = new Map<string, number>()
  readonly #hops: Int32Array
  #twice = 0

  #options = defaultBroadcastOptions

  constructor(engine: LightEngine, membership: MembershipLayer) {
    this.#engine = engine
    this.#membership = membership
    this.#port = engine.addLayer(this)
    this.#states = engine.names.map(() => newBroadcast())
    this.#hops = new Int32Array(engine.size).fill(-1)
  }

  /** Begins anew, with the peers that the membership has by now; follows it from here on. */
  start(options: BroadcastOptions): void {
    const { names } = this.#engine
    const up = (node: number, peer: number): void =>
      this.step(node, { tag: 'peerUp', node: names[peer]! })
    this.#options = options
    this.#states = names.map(() => newBroadcast())
    for (const node of this.#engine.living()) {
      for (const peer of this.#membership.active(node)) up(node, peer)
    }
    this.#membership.onUp = up
    this.#membership.onDown = (node, peer) =>
      this.step(node, { tag: 'peerDown', node: names[peer]! })
  }

  /** Begins a broadcast and counts for it alone. */
  broadcast(source: number): void {
    this.#received = new Map()
    this.#hops.fill(-1)
    this.#twice = 0
    this.#id = ''
    this.step(source, { tag: 'broadcast', topic, payload })
  }

  /** What the broadcast has cost so far. */
  get cost(): BroadcastCost {
    const sum = (tags: (tag: string) => boolean): number =>
      [...this.#received].reduce((total, [tag, count]) => total + (tags(tag) ? count : 0), 0)
    const { size } = this.#engine
    const have = Array.from({ length: size }, (_, node) => node).filter(
      (node) => this.#hops[node]! >= 0 && this.#engine.alive(node),
    )
    return {
      payload: sum((tag) => bodies.has(tag)),
      control: sum((tag) => controls.has(tag)),
      catchUp: sum((tag) => !bodies.has(tag) && !controls.has(tag)),
      delivered: have.length,
      twice: this.#twice,
      lastHop: have.reduce((most, node) => Math.max(most, this.#hops[node]!), 0),
    }
  }

  /** Returns the function that puts every node back into the state it has now. */
  keep(): () => void {
    const states = this.#states.slice()
    return () => {
      this.#states = states.slice()
    }
  }

  step(node: number, event: BroadcastEvent): void {
    const engine = this.#engine
    const [state, actions] = stepBroadcast(this.#states[node]!, event, {
      self: engine.names[node]!,
      nowMs: engine.nowMs,
      random: engine.random(node),
      options: this.#options,
    })
    this.#states[node] = state
    for (const action of actions) {
      switch (action.tag) {
        case 'send':
          this.#port.send(node, engine.indexOf(action.to), action.message)
          break
        case 'deliver':
          this.#deliver(node, action.id, action.round)
          break
        case 'setTimer':
          this.#port.setTimer(node, broadcastTimerKey(action.timer), action.timer, action.afterMs)
          break
        case 'cancelTimer':
          this.#port.cancelTimer(node, broadcastTimerKey(action.timer))
          break
      }
    }
  }

  onMessage(node: number, from: number, message: BroadcastMessage): void {
    this.#received.set(message.tag, (this.#received.get(message.tag) ?? 0) + 1)
    this.step(node, { tag: 'message', from: this.#engine.names[from]!, message })
  }

  onTimer(node: number, timer: BroadcastTimer): void {
    this.step(node, { tag: 'timer', timer })
  }

  #deliver(node: number, id: string, round: number): void {
    if (this.#id === '') this.#id = id
    if (id !== this.#id) return
    if (this.#hops[node]! >= 0) this.#twice++
    this.#hops[node] = round
  }
}
