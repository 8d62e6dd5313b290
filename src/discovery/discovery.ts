/**
 * Discovery of one node: performs what the lookup rule (`lookup.ts`) says against the backends in
 * their order, and speaks for this node to those that take registrations (the cluster spec, 3.7).
 *
 * Invariants: nothing a backend does can throw into here, hang here or grow what is kept here;
 * every question to one ends within `discoveryBackendTimeoutMs`. `close` leaves no timer behind.
 */
import { type System, show } from '../../runtime/kernel.ts'
import type { Platform } from '../../runtime/platform/platform.ts'
import type { Address } from '../carrier/carrier.ts'
import type { AddressBook } from '../dist/index.ts'
import { hostOf, validateNodeName } from '../identity/index.ts'
import { limits } from '../limits.ts'
import { decodeAddresses, isSameAddress } from './address.ts'
import type { BackendEnv, DiscoveryBackend } from './backend.ts'
import { Calls, type Outcome, Seat } from './calls.ts'
import { Hints } from './hints.ts'
import { type Lookup, type LookupEvent, stepLookup } from './lookup.ts'
import { fresh } from './patience.ts'
import { tableBackend } from './static.ts'

export type ChosenBackend = { readonly backend: DiscoveryBackend; readonly args?: unknown }

type Asked = {
  readonly answer: Promise<readonly Address[]>
  readonly tell: (addresses: readonly Address[]) => void
}

const none: readonly Address[] = []

export class Discovery implements AddressBook {
  readonly #node: string
  readonly #platform: Platform
  readonly #log: BackendEnv['log']
  readonly #calls: Calls
  /** Nodes this one has started itself: it knows better than anybody. */
  readonly #started = new Map<string, Address>()
  /** For names that no backend knows. */
  readonly hints: Hints
  #seats: readonly Seat[]
  readonly #lookups = new Map<string, Lookup>()
  readonly #asked = new Map<string, Asked>()
  #published: Address | undefined

  constructor(system: System) {
    this.#node = system.node
    this.#platform = system.platform
    this.#log = (level, message, fields = {}) => system.trace.log(level, message, { ...fields })
    this.#calls = new Calls(this.#platform.clock, this.#log)
    this.#seats = [new Seat(tableBackend('started here', this.#started))]
    this.hints = new Hints(system.node, (node) => this.#hinted(node))
  }

  /** Readies the backends, in their order. Those that cannot be are left out, and logged. */
  async open(chosen: readonly ChosenBackend[]): Promise<void> {
    const env = { node: this.#node, platform: this.#platform, log: this.#log }
    const ready = await Promise.all(
      chosen.map(async ({ backend, args }) => {
        const seat = new Seat(backend)
        if (backend.init === undefined) return seat
        const outcome = await this.#calls.ask(
          seat,
          'init',
          () => backend.init?.(args, env),
          nothing,
        )
        return outcome.tag === 'ok' ? seat : undefined
      }),
    )
    const lookup = (node: string) => this.hints.addressesOf(node)
    const last = new Seat({ name: 'told by peers', lookup })
    this.#seats = [...this.#seats, ...ready.filter((seat) => seat !== undefined), last]
  }

  /** Tells the backends where this node listens; undefined: nowhere. */
  async publish(address: Address | undefined): Promise<void> {
    if (address === undefined) {
      this.#log('debug', 'no listen port found; skipping discovery publish', { node: this.#node })
      return
    }
    this.#published = { host: hostOf(this.#node), port: address.port }
    const published = this.#published
    await this.#everyone(
      'register',
      (backend) => backend.register?.(this.#node, published),
      nothing,
    )
  }

  /** Takes back what `publish` told. */
  async unpublish(): Promise<void> {
    if (this.#published === undefined) return
    this.#published = undefined
    await this.#everyone('unregister', (backend) => backend.unregister?.(this.#node), nothing)
  }

  /** The last call: whoever still waits learns that nothing is known. */
  close(): void {
    for (const seat of this.#seats) {
      // One that rests is closed too.
      seat.patience = fresh
      void this.#calls.ask(seat, 'close', () => seat.backend.close?.(), nothing)
    }
    this.#calls.close()
  }

  /** This node has started another one. */
  add(node: string, address: Address): void {
    this.#started.set(node, address)
    this.forget(node)
  }

  remove(node: string): void {
    this.#started.delete(node)
    this.forget(node)
  }

  resolve(node: string): Promise<readonly Address[]> {
    const asked = this.#asked.get(node)
    if (asked !== undefined) return asked.answer
    if (validateNodeName(node).tag === 'error') return Promise.resolve(none)
    if (this.#asked.size >= limits.discoveryLookupsMax) {
      this.#log('warning', 'too many nodes are being looked up', { node })
      return Promise.resolve(none)
    }
    let tell: Asked['tell'] = () => undefined
    const answer = new Promise<readonly Address[]>((resolve) => {
      tell = resolve
    })
    this.#asked.set(node, { answer, tell })
    this.#step(node, { tag: 'wanted' })
    return answer
  }

  unreachable(node: string, address: Address): void {
    this.hints.unreachable(node, address)
    this.#step(node, { tag: 'unreachable', address })
  }

  /** Whoever found nothing may find something now; what is known is as good as a hint. */
  #hinted(node: string): void {
    if (this.#lookups.get(node)?.tag !== 'known') this.forget(node)
  }

  forget(node: string): void {
    this.#step(node, { tag: 'changed' })
  }

  /** The names all backends know together, sorted; at most `discoveryNamesMax`. */
  async listNodes(): Promise<readonly string[]> {
    const lists = await this.#everyone('listNodes', (backend) => backend.listNodes?.(), namesIn)
    const names = new Set(lists.flat())
    return [...names].sort().slice(0, limits.discoveryNamesMax)
  }

  #step(node: string, event: LookupEvent): void {
    const before = this.#lookups.get(node)
    const [after, actions] = stepLookup(before, event, {
      nowMs: this.#platform.clock.now(),
      backends: this.#seats.length,
      hitMs: limits.discoveryHitMs,
      missMs: limits.discoveryMissMs,
    })
    if (after !== before) this.#keep(node, after)
    for (const action of actions) {
      if (action.tag === 'ask') this.#ask(node, action.backend)
      else this.#tell(node, action.addresses)
    }
  }

  #keep(node: string, lookup: Lookup | undefined): void {
    // The order of the table is that of learning.
    this.#lookups.delete(node)
    if (lookup === undefined) return
    this.#lookups.set(node, lookup)
    if (this.#lookups.size <= limits.discoveryCacheMax) return
    for (const [name, { tag }] of this.#lookups) {
      if (tag === 'asking') continue
      this.#lookups.delete(name)
      return
    }
  }

  #tell(node: string, addresses: readonly Address[]): void {
    const asked = this.#asked.get(node)
    this.#asked.delete(node)
    asked?.tell(addresses)
  }

  /** A backend that answers at once is heard at once: what is in a table costs no turn. */
  #ask(node: string, backend: number): void {
    const seat = this.#seats[backend]
    if (seat === undefined) return
    const work = (): unknown => seat.backend.lookup?.(node)
    const outcome = this.#calls.ask(seat, 'lookup', work, (given) => this.#addressesIn(given))
    const hear = (heard: Outcome<readonly Address[]>): void => {
      const addresses = heard.tag === 'ok' ? heard.value : none
      this.#step(node, { tag: 'answered', backend, addresses })
    }
    if (outcome instanceof Promise) void outcome.then(hear)
    else hear(outcome)
  }

  #addressesIn(given: unknown): readonly Address[] {
    const addresses = decodeAddresses(given)
    if (addresses === undefined) throw new Error(`${show(given)} is no address`)
    // At this node's own address nobody else answers.
    const own = this.#published
    return own === undefined ? addresses : addresses.filter((one) => !isSameAddress(one, own))
  }

  /** What all backends give that do not fail. */
  async #everyone<T>(
    what: string,
    work: (backend: DiscoveryBackend) => unknown,
    read: (given: unknown) => T,
  ): Promise<readonly T[]> {
    const outcomes = await Promise.all(
      this.#seats.map((seat) => this.#calls.ask(seat, what, () => work(seat.backend), read)),
    )
    return outcomes.flatMap((outcome) => (outcome.tag === 'ok' ? [outcome.value] : []))
  }
}

function nothing(): void {}

/** The names of nodes in a list; others are left out. Throws for what is no list. */
function namesIn(given: unknown): readonly string[] {
  if (given === undefined) return []
  if (!Array.isArray(given)) throw new Error(`${show(given)} is no list of names`)
  return given
    .slice(0, limits.discoveryNamesMax)
    .filter((name) => typeof name === 'string' && validateNodeName(name).tag === 'ok')
}
