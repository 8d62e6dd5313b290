/**
 * Up to when each member has confirmed that it saw every write, and who is still waited for. A
 * member that confirms nothing new for `horizonMs`, be it away, stuck or hostile, is not waited for
 * any longer: removals it has not seen are forgotten without it, and the tombstones of a map do not
 * grow for as long as somebody is away. When it comes back it rejoins as if it were empty: it pulls
 * first, and what it alone still holds from before the floor goes (`OrMap.adopt`).
 *
 * Who hears from no more than half of the members may be the one that is away: then all are waited
 * for, or what it settles alone would take from the others what they wrote meanwhile.
 */
import { BadArgument } from '../../runtime/index.ts'
import { show } from '../../runtime/kernel.ts'
import { type Hlc, maxHlc, zeroHlc } from '../hlc/index.ts'
import { limits } from '../limits.ts'

type Confirmation = { readonly upTo: Hlc; readonly risenAtMs: number }

export class Confirmations {
  readonly #of = new Map<string, Confirmation>()
  readonly #horizonMs: number

  /** Throws `BadArgument` for a horizon that is no number from 1 on. */
  constructor(horizonMs: number = limits.crdtHorizonMs) {
    if (typeof horizonMs !== 'number' || !(horizonMs >= 1)) {
      throw new BadArgument(`horizonMs: expected milliseconds from 1 on, got ${show(horizonMs)}`)
    }
    this.#horizonMs = horizonMs
  }

  /** A member from now on: nothing is settled until it confirms, or the horizon has passed. */
  meet(member: string, nowMs: number): void {
    if (!this.#of.has(member)) this.#of.set(member, { upTo: zeroHlc, risenAtMs: nowMs })
  }

  /** Of strangers nothing is taken. */
  confirm(member: string, upTo: Hlc, nowMs: number): void {
    const known = this.#of.get(member)
    if (known === undefined) return
    const highest = maxHlc(known.upTo, upTo)
    if (highest !== known.upTo) this.#of.set(member, { upTo: highest, risenAtMs: nowMs })
  }

  /** It has left for good, and took its map along. */
  leave(member: string): void {
    this.#of.delete(member)
  }

  /** Who is waited for, and what each has confirmed: what `OrMap.collect` asks for. */
  within(nowMs: number): ReadonlyMap<string, Hlc> {
    const all = new Map<string, Hlc>()
    const within = new Map<string, Hlc>()
    for (const [member, { upTo, risenAtMs }] of this.#of) {
      all.set(member, upTo)
      if (nowMs - risenAtMs <= this.#horizonMs) within.set(member, upTo)
    }
    return within.size * 2 > all.size ? within : all
  }
}
