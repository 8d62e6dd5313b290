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
import type { Peer } from './peers.ts'
import { post } from './post.ts'
import { type Process, SUSPENDED } from './process.ts'
import { holdRequest, Request } from './request.ts'
import type { Address } from './route.ts'
import type { System } from './system.ts'
import { disarm, type Timed } from './timeouts.ts'

export class LocalCall extends Request implements Timed {
  readonly op: string
  readonly arg: unknown
  done = false
  server: Process | null = null
  before: Request | null = null
  after: Request | null = null
  readonly system: System
  readonly caller: Process | null
  readonly resolve: (value: unknown) => void
  readonly reject: (error: unknown) => void
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
    resolve: (value: unknown) => void,
    reject: (error: unknown) => void,
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
    this.peer?.calls.delete(this.#id)
  }

  protected override succeed(value: unknown): void {
    if (this.caller === null || this.caller.alive) this.resolve(value)
  }

  protected override miss(reason: Reason): void {
    const { caller } = this
    if (caller !== null && !caller.alive) return
    const error = new Exit(reason, `call '${this.op}' failed`)
    if (caller !== null) this.system.attribute(error, caller)
    this.reject(error)
  }

  expire(): void {
    this.giveUp('timeout')
  }

  /** The caller gives up: the call fails with `reason`, and a remote server's node forgets it. */
  giveUp(reason: Reason): void {
    if (this.done) return
    const { peer } = this
    this.fail(reason)
    this.#cancel(peer)
  }

  /** The caller loses interest: it hears nothing more of the call. */
  abandon(): void {
    if (this.done) return
    const { peer } = this
    this.finish()
    this.#cancel(peer)
  }

  #cancel(peer: Peer | null): void {
    if (peer === null) return
    this.system.route.deliver(peer.name, this.caller, { tag: 'cancelCall', ref: this })
  }
}

/** Where a call goes, already resolved. */
export type CallTarget =
  | { readonly tag: 'local'; readonly process: Process }
  | { readonly tag: 'remote'; readonly node: string; readonly to: Address }
  | { readonly tag: 'dead' }

/**
 * Calls `op` and resolves with the answer. Rejects with `Exit`: `noproc`, `callingSelf`,
 * `timeout`, `overloaded` (its mailbox is full), `{ tag: 'nodedown', node }`, or the server's exit
 * reason (rule G14).
 */
export function startCall(
  system: System,
  caller: Process | null,
  to: Destination,
  op: string,
  arg: unknown,
  timeoutMs: number,
): Promise<unknown> {
  const answer = new Promise((resolve, reject) => {
    const watch = caller === null ? null : system.turnWatch
    const settle = watch === null || caller === null ? resolve : watch.settling(caller, resolve)
    placeCall(new LocalCall(system, caller, op, arg, settle, reject), to, timeoutMs)
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
  if (server.receiver === null) holdRequest(server, call)
  post(server, call, call.caller)
}

function callElsewhere(call: LocalCall, node: string, to: Address, timeoutMs: number): void {
  const { system, caller, op, arg } = call
  if (timeoutMs !== Number.POSITIVE_INFINITY) system.timeouts.arm(timeoutMs, call)
  call.peer = system.peer(node)
  call.peer.calls.set(call.id, call)
  const from = caller === null ? null : caller.pid
  try {
    system.route.deliver(node, caller, { tag: 'call', ref: call, from, to, op, arg })
  } catch (error) {
    call.finish()
    throw error
  }
}
