/**
 * The route port: signals to other nodes, connecting on demand. One entry per node that is being
 * connected, connected, or being taken down.
 *
 * Invariants: `nodeup` is announced before any signal of a new channel is applied, `nodedown` after
 * the last link and monitor of the old one has fired (rule D5); nothing sent to an old channel is
 * ever handed to a new one (rule O3); a sender never learns of failure except through what it
 * linked, monitored or called (rules D1, D9).
 */
import { BadArgument } from '../../runtime/index.ts'
import {
  type PidParts,
  Process,
  peerLost,
  type Route,
  type Signal,
  type System,
  terminate,
} from '../../runtime/kernel.ts'
import type { Connection } from '../carrier/carrier.ts'
import { validateNodeName } from '../identity/index.ts'
import { limits } from '../limits.ts'
import { type Codec, createCodec } from '../wire/index.ts'
import type { Attempts } from './attempts.ts'
import { type Channel, type SenderKey, senderKey } from './channel.ts'
import { NodeMonitors } from './node-monitors.ts'
import { closeCode } from './protocol.ts'
import { encodeSignal } from './signal-codec.ts'
import { Subscribers } from './subscribers.ts'

const overflowBytes = limits.distQueueMaxBytes * limits.distQueueOverflowFactor

/**
 * What a full queue refuses. Ends of processes, answers and withdrawals are never dropped, or the
 * peer would wait for ever; a peer that takes none of them in loses its channel.
 */
const requests: ReadonlySet<Signal['tag']> = new Set([
  'send',
  'link',
  'exit',
  'monitor',
  'call',
  'reply',
  'spawn',
] satisfies readonly Signal['tag'][])

type Waiting = { readonly sender: SenderKey; readonly type: number; readonly bytes: Uint8Array }

/** Signals that wait for a channel. */
type Pending = {
  readonly tag: 'connecting' | 'closing'
  readonly queue: Waiting[]
  queuedBytes: number
  /** Attempts under way, ours and the peer's. */
  attempts: number
  /** This node dials it. */
  dialing: boolean
  readonly callbacks: ((up: boolean) => void)[]
}

type Up = { readonly tag: 'up'; readonly channel: Channel; readonly connection: Connection }

export type NodeState = 'unknown' | 'connecting' | 'dialing' | 'closing' | 'up'

export class Router implements Route {
  readonly subscribers: Subscribers
  readonly monitors = new NodeMonitors()
  /**
   * Starts the process that works on an attempt; set while the net kernel runs. Without it nobody
   * is reachable.
   */
  begin: ((attempt: number) => void) | undefined
  readonly #attempts: Attempts
  readonly #system: System
  readonly #entries = new Map<string, Pending | Up>()
  /** For signals to nodes whose creation is not known yet. */
  readonly #codec: Codec

  constructor(system: System, attempts: Attempts) {
    this.#system = system
    this.#attempts = attempts
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
  nodes(): string[] {
    return [...this.#entries].filter(([, entry]) => entry.tag === 'up').map(([node]) => node)
  }

  channel(node: string): Channel | undefined {
    const entry = this.#entries.get(node)
    return entry?.tag === 'up' ? entry.channel : undefined
  }

  stateOf(node: string): NodeState {
    const entry = this.#entries.get(node)
    if (entry === undefined) return 'unknown'
    return entry.tag === 'connecting' && entry.dialing ? 'dialing' : entry.tag
  }

  deliver(node: string, sender: PidParts | null, signal: Signal): void {
    const entry = this.#entries.get(node)
    const codec = entry?.tag === 'up' ? entry.channel.codec : this.#codec
    const encoded = encodeSignal(codec, signal, this.#system.exposeStacks)
    if (encoded.tag === 'error') {
      throw new BadArgument(`${encoded.path}: ${encoded.reason} cannot be sent to another node`)
    }
    const { type, bytes } = encoded
    if (entry?.tag === 'up') {
      const { queuedBytes } = entry.channel
      if (this.#overflows(queuedBytes, sender, node, signal)) return
      entry.channel.send(senderKey(sender), type, bytes)
      if (queuedBytes > 2 * overflowBytes) entry.connection.close(closeCode.limit, 'not reading')
      return
    }
    const pending = entry ?? this.#connect(node)
    if (pending === undefined) return
    if (this.#overflows(pending.queuedBytes, sender, node, signal)) return
    pending.queue.push({ sender: senderKey(sender), type, bytes: bytes.slice() })
    pending.queuedBytes += bytes.length
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
    this.#entries.set(node, { tag: 'up', channel, connection })
    this.#system.trace.emit({ tag: 'nodeup', node })
    this.subscribers.tell({ tag: 'nodeup', node })
    for (const { sender, type, bytes } of entry?.queue ?? []) channel.send(sender, type, bytes)
    for (const callback of entry?.callbacks ?? []) callback(true)
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
    peerLost(this.#system, node, () => {
      this.#entries.delete(node)
      this.#system.trace.emit({ tag: 'nodedown', node, reason })
      this.subscribers.tell({ tag: 'nodedown', node, reason })
      this.monitors.tell({ tag: 'nodedown', node, reason })
      this.#reopen(node, closing)
    })
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
    if (this.begin === undefined || validateNodeName(node).tag === 'error') {
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
      const wanted = entry.queue.length > 0 || entry.callbacks.length > 0
      if (wanted && !entry.dialing) this.#startDial(node, entry)
      else this.#unreachable(node, entry)
    }
  }

  #unreachable(node: string, entry: Pending): void {
    this.#entries.delete(node)
    peerLost(this.#system, node, () => {
      for (const callback of entry.callbacks) callback(false)
    })
  }

  /** What was sent while the old channel was being taken down asks for a new one. */
  #reopen(node: string, closing: Pending): void {
    if (closing.queue.length === 0 && closing.callbacks.length === 0) return
    const entry: Pending = { ...closing, tag: 'connecting' }
    this.#entries.set(node, entry)
    this.#startDial(node, entry)
  }

  /** Far above the limit the sender ends; this signal and its later requests are not sent. */
  #overflows(queuedBytes: number, sender: PidParts | null, node: string, { tag }: Signal): boolean {
    if (queuedBytes <= overflowBytes || !requests.has(tag)) return false
    if (sender instanceof Process && sender.alive) {
      terminate(sender, { tag: 'systemLimit', limit: 'distQueue', node })
    } else {
      const detail = `queue to ${node} is full`
      this.#system.trace.emit({ tag: 'deadLetter', node, detail })
    }
    return true
  }
}

function newPending(tag: 'connecting' | 'closing'): Pending {
  return { tag, queue: [], queuedBytes: 0, attempts: 0, dialing: false, callbacks: [] }
}
