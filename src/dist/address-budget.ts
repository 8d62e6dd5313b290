/**
 * How many unproven connections one address may have made lately. Each costs its address a place
 * until it proves itself; the places of those that never did come back slowly. What an attacker
 * spends is its own: other addresses have budgets of their own, and proven peers cost nothing.
 *
 * Invariants: an address without debts takes no memory; the table is bounded, and the address that
 * failed first is forgotten first. Time is an argument: monotonic milliseconds.
 */
import { networkOf } from '../carrier/network.ts'
import { limits } from '../limits.ts'

type Debt = {
  /** Places taken at `atMs`, fractional: they come back all the time. */
  places: number
  atMs: number
}

export class AddressBudget {
  readonly #debts = new Map<string, Debt>()
  /** Addresses refused since half of their places were free: all of them are in debt. */
  readonly #refused = new Set<string>()

  /** True when a connection from `host` would get a place. */
  has(host: string, nowMs: number): boolean {
    return this.#placesOf(networkOf(host), nowMs) + 1 <= limits.authAttemptsPerAddressMax
  }

  /** Takes a place for a connection from `host`, if there is one. */
  take(host: string, nowMs: number): boolean {
    if (!this.has(host, nowMs)) return false
    const network = networkOf(host)
    this.#put(network, this.#placesOf(network, nowMs) + 1, nowMs)
    return true
  }

  /** Notes that `host` was refused. True the first time, and again once it had recovered. */
  refuse(host: string): boolean {
    const network = networkOf(host)
    if (this.#refused.has(network)) return false
    this.#refused.add(network)
    return true
  }

  /** The connection has proved itself: its place is free again. */
  giveBack(host: string, nowMs: number): void {
    const network = networkOf(host)
    this.#put(network, this.#placesOf(network, nowMs) - 1, nowMs)
  }

  /** Addresses in debt, settled debts included until they are met again. */
  get size(): number {
    return this.#debts.size
  }

  #placesOf(network: string, nowMs: number): number {
    const debt = this.#debts.get(network)
    if (debt === undefined) return 0
    const forgiven = ((nowMs - debt.atMs) * limits.authAttemptsForgivenPerSecond) / 1000
    return Math.max(0, debt.places - forgiven)
  }

  #put(network: string, places: number, nowMs: number): void {
    // Anew at the end: the table is in the order of the last change.
    this.#debts.delete(network)
    if (places <= 0) {
      this.#refused.delete(network)
      return
    }
    if (places <= limits.authAttemptsPerAddressMax / 2) this.#refused.delete(network)
    if (this.#debts.size >= limits.authAddressesMax) this.#forgetOldest()
    this.#debts.set(network, { places, atMs: nowMs })
  }

  #forgetOldest(): void {
    const [oldest] = this.#debts.keys()
    if (oldest === undefined) return
    this.#debts.delete(oldest)
    this.#refused.delete(oldest)
  }
}
