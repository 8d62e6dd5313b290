/**
 * The client side of a call: request, monitor, alias and timeout folded into one record. The
 * answer settles the record and never passes through the caller's mailbox, so a caller with a
 * long backlog pays nothing for it, and a late answer is dropped where it arrives (rule A5).
 *
 * A caller that dies meanwhile is never resumed. A failed call rejects with `Exit`, made at the
 * time of failure only: no stack is captured per call.
 */
import type { Destination } from './destination.ts'
import { Exit, type Reason } from './exit.ts'
import { held } from './holds.ts'
import { isPid } from './identifier.ts'
import { handInline, mayRunInline } from './inline.ts'
import type { Peer } from './peers.ts'
import { post } from './post.ts'
import { type Process, SUSPENDED } from './process.ts'
import { holdRequest, isPlain, Request } from './request.ts'
import type { Address } from './route.ts'
import type { System } from './system.ts'
import { disarm, type Timed } from './timeouts.ts'
import type { Watch } from './watch.ts'

export class LocalCall extends Request implements Timed {
  readonly op: string
  readonly arg: unknown
  done = false
  target: Process | null = null
  before: Watch | null = null
  after: Watch | null = null
  readonly system: System
  readonly caller: Process | null
  /** Both are null while the server runs on the caller's stack: nobody waits yet. */
  resolve: ((value: unknown) => void) | null
  reject: ((error: unknown) => void) | null
  /** The outcome that came while nobody waited. */
  #kept: unknown = undefined
  earlier: Timed | null = null
  later: Timed | null = null
  /** The server's node when it is elsewhere. */
  peer: Peer | null = null
  #id = 0

  constructor(
    system: System,
    caller: Process | null,
    op: string,
    arg: unknown,
    resolve: ((value: unknown) => void) | null,
    reject: ((error: unknown) => void) | null,
  ) {
    super()
    this.op = op
    this.arg = arg
    this.system = system
    this.caller = caller
    this.resolve = resolve
    this.reject = reject
  }

  get node(): string {
    return this.system.node
  }

  get creation(): number {
    return this.system.creation
  }

  get id(): number {
    if (this.#id === 0) {
      // Of a call that is done nobody will ask the table, nor take it out again.
      this.#id = this.done ? this.system.refs.mint(null) : this.system.addCall(this)
    }
    return this.#id
  }

  override finish(): void {
    super.finish()
    disarm(this)
    if (this.#id === 0) return
    this.system.removeCall(this.#id)
    if (this.peer === null) return
    this.peer.calls.delete(this.#id)
    if (this.caller !== null) this.system.callers.remove(this.caller, this)
  }

  protected override succeed(value: unknown): void {
    if (this.caller !== null && !this.caller.alive) return
    if (this.resolve === null) this.#kept = value
    else this.resolve(value)
  }

  protected override miss(reason: Reason): void {
    const { caller } = this
    if (caller !== null && !caller.alive) return
    const error = new Exit(reason, `call '${this.op}' failed`)
    if (caller !== null) this.system.attribute(error, caller)
    if (this.reject === null) this.#kept = new Missed(error)
    else this.reject(error)
  }

  /** The answer of a call that was made inline, as a promise; `timeoutMs` runs from now on. */
  settled(timeoutMs: number): Promise<unknown> {
    const kept = this.#kept
    this.#kept = undefined
    if (kept instanceof Missed) return Promise.reject(kept.error)
    const { caller } = this
    if (this.done && (caller === null || caller.alive)) return Promise.resolve(kept)
    return new Promise((resolve, reject) => {
      this.resolve = resolve
      this.reject = reject
      if (!this.done && timeoutMs !== Number.POSITIVE_INFINITY) {
        this.system.timeouts.arm(timeoutMs, this)
      }
    })
  }

  expire(): void {
    this.giveUp('timeout')
  }

  /** The caller gives up: the call fails with `reason`, and a remote server's node forgets it. */
  giveUp(reason: Reason): void {
    if (this.done) return
    const { peer } = this
    this.fail(reason)
    if (peer !== null) cancel(this, peer)
  }

  /** The caller loses interest: it hears nothing more of the call. */
  abandon(): void {
    if (this.done) return
    const { peer } = this
    this.finish()
    if (peer !== null) cancel(this, peer)
  }
}

// Not a private method: that would be a field more for every call.
function cancel(call: LocalCall, peer: Peer): void {
  const { caller, system } = call
  if (!peer.lost) system.route.deliver(peer.name, caller, { tag: 'cancelCall', ref: call })
}

/** How a call has failed before anybody waited for it. */
class Missed {
  readonly error: unknown

  constructor(error: unknown) {
    this.error = error
  }
}

/** Where a call goes, already resolved. */
export type CallTarget =
  | { readonly tag: 'local'; readonly process: Process }
  | { readonly tag: 'remote'; readonly node: string; readonly to: Address }
  | { readonly tag: 'dead' }

/**
 * Calls `op` and resolves with the answer. Rejects with `Exit`: `noproc`, `callingSelf`,
 * `timeout`, `overloaded` (its mailbox is full), `{ tag: 'nodedown', node }`,
 * `{ tag: 'systemLimit', limit: 'distQueue', node }` (host code, when far too much waits for the
 * node), or the server's exit reason (rule G14).
 */
export function startCall(
  system: System,
  caller: Process | null,
  to: Destination,
  op: string,
  arg: unknown,
  timeoutMs: number,
): Promise<unknown> {
  const resident = isPid(to) ? system.resident(to) : null
  const target = resident === null ? system.callTarget(to) : null
  const server = target?.tag === 'local' ? target.process : resident
  if (server !== null && mayRunInline(server, caller)) {
    const call = new LocalCall(system, caller, op, arg, null, null)
    handInline(server, call)
    return call.settled(timeoutMs)
  }
  const answer = new Promise((resolve, reject) => {
    const watch = caller === null ? null : system.turnWatch
    const settle = watch === null || caller === null ? resolve : watch.settling(caller, resolve)
    const call = new LocalCall(system, caller, op, arg, settle, reject)
    if (server !== null) callHere(call, server, timeoutMs)
    else if (target !== null) callTarget(call, target, timeoutMs)
  })
  return caller !== null && (caller.flags & SUSPENDED) !== 0 ? held(caller, answer) : answer
}

/** Sends a call on its way. Throws what the route throws for what it cannot send. */
export function placeCall(call: LocalCall, to: Destination, timeoutMs: number): void {
  const { system } = call
  const resident = isPid(to) ? system.resident(to) : null
  if (resident !== null) callHere(call, resident, timeoutMs)
  else callTarget(call, system.callTarget(to), timeoutMs)
}

function callTarget(call: LocalCall, target: CallTarget, timeoutMs: number): void {
  if (target.tag === 'dead') call.fail('noproc')
  else if (target.tag === 'local') callHere(call, target.process, timeoutMs)
  else callElsewhere(call, target.node, target.to, timeoutMs)
}

function callHere(call: LocalCall, server: Process, timeoutMs: number): void {
  if (server === call.caller) {
    call.fail('callingSelf')
    return
  }
  if (timeoutMs !== Number.POSITIVE_INFINITY) call.system.timeouts.arm(timeoutMs, call)
  // A plain process that takes the call from its mailbox does not say so.
  if (isPlain(server)) holdRequest(server, call)
  post(server, call, call.caller)
}

function callElsewhere(call: LocalCall, node: string, to: Address, timeoutMs: number): void {
  const { system, caller, op, arg } = call
  if (timeoutMs !== Number.POSITIVE_INFINITY) system.timeouts.arm(timeoutMs, call)
  call.peer = system.peer(node)
  call.peer.calls.set(call.id, call)
  if (caller !== null) system.callers.add(caller, call)
  const from = caller === null ? null : caller.pid
  try {
    const taken = system.route.deliver(node, caller, { tag: 'call', ref: call, from, to, op, arg })
    if (!taken) call.fail({ tag: 'systemLimit', limit: 'distQueue', node })
  } catch (error) {
    call.finish()
    throw error
  }
}
