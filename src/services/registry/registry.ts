/**
 * The names of the whole cluster as this node knows them, and the registry `cluster` behind `via`
 * names. A name is looked up and registered on the caller's stack: no message is sent, nothing is
 * waited for. What this node registers is an entry of its own table, which the others copy; what
 * they register comes as changes of their tables (`replica`). A node without a carrier has only its
 * own names, and nobody to tell.
 *
 * Invariants: an instance of this node is there if and only if its process lives and has not been
 * unregistered, and is gone before anybody hears of the process's end (an exit hook); an instance
 * of another node is what that node says, of its own processes.
 *
 * It belongs to the node, not to a process: no crash loses a name of this node.
 */
import type { NameTerm, Pid, Reason } from '../../../runtime/index.ts'
import { type NameRegistry, type Process, prepare, type System } from '../../../runtime/kernel.ts'
import type { Registered } from '../../../stdlib/index.ts'
import { limits } from '../../limits.ts'
import type { Metrics } from '../../metrics/index.ts'
import type { Codec } from '../../wire/index.ts'
import { causeOf, reasonOf } from './cause.ts'
import { type ServiceFilter, wantedBy } from './filter.ts'
import { type Instance, noMetadata, type ServiceEvent, type ServiceMetadata } from './instance.ts'
import { keptMetadata } from './metadata.ts'
import { type Key, NameKeys } from './name.ts'
import { Names } from './names.ts'
import { OwnNames } from './own-names.ts'
import { Subscribers } from './subscribers.ts'
import { asValue, instanceOf, type ServiceValue } from './value.ts'
import { type Wait, Waiters } from './waiters.ts'

/** How a node's own entries reach the others, and theirs are held: `replica`'s table. */
export type Spread = {
  put(key: string, value: ServiceValue): void
  remove(key: string, cause?: unknown): void
  entriesOf(node: string): ReadonlyMap<string, ServiceValue>
  nodes(): readonly string[]
}

/** What became of an entry of another node. */
export type SpreadChange = {
  readonly node: string
  readonly key: string
  readonly after?: ServiceValue
  readonly cause?: unknown
}

/** Asks beyond what this node knows; see `Registry.finder`. */
type Finder = (name: NameTerm, timeoutMs: number) => Promise<Instance | undefined>

type RegistryOptions = {
  readonly system: System
  /** For the sizes of what is to be sent. */
  readonly codec: Codec
  readonly metrics: Metrics | undefined
  /** Round trip to a node; undefined without a path. */
  readonly roundTripMs: (node: string) => number | undefined
}

export class Registry implements NameRegistry {
  /** Who finds what this node has not heard of. Set by the overlay's router. */
  finder: Finder | undefined
  readonly roundTripMs: (node: string) => number | undefined
  readonly #system: System
  readonly #codec: Codec
  readonly #metrics: Metrics | undefined
  readonly #keys = new NameKeys()
  readonly #names: Names
  readonly #subscribers = new Subscribers()
  readonly #waiters: Waiters
  readonly #own = new OwnNames((key, reason) => this.#ended(key, reason))
  #spread: Spread | undefined

  constructor({ system, codec, metrics, roundTripMs }: RegistryOptions) {
    this.#system = system
    this.#codec = codec
    this.#metrics = metrics
    this.roundTripMs = roundTripMs
    this.#names = new Names(system.node, this.#keys)
    this.#waiters = new Waiters(system)
  }

  /** From now on the others hear of what is registered here. Called once, at start. */
  spreadBy(spread: Spread): void {
    this.#spread = spread
  }

  whereis(name: NameTerm): Pid | undefined {
    return this.#names.first(name)?.pid
  }

  /** All instances of a name in the stable order: this node's own, the others by node. */
  lookup(name: NameTerm): readonly Instance[] {
    return this.#names.all(this.#keys.of(name))
  }

  /** The instance of this node. */
  own(name: NameTerm): Instance | undefined {
    return this.#names.on(this.#keys.of(name), this.#system.node)
  }

  /** Every name known here, once, sorted. */
  list(): readonly NameTerm[] {
    return this.#names.list()
  }

  /** How much there is, for tests and observers. */
  statistics(): { readonly names: number; readonly subscribers: number; readonly waiters: number } {
    const [names, subscribers, waiters] = [this.#names, this.#subscribers, this.#waiters]
    return { names: names.size, subscribers: subscribers.size, waiters: waiters.size }
  }

  /** The text that stands for a name; throws for what is no name. */
  textOf(name: NameTerm): string {
    return this.#keys.of(name).text
  }

  /**
   * Waits for changes of a name, until it is closed or `process` ends; null: host code. Undefined
   * when too many wait already.
   */
  waitFor(name: NameTerm, timeoutMs: number, process: Process | null): Wait | undefined {
    return this.#waiters.open(this.textOf(name), timeoutMs, process)
  }

  refusal(name: NameTerm): Reason | undefined {
    const holder = this.own(name)
    return holder === undefined ? this.#full() : { tag: 'alreadyStarted', pid: holder.pid }
  }

  /**
   * Registers a process of this node, or gives one that is registered other metadata. Refused with
   * `{ tag: 'alreadyRegistered', pid }` where another process of this node has the name, `notLocal`
   * for a process elsewhere, `noproc` for a dead one, and `{ tag: 'systemLimit', limit, max }`.
   * Throws `BadArgument` for a name or metadata that cannot be sent or are too large.
   */
  register(name: NameTerm, pid: Pid, metadata: ServiceMetadata = noMetadata): Registered {
    const key = this.#keptKey(name)
    const kept =
      metadata === noMetadata ? metadata : keptMetadata(metadata, this.#codec, this.#system.checked)
    const found = this.#system.lookup(pid)
    if (found.tag === 'remote') return { tag: 'error', reason: 'notLocal' }
    if (found.tag === 'dead') return { tag: 'error', reason: 'noproc' }
    const { process } = found
    const { node } = this.#system
    const before = this.#names.on(key, node)
    if (before !== undefined && before.pid !== process.pid) {
      return { tag: 'error', reason: { tag: 'alreadyRegistered', pid: before.pid } }
    }
    const full = before === undefined ? this.#full() : undefined
    if (full !== undefined) return { tag: 'error', reason: full }
    const instance = this.#shared({ name: key.name, pid: process.pid, node, metadata: kept })
    // It may refuse: nothing has changed then.
    this.#spread?.put(key.text, asValue(instance))
    this.#names.put(key, instance)
    // Before anybody is told: a filter that throws may end this very process.
    if (before === undefined) this.#own.add(process, key)
    this.#came(key.text, instance, before !== undefined)
    return { tag: 'ok' }
  }

  /** Takes a name back from the process of this node that has it, if one does. */
  unregister(name: NameTerm): void {
    const key = this.#keys.of(name)
    const instance = this.#names.on(key, this.#system.node)
    if (instance === undefined) return
    const found = this.#system.lookup(instance.pid)
    if (found.tag === 'local') this.#own.remove(found.process, key)
    this.#withdraw(key, instance, undefined)
  }

  /** `process` hears of what passes `filter`. Throws `BadArgument` for what is no filter. */
  subscribe(process: Process, filter: ServiceFilter): void {
    this.#subscribers.add(process, wantedBy(filter, this.#keys))
  }

  unsubscribe(process: Process): void {
    this.#subscribers.remove(process)
  }

  /** What another node's entry became. */
  changed({ node, key: text, after, cause }: SpreadChange): void {
    if (node === this.#system.node) return
    const instance = after === undefined ? undefined : this.#accepted(node, text, after)
    if (after !== undefined && instance === undefined)
      this.#metrics?.count('skein.registry.malformed')
    const key = instance === undefined ? this.#knownKey(node, text) : { name: instance.name, text }
    if (key === undefined) return
    const before = this.#names.on(key, node)
    if (before !== undefined && before.pid !== instance?.pid) {
      this.#names.remove(key, node)
      this.#gone(text, before, reasonOf(cause, node))
    }
    if (instance === undefined) return
    this.#names.put(key, instance)
    this.#came(text, instance, before?.pid === instance.pid)
  }

  /**
   * The process that holds the others' entries has begun anew: what it holds is the truth, and
   * subscribers are told that they may have missed something.
   */
  resync(): void {
    const spread = this.#spread
    if (spread === undefined) return
    // Reading a table copies it: once for each node, not for each name.
    const tables = new Map(spread.nodes().map((node) => [node, spread.entriesOf(node)] as const))
    for (const { name, node } of [...this.#names]) {
      const key = this.#keys.of(name).text
      const isGone = node !== this.#system.node && tables.get(node)?.has(key) !== true
      if (isGone) this.changed({ node, key })
    }
    for (const [node, entries] of tables) {
      for (const [key, after] of entries) this.#reread(node, key, after)
    }
    this.#subscribers.resync()
  }

  #reread(node: string, key: string, after: ServiceValue): void {
    const instance = instanceOf(this.#keys, node, key, after)
    if (instance === undefined) return
    const known = this.#names.on({ name: instance.name, text: key }, node)
    const isSame = known?.pid === instance.pid && known.metadata === instance.metadata
    if (!isSame) this.changed({ node, key, after })
  }

  #ended(key: Key, reason: Reason): void {
    const instance = this.#names.on(key, this.#system.node)
    if (instance !== undefined) this.#withdraw(key, instance, reason)
  }

  #withdraw(key: Key, instance: Instance, reason: Reason | undefined): void {
    const { exposeStacks, node } = this.#system
    this.#names.remove(key, node)
    const cause = reason === undefined ? undefined : causeOf(reason, this.#codec, exposeStacks)
    this.#spread?.remove(key.text, cause)
    this.#gone(key.text, instance, reason)
  }

  #came(text: string, instance: Instance, wasKnown: boolean): void {
    this.#waiters.changed(text)
    if (this.#subscribers.nobodyWants(text)) return
    const tag = wasKnown ? 'serviceUpdated' : 'serviceRegistered'
    this.#tell(text, { tag, ...instance })
  }

  #gone(text: string, instance: Instance, reason: Reason | undefined): void {
    if (this.#subscribers.nobodyWants(text)) return
    const event: ServiceEvent =
      reason === undefined
        ? { tag: 'serviceUnregistered', ...instance }
        : { tag: 'serviceDown', ...instance, reason }
    this.#tell(text, event)
  }

  #tell(text: string, event: ServiceEvent): void {
    this.#subscribers.tell(text, this.#shared(event))
  }

  /** What a peer's entry stands for; undefined when it is none it may have. */
  #accepted(node: string, text: string, value: ServiceValue): Instance | undefined {
    // As everything that is shared.
    if (this.#system.checked) prepare(value, 'value')
    const instance = instanceOf(this.#keys, node, text, value)
    return instance === undefined ? undefined : this.#shared(instance)
  }

  #shared<Data extends object>(data: Data): Data {
    return this.#system.checked ? Object.freeze(data) : data
  }

  /** The key of an entry whose value is not at hand. */
  #knownKey(node: string, text: string): Key | undefined {
    const key = this.#keys.parse(text, undefined) ?? this.#names.termKey(text)
    return key === undefined || this.#names.on(key, node) === undefined ? undefined : key
  }

  #keptKey(name: NameTerm): Key {
    if (typeof name !== 'object' || name === null || !this.#system.checked)
      return this.#keys.of(name)
    const kept = prepare(name, 'name')
    return this.#keys.of(kept)
  }

  #full(): Reason | undefined {
    const max = limits.serviceNamesMax
    return this.#own.size < max ? undefined : { tag: 'systemLimit', limit: 'serviceNames', max }
  }
}
