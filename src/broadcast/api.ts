/**
 * Telling every node of the overlay, and hearing what they tell. A broadcast reaches each node that
 * stays connected once, this one included; one that was away for less than `bodyTtlMs` learns what
 * it missed. Between broadcasts there is no order, also of one node.
 */
import { BadArgument, type Caller, type Self } from '../../runtime/index.ts'
import { processOfSelf, show, systemOf } from '../../runtime/kernel.ts'
import { call, local } from '../../stdlib/index.ts'
import { partOf } from '../dist/index.ts'
import { limits } from '../limits.ts'
import { type BroadcastServer, broadcastName, encodePayload, type Published } from './server.ts'
import { Broadcasting } from './start.ts'
import type { BroadcastStatistics } from './statistics.ts'

export type BroadcastRequest = {
  /**
   * A key of the caller's own, 1 to 255 characters: the same one again, by whomever, is not
   * broadcast while it is remembered (5 minutes). Default: every broadcast is new.
   */
  readonly id?: string
}

/**
 * Tells all subscribers of `topic`, on every node. Resolves when it is on its way: `ok`, or `error`
 * with `knownId` when one with this id was broadcast lately, or `payloadTooLarge` above 1 MiB.
 * Throws `BadArgument` for a bad topic or id, and for a payload that cannot leave the node.
 */
export async function broadcast(
  caller: Caller,
  topic: string,
  payload: unknown,
  { id }: BroadcastRequest = {},
): Promise<Published> {
  const part = partIn(caller, 'broadcast')
  checkText('topic', topic, limits.broadcastTopicMaxChars)
  if (id !== undefined) checkText('id', id, limits.broadcastKeyMaxChars)
  const bytes = encodePayload(part.codec, payload)
  return await call(caller, server(part), 'publish', { topic, payload: bytes, id: id ?? null })
}

/**
 * Gives the calling process every broadcast of `topic` from now on, as `{ tag: 'broadcast', topic,
 * payload, id, origin, from }`; and `{ tag: 'resync', source: 'broadcast' }` when some may have
 * been missed. Topics add up.
 */
export function subscribeBroadcast(self: Self, topic: string): void {
  checkText('topic', topic, limits.broadcastTopicMaxChars)
  partIn(self, 'subscribeBroadcast').topics.add(processOfSelf(self), topic)
}

/** Ends that for `topic`. */
export function unsubscribeBroadcast(self: Self, topic: string): void {
  partIn(self, 'unsubscribeBroadcast').topics.remove(processOfSelf(self), topic)
}

/** Who is told what in which way, and what is held. */
export function broadcastStatistics(caller: Caller): Promise<BroadcastStatistics> {
  return call(caller, server(partIn(caller, 'broadcastStatistics')), 'statistics')
}

function server({ module }: Broadcasting): ReturnType<typeof local<BroadcastServer>> {
  return local(module, broadcastName)
}

function partIn(caller: Caller, what: string): Broadcasting {
  const part = partOf(caller, Broadcasting)
  if (part !== undefined) return part
  throw new BadArgument(
    `${what}: ${systemOf(caller).node} has no overlay: it has no carrier, or hides`,
  )
}

function checkText(field: string, value: unknown, maxChars: number): void {
  if (typeof value === 'string' && value.length > 0 && value.length <= maxChars) return
  throw new BadArgument(`${field}: expected 1 to ${maxChars} characters, got ${show(value)}`)
}
