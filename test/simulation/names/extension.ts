/**
 * Names, as part of a run: every node has its share of them, of all kinds, and changes them while
 * the turmoil lasts. After the healing all nodes must know all that live and nothing else; soon
 * again after many changes at once; and still when they have compared what they know.
 */
import { process, send, spawn, whereis } from '../../../runtime/index.ts'
import { systemOf } from '../../../runtime/kernel.ts'
import type { Node } from '../../../src/node/node.ts'
import type { Simulation } from '../../../src/testing/index.ts'
import { start } from '../../../stdlib/index.ts'
import { Lives, nameOf } from '../checkers/lives.ts'
import type { Extension, MakeExtension } from '../extension.ts'
import type { FaultCounts } from '../faults.ts'
import type { Witness } from '../witness.ts'
import { Books } from './books.ts'
import { Churn } from './churn.ts'
import { drawNames, type NamesDraw } from './draw.ts'
import { lossFaults, namesFaults, type Seen, truthOf } from './faults.ts'
import { lookAt } from './look.ts'
import { allModules, type NamesModules, namesModules } from './processes.ts'

/** All nodes know all names within this, when they have found each other. */
const convergeWithinMs = 60_000
/** The same, with nothing wrong before. */
const soonMs = 10_000
/** Longer than the longest period in which tables are compared. */
const restMs = 20_000
const lookEveryMs = 500
const burstNodes = 3
const burstMax = 20
const faultsShown = 3

/** Changes that must happen often enough for a run of many seeds to prove anything. */
export const namesKinds: readonly string[] = [
  'name lost',
  'name part killed',
  'name released',
  'name resolved: stop',
  'name resolved: release',
  'name resolved: take',
  'name restarted',
  'name updated',
]

/** `onCounts` is given how often each has happened, which grows during the run. */
export function names(count: number, onCounts: (counts: FaultCounts) => void): MakeExtension {
  return (sim, witness, { seed, nodes }) => {
    const draw = drawNames(seed, nodes, count)
    const watch = new NamesWatch(sim, witness, draw)
    onCounts(watch.books.counts)
    return watch.extension
  }
}

class NamesWatch {
  readonly books = new Books()
  readonly #sim: Simulation
  readonly #witness: Witness
  readonly #draw: NamesDraw
  readonly #lives = new Lives()
  readonly #modules: NamesModules

  constructor(sim: Simulation, witness: Witness, draw: NamesDraw) {
    this.#sim = sim
    this.#witness = witness
    this.#draw = draw
    this.#modules = namesModules(witness, this.books)
    witness.listeners.push((happening) => {
      this.#lives.see(happening)
      if (happening.tag === 'crashed') this.books.close(happening.node)
    })
  }

  get extension(): Extension {
    return {
      name: 'names',
      booted: (node, { key }) => this.#booted(node, key),
      settle: () => this.#settle(),
    }
  }

  /** A stranger, whom others refuse, has nothing: nobody could tell what it is owed. */
  #booted(node: Node, key: string): void {
    if (this.#lives.isStranger(key)) return
    const { modules } = systemOf(node)
    const churn = process<undefined>(churnName, (self) => {
      return new Churn(this.#witness, this.books, this.#modules, this.#draw, self).run()
    })
    for (const module of [...allModules(this.#modules), churn]) modules.add(module)
    const slots = this.#draw.slots.get(node.name) ?? []
    void start(node, this.#modules.shop, slots).then(({ tag }) => {
      if (tag !== 'ok') this.#witness.accuse(`${key}: the via names are not started`)
    })
    spawn(node, churn, undefined, { name: churnName })
  }

  async #settle(): Promise<void> {
    await this.#converge(convergeWithinMs)
    for (let left = burstNodes; left > 0; left--) this.#burst()
    // What they are told takes them no longer than a few turns.
    await this.#sim.run(lookEveryMs)
    await this.#converge(soonMs)
    await this.#sim.run(restMs)
    await this.#converge(0)
    for (const fault of lossFaults(this.books.losses)) this.#witness.accuse(fault)
  }

  #burst(): void {
    const { known } = this.#lives
    const node = this.#sim.node(nameOf(known[this.#below(known.length)] ?? '#'))
    const churn = node === undefined ? undefined : whereis(node, churnName)
    if (churn !== undefined) send(churn, { tag: 'burst', changes: 1 + this.#below(burstMax) })
  }

  /** Drives time until all nodes know what is true, or accuses. */
  async #converge(withinMs: number): Promise<void> {
    const endMs = this.#sim.world.nowMs + withinMs
    for (;;) {
      const faults = this.#faults(this.#sim.world.nowMs < endMs ? 1 : faultsShown)
      if (faults.length === 0) return
      if (this.#sim.world.nowMs >= endMs) {
        for (const fault of faults) {
          this.#witness.accuse(`names, after ${withinMs} ms: ${fault}`)
        }
        return
      }
      await this.#sim.run(lookEveryMs)
    }
  }

  /** The first so many. */
  #faults(max: number): readonly string[] {
    const faults: string[] = []
    const { known } = this.#lives
    const truth = truthOf(known.map((key) => this.books.of(key)))
    for (const fault of namesFaults(truth, this.#looks(known))) {
      faults.push(fault)
      if (faults.length >= max) break
    }
    return faults
  }

  /** Looked at as they are asked for: the first fault is often enough. */
  *#looks(known: readonly string[]): Generator<Seen> {
    for (const key of known) {
      const node = this.#sim.node(nameOf(key))
      if (node !== undefined) yield lookAt(node, key)
    }
  }

  #below(limit: number): number {
    return Math.floor(limit * this.#sim.world.random.unit())
  }
}

const churnName = 'names.churn'
