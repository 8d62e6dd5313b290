/**
 * One run: the lives of its nodes, and the phases it goes through. Everything that happens goes by
 * the witness; everything drawn comes from the world's random source.
 */
import { type AnyModule, pidKey } from '../../runtime/index.ts'
import { systemOf, terminate } from '../../runtime/kernel.ts'
import { disconnectNode, nodes } from '../../src/dist/index.ts'
import type { BootOptions, DiskLoss, DiskState, Simulation } from '../../src/testing/index.ts'
import { type ChildSpec, child, supervisor } from '../../stdlib/index.ts'
import { disagreements } from './books.ts'
import type { MakeChecker } from './checkers/checker.ts'
import type { Extension, MakeExtension } from './extension.ts'
import { type FaultCounts, fireFaults } from './faults.ts'
import { everybodyReaches } from './reach.ts'
import type { Scenario } from './scenario.ts'
import { drawClocks, furnish, setRight } from './surroundings.ts'
import { Witness } from './witness.ts'
import { agentModule } from './workload/agent.ts'
import { childModule } from './workload/child.ts'
import { serverModule, serverName } from './workload/server.ts'

/** What is wrong with the clocks of a machine that boots. */
export const clockFaults: readonly string[] = ['skew', 'drift']

/** Everything owed must be settled within this after the faults are over. */
const settleWithinMs = 60_000
/** A disagreement that is still there after so many seconds stays. */
const auditLooks = 5
/** Time for what the last deaths still have to tell. */
const afterglowMs = 2_000

export class Run {
  readonly witness: Witness
  readonly #sim: Simulation
  readonly #scenario: Scenario
  readonly #modules: readonly AnyModule[]
  readonly #root: ChildSpec
  readonly #server: ReturnType<typeof serverModule>
  readonly #extensions: readonly Extension[]
  readonly #boots = new Map<string, number>()
  readonly #stopping = new Set<string>()
  /** By how much each wall clock was too far at most. */
  readonly #wallErrorMs = new Map<string, number>()
  readonly #clockFaults = { skew: 0, drift: 0 }
  #strangers: ReadonlySet<string> = new Set()

  constructor(
    sim: Simulation,
    scenario: Scenario,
    checkers: readonly MakeChecker[],
    extensions: readonly MakeExtension[],
  ) {
    this.#sim = sim
    this.#scenario = scenario
    const witness = new Witness(sim, checkers)
    this.witness = witness
    this.#extensions = extensions.map((make) => make(sim, witness, scenario))
    const server = serverModule(witness)
    this.#server = server
    const childOf = childModule(witness)
    const workload = { ...scenario, server, child: childOf, extensions: this.#extensions }
    const agent = agentModule(witness, workload)
    const root = supervisor('sim.root', (_: undefined) => ({
      intensity: 1_000_000,
      periodMs: 1_000,
      children: [
        child(server, undefined, { id: 'server', name: serverName }),
        ...Array.from({ length: scenario.agentsPerNode }, (_, i) =>
          child(agent, undefined, { id: `agent-${i}` }),
        ),
      ],
    }))
    this.#modules = [server, childOf, agent, root]
    this.#root = child(root, undefined, { id: 'workload' })
  }

  async turmoil(): Promise<FaultCounts> {
    const sim = this.#sim
    sim.setPath(0, 0, this.#scenario.delayMaxMs / 4)
    furnish(sim, this.#scenario)
    for (const name of sim.names) this.#boot(name, 'kept')
    const plan = fireFaults(sim, this.#scenario, {
      boot: (name, disk) => this.#boot(name, disk),
      crash: (name) => this.#crash(name),
      stop: (name, stopped) => this.#stop(name, stopped),
      disconnectAll: (name) => {
        const node = sim.node(name)
        for (const peer of node === undefined ? [] : nodes(node)) disconnectNode(node!, peer)
      },
      stepClock: (name, ms) => {
        sim.stepClock(name, ms)
        this.#noteClock(name, sim.wallErrorMs(name))
      },
      distCrash: (name) => this.#distCrash(name),
    })
    this.#strangers = plan.strangers
    await sim.run(this.#scenario.turmoilMs)
    return { ...plan.counts, ...this.#clockFaults }
  }

  async liveness(): Promise<void> {
    const { witness } = this
    const sim = this.#sim
    witness.active = false
    setRight(sim, this.#scenario)
    await sim.until('no node is stopping', () => this.#stopping.size === 0, settleWithinMs)
    for (const name of sim.names) if (!sim.isOn(name)) this.#boot(name, 'kept')
    const allRun = (): boolean => sim.names.every((name) => sim.node(name) !== undefined)
    await sim.until('all nodes run', allRun, settleWithinMs)
    await everybodyReaches({
      sim,
      witness,
      server: this.#server,
      neighbours: this.#scenario.neighbours,
      strangers: this.#strangers,
    })
    await sim.until('no call or spawn is owed', () => witness.owed() === 0, settleWithinMs)
    for (const { settle } of this.#extensions) await settle?.()
    witness.tell({ tag: 'settled' })
    await this.#audit()
    for (const pid of witness.offered.values()) this.#kill(pidKey(pid))
    await sim.until('all monitors have fired', () => witness.watched() === 0, settleWithinMs)
    await sim.until('all links have told', () => witness.linkedToDead() === 0, settleWithinMs)
    await sim.run(afterglowMs)
    witness.finish()
  }

  async end(): Promise<void> {
    const stops = this.#sim.names.map((name) => {
      this.witness.stops(name)
      return this.#sim.shutdown(name)
    })
    await this.#sim.settle('every node stops', Promise.all(stops), 30_000)
  }

  /** The nodes agree about what ties them, as soon as nothing is on its way. */
  async #audit(): Promise<void> {
    const running = this.#sim.names.flatMap((name) => this.#sim.node(name) ?? [])
    let lasting: readonly string[] = disagreements(running)
    for (let looks = 0; looks < auditLooks && lasting.length > 0; looks++) {
      await this.#sim.run(1_000)
      const still = new Set(disagreements(running))
      lasting = lasting.filter((line) => still.has(line))
    }
    for (const line of lasting) this.witness.accuse(line)
  }

  #boot(name: string, disk: DiskState): void {
    const boot = (this.#boots.get(name) ?? 0) + 1
    this.#boots.set(name, boot)
    const clocks = drawClocks(this.#sim, this.#scenario)
    const behind = clocks.wallSkewMs < (this.#wallErrorMs.get(name) ?? Number.NEGATIVE_INFINITY)
    const view = this.witness.boots(name, boot, disk, behind)
    this.#noteClock(name, clocks.wallSkewMs)
    if (clocks.wallSkewMs !== 0) this.#clockFaults.skew += 1
    if (clocks.driftPpm !== 0) this.#clockFaults.drift += 1
    const added = this.#extensions.map(({ bootOptions }) => bootOptions?.(name) ?? {})
    const booting = this.#sim.boot(name, {
      ...Object.assign({} satisfies BootOptions, ...added),
      ...clocks,
      disk,
      modules: this.#modules,
      root: this.#root,
      observe: (event) => this.witness.onTrace(view, event),
    })
    booting.then(
      (node) => {
        for (const { booted } of this.#extensions) booted?.(node, view)
      },
      (error: unknown) => this.witness.accuse(`${name} does not boot: ${error}`),
    )
  }

  #noteClock(name: string, errorMs: number): void {
    this.#wallErrorMs.set(name, Math.max(errorMs, this.#wallErrorMs.get(name) ?? errorMs))
  }

  #crash(name: string): DiskLoss {
    this.#stopping.delete(name)
    const loss = this.#sim.crash(name)
    this.witness.crashed(name)
    return loss
  }

  #stop(name: string, stopped: () => void): void {
    this.#stopping.add(name)
    this.witness.stops(name)
    const key = this.witness.keyOf(name)
    /** False when it was told to stop twice, and runs again since. */
    const over = (): boolean => {
      const isLast = this.witness.keyOf(name) === key
      if (isLast) this.#stopping.delete(name)
      return isLast
    }
    this.#sim.shutdown(name).then(
      () => {
        if (!over()) return
        this.witness.crashed(name)
        stopped()
      },
      (error: unknown) => {
        over()
        this.witness.accuse(`${name} does not stop: ${error}`)
      },
    )
  }

  #distCrash(name: string): boolean {
    const node = this.#sim.node(name)
    if (node === undefined) return false
    const dist = [...systemOf(node).processes].filter(({ module }) =>
      module.startsWith('skein.dist'),
    )
    const victim = dist[Math.floor(this.#sim.world.random.unit() * dist.length)]
    if (victim === undefined) return false
    this.#sim.note('distCrash', `${victim.pid} ${victim.module}`)
    terminate(victim, 'killed')
    return true
  }

  #kill(key: string): void {
    const pid = this.witness.offered.get(key)
    const node = pid === undefined ? undefined : this.#sim.node(key.slice(1, key.indexOf('.')))
    if (pid === undefined || node === undefined) return
    void node.run((self) => self.exit(pid, 'kill'))
  }
}
