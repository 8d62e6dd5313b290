/**
 * What an agent holds: its numbering, its monitors, its links, and how it reads its mail. Each
 * thing done or seen is told to the witness at the very place it happens.
 */
import {
  type Destination,
  type DownMessage,
  isDown,
  isExit,
  isPid,
  nodeOf,
  type Pid,
  pidKey,
  type Reason,
  type Reference,
  type Self,
} from '../../../runtime/index.ts'
import { lineOf } from '../../../src/testing/event-log.ts'
import type { Witness } from '../witness.ts'
import type { Workload } from './agent.ts'
import { Ear, Mouth } from './numbered.ts'

const monitorsMax = 40
/** Strangers to each other meet this seldom: each such channel stays for long. */
const strollOneIn = 60

export class Grip {
  readonly witness: Witness
  readonly self: Self
  readonly workload: Workload
  readonly key: string
  readonly ear: Ear
  readonly mouth: Mouth
  readonly #monitors = new Map<Reference, { id: number; target: Pid | null }>()
  /** Pids this agent is linked with, the latest last. */
  readonly #links = new Map<string, Pid>()

  constructor(witness: Witness, self: Self, workload: Workload) {
    this.witness = witness
    this.self = self
    this.workload = workload
    this.key = pidKey(self.pid)
    this.ear = new Ear(witness, self)
    this.mouth = new Mouth(witness, self)
  }

  /** A whole number from 0 up to `limit`, which is not reached. */
  below(limit: number): number {
    return Math.floor(this.witness.sim.world.random.unit() * limit)
  }

  oneIn(count: number): boolean {
    return this.below(count) === 0
  }

  pick<T>(choices: readonly T[]): T | undefined {
    return choices[this.below(choices.length)]
  }

  /** Some node: usually a neighbour, now and then this one or any other. */
  someNode(): string {
    const { node } = this.self
    if (this.oneIn(8)) return node
    const { names } = this.witness.sim
    return (this.oneIn(strollOneIn) ? this.pick(names) : undefined) ?? this.#neighbour()
  }

  /** A process on `node`, likely a living one. */
  someTarget(node = this.someNode()): Pid | undefined {
    const known = this.witness.targets.get(node) ?? []
    return this.oneIn(3) ? this.pick(known) : known.at(-1 - this.below(Math.min(4, known.length)))
  }

  /** The same, or an agent. */
  someFellow(node = this.someNode()): Pid | undefined {
    return this.oneIn(4) ? this.pick(this.witness.agents.get(node) ?? []) : this.someTarget(node)
  }

  ballast(): number {
    return this.oneIn(this.workload.largeOneIn) ? 60_000 + this.below(240_000) : 0
  }

  /** Notes a monitor that was just set. */
  holds(ref: Reference, subject: Destination, wasUp: boolean): void {
    const { witness, self } = this
    const target = isPid(subject) ? subject : null
    const node = target === null ? ('node' in subject ? subject.node : self.node) : nodeOf(target)
    const id = witness.nextId()
    this.#monitors.set(ref, { id, target })
    const onChannel = wasUp ? { peer: node, downs: witness.viewOf(self).downsOf(node) } : null
    const key = target === null ? null : pidKey(target)
    witness.tell({ tag: 'monitored', id, owner: this.key, target: key, onChannel })
  }

  get roomForMonitors(): boolean {
    return this.#monitors.size < monitorsMax
  }

  someMonitor(): Reference | undefined {
    return this.pick([...this.#monitors.keys()])
  }

  lets(ref: Reference): void {
    const held = this.#monitors.get(ref)
    if (held === undefined) return
    this.self.demonitor(ref, { flush: true })
    this.#monitors.delete(ref)
    this.witness.tell({ tag: 'demonitored', id: held.id })
  }

  linkedWith(pid: Pid): void {
    this.#links.set(pidKey(pid), pid)
    this.witness.tell({ tag: 'linked', owner: this.key, target: pidKey(pid) })
  }

  isLinkedWith(pid: Pid): boolean {
    return this.#links.has(pidKey(pid))
  }

  someLink(): Pid | undefined {
    return this.pick([...this.#links.values()])
  }

  /** Unlinks, and takes an EXIT that is queued already. */
  async unlink(pid: Pid): Promise<void> {
    const { self } = this
    self.unlink(pid)
    const key = pidKey(pid)
    const queued = await self.receive(
      (message) => isExit()(message) && pidKey(message.from) === key,
      { timeoutMs: 0, otherwise: null },
    )
    if (queued !== null) this.onMail(queued)
    if (!this.#links.delete(key)) return
    this.witness.tell({ tag: 'unlinked', owner: this.key, target: key })
  }

  onDown({ ref, target, reason }: DownMessage): void {
    const held = this.#monitors.get(ref)
    if (held === undefined) {
      this.#stray({ tag: 'DOWN', ref, target, reason })
      return
    }
    this.#monitors.delete(ref)
    if (isPid(target)) this.ear.compare(target, reason, 'down')
    const named = 'node' in target ? target.node : this.self.node
    const downs = this.ear.downsOf(isPid(target) ? nodeOf(target) : named)
    this.witness.tell({ tag: 'down', id: held.id, reason: lineOf(reason), downs })
  }

  onMail(message: unknown): void {
    if (this.ear.take(message)) return
    if (!isExit()(message)) {
      this.#stray(message)
      return
    }
    const { from, reason } = message
    this.ear.compare(from, reason, 'exit')
    const target = pidKey(from)
    this.#links.delete(target)
    this.witness.tell({ tag: 'exitMessage', owner: this.key, target, reason: lineOf(reason) })
  }

  /** Takes a message. False when it orders this agent to end. */
  take(message: unknown): boolean {
    if (this.#isOrder(message)) return false
    if (isDown()(message)) this.onDown(message)
    else this.onMail(message)
    return true
  }

  /** Reads the mail that is there, so that what came before this moment is known. */
  async readNow(): Promise<void> {
    const isMail = (message: unknown): boolean => !this.#isOrder(message)
    for (;;) {
      const message = await this.self.receive(isMail, { timeoutMs: 0, otherwise: null })
      if (message === null) return
      this.take(message)
    }
  }

  /** The supervisor's word; a link tells of a stopping node with the same reason. */
  #isOrder(message: unknown): boolean {
    return isExit()(message) && message.reason === 'shutdown' && !this.isLinkedWith(message.from)
  }

  callFailed(server: Pid | undefined, reason: Reason): void {
    if (server !== undefined) this.ear.compare(server, reason, 'call')
  }

  #neighbour(): string {
    const { node } = this.self
    return this.pick(this.workload.neighbours.get(node) ?? []) ?? node
  }

  #stray(message: unknown): void {
    this.witness.tell({ tag: 'stray', by: this.key, what: lineOf(message) })
  }
}
