/**
 * Replicas of a program's own: state that merges, held by a process of the program (its owner), and
 * a driver beside it that tells all nodes what changes and asks for what is missing. Put both under
 * a `restForOne` supervisor, the owner first: when the owner is started anew and empty, so is the
 * driver, and neighbours send what they have.
 *
 * The driver believes nobody in particular: what it hands to `merge` has the right shape
 * (`isPiece`) and came by the neighbour that `source` names, who may have it from anybody.
 */
import {
  type Awaitable,
  BadArgument,
  type Caller,
  type Module,
  type Reason,
  type Self,
} from '../../runtime/index.ts'
import { processOfSelf, SHIELDED, show } from '../../runtime/kernel.ts'
import { checkKeys, functionIn, requiredIn } from '../../stdlib/given.ts'
import { call, genServer, local, next, stop } from '../../stdlib/index.ts'
import { broadcastName, encodePayload, type Published } from '../broadcast/index.ts'
import { partOf } from '../dist/index.ts'
import { limits } from '../limits.ts'
import { noOverlay } from '../membership/index.ts'
import { Driver, serviceOf } from './driver.ts'
import type { DriverNews } from './driver-message.ts'
import { Replicas } from './replicas.ts'
import { checkReplicaName } from './table-replica.ts'

/** How pieces came here, and the neighbour they came by, for certain. */
export type ReplicaSource = {
  /** `update`: broadcast when it happened; `sync`: part of a snapshot. */
  readonly tag: 'update' | 'sync'
  readonly from: string
}

/**
 * What a replica does. Every callback is given the instance's name first, and runs in the driver's
 * process, which may call the owner; one that throws ends the driver.
 */
export type ReplicaCallbacks<Piece> = {
  /** What is no piece is refused and counted. Must check all that `merge` relies on. */
  readonly isPiece: (value: unknown) => value is Piece
  /**
   * Takes pieces in. The same may come twice, in any order, and one by one: so merging must be
   * commutative, associative and idempotent.
   */
  readonly merge: (
    name: string,
    pieces: readonly Piece[],
    self: Self,
    source: ReplicaSource,
  ) => Awaitable<void>
  /**
   * All there is here, as pieces, at most 1,000,000 of them. `theirs` is the digest of who will get
   * it, when there is a `digest`: what that one has may be left out. It is a peer's: check it.
   */
  readonly snapshot: (name: string, self: Self, theirs: unknown) => Awaitable<readonly Piece[]>
  /**
   * What all there is here comes to: a small term that is equal when the content is, on every node.
   * Default: a hash of the whole snapshot, which is slow for large ones.
   */
  readonly digest?: (name: string, self: Self) => Awaitable<unknown>
  /** A member is down (`unreachable`, `restarted`) or has left. */
  readonly removeNode?: (name: string, node: string, self: Self, reason: Reason) => Awaitable<void>
  /** What `broadcastCustom` told, on other nodes; without it nothing is done. Check the payload. */
  readonly mergeCustom?: (
    name: string,
    payload: unknown,
    self: Self,
    from: string,
  ) => Awaitable<void>
  /** Compare with a random neighbour every `antiEntropyMs` (30 s). Default true. */
  readonly antiEntropy?: boolean
}

export type ReplicaArg = {
  /** 1 to 200 characters; the same on all nodes that share the state, once per node. */
  readonly name: string
}

/** It understands no operations. */
type ReplicaProtocol = Record<never, never>

/**
 * Defines a replica: `replica<Piece>('module name')({ isPiece, merge, snapshot, ... })`. One module
 * serves any number of instances, started with `child(module, { name })`. A second instance of a
 * name on one node is not started: `{ tag: 'alreadyStarted', pid }`. Throws `BadArgument` for
 * callbacks that are none.
 */
export function replica<Piece>(
  module: string,
): (callbacks: ReplicaCallbacks<Piece>) => Module<unknown, ReplicaArg> {
  return (callbacks) => {
    checkCallbacks(module, callbacks)
    return genServer<ReplicaProtocol>(module)({
      init: async ({ name }: ReplicaArg, self) => {
        checkReplicaName(name)
        const replicas = replicasOf(self, 'replica')
        const running = replicas.find(name)
        if (running !== undefined) return stop({ tag: 'alreadyStarted', pid: running.pid })
        const process = processOfSelf(self)
        // Its messages say who said what: no other node may write them.
        process.flags |= SHIELDED
        replicas.add(name, process)
        const driver = new Driver(name, replicas.context, callbacks, self)
        await driver.begin()
        return next(driver)
      },
      info: async (driver, message) => {
        await driver.heard(message)
        return next(driver)
      },
    })
  }
}

const required = ['isPiece', 'merge', 'snapshot'] as const
const optional = ['digest', 'removeNode', 'mergeCustom'] as const

function checkCallbacks(module: string, callbacks: object): void {
  const path = `replica '${module}'`
  checkKeys(path, callbacks, [...required, ...optional, 'antiEntropy'], 'callback')
  for (const name of required) requiredIn(callbacks, name, `${path}: `)
  for (const name of optional) functionIn(callbacks, name, `${path}: `)
  const antiEntropy: unknown = Reflect.get(callbacks, 'antiEntropy')
  if (antiEntropy !== undefined && typeof antiEntropy !== 'boolean') {
    throw new BadArgument(`${path}: antiEntropy: expected a boolean, got ${show(antiEntropy)}`)
  }
}

/**
 * Tells all nodes that run the replica `name`, but this one, to `merge` these pieces. Resolves when
 * they are on their way: `ok`, or `error` with `payloadTooLarge` above 1 MiB. Throws `BadArgument`
 * when there are more than 4096 of them, when no such replica runs on this node, and for pieces
 * that cannot leave it.
 */
export async function broadcastUpdate(
  caller: Caller,
  name: string,
  pieces: readonly unknown[],
): Promise<Published> {
  if (!Array.isArray(pieces) || pieces.length > limits.replicaUpdateMax) {
    const expected = `expected a list of at most ${limits.replicaUpdateMax}`
    throw new BadArgument(`broadcastUpdate: pieces: ${expected}, got ${show(pieces)}`)
  }
  return await publish(caller, name, 'broadcastUpdate', { tag: 'update', pieces })
}

/** The same for a payload of any kind, which is handed to `mergeCustom`. */
export async function broadcastCustom(
  caller: Caller,
  name: string,
  payload: unknown,
): Promise<Published> {
  return await publish(caller, name, 'broadcastCustom', { tag: 'custom', payload })
}

async function publish(
  caller: Caller,
  name: string,
  what: string,
  news: DriverNews,
): Promise<Published> {
  const replicas = replicasOf(caller, what)
  if (replicas.find(name) === undefined) {
    throw new BadArgument(`${what}: no replica ${show(name)} runs on this node`)
  }
  const { broadcasting } = replicas.context
  const payload = encodePayload(broadcasting.codec, news)
  const server = local(broadcasting.module, broadcastName)
  return await call(caller, server, 'publish', { topic: serviceOf(name), payload, id: null })
}

function replicasOf(caller: Caller, what: string): Replicas {
  const replicas = partOf(caller, Replicas)
  if (replicas !== undefined) return replicas
  throw noOverlay(caller, what)
}
