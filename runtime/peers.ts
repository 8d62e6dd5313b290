/**
 * What ties this node to one other node: links, monitors, calls and spawn requests that cross,
 * in both directions. When the connection is lost, all of it is told `noconnection` (rule D2), a
 * bounded number per turn, and only then may `nodedown` be announced (rule D5). From the loss on
 * nothing of it makes a signal, so that no lost node is dialled to be told what it knows.
 *
 * Invariant: whatever is in a peer's table is also in its local process's own record, and the
 * other way round; both ends are removed together.
 */
import type { Pid, PidParts } from './identifier.ts'
import type { InboundCall } from './inbound-call.ts'
import { limits } from './limits.ts'
import type { LocalCall } from './local-call.ts'
import type { Monitor, RemoteMonitor } from './monitors.ts'
import type { Process } from './process.ts'
import type { PendingSpawn } from './remote-spawn.ts'
import { signalExit } from './signals.ts'
import type { System } from './system.ts'
import { unwatch } from './watch.ts'

export class Peer {
  readonly name: string
  /** Our processes linked to some of the peer's. */
  readonly links = new Map<Process, Set<Pid>>()
  /** Unlinks sent and not acknowledged, by `unlinkKey`: the id that will acknowledge. */
  readonly unlinking = new Map<string, number>()
  /** Monitors our processes hold on the peer's, by reference id. */
  readonly monitors = new Map<number, Monitor>()
  /** Monitors the peer's processes hold on ours, by the peer's reference id. */
  watches = new Map<number, RemoteMonitor>()
  /** Our calls waiting for the peer, by reference id. */
  readonly calls = new Map<number, LocalCall>()
  /** The peer's calls waiting for us, by the peer's reference id. */
  inboundCalls = new Map<number, InboundCall>()
  /** Our spawn requests waiting for the peer, by reference id. */
  readonly spawns = new Map<number, PendingSpawn>()

  /** The connection is lost: what is left here is still to be told of it. */
  lost = false
  /** Pairs in `links`: one process of ours may be linked with very many of the peer's. */
  #linkCount = 0

  constructor(name: string) {
    this.name = name
  }

  /** True when the peer holds as much of this node's memory as it may. */
  get full(): boolean {
    return this.#linkCount + this.watches.size + this.inboundCalls.size >= limits.peerRelationsMax
  }

  addLink(process: Process, pid: Pid): void {
    let pids = this.links.get(process)
    if (pids === undefined) {
      pids = new Set()
      this.links.set(process, pids)
    }
    this.#linkCount -= pids.size
    pids.add(pid)
    this.#linkCount += pids.size
  }

  /** True when it was there. */
  removeLink(process: Process, pid: Pid): boolean {
    const pids = this.links.get(process)
    if (!pids?.delete(pid)) return false
    this.#linkCount--
    if (pids.size === 0) this.links.delete(process)
    return true
  }
}

export function unlinkKey(process: PidParts, pid: Pid): string {
  return `${process.index}.${process.serial}>${String(pid)}`
}

/**
 * The connection to `name` is lost, or could not be made: fires everything that crossed it, then
 * calls `done`. The table is emptied at once, so that what a new connection brings is kept apart.
 */
export function peerLost(system: System, name: string, done: () => void): void {
  const peer = system.peers.get(name)
  if (peer === undefined) {
    done()
    return
  }
  system.peers.delete(name)
  peer.lost = true
  system.fanOut.run(lossesOf(system, peer), done)
  const { watches, inboundCalls } = peer
  peer.watches = new Map()
  peer.inboundCalls = new Map()
  system.fanOut.run(remainsOf(watches, inboundCalls), () => undefined)
}

/** What the peer's processes wanted of ours: nobody is told, but it must not be kept. */
function* remainsOf(
  watches: ReadonlyMap<number, RemoteMonitor>,
  calls: ReadonlyMap<number, InboundCall>,
): Generator<() => void> {
  for (const held of watches.values()) yield () => unwatch(held)
  for (const call of calls.values()) yield () => call.finish()
}

function* lossesOf(system: System, peer: Peer): Generator<() => void> {
  for (const [process, pids] of peer.links) {
    for (const pid of pids) {
      yield () => {
        // Unlinked since, and perhaps linked again over the connection to come (rule L4).
        if (system.peers.get(peer.name)?.links.get(process)?.has(pid)) return
        if (process.links?.delete(pid)) signalExit(process, pid, 'noconnection', 'link')
      }
    }
  }
  for (const monitor of peer.monitors.values()) yield () => monitor.fire('noconnection')
  for (const spawn of peer.spawns.values()) yield () => spawn.fail('noconnection')
  for (const call of peer.calls.values())
    yield () => call.fail({ tag: 'nodedown', node: peer.name })
}
