/**
 * The scenario `survivors`: many nodes that all joined through one, broadcasts without a pause, and
 * then a share of the nodes loses its power at the same moment. Every broadcast of a survivor must
 * reach every survivor once, the ones made in that moment included; the survivors must be one
 * overlay again and all know who is gone; and none of them may be taken for dead meanwhile.
 */
import { type BootOptions, Simulation } from '../../src/testing/index.ts'
import { broadcasts } from './checkers/broadcast.ts'
import type { MakeChecker } from './checkers/checker.ts'
import { memberLists } from './checkers/members.ts'
import { overlay } from './checkers/overlay.ts'
import { ClusterWatch } from './cluster-watch.ts'
import { Witness } from './witness.ts'

export type SurvivorsOptions = {
  readonly seed: number
  readonly nodes: number
  /** Of all nodes, 0 to 1. Default 0.3. */
  readonly killed?: number
  /** Of each node, beside where it joins. Default: what a node gets. */
  readonly boot?: BootOptions
  readonly onLine?: (line: string) => void
  /** Told where the run is. */
  readonly onPhase?: (phase: string) => void
}

export type SurvivorsResult = {
  readonly seed: number
  readonly nodes: number
  readonly killed: number
  /** Made in all, by nodes that died too. */
  readonly broadcasts: number
  readonly virtualMs: number
  readonly events: number
  readonly digest: string
  readonly violations: readonly string[]
}

const checkers: readonly MakeChecker[] = [overlay, broadcasts, memberLists]
const tickMs = 1_000
const joinWithinMs = 180_000
/** From the kill to an overlay of the survivors who all know who is gone. */
const healWithinMs = 240_000
const deliverWithinMs = 60_000
const speakEveryMs = 250
const beforeMs = 5_000
const afterMs = 15_000

export async function runSurvivors(options: SurvivorsOptions): Promise<SurvivorsResult> {
  const { seed, nodes: count, killed: share = 0.3, onPhase = () => undefined } = options
  const names = Array.from({ length: count }, (_, i) => `n${i + 1}@h${i + 1}`)
  const sim = new Simulation({ seed, nodes: names, tickMs })
  sim.log.onLine = options.onLine
  sim.setPath(0, 1, 20)
  const witness = new Witness(sim, checkers)
  const run = new Survivors(sim, witness, options.boot ?? {})
  let dead = 0
  try {
    onPhase(`${count} nodes join through one`)
    await run.join(names)
    onPhase('they broadcast, and some of them die')
    await run.speakFor(beforeMs)
    dead = run.kill(Math.floor(count * share))
    await run.speakFor(afterMs)
    onPhase('the others find each other')
    await run.heal()
  } catch (error) {
    witness.accuse(error instanceof Error ? error.message : String(error))
  }
  sim.close()
  return {
    seed,
    nodes: count,
    killed: dead,
    broadcasts: run.spoken,
    virtualMs: sim.world.nowMs,
    events: sim.log.count,
    digest: sim.log.digest,
    violations: witness.violations,
  }
}

class Survivors {
  spoken = 0
  readonly #sim: Simulation
  readonly #witness: Witness
  readonly #boot: BootOptions
  readonly #watch: ClusterWatch

  constructor(sim: Simulation, witness: Witness, boot: BootOptions) {
    this.#sim = sim
    this.#witness = witness
    this.#boot = boot
    const sizes = boot.cluster === undefined || boot.cluster === false ? {} : boot.cluster
    this.#watch = new ClusterWatch(sim, witness, sizes.membership ?? {})
  }

  async join(names: readonly string[]): Promise<void> {
    const [first = ''] = names
    for (const name of names) {
      const view = this.#witness.boots(name, 1, 'kept')
      const booting = this.#sim.boot(name, {
        ...this.#boot,
        join: name === first ? [] : [first],
        observe: (event) => this.#witness.onTrace(view, event),
      })
      booting.then(
        (node) => this.#watch.started(node),
        (error: unknown) => this.#witness.accuse(`${name} does not boot: ${error}`),
      )
    }
    const allRun = (): boolean => names.every((name) => this.#sim.node(name) !== undefined)
    await this.#sim.until('all nodes run', allRun, joinWithinMs)
    await this.#watch.converge(joinWithinMs)
    // Nobody who lives is cut off or slow from here on: none of them may be said to be down.
    this.#witness.tell({ tag: 'calm' })
  }

  /** Some node broadcasts, again and again. */
  async speakFor(ms: number): Promise<void> {
    for (let left = ms; left > 0; left -= speakEveryMs) {
      const node = this.#watch.someNode()
      if (node !== undefined) {
        this.spoken += 1
        void this.#watch.speak(node, '')
      }
      await this.#sim.run(speakEveryMs)
    }
  }

  /** Takes the power from so many nodes at once. */
  kill(count: number): number {
    const { random } = this.#sim.world
    const alive = [...this.#sim.names]
    for (let left = count; left > 0; left--) {
      const [name = ''] = alive.splice(Math.floor(alive.length * random.unit()), 1)
      this.#sim.crash(name)
      this.#witness.crashed(name)
    }
    return this.#sim.names.length - alive.length
  }

  async heal(): Promise<void> {
    await this.#watch.deliver(deliverWithinMs)
    const look = await this.#watch.converge(healWithinMs)
    if (look !== undefined) this.#watch.show(look)
    this.#witness.tell({ tag: 'settled' })
    this.#witness.finish()
  }
}
