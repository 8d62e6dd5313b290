/**
 * The route port: signals to other nodes, connecting on demand. One entry per node that is being
 * connected, connected, or being taken down.
 *
 * Invariants: `nodeup` is announced before any signal of a new channel is applied, `nodedown` after
 * the last link and monitor of the old one has fired (rule D5); nothing sent to an old channel is
 * ever handed to a new one (rule O3); a sender never learns of failure except through what it
 * linked, monitored or called (rules D1, D9).
 */
import { BadArgument, type NodeDownMessage } from '../../runtime/index.ts'
import {
  type PidParts,
  Process,
  peerLost,
  type Route,
  type Signal,
  type System,
  terminate,
} from '../../runtime/kernel.ts'
import type { Address, Connection } from '../carrier/carrier.ts'
import { validateNodeName } from '../identity/index.ts'
import { limits } from '../limits.ts'
import { type Codec, createCodec } from '../wire/index.ts'
import type { Attempts } from './attempts.ts'
import { type Channel, type ChannelTraffic, senderKey } from './channel.ts'
import { newPending, type Pending, queueOf, type Up } from './entries.ts'
import { NodeMonitors } from './node-monitors.ts'
import type { PeerAuth } from './peer-auth.ts'
import { isRelieved, loadOf, originOf, overflowBytes, Pressure, verdict } from './pressure.ts'
import { closeCode } from './protocol.ts'
import { Services } from './services.ts'
import { encodeSignal } from './signal-codec.ts'
import { isOfKind, type NodeKind, Subscribers } from './subscribers.ts'

export type ChannelStatistics = ChannelTraffic & {
  /** Processes that wait because they sent more than leaves. */
  readonly heldSenders: number
  /** Signals dropped because far too much waited. */
  readonly dropped: number
}

export type NodeState = 'unknown' | 'connecting' | 'dialing' | 'closing' | 'up'

export class Router implements Route {
  readonly subscribers: Subscribers
  readonly services = new Services((node) => this.channel(node))
  /** What the layers above find by caller, one of each class. */
  readonly parts = new Set<object>()
  readonly monitors = new NodeMonitors()
  /**
   * Starts the process that works on an attempt; set while the net kernel runs. Without it nobody
   * is reachable.
   */
  begin: ((attempt: number) => void) | undefined
  /** Who we are and whom we trust, for those who ask by caller; set by `startDist`. */
  auth: PeerAuth | undefined
  readonly #attempts: Attempts
  readonly #system: System
  readonly #hidden: boolean
  /** The node leaves: no channel is made any more, and this is called when the last one is gone. */
  #left: (() => void) | undefined
  /** While it leaves: whether what waits for a channel still has a chance. */
  #awaitsDials = true
  readonly #entries = new Map<string, Pending | Up>()
  /** For signals to nodes whose creation is not known yet. */
  readonly #codec: Codec

  constructor(system: System, attempts: Attempts, hidden: boolean) {
    this.#system = system
    this.#attempts = attempts
    this.#hidden = hidden
    this.subscribers = new Subscribers(system)
    this.#codec = createCodec({
      local: { name: system.node, creation: system.creation },
      peer: { name: 'nonode@nohost', creation: 0 },
      left: (pid) => system.leaves(pid),
      pid: () => undefined,
      reference: () => undefined,
    })
  }

  /** Names of the nodes connected now. */
  nodes(kind: NodeKind): string[] {
    const names: string[] = []
    for (const [node, entry] of this.#entries) {
      if (entry.tag === 'up' && isOfKind(this.#isHidden(entry.channel), kind)) names.push(node)
    }
    return names
  }

  /** A connection is a hidden one when either end is a hidden node (OTP `nodes(hidden)`). */
  #isHidden(channel: Channel): boolean {
    return this.#hidden || channel.hidden
  }

  /** Where the other end of the channel to `node` is now. */
  addressOf(node: string): Address | undefined {
    const entry = this.#entries.get(node)
    return entry?.tag === 'up' ? entry.connection.peerAddress : undefined
  }

  /** Round trip of the path to `node`, as the carrier measures it; undefined without a channel. */
  roundTripMs(node: string): number | undefined {
    const entry = this.#entries.get(node)
    return entry?.tag === 'up' ? entry.connection.statistics().rttMs : undefined
  }

  /** It is connected, and one of the two hides. */
  isHidden(node: string): boolean {
    const channel = this.channel(node)
    return channel !== undefined && this.#isHidden(channel)
  }

  channel(node: string): Channel | undefined {
    const entry = this.#entries.get(node)
    return entry?.tag === 'up' ? entry.channel : undefined
  }

  statistics(node: string): ChannelStatistics | undefined {
    const entry = this.#entries.get(node)
    if (entry?.tag !== 'up') return undefined
    const { held: heldSenders, dropped } = entry.pressure
    return { ...entry.channel.statistics, heldSenders, dropped }
  }

  stateOf(node: string): NodeState {
    const entry = this.#entries.get(node)
    if (entry === undefined) return 'unknown'
    return entry.tag === 'connecting' && entry.dialing ? 'dialing' : entry.tag
  }

  deliver(node: string, sender: PidParts | null, signal: Signal): boolean {
    const known = this.#entries.get(node)
    const codec = known?.tag === 'up' ? known.channel.codec : this.#codec
    const encoded = encodeSignal(codec, signal, this.#system.exposeStacks)
    if (encoded.tag === 'error') {
      throw new BadArgument(`${encoded.path}: ${encoded.reason} cannot be sent to another node`)
    }
    const { type, body } = encoded
    const entry = known ?? this.#connect(node)
    // Whoever depends on it is told that it cannot be reached.
    if (entry === undefined || (entry.tag === 'up' && entry.channel.leaving)) return true
    const key = senderKey(sender)
    const queue = queueOf(entry)
    if (!queue.isLight) {
      const load = loadOf(queue.waiting(key), body.length)
      if (load !== 'light' && !this.#admits(node, entry, sender, signal, load)) return false
    }
    queue.send(key, type, body)
    if (queue.isLight) return true
    const waiting = queue.waiting(key)
    const load = loadOf(waiting, body.length)
    if (load === 'light') return true
    if (verdict(load, originOf(sender), signal) !== 'take') this.#hold(entry, sender)
    if (entry.tag === 'up' && waiting.smallBytes > 2 * overflowBytes) {
      entry.connection.close(closeCode.limit, 'not reading')
    }
    return true
  }

  holdWhileBusy(node: string, process: Process): void {
    const entry = this.#entries.get(node)
    if (entry === undefined) return
    const queue = queueOf(entry)
    if (queue.isLight) return
    if (loadOf(queue.waiting(senderKey(process)), 0) !== 'light') entry.pressure.hold(process)
  }

  /** Calls back with true once `node` is connected, with false if it cannot be. */
  connect(node: string, callback: (up: boolean) => void): void {
    const entry = this.#entries.get(node) ?? this.#connect(node)
    if (entry === undefined) callback(false)
    else if (entry.tag === 'up') callback(true)
    else entry.callbacks.push(callback)
  }

  /** An attempt by the peer begins. Returns the function to be called when it is over. */
  attemptBegun(node: string): () => void {
    const entry = this.#entries.get(node) ?? newPending('connecting')
    if (entry.tag === 'up') return () => undefined
    this.#entries.set(node, entry)
    return this.#book(node, entry)
  }

  /**
   * A channel is ready: announces it, then sends what waited. False when another one is in use
   * already, or the last one is still being taken down.
   */
  up(channel: Channel, connection: Connection): boolean {
    const { node } = channel
    const entry = this.#entries.get(node)
    if (entry?.tag === 'up' || entry?.tag === 'closing') return false
    // A node that leaves only delivers what waits.
    if (this.#left !== undefined && (entry === undefined || entry.queue.isEmpty)) {
      connection.close(closeCode.shutdown, 'leaving')
      return false
    }
    const pressure = entry?.pressure ?? new Pressure()
    this.#entries.set(node, { tag: 'up', pressure, channel, connection })
    channel.onService = (term, bytes) => this.services.heard(channel, term, bytes)
    channel.onShrunk = () => {
      pressure.release((held) => isRelieved(channel.waiting(senderKey(held))))
    }
    this.#system.trace.emit({ tag: 'nodeup', node })
    this.subscribers.tellUp(node, this.#isHidden(channel))
    entry?.queue.handTo(channel)
    for (const callback of entry?.callbacks ?? []) callback(true)
    if (this.#left !== undefined) channel.leave()
    return true
  }

  /** A channel is gone: fires what crossed it, then announces it. */
  down(channel: Channel, reason: string): void {
    const { node } = channel
    const entry = this.#entries.get(node)
    if (entry?.tag !== 'up' || entry.channel !== channel) return
    const closing = newPending('closing')
    this.#entries.set(node, closing)
    channel.ended()
    entry.pressure.release()
    const { fanOut, trace } = this.#system
    peerLost(this.#system, node, () => {
      trace.emit({ tag: 'nodedown', node, reason })
      const tellings = this.#tellings({ tag: 'nodedown', node, reason }, this.#isHidden(channel))
      fanOut.run(tellings, () => {
        this.#entries.delete(node)
        this.#reopen(node, closing)
        this.#leftIfDone()
      })
    })
  }

  /** A node could not be reached that processes monitor. */
  notReached(node: string): void {
    const told = this.monitors.losses({ tag: 'nodedown', node, reason: 'noconnection' })
    this.#system.fanOut.run(told, () => undefined)
  }

  *#tellings(message: NodeDownMessage, hidden: boolean): Generator<() => void> {
    const monitoring = this.monitors.losses(message)
    yield* this.subscribers.losses(message, hidden)
    yield* monitoring
  }

  /** Cuts the connection to `node`; false when there is none (OTP `disconnect_node/1`). */
  disconnect(node: string): boolean {
    const entry = this.#entries.get(node)
    if (entry?.tag !== 'up') return false
    entry.connection.close(closeCode.disconnect, 'disconnect')
    this.down(entry.channel, 'disconnect')
    return true
  }

  /** The peer no longer answers on `channel` and asks for another one. */
  replace(channel: Channel): void {
    const entry = this.#entries.get(channel.node)
    if (entry?.tag !== 'up' || entry.channel !== channel) return
    entry.connection.close(closeCode.superseded, 'silent')
    this.down(channel, 'superseded')
  }

  /**
   * Parts with every node in order: what was handed over arrives, there and here, before the
   * channels close. Resolves when they have, and after `distLeaveMaxMs` at the latest. What waits
   * for a node that cannot be reached within `distGoawayMaxMs` is given up.
   */
  leave(): Promise<void> {
    const left = new Promise<void>((resolve) => {
      this.#left ??= resolve
    })
    const { timeouts } = this.#system
    const overdue = timeouts.add(limits.distLeaveMaxMs, () => this.#left?.())
    const unreached = timeouts.add(limits.distGoawayMaxMs, () => {
      this.#awaitsDials = false
      this.#leftIfDone()
    })
    for (const entry of this.#entries.values()) if (entry.tag === 'up') entry.channel.leave()
    this.#leftIfDone()
    return left.finally(() => {
      overdue.cancel()
      unreached.cancel()
    })
  }

  #leftIfDone(): void {
    if (this.#left === undefined) return
    for (const entry of this.#entries.values()) {
      if (entry.tag !== 'connecting') return
      if (this.#awaitsDials && !entry.queue.isEmpty) return
    }
    this.#left()
  }

  /** Dist has stopped: nobody is reachable any more. */
  stop(): void {
    this.begin = undefined
    for (const [node, entry] of [...this.#entries]) {
      if (entry.tag === 'up') {
        // Its link process may live on: the peer must not believe in a channel that we gave up.
        entry.connection.close(closeCode.shutdown, 'shutdown')
        this.down(entry.channel, 'shutdown')
      } else if (entry.tag === 'connecting') this.#unreachable(node, entry)
    }
  }

  #connect(node: string): Pending | undefined {
    const closed = this.begin === undefined || this.#left !== undefined
    if (closed || validateNodeName(node).tag === 'error') {
      // Never from inside `deliver`: the caller has not finished what the loss would undo.
      this.#system.platform.turn.soon(() => peerLost(this.#system, node, () => undefined))
      return undefined
    }
    const entry = newPending('connecting')
    this.#entries.set(node, entry)
    this.#startDial(node, entry)
    return entry
  }

  #startDial(node: string, entry: Pending): void {
    entry.dialing = true
    const ended = this.#book(node, entry)
    const begin = this.begin
    const attempt = begin && this.#attempts.add({ role: 'dialer', node, ended })
    if (begin !== undefined && attempt !== undefined) begin(attempt)
    else this.#system.platform.turn.soon(ended)
  }

  /**
   * Counts an attempt. When the last one is over and nothing is up, everyone waiting is told, or
   * this node dials itself if only the peer has tried so far.
   */
  #book(node: string, entry: Pending): () => void {
    entry.attempts++
    let over = false
    return () => {
      if (over) return
      over = true
      entry.attempts--
      if (this.#entries.get(node) !== entry || entry.attempts > 0) return
      const wanted = !entry.queue.isEmpty || entry.callbacks.length > 0
      if (wanted && !entry.dialing) this.#startDial(node, entry)
      else this.#unreachable(node, entry)
    }
  }

  #unreachable(node: string, entry: Pending): void {
    this.#entries.delete(node)
    entry.pressure.release()
    peerLost(this.#system, node, () => {
      for (const callback of entry.callbacks) callback(false)
      this.#leftIfDone()
    })
  }

  /** What was sent while the old channel was being taken down asks for a new one. */
  #reopen(node: string, closing: Pending): void {
    if (closing.queue.isEmpty && closing.callbacks.length === 0) return
    const entry: Pending = { ...closing, tag: 'connecting' }
    this.#entries.set(node, entry)
    this.#startDial(node, entry)
  }

  /** False when too much waits: the signal is dropped, and perhaps its sender ended. */
  #admits(
    node: string,
    entry: Pending | Up,
    sender: PidParts | null,
    signal: Signal,
    load: 'busy' | 'overflow',
  ): boolean {
    const decided = verdict(load, originOf(sender), signal)
    if (decided !== 'drop' && decided !== 'end') return true
    entry.pressure.drop()
    if (decided === 'end' && sender instanceof Process) {
      terminate(sender, { tag: 'systemLimit', limit: 'distQueue', node })
    } else {
      const detail = `queue to ${node} is full`
      this.#system.trace.emit({ tag: 'deadLetter', node, detail })
    }
    return false
  }

  #hold(entry: Pending | Up, sender: PidParts | null): void {
    if (sender instanceof Process) entry.pressure.hold(sender)
  }
}
