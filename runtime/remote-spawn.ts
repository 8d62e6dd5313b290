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
import type { Process } from './process.ts'
import { LocalReference } from './refs.ts'
import { parkedCaller } from './self.ts'
import { linkLocal, linkTo } from './signals.ts'
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

type Spawned = { readonly pid: Pid; readonly ref: Reference | null }

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
  if (options.name !== undefined) checkName('name', options.name)
  return new Promise((resolve, reject) => {
    const pending = new PendingSpawn(system, owner, options, monitor, resolve, reject)
    if (node === system.node) pending.runHere(module, arg)
    else pending.send(node, module.name, arg)
  })
}

/** A spawn request that has not been answered. */
export class PendingSpawn extends LocalReference {
  readonly #system: System
  readonly #owner: Process | null
  readonly #options: SpawnAtOptions
  readonly #monitor: boolean
  readonly #resolve: (spawned: Spawned) => void
  readonly #reject: (error: unknown) => void
  #peer: Peer | null = null

  constructor(
    system: System,
    owner: Process | null,
    options: SpawnAtOptions,
    monitor: boolean,
    resolve: (spawned: Spawned) => void,
    reject: (error: unknown) => void,
  ) {
    super(system.refs)
    this.#system = system
    this.#owner = owner
    this.#options = options
    this.#monitor = monitor
    this.#resolve = resolve
    this.#reject = reject
  }

  /** The target is this node: the same rules as elsewhere, the allow-list included. */
  runHere(asked: AnyModule, arg: unknown): void {
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
    if (link && owner !== null) linkLocal(owner, process)
    const ref = this.#monitor && owner !== null ? monitorLocal(owner, process, process.pid) : null
  }

  send(node: string, module: string, arg: unknown): void {
    const { name = null, link = false } = this.#options
    const owner = this.#owner
    const peer = this.#system.peer(node)
    this.#peer = peer
    peer.spawns.set(this.id, this)
    try {
      this.#system.route.deliver(node, owner, {
        tag: 'spawn',
        ref: this,
        from: owner?.pid ?? null,
        module,
        arg,
        name,
        link,
        monitor: this.#monitor,
      })
    } catch (error) {
      peer.spawns.delete(this.id)
      throw error
    }
  }

  /** The other node made the process. Its link and monitor exist there already. */
  succeed(pid: Pid): void {
    const owner = this.#owner
    const peer = this.#peer
    if (peer === null || !peer.spawns.delete(this.id)) return
    let ref: Reference | null = null
    if (owner?.alive) {
      if (this.#options.link) {
        linkTo(owner, pid)
        peer.addLink(owner, pid)
      }
      if (this.#monitor) {
        const held = new Monitor(owner, pid, null, peer, this.id)
        addMonitor(held)
        ref = held
      }
    } else if (owner !== null) this.#undo(owner, peer, pid)
    this.#settle({ pid, ref })
  }

  /** The owner ended before the answer came: its link fires, its monitor goes with it (M11). */
  #undo(owner: Process, peer: Peer, pid: Pid): void {
    const { route } = this.#system
    if (this.#options.link) {
      const reason = owner.reason ?? 'noproc'
      route.deliver(peer.name, owner, { tag: 'linkExit', from: owner.pid, to: pid, reason })
    }
    if (this.#monitor) route.deliver(peer.name, owner, { tag: 'demonitor', ref: this })
  }

  fail(reason: Reason): void {
    this.#peer?.spawns.delete(this.id)
    if (this.#owner !== null && !this.#owner.alive) return
    const error = new Exit(reason, 'spawnAt failed')
    if (this.#owner !== null) this.#system.attribute(error, this.#owner)
    this.#reject(error)
  }

  #settle(spawned: Spawned): void {
    this.#peer = null
    if (this.#owner === null || this.#owner.alive) this.#resolve(spawned)
  }
}
