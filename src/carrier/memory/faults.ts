/**
 * What is wrong with a memory network: loss, delay, who cannot reach whom. Rules only: nothing
 * here sends or waits. Hosts are compared as text; ports of one host share its fate.
 */

/** How packets fare from one host to another. */
export type Path = {
  /** Chance that one packet is lost, 0 to 1. At 1 nothing arrives, which is silence. */
  readonly loss: number
  /** One-way delay of a packet is drawn between these. */
  readonly delayMinMs: number
  readonly delayMaxMs: number
}

export class Faults {
  #path: Path = { loss: 0, delayMinMs: 0, delayMaxMs: 0 }
  #groupOf = new Map<string, number>()
  readonly #blocked = new Map<string, Set<string>>()
  readonly #links = new Map<string, Map<string, Path>>()
  #placeOf = new Map<string, number>()
  #far: Path = this.#path
  readonly #mute = new Set<string>()
  readonly #deaf = new Set<string>()
  readonly #frozen = new Set<string>()

  /** What a packet meets: its link's own path, that between two places, or the common one. */
  pathOf(from: string, to: string): Path {
    const own = this.#links.size === 0 ? undefined : this.#links.get(from)?.get(to)
    if (own !== undefined) return own
    if (this.#placeOf.size === 0) return this.#path
    return this.#placeOf.get(from) === this.#placeOf.get(to) ? this.#path : this.#far
  }

  setLoss(loss: number): void {
    this.#path = checkedPath({ ...this.#path, loss })
  }

  setDelay(minMs: number, maxMs: number): void {
    this.#path = checkedPath({ ...this.#path, delayMinMs: minMs, delayMaxMs: maxMs })
  }

  /** One direction of one link fares differently from the others; undefined: no longer. */
  setLink(from: string, to: string, path: Path | undefined): void {
    const targets = this.#links.get(from) ?? new Map<string, Path>()
    if (path === undefined) targets.delete(to)
    else targets.set(to, checkedPath(path))
    if (targets.size > 0) this.#links.set(from, targets)
    else this.#links.delete(from)
  }

  /** Between hosts of different places packets take the `far` path, whatever the common one is. */
  setPlaces(places: readonly (readonly string[])[], far: Path): void {
    this.#far = checkedPath(far)
    this.#placeOf = new Map(places.flatMap((hosts, place) => hosts.map((host) => [host, place])))
  }

  /** Hosts of different groups cannot reach each other; hosts of no group form one more. */
  partition(groups: readonly (readonly string[])[]): void {
    this.#groupOf = new Map(groups.flatMap((hosts, group) => hosts.map((host) => [host, group])))
  }

  /** Packets from `from` no longer reach `to`; the other direction is untouched. */
  blockOneWay(from: string, to: string): void {
    const targets = this.#blocked.get(from) ?? new Set()
    this.#blocked.set(from, targets.add(to))
  }

  /** Nothing that `host` sends arrives anywhere. */
  mute(host: string): void {
    this.#mute.add(host)
  }

  /** Nothing arrives at `host`. */
  deafen(host: string): void {
    this.#deaf.add(host)
  }

  /** A host that stands still sends nothing; what comes is kept for it. */
  freeze(host: string): void {
    this.#frozen.add(host)
  }

  thaw(host: string): void {
    this.#frozen.delete(host)
  }

  /** Ends all cuts, and links of their own. Places, the common path and frozen hosts stay. */
  heal(): void {
    this.#groupOf.clear()
    this.#blocked.clear()
    this.#links.clear()
    this.#mute.clear()
    this.#deaf.clear()
  }

  /** True when nothing sent by `from` reaches `to` at present. */
  cut(from: string, to: string): boolean {
    if (this.#frozen.has(from) || this.#mute.has(from) || this.#deaf.has(to)) return true
    if (this.pathOf(from, to).loss === 1 || this.#blocked.get(from)?.has(to) === true) return true
    return (this.#groupOf.get(from) ?? -1) !== (this.#groupOf.get(to) ?? -1)
  }
}

function checkedPath(path: Path): Path {
  const { loss, delayMinMs, delayMaxMs } = path
  if (!(loss >= 0 && loss <= 1)) throw new RangeError(`loss must be from 0 to 1, got ${loss}`)
  if (!(delayMinMs >= 0 && delayMaxMs >= delayMinMs && Number.isFinite(delayMaxMs))) {
    const got = `${delayMinMs} and ${delayMaxMs}`
    throw new RangeError(`delay needs 0 <= minMs <= maxMs, got ${got}`)
  }
  return path
}
