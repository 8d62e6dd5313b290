/**
 * Spawning elsewhere, by module name (rules S1 to S6). The answer comes when the process is
 * initialised there; link and monitor exist on both sides from its first moment. A request that
 * fails leaves no process, no link and no DOWN behind.
 */

import { checkName, show } from './check.ts'
import type { Ref } from './destination.ts'
import { BadArgument, Exit, type Reason } from './exit.ts'
import type { Pid, Reference } from './identifier.ts'
import { type Caller, callerProcess, systemOf } from './local-node.ts'
import { type AnyModule, Module, type StartResult } from './module.ts'
import { monitorLocal } from './monitoring.ts'
import { addMonitor, demonitor, Monitor } from './monitors.ts'
import type { Peer } from './peers.ts'
import { LINKED_START, type Process } from './process.ts'
import { LocalReference } from './refs.ts'
import { parkedCaller } from './self.ts'
import { linkLocal, linkTo, signalExit } from './signals.ts'
import { type ArgOf, create } from './spawn.ts'
import type { System } from './system.ts'

export type SpawnAtOptions = {
  /** Link with the caller, which must be a process. */
  readonly link?: boolean
  /** Local name on the target node. */
  readonly name?: string
}

/**
 * Starts `module` on node `node`, which must list it, and resolves with its pid when it is
 * initialised. Rejects with `Exit`: `noconnection`, `{ tag: 'unknownModule' }`,
 * `{ tag: 'taken', name }`, `{ tag: 'systemLimit' }`, or the reason its initialisation ended with
 * (`'ignore'` when it declined).
 */
export function spawnAt<P, Arg>(
  caller: Caller,
  node: string,
  module: Module<P, Arg>,
  ...[arg, options]: ArgOf<Arg, SpawnAtOptions>
): Promise<Ref<P>> {
  const parked = parkedCaller(caller)
  if (parked !== undefined) return parked
  return request(caller, node, module, arg, options ?? {}, false).then(({ pid }) => pid)
}

/** `spawnAt` with a monitor of the caller on the new process. */
export function spawnMonitorAt<P, Arg>(
  caller: Caller,
  node: string,
  module: Module<P, Arg>,
  ...[arg, options]: ArgOf<Arg, SpawnAtOptions>
): Promise<{ readonly pid: Ref<P>; readonly ref: Reference }> {
  const parked = parkedCaller(caller)
  if (parked !== undefined) return parked
  return request(caller, node, module, arg, options ?? {}, true).then(({ pid, ref }) => {
    if (ref === null) throw new BadArgument('spawnMonitorAt: the caller must be a process')
    return { pid, ref }
  })
}

export type Spawned = { readonly pid: Pid; readonly ref: Reference | null }

function request(
  caller: Caller,
  node: string,
  module: AnyModule,
  arg: unknown,
  options: SpawnAtOptions,
  monitor: boolean,
): Promise<Spawned> {
  const system = systemOf(caller)
  const owner = callerProcess(caller)
  if (!(module instanceof Module)) {
    throw new BadArgument(`spawnAt: expected a module or behaviour, got ${show(module)}`)
  }
  if ((options.link || monitor) && owner === null) {
    throw new BadArgument('spawnAt: link and monitor need a process as the caller')
  }
  checkOptions(options)
  return new Promise((resolve, reject) => {
    const answer: SpawnAnswer = {
      ok: resolve,
      error: (reason) => {
        const error = new Exit(reason, 'spawnAt failed')
        if (owner !== null) system.attribute(error, owner)
        reject(error)
      },
    }
    new PendingSpawn(system, owner, options, monitor, answer).send(node, module, arg)
  })
}

function checkOptions(options: SpawnAtOptions): void {
  if (typeof options !== 'object') {
    throw new BadArgument(`spawnAt: options: expected an object, got ${show(options)}`)
  }
  for (const [key, value] of Object.entries(options)) {
    if (key === 'name') checkName('name', value)
    else if (key !== 'link' || typeof value !== 'boolean') {
      const got = show(value)
      throw new BadArgument(`spawnAt: option ${key} is unknown or has a bad value: ${got}`)
    }
  }
}

/** Who is told how a spawn went. */
export type SpawnAnswer = {
  ok(spawned: Spawned): void
  error(reason: Reason): void
}

/** A spawn request that has not been answered. */
export class PendingSpawn extends LocalReference {
  readonly #system: System
  readonly #owner: Process | null
  readonly #options: SpawnAtOptions
  readonly #monitor: boolean
  readonly #answer: SpawnAnswer
  /** What names the request: the monitor to come where that has been promised (rule S4). */
  readonly #named: Reference
  readonly #promised: Monitor | null
  #peer: Peer | null = null
  /** The process, on this node. */
  #child: Process | null = null
  #abandoned = false

  constructor(
    system: System,
    owner: Process | null,
    options: SpawnAtOptions,
    monitor: boolean,
    answer: SpawnAnswer,
    promised: Monitor | null = null,
  ) {
    super(system.refs)
    this.#system = system
    this.#owner = owner
    this.#options = options
    this.#monitor = monitor
    this.#answer = answer
    this.#promised = promised
    this.#named = promised ?? this
  }

  /** Who asked. */
  get owner(): Process | null {
    return this.#owner
  }

  send(node: string, module: AnyModule, arg: unknown): void {
    if (node === this.#system.node) this.#runHere(module, arg)
    else this.#ask(node, module.name, arg)
  }

  /** Nobody waits any more: a process it was to be linked with ends with `abandoned` (S5). */
  abandon(): void {
    this.#abandoned = true
    const [owner, child] = [this.#owner, this.#child]
    if (owner === null || child === null) return
    if (this.#promised !== null) demonitor(owner, this.#promised)
    if (!owner.links?.delete(child.pid)) return
    child.links?.delete(owner.pid)
    signalExit(child, owner.pid, 'abandoned', 'link')
  }

  /** The target is this node: the same rules as elsewhere, the allow-list included. */
  #runHere(asked: AnyModule, arg: unknown): void {
    const { name, link } = this.#options
    const owner = this.#owner
    const system = this.#system
    const module = system.modules.find(asked.name)
    if (module === undefined) {
      this.fail({ tag: 'unknownModule', module: asked.name })
      return
    }
    if (name !== undefined && system.names.has(name)) {
      this.fail({ tag: 'taken', name })
      return
    }
    let told = false
    const started = (result: StartResult): void => {
      if (told) return
      told = true
      if (result.tag === 'ok') {
        this.#settle({ pid: result.pid, ref })
        return
      }
      if (owner?.links?.delete(process.pid)) process.links?.delete(owner.pid)
      if (owner !== null && ref !== null) demonitor(owner, ref)
      this.fail(result.tag === 'ignore' ? 'ignore' : result.reason)
    }
    const process = create(system, module, arg, {
      ...(name === undefined ? {} : { name }),
      parent: owner,
      started,
    })
    this.#child = process
    if (link && owner !== null) {
      linkLocal(owner, process)
      process.flags |= LINKED_START
    }
    const ref = this.#monitor && owner !== null ? this.#monitorHere(owner, process) : null
  }

  #monitorHere(owner: Process, process: Process): Reference {
    if (this.#promised === null) return monitorLocal(owner, process, process.pid)
    this.#promised.begin(process.pid, process, null)
    return this.#promised
  }

  #ask(node: string, module: string, arg: unknown): void {
    const { name = null, link = false } = this.#options
    const owner = this.#owner
    const peer = this.#system.peer(node)
    this.#peer = peer
    peer.spawns.set(this.#named.id, this)
    try {
      const taken = this.#system.route.deliver(node, owner, {
        tag: 'spawn',
        ref: this.#named,
        from: owner?.pid ?? null,
        module,
        arg,
        name,
        link,
        monitor: this.#monitor,
      })
      if (!taken) this.fail({ tag: 'systemLimit', limit: 'distQueue', node })
    } catch (error) {
      peer.spawns.delete(this.#named.id)
      throw error
    }
  }

  /** The other node made the process. Its link and monitor exist there already. */
  succeed(pid: Pid): void {
    const owner = this.#owner
    const peer = this.#peer
    if (peer === null || !peer.spawns.delete(this.#named.id)) return
    let ref: Reference | null = null
    if (owner?.alive && !this.#abandoned) {
      if (this.#options.link) {
        linkTo(owner, pid)
        peer.addLink(owner, pid)
      }
      if (this.#monitor) ref = this.#monitorThere(owner, peer, pid)
    } else if (owner !== null) this.#undo(owner, peer, pid)
    this.#settle({ pid, ref })
  }

  #monitorThere(owner: Process, peer: Peer, pid: Pid): Reference {
    if (this.#promised !== null) {
      this.#promised.begin(pid, null, peer)
      return this.#promised
    }
    const held = new Monitor(owner, pid, null, peer, this.id)
    addMonitor(held)
    return held
  }

  /**
   * The owner ended before the answer came, or gave up: its link fires, its monitor goes with it
   * (rules M11, S5).
   */
  #undo(owner: Process, peer: Peer, pid: Pid): void {
    const { route } = this.#system
    if (this.#options.link) {
      const reason = owner.alive ? 'abandoned' : (owner.reason ?? 'noproc')
      route.deliver(peer.name, owner, { tag: 'linkExit', from: owner.pid, to: pid, reason })
    }
    if (this.#monitor) route.deliver(peer.name, owner, { tag: 'demonitor', ref: this.#named })
  }

  fail(reason: Reason): void {
    this.#peer?.spawns.delete(this.#named.id)
    if (this.#close()) this.#answer.error(reason)
  }

  #settle(spawned: Spawned): void {
    this.#peer = null
    if (this.#close()) this.#answer.ok(spawned)
  }

  /** The request is over; true when somebody is there to be told. */
  #close(): boolean {
    this.#system.spawnRequests.delete(this.#named)
    return !this.#abandoned && (this.#owner === null || this.#owner.alive)
  }
}
