/**
 * A running node. Host code holds it and passes it, or a `self`, to every function. `stop` is
 * bounded and orderly: nodes it started on threads, the program in reverse start order, then the
 * channels, the socket, the timers; afterwards nothing keeps the OS process alive.
 */
import type { Reason } from '../../runtime/index.ts'
import { LocalNode, type System } from '../../runtime/kernel.ts'
import type { Address } from '../carrier/carrier.ts'
import type { Discovery } from '../discovery/index.ts'
import { closeCode, type Dist } from '../dist/index.ts'
import { leaveCluster } from './cluster.ts'
import { drainOnSignals } from './drain.ts'
import type { NodeOptions } from './options.ts'
import { type Program, stopProgram } from './program.ts'

export type NodeParts = {
  readonly system: System
  readonly program: Program
  readonly dist: Dist | undefined
  /** Where it finds others. */
  readonly discovery: Discovery
  /** What it was started with. */
  readonly options: NodeOptions
}

/** What a node has started beside itself, and stops before itself. */
export type Companion = { stop(): Promise<void> }

let readParts: (node: Node) => NodeParts
let readCompanions: (node: Node) => Set<Companion> | undefined

export class Node extends LocalNode {
  readonly #parts: NodeParts
  readonly #companions = new Set<Companion>()
  #stopping: Promise<void> | undefined
  /** Gives the signals of the host back. */
  #release: () => void = () => undefined

  static {
    readParts = (node) => node.#parts
    readCompanions = (node) => (node.#stopping === undefined ? node.#companions : undefined)
  }

  constructor(parts: NodeParts) {
    super(parts.system)
    this.#parts = parts
    void parts.program.failed.then((reason) => this.#fail(reason))
  }

  /** Where other nodes reach this one; undefined without a carrier. */
  get address(): Address | undefined {
    return this.#parts.dist?.endpoint.address
  }

  /** Stops the node. Calling it again waits for the same stop. */
  override stop(): Promise<void> {
    this.#stopping ??= this.#stop()
    return this.#stopping
  }

  /** From now on the node stops when the operator asks its program to end. Asked once, at start. */
  drainOnSignals(): void {
    this.#release = drainOnSignals(this.#parts.system, () => this.stop())
  }

  /**
   * The root gave up, or a permanent application ended: a node that cannot do its work stops, as
   * OTP's does, and the program ends with exit code 1.
   */
  #fail(reason: Reason): void {
    if (this.#stopping !== undefined) return
    const { system } = this.#parts
    system.trace.log('error', 'the node cannot go on and stops', { reason })
    system.platform.failed()
    void this.stop()
  }

  async #stop(): Promise<void> {
    const { program, dist, discovery } = this.#parts
    const companions = [...this.#companions].map((companion) => companion.stop())
    await Promise.all([discovery.unpublish(), ...companions])
    await stopProgram(this, program, async () => {
      await leaveCluster(this)
      await dist?.router.leave()
    })
    await dist?.endpoint.close(closeCode.shutdown)
    discovery.close()
    await super.stop()
    this.#release()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop()
  }
}

/** Internal: not exported by the package. */
export function partsOf(node: Node): NodeParts {
  return readParts(node)
}

/** Undefined once the node is being stopped. Internal: not exported by the package. */
export function companionsOf(node: Node): Set<Companion> | undefined {
  return readCompanions(node)
}
