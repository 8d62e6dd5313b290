/**
 * One mini-BEAM: every table of a node, owned by one object, so that many nodes live in one OS
 * process without seeing each other. Holds state and resolves identifiers; the rules are in the
 * files that take a `System`.
 */
import { Aliases } from './aliases.ts'
import { Callers } from './callers.ts'
import { checkDestination, checkName } from './check.ts'
import { deadLetter } from './dead-letter.ts'
import type { Destination } from './destination.ts'
import { dispatch } from './dispatch.ts'
import { BadArgument, type Reason } from './exit.ts'
import { FanOut } from './fan-out.ts'
import { Holds } from './holds.ts'
import {
  isPid,
  Pid,
  type PidParts,
  type Reference,
  type RefParts,
  RemoteReference,
  recordOfPid,
} from './identifier.ts'
import { limits } from './limits.ts'
import type { CallTarget, LocalCall } from './local-call.ts'
import type { ModuleTable } from './module.ts'
import { NameRegistries } from './name-registry.ts'
import { Peer, peerLost } from './peers.ts'
import type { Platform } from './platform/platform.ts'
import { post } from './post.ts'
import { ABROAD, Process } from './process.ts'
import { ProcessTable } from './process-table.ts'
import { RefTable } from './refs.ts'
import { RemotePids, RemoteProcess } from './remote-pids.ts'
import type { PendingSpawn } from './remote-spawn.ts'
import type { Address, Route } from './route.ts'
import { Scheduler } from './scheduler.ts'
import { Settlers } from './settlers.ts'
import { Timeouts } from './timeouts.ts'
import { Timers } from './timers.ts'
import { Trace } from './trace.ts'
import { TurnWatch } from './turn-watch.ts'

export type SystemOptions = {
  readonly node: string
  readonly platform: Platform
  readonly modules: ModuleTable
  readonly checked: boolean
  readonly exposeStacks: boolean
  /** A turn that lasts longer is reported. Default: none is watched. */
  readonly longTurnMs?: number
}

export type Found =
  | { readonly tag: 'local'; readonly process: Process }
  | { readonly tag: 'remote'; readonly node: string; readonly pid: Pid }
  | { readonly tag: 'dead' }

const dead = { tag: 'dead' } as const

export class System {
  readonly node: string
  readonly creation: number
  readonly platform: Platform
  readonly modules: ModuleTable
  readonly checked: boolean
  readonly exposeStacks: boolean
  readonly processes = new ProcessTable()
  readonly names = new Map<string, Process>()
  readonly registries = new NameRegistries()
  readonly peers = new Map<string, Peer>()
  readonly aliases = new Aliases()
  readonly holds = new Holds()
  readonly callers = new Callers()
  /** Spawn requests that have not been answered, by what names them. */
  readonly spawnRequests = new Map<Reference, PendingSpawn>()
  readonly trace = new Trace()
  readonly settlers = new Settlers()
  readonly refs: RefTable
  readonly remotePids: RemotePids
  readonly fanOut: FanOut
  readonly scheduler: Scheduler
  /** Null unless turns are watched. */
  readonly turnWatch: TurnWatch | null
  readonly timeouts: Timeouts
  readonly timers: Timers
  /** The pid host code sends exit signals from; belongs to no process. */
  readonly hostPid: Pid
  /** How often each process awaits the outside world (`self.wait`), which no simulator can. */
  readonly outsideWaits = new Map<Process, number>()
  /** The node has been stopped: nothing is spawned any more. */
  stopped = false
  route: Route
  /** A program says that the node cannot go on. Set by whoever owns the node, to stop it. */
  onFatal: (reason: Reason) => void = () => undefined
  /** Gives up the claim on the host's unhandled rejections. */
  releaseRejections: () => void = () => undefined
  readonly #calls = new Map<number, LocalCall>()
  readonly #blame = new WeakMap<object, Process>()
  #lastId = 0

  constructor(options: SystemOptions) {
    this.node = options.node
    this.platform = options.platform
    this.modules = options.modules
    this.checked = options.checked
    this.exposeStacks = options.exposeStacks
    const { clock, random, turn } = options.platform
    const seed = random.bytes(4)
    this.creation = new DataView(seed.buffer, seed.byteOffset).getUint32(0) || 1
    this.refs = new RefTable(this.node, this.creation, random)
    this.remotePids = new RemotePids(this)
    this.fanOut = new FanOut(turn)
    const { longTurnMs } = options
    this.turnWatch = longTurnMs === undefined ? null : new TurnWatch(clock, turn, longTurnMs)
    this.scheduler = new Scheduler(turn, this.turnWatch?.dispatch ?? dispatch)
    this.timeouts = new Timeouts(clock)
    this.timers = new Timers(clock, this.refs)
    this.hostPid = new Pid({ node: this.node, creation: this.creation, index: 0, serial: 0 })
    this.route = {
      deliver: (node) => {
        turn.soon(() => peerLost(this, node, () => undefined))
        return true
      },
      holdWhileBusy: () => undefined,
    }
  }

  /** A number unique within this creation. */
  nextId(): number {
    return ++this.#lastId
  }

  peer(name: string): Peer {
    let peer = this.peers.get(name)
    if (peer === undefined) {
      peer = new Peer(name)
      this.peers.set(name, peer)
    }
    return peer
  }

  /** Finds who a pid stands for. A pid of another node object is translated to our own. */
  lookup(pid: Pid): Found {
    const record = recordOfPid(pid)
    if (record instanceof Process && record.system === this) {
      return record.alive ? { tag: 'local', process: record } : dead
    }
    if (record instanceof RemoteProcess && record.system === this) {
      return record.node === this.node ? dead : { tag: 'remote', node: record.node, pid }
    }
    return this.lookupParts(record)
  }

  /** `lookup` for what nearly all sends and calls have in hand, a live process of this node. */
  resident(pid: Pid): Process | null {
    const record = recordOfPid(pid)
    return record instanceof Process && record.system === this && record.alive ? record : null
  }

  lookupParts(parts: PidParts): Found {
    if (parts.node === this.node) {
      if (parts.creation !== this.creation) return dead
      const process = this.processes.find(parts.index, parts.serial)
      return process ? { tag: 'local', process } : dead
    }
    const pid = this.remotePids.intern(parts)
    return pid ? { tag: 'remote', node: parts.node, pid } : dead
  }

  /** The pid for `parts`: the process's own when it lives here, an interned one otherwise. */
  pidFor(parts: PidParts, from?: string): Pid | undefined {
    if (parts.node !== this.node || parts.creation !== this.creation) {
      return this.remotePids.intern(parts, from)
    }
    const process = this.processes.find(parts.index, parts.serial)
    return process ? process.pid : this.remotePids.intern(parts)
  }

  /** A pid is sent away. One of ours must be the same when it returns, its process gone or not. */
  leaves(pid: Pid): void {
    const record = recordOfPid(pid)
    if (!(record instanceof Process) || (record.flags & ABROAD) !== 0) return
    record.flags |= ABROAD
    if (record.system === this) this.remotePids.keep(pid, record)
  }

  /** The reference for `parts`: the very one that left this node, if it did and is still held. */
  refFor(parts: RefParts): Reference {
    if (parts.node === this.node && parts.creation === this.creation) {
      const known = this.#calls.get(parts.id) ?? this.refs.find(parts.id)
      if (known !== undefined) return known
    }
    return new RemoteReference(parts)
  }

  /** Resolves where a call goes. Unknown local names are `dead`: a call then fails `noproc`. */
  callTarget(to: Destination): CallTarget {
    if (isPid(to)) return this.#pidTarget(to)
    checkDestination('server', to)
    if (to.tag === 'via') {
      const pid = this.registries.whereis(to)
      return pid === undefined ? dead : this.#pidTarget(pid)
    }
    if (to.tag === 'at' && to.node !== this.node) {
      return { tag: 'remote', node: to.node, to: to.name }
    }
    const process = this.names.get(to.name)
    return process ? { tag: 'local', process } : dead
  }

  #pidTarget(pid: Pid): CallTarget {
    const found = this.lookup(pid)
    return found.tag === 'remote' ? { tag: 'remote', node: found.node, to: found.pid } : found
  }

  /**
   * A function that delivers to `to` at some later time: a name is resolved then, and what nobody
   * is there for is dropped (rules T1, T5). Throws `BadArgument` for a process elsewhere.
   */
  localTarget(to: Destination): (message: unknown) => void {
    if (!isPid(to)) checkDestination('sendAfter', to)
    const elsewhere = isPid(to)
      ? this.lookup(to).tag === 'remote'
      : to.tag === 'at' && to.node !== this.node
    if (elsewhere) throw new BadArgument('sendAfter: the target must be on this node')
    return (message) => {
      const target = this.callTarget(to)
      if (target.tag === 'local') post(target.process, message, null)
      else if (target.tag === 'remote') {
        this.route.deliver(target.node, null, { tag: 'send', to: target.to, message })
      } else deadLetter(this, this.node, to, message)
    }
  }

  /** The local process an address from the wire stands for. */
  addressed(to: Address): Process | undefined {
    if (typeof to === 'string') return this.names.get(to)
    const found = this.lookup(to)
    return found.tag === 'local' ? found.process : undefined
  }

  addCall(call: LocalCall): number {
    const id = this.refs.mint(null)
    this.#calls.set(id, call)
    return id
  }

  removeCall(id: number): void {
    this.#calls.delete(id)
  }

  findCall(id: number): LocalCall | undefined {
    return this.#calls.get(id)
  }

  /** Remembers whose call failed with `error`, in case nobody looks at the failure. */
  attribute(error: Error, caller: Process): void {
    this.#blame.set(error, caller)
  }

  /** The process whose failed call `reason` stands for, if it is one of ours. */
  blamed(reason: unknown): Process | undefined {
    return typeof reason === 'object' && reason !== null ? this.#blame.get(reason) : undefined
  }

  /** Registers a local name (rules N1, N3). */
  register(name: string, process: Process): void {
    checkName('name', name)
    const taken = this.names.get(name)
    if (taken) throw new BadArgument(`register: name '${name}' is taken by ${String(taken.pid)}`)
    if (process.name !== null) {
      throw new BadArgument(
        `register: ${String(process.pid)} already has the name '${process.name}'`,
      )
    }
    if (!process.alive) throw new BadArgument(`register: ${String(process.pid)} is dead`)
    if (this.names.size >= limits.namesMax) {
      throw new BadArgument(`register: ${limits.namesMax} names are in use`)
    }
    this.names.set(name, process)
    process.name = name
  }

  unregister(name: string): void {
    const process = this.names.get(name)
    if (!process) throw new BadArgument(`unregister: nobody has the name '${name}'`)
    this.names.delete(name)
    process.name = null
  }
}
