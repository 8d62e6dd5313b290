/**
 * Telling every node of the overlay, and hearing what they tell. A broadcast reaches each node that
 * stays connected once, this one included; one that was away for less than `bodyTtlMs` learns what
 * it missed. Between broadcasts there is no order, also of one node.
 */
import { BadArgument, type Caller, type Self } from '../../runtime/index.ts'
import { checkOptions, processOfSelf, show } from '../../runtime/kernel.ts'
import { call, local } from '../../stdlib/index.ts'
import { partOf } from '../dist/index.ts'
import { limits } from '../limits.ts'
import { noOverlay } from '../membership/index.ts'
import { isSendable } from '../wire/index.ts'
import { type BroadcastServer, broadcastName, encodePayload, type Published } from './server.ts'
import { Broadcasting } from './start.ts'
import type { BroadcastStatistics } from './statistics.ts'

/** How topics of the system begin. */
const systemTopics = 'skein.'

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
 * Throws `BadArgument` for a bad topic (1 to 255 characters, not beginning with `skein.`), id
 * or option, and for a payload that cannot leave the node.
 */
export async function broadcast(
  caller: Caller,
  topic: string,
  payload: unknown,
  request: BroadcastRequest = {},
): Promise<Published> {
  const part = partIn(caller, 'broadcast')
  checkTopic(topic)
  checkOptions('broadcast', request, ['id'])
  const { id } = request
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
  checkTopic(topic)
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
  throw noOverlay(caller, what)
}

/** A topic that the system uses itself is nobody else's. */
function checkTopic(topic: unknown): void {
  checkText('topic', topic, limits.broadcastTopicMaxChars)
  if (typeof topic === 'string' && topic.startsWith(systemTopics)) {
    throw new BadArgument(`topic: those of the system begin so: ${show(topic)}`)
  }
}

function checkText(field: string, value: unknown, maxChars: number): void {
  const fits = typeof value === 'string' && value.length > 0 && value.length <= maxChars
  if (fits && isSendable(value)) return
  throw new BadArgument(`${field}: expected 1 to ${maxChars} characters, got ${show(value)}`)
}
