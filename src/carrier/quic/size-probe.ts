/**
 * Finds out what datagrams the path of one connection carries: performs what the rule of
 * `datagram-size.ts` asks for, with `probe-packet.ts` on the wire.
 *
 * Invariant: at most one probe of a connection is waited for, so a peer that never answers costs
 * one timer and one entry of the endpoint's table.
 */
import { limits } from '../../limits.ts'
import {
  datagramBaseBytes,
  type SizeEvent,
  type SizeState,
  sizeStep,
  unknownPath,
} from './datagram-size.ts'
import { keyOf } from './packet.ts'
import { probeNonceBytes, writeProbe } from './probe-packet.ts'
import type { DatagramSocket } from './socket.ts'

const waitRoundTrips = 3

/** What probing needs of its endpoint. */
export interface ProbeHost {
  readonly socket: DatagramSocket
  randomBytes(size: number): Uint8Array
  /** Calls `onAnswer` when the peer echoes the nonce named `nonceKey`. */
  awaitAnswer(nonceKey: string, onAnswer: () => void): void
  forgetAnswer(nonceKey: string): void
}

export type ProbeTarget = {
  readonly host: string
  readonly port: number
  readonly id: Uint8Array
  readonly rttMs: number
}

/** What probing needs of its connection. */
export interface ProbedPath {
  /** Where the peer is, and what it calls itself; undefined when there is no path. */
  target(): ProbeTarget | undefined
  /** Datagrams received so far. */
  received(): number
}

export class SizeProbe {
  readonly #host: ProbeHost
  readonly #path: ProbedPath
  #state: SizeState
  #waiting:
    | { readonly timer: NodeJS.Timeout; readonly nonceKey: string; readonly received: number }
    | undefined

  /** `max`: what is tried at most. */
  constructor(host: ProbeHost, path: ProbedPath, max: number) {
    this.#host = host
    this.#path = path
    this.#state = unknownPath(max)
  }

  /** Bytes a datagram may have now. */
  get size(): number {
    return this.#state.size
  }

  /** Datagrams of the present size are sent. Cheap once nothing is to be gained. */
  filled(): void {
    if (this.#state.size < this.#state.max) this.#step({ tag: 'filled' })
  }

  /** Packets were lost. */
  suspect(): void {
    if (this.#state.size > datagramBaseBytes) this.#step({ tag: 'suspected' })
  }

  /** The path is another one. */
  moved(): void {
    this.#step({ tag: 'moved' })
  }

  stop(): void {
    if (this.#waiting === undefined) return
    clearTimeout(this.#waiting.timer)
    this.#host.forgetAnswer(this.#waiting.nonceKey)
    this.#waiting = undefined
  }

  #step(event: SizeEvent): void {
    const [state, actions] = sizeStep(this.#state, event, performance.now())
    this.#state = state
    for (const action of actions) {
      this.stop()
      if (action.tag === 'probe') this.#send(action.size)
    }
  }

  #send(size: number): void {
    const { socket } = this.#host
    const target = this.#path.target()
    const nonce = this.#host.randomBytes(probeNonceBytes)
    if (target !== undefined) {
      writeProbe(socket.out, size, target.id, nonce)
      socket.send(size, target.host, target.port)
    }
    const nonceKey = keyOf(nonce)
    this.#host.awaitAnswer(nonceKey, () => this.#step({ tag: 'answered' }))
    const waitMs = limits.carrierProbeTimeoutMs + waitRoundTrips * (target?.rttMs ?? 0)
    // The answer may be among what came in while the event loop was busy: look there first.
    const timer = setTimeout(() => setImmediate(() => this.#timedOut(nonceKey)), waitMs)
    this.#waiting = { timer, nonceKey, received: this.#path.received() }
  }

  #timedOut(nonceKey: string): void {
    const waiting = this.#waiting
    if (waiting?.nonceKey !== nonceKey) return
    this.stop()
    this.#step({ tag: 'unanswered', heard: this.#path.received() > waiting.received })
  }
}
