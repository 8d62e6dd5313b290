/**
 * Monitors: one-way, stackable, fired once (rules M1 to M11). A monitor is its own reference. It
 * sits in two intrusive lists, its owner's and its target's, so that adding and removing one costs
 * no hashing. A monitor may carry a tag of its own for its DOWN (M10) and be an alias (A4).
 * Monitors across nodes are kept by the peer's table on both sides instead of in the
 * list of the process that is elsewhere.
 */
import type { MonitorAliasMode } from './aliases.ts'
import { deliver } from './deliver.ts'
import type { Reason } from './exit.ts'
import { type Pid, Reference, type RemoteReference } from './identifier.ts'
import type { Subject } from './messages.ts'
import type { Peer } from './peers.ts'
import type { Process } from './process.ts'
import { unwatch, type Watch, watch } from './watch.ts'

/** What a monitor may be asked beside its target. */
export type MonitorTerms = {
  /** `tag` of its message instead of `DOWN`. */
  readonly tag: string
  /** It is an alias too, which ends as this says. */
  readonly alias: MonitorAliasMode | null
}

export const plainTerms: MonitorTerms = { tag: 'DOWN', alias: null }

/** A monitor held by a process of this node. */
export class Monitor extends Reference implements Watch {
  readonly owner: Process
  subject: Subject
  /** The local target; null when it is elsewhere. */
  target: Process | null
  /** The target's node when it is elsewhere. */
  peer: Peer | null
  readonly terms: MonitorTerms
  active = true
  ownedBefore: Monitor | null = null
  ownedAfter: Monitor | null = null
  before: Watch | null = null
  after: Watch | null = null
  #id: number

  /** `id` is given when it was minted before, for a spawn request whose answer becomes this. */
  constructor(
    owner: Process,
    subject: Subject,
    target: Process | null,
    peer: Peer | null = null,
    id = 0,
    terms = plainTerms,
  ) {
    super()
    this.owner = owner
    this.subject = subject
    this.target = target
    this.peer = peer
    this.#id = id
    this.terms = terms
  }

  get node(): string {
    return this.owner.system.node
  }

  get creation(): number {
    return this.owner.system.creation
  }

  get id(): number {
    if (this.#id === 0) this.#id = this.owner.system.refs.mint(this)
    return this.#id
  }

  /** The monitor of a spawn request, whose process exists now. */
  begin(subject: Pid, target: Process | null, peer: Peer | null): void {
    this.subject = subject
    this.target = target
    this.peer = peer
    this.active = true
    addMonitor(this)
  }

  fire(reason: Reason): void {
    if (!this.active) return
    removeMonitor(this)
    deliver(this.owner, { tag: this.terms.tag, ref: this, target: this.subject, reason })
  }
}

/** A monitor that a process of another node holds on one of ours. */
export class RemoteMonitor implements Watch {
  readonly ref: RemoteReference
  readonly owner: Pid
  readonly target: Process
  readonly peer: Peer
  before: Watch | null = null
  after: Watch | null = null

  constructor(ref: RemoteReference, owner: Pid, target: Process, peer: Peer) {
    this.ref = ref
    this.owner = owner
    this.target = target
    this.peer = peer
  }

  fire(reason: Reason): void {
    unwatch(this)
    if (!this.peer.watches.delete(this.ref.id)) return
    this.target.system.route.deliver(this.peer.name, this.target, {
      tag: 'down',
      ref: this.ref,
      reason,
    })
  }
}

/** Puts a monitor in its lists. The caller has seen that the target is alive, or remote. */
export function addMonitor(monitor: Monitor): void {
  const { owner } = monitor
  monitor.ownedAfter = owner.monitors
  if (owner.monitors !== null) owner.monitors.ownedBefore = monitor
  owner.monitors = monitor
  if (monitor.target !== null) watch(monitor.target, monitor)
  monitor.peer?.monitors.set(monitor.id, monitor)
}

/** Takes an active monitor out of its lists; nothing will fire it any more. */
function removeMonitor(monitor: Monitor): void {
  monitor.active = false
  const { owner, ownedBefore, ownedAfter } = monitor
  if (ownedBefore !== null) ownedBefore.ownedAfter = ownedAfter
  else owner.monitors = ownedAfter
  if (ownedAfter !== null) ownedAfter.ownedBefore = ownedBefore
  monitor.ownedBefore = null
  monitor.ownedAfter = null
  if (monitor.target !== null) unwatch(monitor)
  monitor.peer?.monitors.delete(monitor.id)
  const { alias } = monitor.terms
  if (alias === 'demonitor' || alias === 'replyDemonitor')
    owner.system.aliases.remove(owner, monitor)
}

/** Removes a monitor at its owner's wish; true when it was still active (M5, M6). */
export function demonitor(owner: Process, ref: Reference): boolean {
  if (!(ref instanceof Monitor) || ref.owner !== owner || !ref.active) return false
  removeMonitor(ref)
  if (ref.peer !== null && !ref.peer.lost) {
    owner.system.route.deliver(ref.peer.name, owner, { tag: 'demonitor', ref })
  }
  return true
}

/** True for the message this monitor has sent when it fired. */
export function isFiringOf(monitor: Monitor): (message: unknown) => boolean {
  return (message) =>
    typeof message === 'object' &&
    message !== null &&
    'ref' in message &&
    message.ref === monitor &&
    'tag' in message &&
    message.tag === monitor.terms.tag
}
