/**
 * Runs one seed: turmoil, then the liveness phase, in which everything is healed and what was
 * promised must come true within a bounded virtual time; then every node is stopped in order.
 */
import { type AnyModule, pidKey } from '../../runtime/index.ts'
import { systemOf, terminate } from '../../runtime/kernel.ts'
import { disconnectNode, nodes } from '../../src/dist/index.ts'
import { type DiskState, Simulation } from '../../src/testing/index.ts'
import { at, type ChildSpec, callWithin, child, supervisor } from '../../stdlib/index.ts'
import { disagreements } from './books.ts'
import type { MakeChecker } from './checkers/checker.ts'
import { allCheckers } from './checkers/index.ts'
import { type FaultCounts, fireFaults } from './faults.ts'
import { drawScenario, type Scenario } from './scenario.ts'
import { Witness } from './witness.ts'
import { agentModule, type Workload } from './workload/agent.ts'
import { childModule } from './workload/child.ts'
import { serverModule, serverName } from './workload/server.ts'

export type SeedResult = {
  readonly seed: number
  readonly virtualMs: number
  readonly events: number
  readonly digest: string
  readonly violations: readonly string[]
  readonly faults: FaultCounts
  /** Last lines of the log, for a failure. */
  readonly tail: readonly string[]
}

export type RunOptions = {
  readonly checkers?: readonly MakeChecker[]
  readonly onLine?: (line: string) => void
}

/** Everything owed must be settled within this after the faults are over. */
const settleWithinMs = 60_000
/** Any node must be reachable on demand within this once nothing is wrong. */
const reconnectWithinMs = 15_000
/** A disagreement that is still there after so many seconds stays. */
const auditLooks = 5
/** Time for what the last deaths still have to tell. */
const afterglowMs = 2_000

export async function runSeed(seed: number, options: RunOptions = {}): Promise<SeedResult> {
  const scenario = drawScenario(seed)
  const { tickMs, idleTimeoutMs } = scenario
  const sim = new Simulation({ seed, nodes: scenario.nodes, tickMs, idleTimeoutMs })
  sim.log.onLine = options.onLine
  const run = new Run(sim, scenario, options.checkers ?? allCheckers)
  let faults: FaultCounts = {}
  try {
    faults = await run.turmoil()
    await run.liveness()
    await run.end()
  } catch (error) {
    run.witness.accuse(error instanceof Error ? error.message : String(error))
    run.witness.finish()
  }
  sim.close()
  const { violations } = run.witness
  const { count, digest, tail } = sim.log
  return { seed, virtualMs: sim.world.nowMs, events: count, digest, violations, faults, tail }
}

class Run {
  readonly witness: Witness
  readonly #sim: Simulation
  readonly #scenario: Scenario
  readonly #modules: readonly AnyModule[]
  readonly #root: ChildSpec
  readonly #workload: Workload
  readonly #boots = new Map<string, number>()
  readonly #stopping = new Set<string>()
  #strangers: ReadonlySet<string> = new Set()

  constructor(sim: Simulation, scenario: Scenario, checkers: readonly MakeChecker[]) {
    this.#sim = sim
    this.#scenario = scenario
    this.witness = new Witness(sim, checkers)
    const server = serverModule(this.witness)
    const childOf = childModule(this.witness)
    this.#workload = { ...scenario, server, child: childOf }
    const agent = agentModule(this.witness, this.#workload)
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
    for (const name of sim.names) this.#boot(name, 'kept')
    const plan = fireFaults(sim, this.#scenario, {
      boot: (name, disk) => this.#boot(name, disk),
      crash: (name) => this.#crash(name),
      stop: (name, stopped) => this.#stop(name, stopped),
      disconnectAll: (name) => {
        const node = sim.node(name)
        for (const peer of node === undefined ? [] : nodes(node)) disconnectNode(node!, peer)
      },
      distCrash: (name) => this.#distCrash(name),
    })
    this.#strangers = plan.strangers
    await sim.run(this.#scenario.turmoilMs)
    return plan.counts
  }

  async liveness(): Promise<void> {
    const { witness } = this
    const sim = this.#sim
    witness.active = false
    sim.heal()
    sim.setPath(0, 0, 5)
    await sim.until('no node is stopping', () => this.#stopping.size === 0, settleWithinMs)
    for (const name of sim.names) if (!sim.isOn(name)) this.#boot(name, 'kept')
    await sim.until('all nodes run', () => sim.names.every((name) => sim.node(name)), 10_000)
    await this.#reconnect()
    await sim.until('no call or spawn is owed', () => witness.owed() === 0, settleWithinMs)
    witness.tell({ tag: 'settled' })
    await this.#audit()
    for (const pid of witness.offered.values()) this.#kill(pidKey(pid))
    await sim.until('all monitors have fired', () => witness.watched() === 0, settleWithinMs)
    await sim.run(afterglowMs)
    witness.finish()
  }

  async end(): Promise<void> {
    for (const name of this.#sim.names) {
      await this.#sim.settle(`${name} stops`, this.#sim.shutdown(name), 30_000)
    }
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

  /** Every node can call every other one, whoever of them has to connect. */
  async #reconnect(): Promise<void> {
    const { names } = this.#sim
    const known = names.filter((name) => !this.#strangers.has(name))
    const audits = known.flatMap((from) =>
      known.filter((to) => to !== from).map((to) => this.#reach(from, to)),
    )
    await this.#sim.settle(
      'every node reaches every other',
      Promise.all(audits),
      2 * reconnectWithinMs,
    )
  }

  async #reach(from: string, to: string): Promise<void> {
    const { witness } = this
    const endMs = this.#sim.world.nowMs + reconnectWithinMs
    const node = this.#sim.node(from)
    const server = at(to, this.#workload.server, serverName)
    const last = await node?.run(async (self) => {
      let reason = ''
      while (witness.nowMs < endMs) {
        const id = witness.nextId()
        const asked = { id, caller: self.pid, answerBytes: 0 }
        witness.tell({ tag: 'callBegun', id, caller: pidKey(self.pid), timeoutMs: 2_000, to: null })
        try {
          await callWithin(self, 2_000, server, 'echo', asked)
          witness.tell({ tag: 'callEnded', id, outcome: 'ok', answers: id })
          return ''
        } catch (error) {
          reason = String(error)
          witness.tell({ tag: 'callEnded', id, outcome: '"nodedown"', answers: null })
          await self.receive(null, { timeoutMs: 500, otherwise: null })
        }
      }
      return reason
    })
    if (last !== '') witness.accuse(`${from} cannot reach ${to}: ${last}`)
  }

  #boot(name: string, disk: DiskState): void {
    const boot = (this.#boots.get(name) ?? 0) + 1
    this.#boots.set(name, boot)
    const view = this.witness.boots(name, boot)
    const booting = this.#sim.boot(name, {
      disk,
      modules: this.#modules,
      wallSkewMs: this.#skewMs(),
      root: this.#root,
      observe: (event) => this.witness.onTrace(view, event),
    })
    booting.catch((error: unknown) => this.witness.accuse(`${name} does not boot: ${error}`))
  }

  #skewMs(): number {
    return Math.floor(this.#scenario.skewMaxMs * (2 * this.#sim.world.random.unit() - 1))
  }

  #crash(name: string): void {
    this.#stopping.delete(name)
    this.#sim.crash(name)
    this.witness.crashed(name)
  }

  #stop(name: string, stopped: () => void): void {
    this.#stopping.add(name)
    const over = (): void => void this.#stopping.delete(name)
    this.#sim.shutdown(name).then(
      () => {
        over()
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
