/**
 * The registry `global` of a node: names that one process of the whole cluster has. It answers at
 * once, from what this node knows; what its own processes claim is told to all (`TableReplica`),
 * and what others claim is believed of their own processes alone.
 *
 * Invariants: a name of a process is released within its end, before anybody hears of it; a name is
 * not given while a claim of it is known here, be it a losing one.
 *
 * Differences from OTP's `global`: no lock is taken, so that registering never waits and works in
 * every part of a divided network; two nodes that register the same name before they hear of each
 * other both succeed, and the conflict is settled as after a heal (`dispute.ts`).
 */
import type { NameKey, NameTerm, Pid, Reason, Self } from '../../../runtime/index.ts'
import { deliver, type NameRegistry, type Process, type System } from '../../../runtime/kernel.ts'
import { HlcClock } from '../../hlc/index.ts'
import { limits } from '../../limits.ts'
import type { Metrics } from '../../metrics/index.ts'
import type { Claim } from './claim.ts'
import { Claims } from './claims.ts'
import type { ConflictVerdict } from './dispute.ts'
import { checkGlobalName, isGlobalName, keyOfName } from './name.ts'

export const globalServerName = 'skein.global'

/** A process that has, or had, a name, with what its server shows as its state. */
export type Claimant = {
  readonly pid: Pid
  readonly node: string
  /** As `sys.getState` gives it; undefined when it does not answer within a second. */
  readonly state: unknown
}

export type GlobalConflict = {
  readonly name: NameKey
  readonly winner: Claimant
  /** A process of this node. */
  readonly loser: Claimant
}

/**
 * Decides what becomes of the loser. Called on its node, in a process of its own, before anything
 * is done to it; `stop` when it fails, or has no answer within five seconds.
 */
export type ConflictResolver = (conflict: GlobalConflict, self: Self) => Promise<ConflictVerdict>

/** How what this node claims reaches the others: `replica`'s table. */
export type ClaimTable = {
  put(key: string, claim: Claim): void
  remove(key: string): void
  get(node: string, key: string): Claim | undefined
  entriesOf(node: string): ReadonlyMap<string, Claim>
  nodes(): readonly string[]
  sync(node: string): void
}

/** What became of a claim of another node. */
export type ClaimChange = {
  readonly node: string
  readonly key: string
  readonly after?: Claim
}

export class Global implements NameRegistry {
  readonly claims = new Claims()
  readonly #system: System
  readonly #metrics: Metrics | undefined
  /** Shown no claim of others: none can make those of this node look younger. */
  readonly #clock: HlcClock
  #table: ClaimTable | undefined
  /** Keys of the names this node's processes have. */
  readonly #owned = new Map<Process, Set<string>>()
  readonly #owners = new Map<string, Process>()
  readonly #resolvers = new Map<string, ConflictResolver>()
  /** Keys of names of ours that others claim too. */
  readonly #contested = new Set<string>()

  constructor(system: System, metrics: Metrics | undefined) {
    this.#system = system
    this.#metrics = metrics
    this.#clock = new HlcClock(system.platform.clock)
  }

  /** From now on the others hear of what is registered here. Called once, at start. */
  spreadBy(table: ClaimTable): void {
    this.#table = table
  }

  whereis(name: NameTerm): Pid | undefined {
    return isGlobalName(name) ? this.claims.holder(name) : undefined
  }

  refusal(name: NameTerm): Reason | undefined {
    checkGlobalName(name)
    const pid = this.whereis(name)
    return pid === undefined ? this.full() : { tag: 'alreadyStarted', pid }
  }

  /** Why no name can be given; undefined: one can. */
  full(): Reason | undefined {
    const max = limits.globalNamesMax
    return this.#owners.size < max ? undefined : { tag: 'systemLimit', limit: 'globalNames', max }
  }

  register(name: NameTerm, pid: Pid): void {
    checkGlobalName(name)
    const found = this.#system.lookup(pid)
    if (found.tag === 'local') this.claim(name, found.process)
  }

  /** Gives a name nobody is known to have to a live process of this node. */
  claim(name: NameKey, process: Process, resolver?: ConflictResolver): void {
    const key = keyOfName(name)
    // It may refuse: nothing has changed then.
    this.#say(key, { name, pid: process.pid, since: this.#clock.now(), rank: 0 })
    this.#own(process).add(key)
    this.#owners.set(key, process)
    if (resolver !== undefined) this.#resolvers.set(key, resolver)
  }

  /** Takes the name from a process of this node; what those of others have is theirs. */
  unregister(name: NameTerm): void {
    checkGlobalName(name)
    this.release(keyOfName(name))
  }

  release(key: string): void {
    const process = this.#owners.get(key)
    if (process === undefined) return
    this.#owners.delete(key)
    this.#owned.get(process)?.delete(key)
    this.#resolvers.delete(key)
    this.claims.remove(key, this.#system.node)
    this.#table?.remove(key)
    this.#look(key)
  }

  /** The claim of this node is stronger from now on. */
  raise(key: string, rank: number): void {
    const claim = this.claims.ofNode(key, this.#system.node)
    if (claim === undefined || claim.rank >= rank) return
    const { name, pid, since } = claim
    this.#say(key, { name, pid, since, rank })
    this.#look(key)
  }

  ownerOf(key: string): Process | undefined {
    return this.#owners.get(key)
  }

  ownKeys(): IterableIterator<string> {
    return this.#owners.keys()
  }

  resolverOf(key: string): ConflictResolver | undefined {
    return this.#resolvers.get(key)
  }

  resolveBy(key: string, resolver: ConflictResolver): void {
    this.#resolvers.set(key, resolver)
  }

  /** What we know of the node's claims is out of date. */
  sync(node: string): void {
    this.#table?.sync(node)
  }

  /** What another node's claim became. */
  changed({ node, key, after }: ClaimChange): void {
    // What this node says itself is there already.
    if (node === this.#system.node) return
    if (after === undefined) this.claims.remove(key, node)
    else if (!this.claims.put(key, node, after)) {
      this.claims.remove(key, node)
      this.#metrics?.count('skein.global.malformed', { peer: node })
    }
    this.#look(key)
  }

  /** Takes the tables as they are now: what was told of them may have been missed. */
  reread(): void {
    const table = this.#table
    if (table === undefined) return
    for (const { key, node } of [...this.claims.all()]) {
      if (node !== this.#system.node && table.get(node, key) === undefined) {
        this.changed({ node, key })
      }
    }
    for (const node of table.nodes()) {
      for (const [key, after] of table.entriesOf(node)) this.changed({ node, key, after })
    }
  }

  #say(key: string, claim: Claim): void {
    this.#table?.put(key, claim)
    this.claims.put(key, this.#system.node, claim)
  }

  /** One of our own may have to give way, or no longer. */
  #look(key: string): void {
    const isContested = this.#owners.has(key) && this.claims.of(key).length > 1
    if (isContested) this.#contested.add(key)
    else if (!this.#contested.delete(key)) return
    const server = this.#system.names.get(globalServerName)
    if (server !== undefined) deliver(server, { tag: '$look', key })
  }

  #own(process: Process): Set<string> {
    const known = this.#owned.get(process)
    if (known !== undefined) return known
    const keys = new Set<string>()
    this.#owned.set(process, keys)
    process.exitHooks ??= []
    process.exitHooks.push(() => {
      this.#owned.delete(process)
      for (const key of keys) this.release(key)
    })
    return keys
  }
}
