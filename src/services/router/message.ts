/**
 * What routers tell their neighbours, and the check of what they are told. A message carries no
 * sender: that is the authenticated node of its channel, and the trail must end with it, so that
 * nobody shortens, loops or prolongs a way by what it claims (cluster spec, 14.8 and 14.9).
 *
 * Differences: a request says how long its sender waits, so that all hops share one deadline; and
 * nodes can be looked for as services can, for a proxy that has no channel to its service.
 */
import { isPid, type NameTerm, nodeOf, type Pid } from '../../../runtime/index.ts'
import { isTerm } from '../../../runtime/kernel.ts'
import { limits } from '../../limits.ts'
import { isFields, isName, isUint } from '../../membership/fields.ts'

/** What is looked for: whoever has a name, or the way to a node. */
export type Goal =
  | {
      readonly tag: 'service'
      readonly name: NameTerm
      /** The name as a key. It is not sent. */
      readonly text: string
    }
  | { readonly tag: 'node'; readonly node: string }

/**
 * `notFound`: neither here nor further on. `ttlExpired`: further on is too far. `timeout`: somebody
 * did not answer in time. `overloaded`: somebody answers enough others already. `relayLoop`: the
 * way leads back to where it came from.
 */
export type RouteFailure = 'notFound' | 'ttlExpired' | 'timeout' | 'overloaded' | 'relayLoop'

export type RouteReply =
  /** `pid` is null when a node was looked for. */
  | { readonly tag: 'found'; readonly node: string; readonly pid: Pid | null }
  | { readonly tag: 'error'; readonly reason: RouteFailure }

/**
 * Why something was not handed to its service. `noRoute`: no neighbour to hand it to. `lost`: a
 * channel on the way broke, and nobody knows whether it arrived. `undecodable`: it arrived, and
 * its service's node cannot read it.
 */
export type RelayFailure =
  | 'serviceNotFound'
  | 'noRoute'
  | 'ttlExpired'
  | 'relayLoop'
  | 'overloaded'
  | 'timeout'
  | 'lost'
  | 'undecodable'

export type RelayReply =
  /** What the service answered, encoded by its node; empty for a message. */
  | { readonly tag: 'done'; readonly body: Uint8Array }
  | { readonly tag: 'error'; readonly reason: RelayFailure }

/** How far something has come and may go. */
export type Trail = {
  /** Hops it may still make. */
  readonly ttl: number
  /** Nodes it has passed, the first one began it, the last one sends it. */
  readonly visited: readonly string[]
  /** How long the sender waits. */
  readonly leftMs: number
}

/** A call or a message on its way to the service `name` of `node`. */
export type Packet = {
  readonly node: string
  readonly name: NameTerm
  readonly text: string
  readonly kind: 'call' | 'send'
  /** Encoded where it began: those between do not read it. */
  readonly body: Uint8Array
}

export type RouterMessage =
  | ({
      readonly tag: 'route'
      /** The sender's number for this question. */
      readonly ref: number
      /** The search it is part of, whoever asks. */
      readonly search: string
      readonly goal: Goal
    } & Trail)
  | { readonly tag: 'routed'; readonly ref: number; readonly result: RouteReply }
  | ({ readonly tag: 'relay'; readonly ref: number } & Packet & Trail)
  | { readonly tag: 'relayed'; readonly ref: number; readonly result: RelayReply }

/** The key of a name, undefined for what is none. */
export type KeyOf = (name: unknown) => string | undefined

const searchId = /^[0-9a-f]{16}$/
const routeFailures: readonly RouteFailure[] = [
  'notFound',
  'ttlExpired',
  'timeout',
  'overloaded',
  'relayLoop',
]
const relayFailures: readonly RelayFailure[] = [
  'serviceNotFound',
  'noRoute',
  'ttlExpired',
  'relayLoop',
  'overloaded',
  'timeout',
  'lost',
  'undecodable',
]

/** Undefined for whatever `from` would not send if it were a node like this one. Never throws. */
export function decodeRouter(term: unknown, from: string, keyOf: KeyOf): RouterMessage | undefined {
  if (!isFields(term)) return undefined
  const { tag, ref, result, search, goal: wanted } = term
  if (!isUint(ref)) return undefined
  switch (tag) {
    case 'route': {
      const trail = decodeTrail(term, from, limits.routeDeadlineMs)
      const goal = decodeGoal(wanted, keyOf)
      if (trail === undefined || goal === undefined) return undefined
      if (typeof search !== 'string' || !searchId.test(search)) return undefined
      return { tag, ref, search, goal, ...trail }
    }
    case 'routed': {
      const decoded = decodeRouteReply(result)
      return decoded && { tag, ref, result: decoded }
    }
    case 'relay': {
      const trail = decodeTrail(term, from, limits.proxyCallTimeoutMs)
      const packet = decodePacket(term, keyOf)
      return trail && packet && { tag, ref, ...packet, ...trail }
    }
    case 'relayed': {
      const decoded = decodeRelayReply(result)
      return decoded && { tag, ref, result: decoded }
    }
    default:
      return undefined
  }
}

/** A message as it travels: everybody makes the key of a name itself. */
export function encodeRouter(message: RouterMessage): unknown {
  if (message.tag === 'relay') {
    const { text: _, ...rest } = message
    return rest
  }
  if (message.tag !== 'route' || message.goal.tag === 'node') return message
  const { tag, name } = message.goal
  return { ...message, goal: { tag, name } }
}

/** A body that may be relayed. */
function isBody(value: unknown): value is Uint8Array {
  return value instanceof Uint8Array && value.length <= limits.relayBodyMaxBytes
}

type Fields = Readonly<Record<string, unknown>>

/** Steps gone and steps left are never more than one node would begin with. */
function decodeTrail(fields: Fields, from: string, leftMaxMs: number): Trail | undefined {
  const { ttl, visited, leftMs } = fields
  if (!isUint(ttl) || !isUint(leftMs) || leftMs > leftMaxMs) return undefined
  if (!Array.isArray(visited) || visited.length + ttl > limits.routeTtl) return undefined
  const names: readonly unknown[] = visited
  if (!names.every(isName) || names.at(-1) !== from) return undefined
  return new Set(names).size === names.length ? { ttl, visited: names, leftMs } : undefined
}

function decodeGoal(value: unknown, keyOf: KeyOf): Goal | undefined {
  if (!isFields(value)) return undefined
  const { tag, name, node } = value
  if (tag === 'node') return isName(node) ? { tag, node } : undefined
  return tag === 'service' ? decodeService(name, keyOf) : undefined
}

function decodeService(
  name: unknown,
  keyOf: KeyOf,
): Extract<Goal, { readonly tag: 'service' }> | undefined {
  const text = keyOf(name)
  return text === undefined || !isTerm(name) ? undefined : { tag: 'service', name, text }
}

function decodePacket(fields: Fields, keyOf: KeyOf): Packet | undefined {
  const { node, name, kind, body } = fields
  const service = decodeService(name, keyOf)
  if (service === undefined || !isName(node) || !isBody(body)) return undefined
  if (kind !== 'call' && kind !== 'send') return undefined
  return { node, name: service.name, text: service.text, kind, body }
}

/** A process that somebody else's node is said to have does not exist. */
function decodeRouteReply(value: unknown): RouteReply | undefined {
  if (!isFields(value)) return undefined
  const { tag, node, pid } = value
  if (tag === 'error') return failure(routeFailures, value)
  if (tag !== 'found' || !isName(node)) return undefined
  if (pid === null) return { tag, node, pid }
  return isPid(pid) && nodeOf(pid) === node ? { tag, node, pid } : undefined
}

export function decodeRelayReply(value: unknown): RelayReply | undefined {
  if (!isFields(value)) return undefined
  const { tag, body } = value
  if (tag === 'error') return failure(relayFailures, value)
  return tag === 'done' && isBody(body) ? { tag, body } : undefined
}

function failure<Reason>(
  known: readonly Reason[],
  value: Fields,
): { readonly tag: 'error'; readonly reason: Reason } | undefined {
  const { reason } = value
  const found = known.find((one) => one === reason)
  return found === undefined ? undefined : { tag: 'error', reason: found }
}
