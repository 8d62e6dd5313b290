/**
 * What a run knows of itself: takes every happening, notes it in the event log, keeps the facts
 * (who has died, and how), and shows it to the checkers. All processes of the workload, on
 * whatever node, report to the one witness by plain function calls: it is no part of the cluster.
 */
import { type Pid, pidKey, type Self, type TraceEvent } from '../../runtime/index.ts'
import { systemOf } from '../../runtime/kernel.ts'
import { lineOf } from '../../src/testing/event-log.ts'
import type { DiskState, Simulation } from '../../src/testing/index.ts'
import type { Checker, Facts, MakeChecker } from './checkers/checker.ts'
import type { Happening, LocalTime } from './happening.ts'
import { NodeView } from './node-view.ts'

/** Violations kept of one run: the first are what matters. */
const violationsMax = 20
/** Why a channel between honest nodes never ends. A slow machine may be late for a handshake. */
const dishonest: ReadonlySet<string> = new Set(['protocolViolation', 'limit'])
/** Processes remembered per node as somebody to talk to, dead ones included. */
const targetsMax = 24

export class Witness implements Facts {
  readonly sim: Simulation
  readonly violations: string[] = []
  /** Processes to talk to, by node: the latest last. */
  readonly targets = new Map<string, Pid[]>()
  /** Every living process that can be talked to. */
  readonly offered = new Map<string, Pid>()
  /** Agents by node, the latest last; they are not ended on purpose. */
  readonly agents = new Map<string, Pid[]>()
  /** Who serves on a node by name. */
  readonly servers = new Map<string, Pid>()
  /** False once the workload is to begin nothing new. */
  active = true
  /** Calls and spawns that have no outcome yet, and whose they are. */
  readonly pending = new Map<number, string>()
  /** Monitors that have not fired: their owner and target. */
  readonly watching = new Map<number, { readonly owner: string; readonly target: string | null }>()
  /** Links that their owner made and has neither undone nor seen end, by `owner>target`. */
  readonly #links = new Map<string, { readonly owner: string; readonly target: string }>()
  /** All that ever linked. */
  readonly #everLinked = new Set<string>()
  readonly counts: Record<string, number> = {}
  /** Told of every happening after the checkers. */
  readonly listeners: ((happening: Happening) => void)[] = []
  readonly #views = new Map<string, NodeView>()
  /** Reason by pid; null when its node crashed. */
  readonly #dead = new Map<string, string | null>()
  /** Processes of the workload, by incarnation of their node. */
  readonly #living = new Map<string, Set<string>>()
  readonly #checkers: readonly Checker[]
  #lastId = 0

  constructor(sim: Simulation, checkers: readonly MakeChecker[]) {
    this.sim = sim
    this.#checkers = checkers.map((make) => {
      const checker: Checker = make(this, (message) => this.#accuse(checker.name, message))
      return checker
    })
  }

  get nowMs(): number {
    return this.sim.world.nowMs
  }

  nextId(): number {
    return ++this.#lastId
  }

  isDead(pid: string): boolean {
    return this.#dead.has(pid)
  }

  reasonOf(pid: string): string | undefined {
    return this.#dead.get(pid) ?? undefined
  }

  /** A node is about to boot. */
  boots(name: string, boot: number, disk: DiskState, behind = false): NodeView {
    const view = new NodeView(name, boot)
    this.#views.set(name, view)
    this.#living.set(view.key, new Set())
    this.tell({ tag: 'boots', node: view.key, name, disk, behind })
    return view
  }

  /** A node has lost its power, and everything on it its life. */
  crashed(name: string): void {
    const view = this.#views.get(name)
    if (view === undefined) return
    for (const pid of this.#living.get(view.key) ?? []) this.#dies(view, pid, null)
    this.tell({ tag: 'crashed', node: view.key })
  }

  /** A node is told to stop in order. */
  stops(name: string): void {
    const view = this.#views.get(name)
    if (view !== undefined) this.tell({ tag: 'stops', node: view.key })
  }

  /** The incarnation that runs under this name, or ran last. */
  keyOf(name: string): string {
    return this.#views.get(name)?.key ?? `${name}#0`
  }

  onTrace(view: NodeView, event: TraceEvent): void {
    view.onTrace(event)
    if (event.tag === 'nodedown' && dishonest.has(event.reason)) {
      this.accuse(`${view.key} closed the channel to ${event.node}: ${event.reason}`)
    }
    if (event.tag === 'nodeup' || event.tag === 'nodedown') {
      this.tell({ tag: event.tag, at: view.key, peer: event.node })
    } else if (event.tag === 'exit') {
      const pid = pidKey(event.pid)
      if (!this.#living.get(view.key)?.has(pid)) return
      this.#dies(view, pid, lineOf(event.reason))
      this.tell({ tag: 'died', pid, reason: lineOf(event.reason) })
    }
  }

  viewOf(self: Self): NodeView {
    const view = this.#views.get(self.node)
    if (view === undefined) throw new Error(`no view of ${self.node}`)
    return view
  }

  /** The channel that a signal of `self` to `peer` will use. */
  epochOf(self: Self, peer: string): number {
    return this.viewOf(self).epochOf(systemOf(self), peer)
  }

  /** What time it is for `self`. */
  timeOf(self: Self): LocalTime {
    const { sim } = this
    return { clockMs: sim.clockMs(self.node), stalledMs: sim.stalledMs(self.node) }
  }

  /** A process of the workload has begun. */
  meet(self: Self): void {
    this.#living.get(this.viewOf(self).key)?.add(pidKey(self.pid))
  }

  /** A process of the workload can be talked to. */
  offer(self: Self): void {
    this.offered.set(pidKey(self.pid), self.pid)
    remember(this.targets, self)
  }

  /** An agent that lives, most of the time. */
  offerAgent(self: Self): void {
    remember(this.agents, self)
  }

  tell(happening: Happening): void {
    const { tag, ...fields } = happening
    this.counts[tag] = (this.counts[tag] ?? 0) + 1
    this.#keepPending(happening)
    this.sim.note('load', `${tag} ${lineOf(fields)}`)
    for (const checker of this.#checkers) checker.see(happening)
    for (const hear of this.listeners) hear(happening)
  }

  /** Pending calls and spawns whose owner lives. */
  owed(): number {
    return [...this.pending.values()].filter((owner) => !this.isDead(owner)).length
  }

  /** Monitors not fired whose owner lives, and whose target does not. */
  watched(): number {
    const due = [...this.watching.values()].filter(
      ({ owner, target }) => !this.isDead(owner) && (target === null || this.isDead(target)),
    )
    return due.length
  }

  /** Links whose owner lives, and whose target does not. */
  linkedToDead(): number {
    const due = [...this.#links.values()].filter(
      ({ owner, target }) => !this.isDead(owner) && this.isDead(target),
    )
    // Where both ends linked their signals may have crossed, and the link be gone by that.
    return due.filter(({ owner, target }) => !this.#everLinked.has(`${target}>${owner}`)).length
  }

  finish(): void {
    for (const checker of this.#checkers) checker.finish()
  }

  /** A violation that no checker is needed to see. */
  accuse(message: string): void {
    this.#accuse('run', message)
  }

  #accuse(checker: string, message: string): void {
    const violation = `${this.nowMs.toFixed(3)} ${checker}: ${message}`
    this.sim.note('VIOLATION', `${checker}: ${message}`)
    if (this.violations.length < violationsMax) this.violations.push(violation)
  }

  #dies(view: NodeView, pid: string, reason: string | null): void {
    this.#living.get(view.key)?.delete(pid)
    this.offered.delete(pid)
    this.#dead.set(pid, reason)
  }

  #keepLink(owner: string, target: string): void {
    const key = `${owner}>${target}`
    this.#links.set(key, { owner, target })
    this.#everLinked.add(key)
  }

  #keepPending(happening: Happening): void {
    switch (happening.tag) {
      case 'callBegun':
        this.pending.set(happening.id, happening.caller)
        break
      case 'spawnBegun':
        this.pending.set(happening.id, happening.owner)
        break
      case 'callEnded':
      case 'spawnEnded':
        this.pending.delete(happening.id)
        break
      case 'monitored':
        this.watching.set(happening.id, { owner: happening.owner, target: happening.target })
        break
      case 'down':
      case 'demonitored':
        this.watching.delete(happening.id)
        break
      case 'linked':
        this.#keepLink(happening.owner, happening.target)
        break
      case 'unlinked':
      case 'exitMessage':
        this.#links.delete(`${happening.owner}>${happening.target}`)
        break
      default:
    }
  }
}

function remember(table: Map<string, Pid[]>, { node, pid }: Self): void {
  const known = table.get(node) ?? []
  known.push(pid)
  if (known.length > targetsMax) known.shift()
  table.set(node, known)
}
