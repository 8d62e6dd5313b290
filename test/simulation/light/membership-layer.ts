/**
 * The membership rules of all nodes as a layer of the light simulator: the very files of
 * src/membership, with their actions carried out by the engine. The active views stand in a typed
 * array besides, so that floods and graph measures need no names.
 */
import {
  activeView,
  type MembershipAction,
  type MembershipEvent,
  type MembershipMessage,
  type MembershipOptions,
  type MembershipState,
  type MembershipTimer,
  newMembership,
  stepMembership,
  timerKey,
} from '../../../src/membership/index.ts'
import type { FailReason, Layer, LightEngine, Port } from './engine.ts'
import { buildGraph, type Graph } from './graph.ts'

export class MembershipLayer implements Layer<MembershipMessage, MembershipTimer> {
  /** Of all nodes. May be changed: what is set by then goes by the former ones. */
  options: MembershipOptions
  readonly port: Port<MembershipMessage, MembershipTimer>
  /** Told of every peer that enters or leaves an active view, when the step is done. */
  onUp: ((node: number, peer: number) => void) | undefined
  onDown: ((node: number, peer: number) => void) | undefined
  /** Rises with every change of an active view. */
  version = 0
  /** How often the rules counted each thing. */
  readonly counts = new Map<string, number>()
  readonly #engine: LightEngine
  #states: MembershipState[]
  #active: number[][]

  constructor(engine: LightEngine, options: MembershipOptions) {
    this.#engine = engine
    this.options = options
    this.port = engine.addLayer(this)
    this.#states = engine.names.map(() => newMembership(options))
    this.#active = engine.names.map(() => [])
  }

  /** The peers in `node`'s active view, by number. */
  active(node: number): readonly number[] {
    return this.#active[node]!
  }

  state(node: number): MembershipState {
    return this.#states[node]!
  }

  /**
   * The active views of the living; views of the dead are empty, and edges to the dead left out.
   */
  graph(): Graph {
    const { size } = this.#engine
    const alive = (node: number): boolean => this.#engine.alive(node)
    return buildGraph(size, (node) => (alive(node) ? this.active(node).filter(alive) : []))
  }

  /** Returns the function that puts every node back into the state it has now. */
  keep(): () => void {
    const states = this.#states.slice()
    const active = this.#active.slice()
    return () => {
      this.#states = states.slice()
      this.#active = active.slice()
      this.version++
    }
  }

  step(node: number, event: MembershipEvent): void {
    const engine = this.#engine
    const [state, actions] = stepMembership(this.#states[node]!, event, {
      self: engine.names[node]!,
      nowMs: engine.nowMs,
      random: engine.random(node),
      options: this.options,
    })
    this.#states[node] = state
    let changed = false
    for (const action of actions) {
      if (action.tag === 'up' || action.tag === 'down') changed = true
      else this.#perform(node, action)
    }
    if (!changed) return
    this.version++
    this.#active[node] = activeView(state).map((name) => engine.indexOf(name))
    for (const action of actions) {
      if (action.tag === 'up') this.onUp?.(node, engine.indexOf(action.node))
      if (action.tag === 'down') this.onDown?.(node, engine.indexOf(action.node))
    }
  }

  onMessage(node: number, from: number, message: MembershipMessage): void {
    this.step(node, { tag: 'message', from: this.#engine.names[from]!, message })
  }

  onTimer(node: number, timer: MembershipTimer): void {
    this.step(node, { tag: 'timer', timer })
  }

  onConnected(node: number, peer: number): void {
    this.step(node, { tag: 'connected', node: this.#engine.names[peer]! })
  }

  onFailed(node: number, peer: number, reason: FailReason): void {
    this.step(node, { tag: 'failed', node: this.#engine.names[peer]!, reason })
  }

  #perform(node: number, action: MembershipAction): void {
    const port = this.port
    switch (action.tag) {
      case 'send':
        port.send(node, this.#engine.indexOf(action.to), action.message)
        return
      case 'connect':
        port.connect(node, this.#engine.indexOf(action.node))
        return
      case 'setTimer':
        port.setTimer(node, timerKey(action.timer), action.timer, action.afterMs)
        return
      case 'cancelTimer':
        port.cancelTimer(node, timerKey(action.timer))
        return
      case 'count':
        this.counts.set(action.name, (this.counts.get(action.name) ?? 0) + 1)
        return
    }
  }
}
