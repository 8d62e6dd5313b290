/**
 * Spawning by request (rules S3 to S5, OTP `spawn_request/5`): the answer is a message, so that one
 * process can have many spawns under way at once, or none of its business with how they went.
 *
 * The request is named by a reference, which is that of the monitor if one was asked for. A request
 * that fails leaves no process, link, EXIT or DOWN behind. Unlike OTP's, its answer comes when the
 * process is initialised, as for `spawnAt`.
 */
import { show } from './check.ts'
import { deliver } from './deliver.ts'
import type { Ref } from './destination.ts'
import { BadArgument, type Reason } from './exit.ts'
import { isReference, type Reference } from './identifier.ts'
import { Module } from './module.ts'
import { Monitor } from './monitors.ts'
import type { Process } from './process.ts'
import { PendingSpawn, type SpawnAnswer, type SpawnAtOptions } from './remote-spawn.ts'
import { processOf, type Self } from './self.ts'
import type { ArgOf } from './spawn.ts'

export type SpawnRequestOptions = SpawnAtOptions & {
  /** Monitor the new process: the request's reference is the monitor's too. */
  readonly monitor?: boolean
  /** Which answers are sent. Default `yes`: both. */
  readonly reply?: 'yes' | 'no' | 'errorOnly' | 'successOnly'
}

/** The answer to a spawn request. It precedes every other signal of the process. */
export type SpawnReply<P = unknown> = {
  readonly tag: 'spawnReply'
  readonly ref: Reference
  readonly result:
    | { readonly tag: 'ok'; readonly pid: Ref<P> }
    | { readonly tag: 'error'; readonly reason: Reason }
}

/**
 * Asks `node` to start `module`, and returns at once. The reasons of an error are those of
 * `spawnAt`, and `{ tag: 'badOption', option }`, which is told by message too. Throws `BadArgument`
 * for what is no module, or an argument that cannot be sent.
 */
export function spawnRequest<P, Arg>(
  self: Self,
  node: string,
  module: Module<P, Arg>,
  ...[arg, options]: ArgOf<Arg, SpawnRequestOptions>
): Reference {
  const owner = processOf(self)
  const { system } = owner
  if (!(module instanceof Module)) {
    throw new BadArgument(`spawnRequest: expected a module or behaviour, got ${show(module)}`)
  }
  const { monitor = false, reply = 'yes', ...rest } = options ?? {}
  const tell = (result: SpawnReply['result']): void => {
    const unwanted = result.tag === 'ok' ? 'errorOnly' : 'successOnly'
    if (reply !== 'no' && reply !== unwanted)
      deliver(owner, { tag: 'spawnReply', ref: named, result })
  }
  const answer: SpawnAnswer = {
    ok: ({ pid }) => tell({ tag: 'ok', pid }),
    error: (reason) => tell({ tag: 'error', reason }),
  }
  const promised = monitor === true ? promisedMonitor(owner) : null
  const pending = new PendingSpawn(system, owner, rest, monitor === true, answer, promised)
  const named: Reference = promised ?? pending
  const option = badOption(options ?? {})
  if (option !== undefined) answer.error({ tag: 'badOption', option })
  else {
    system.spawnRequests.set(named, pending)
    try {
      pending.send(node, module, arg)
    } catch (error) {
      system.spawnRequests.delete(named)
      throw error
    }
  }
  return named
}

/**
 * Gives a request up. True when it had not been answered: then no answer comes, and the process,
 * if it was to be linked with the caller, ends with `abandoned` (it stays if it was not). False
 * when it had, or is not the caller's (OTP `spawn_request_abandon/1`).
 */
export function abandonSpawn(self: Self, ref: Reference): boolean {
  if (!isReference(ref)) {
    throw new BadArgument(`abandonSpawn: expected a reference, got ${show(ref)}`)
  }
  const { spawnRequests } = processOf(self).system
  const pending = spawnRequests.get(ref)
  if (pending?.owner !== processOf(self)) return false
  spawnRequests.delete(ref)
  pending.abandon()
  return true
}

/** `self.receive(isSpawnReply(ref))`: the answer to that request, or to any without it. */
export function isSpawnReply(ref?: Reference): (message: unknown) => message is SpawnReply {
  return (message): message is SpawnReply =>
    typeof message === 'object' &&
    message !== null &&
    'tag' in message &&
    message.tag === 'spawnReply' &&
    'ref' in message &&
    (ref === undefined || message.ref === ref)
}

/** A monitor whose process is to come. Until then it is about its owner, and not active. */
function promisedMonitor(owner: Process): Monitor {
  const held = new Monitor(owner, owner.pid, null)
  held.active = false
  return held
}

const replies: readonly unknown[] = ['yes', 'no', 'errorOnly', 'successOnly']

/** The first option that is unknown or has a bad value. */
function badOption(options: SpawnRequestOptions): string | undefined {
  if (typeof options !== 'object') return 'options'
  const bad = Object.entries(options).find(([key, value]) => {
    if (key === 'link' || key === 'monitor') return typeof value !== 'boolean'
    if (key === 'reply') return !replies.includes(value)
    return key !== 'name' || typeof value !== 'string' || value === ''
  })
  return bad?.[0]
}
