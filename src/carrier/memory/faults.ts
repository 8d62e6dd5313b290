/**
 * What is wrong with a memory network: loss, delay, who cannot reach whom. Rules only: nothing
 * here sends or waits. Hosts are compared as text; ports of one host share its fate.
 */
export class Faults {
  /** Chance that one packet is lost, 0 to 1. At 1 nothing arrives, which is silence. */
  loss = 0
  /** One-way delay of a packet is drawn between these. */
  delayMinMs = 0
  delayMaxMs = 0
  #groupOf = new Map<string, number>()
  #blocked = new Map<string, Set<string>>()

  setLoss(loss: number): void {
    if (!(loss >= 0 && loss <= 1)) throw new RangeError(`loss must be from 0 to 1, got ${loss}`)
    this.loss = loss
  }

  setDelay(minMs: number, maxMs: number): void {
    if (!(minMs >= 0 && maxMs >= minMs && Number.isFinite(maxMs))) {
      throw new RangeError(`delay needs 0 <= minMs <= maxMs, got ${minMs} and ${maxMs}`)
    }
    this.delayMinMs = minMs
    this.delayMaxMs = maxMs
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

  /** Ends partitions and blocks. Loss and delay stay. */
  heal(): void {
    this.#groupOf.clear()
    this.#blocked.clear()
  }

  /** True when nothing sent by `from` reaches `to` at present. */
  cut(from: string, to: string): boolean {
    if (this.loss === 1 || this.#blocked.get(from)?.has(to) === true) return true
    return (this.#groupOf.get(from) ?? -1) !== (this.#groupOf.get(to) ?? -1)
  }
}
