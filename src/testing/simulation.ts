/**
 * A cluster in one OS process: real nodes, everything above the carrier, on a network, a clock, a
 * random source and disks that are simulated. One seed fixes everything that happens.
 *
 * Time stands still while anything can run: each step lets all promises settle, then jumps to the
 * next timer. Nothing waits for the outside world: a simulated node has no real socket, file or
 * clock, and a run in which only a `self.wait` is pending fails and names the process.
 */
import type { TraceEvent } from '../../runtime/index.ts'
import { simPlatform, World } from '../../runtime/platform/sim.ts'
import {
  type MemoryNetwork,
  memoryNetwork,
  type NetworkEvent,
  type Path,
} from '../carrier/memory/index.ts'
import type { Node } from '../node/node.ts'
import type { NodeOptions } from '../node/options.ts'
import { startNode } from '../node/start.ts'
import type { DiskLoss } from './disk.ts'
import { Driver } from './driver.ts'
import { EventLog, lineOf } from './event-log.ts'
import { type DiskState, Machine } from './machine.ts'
import { outsideWaits } from './outside-waits.ts'
import { Power } from './power.ts'

export type SimulationOptions = {
  /** Fixes everything: the same seed gives the same event log. */
  readonly seed: number
  /** Names of all nodes, `name@host`; one machine each, so hosts differ. */
  readonly nodes: readonly string[]
  /** Milliseconds between signs of life on a channel. Default 100. */
  readonly tickMs?: number
  /** Silence after which the network gives up a connection. Default 5000. */
  readonly idleTimeoutMs?: number
  /** Virtual milliseconds after which the run fails. Default an hour. */
  readonly deadlineMs?: number
  /** Timers fired after which the run fails. Default 20 million. */
  readonly stepsMax?: number
}

/** Options of `startNode` that the simulation sets itself. */
type Provided =
  | 'name'
  | 'carrier'
  | 'nodes'
  | 'dataDir'
  | 'cookie'
  | 'tickMs'
  | 'checked'
  | 'tls'
  | 'platform'

/** What a booting node is given beside what the simulation provides. */
export type BootOptions = Omit<NodeOptions, Provided> & {
  /** What is found on the disk. Default `kept`. */
  readonly disk?: DiskState
  /** Moves the error of the machine's wall clock to this many milliseconds. Default: as it is. */
  readonly wallSkewMs?: number
  /** How fast the machine's clocks run, in parts per million too fast. Default 0. */
  readonly driftPpm?: number
}

const certificateBytes = 32

export class Simulation {
  readonly world: World
  readonly network: MemoryNetwork
  readonly log = new EventLog()
  readonly #options: Required<SimulationOptions>
  readonly #driver: Driver
  readonly #machines: ReadonlyMap<string, Machine>

  /** Throws a TypeError when two nodes share a host. */
  constructor(options: SimulationOptions) {
    this.#options = {
      tickMs: 100,
      idleTimeoutMs: 5_000,
      deadlineMs: 3_600_000,
      stepsMax: 20_000_000,
      ...options,
    }
    const { seed, nodes, idleTimeoutMs } = this.#options
    this.world = new World(seed)
    this.network = memoryNetwork({ platform: simPlatform(this.world), idleTimeoutMs })
    this.network.onEvent = (event) => this.#onNetwork(event)
    const machines = nodes.map((name) => new Machine(name, this.world))
    if (new Set(machines.map(({ host }) => host)).size < machines.length) {
      throw new TypeError(`simulation: every node needs a host of its own, got ${nodes.join(', ')}`)
    }
    this.#machines = new Map(machines.map((machine) => [machine.name, machine]))
    this.#driver = new Driver(this.world, this.#options, () => this.waits())
  }

  /** Names of all nodes, running or not. */
  get names(): readonly string[] {
    return [...this.#machines.keys()]
  }

  /** The node that runs under this name now. */
  node(name: string): Node | undefined {
    const machine = this.#machine(name)
    return machine.power?.on ? machine.node : undefined
  }

  /** True from boot to crash or to the end of a stop. */
  isOn(name: string): boolean {
    return this.#machine(name).power?.on === true
  }

  /** Notes a line of the caller's own in the event log. */
  note(source: string, text: string): void {
    this.log.add(this.world.nowMs, source, text)
  }

  /** Boots and drives time until the node has started. */
  start(name: string, options: BootOptions = {}): Promise<Node> {
    return this.settle(`${name} starts`, this.boot(name, options))
  }

  /**
   * Boots a node on its machine. Time must be driven for it to get anywhere; a crash meanwhile
   * leaves the promise pending. Throws when the machine is on.
   */
  boot(name: string, options: BootOptions = {}): Promise<Node> {
    const machine = this.#machine(name)
    if (machine.power?.on) throw new Error(`simulation: ${name} is running`)
    const { disk = 'kept', wallSkewMs, driftPpm = 0, observe, ...given } = options
    machine.prepareDisk(disk)
    machine.boots += 1
    const { clock } = machine
    if (wallSkewMs !== undefined) clock.step(wallSkewMs - clock.errorMs)
    clock.drift(driftPpm)
    const diskMaxMs = (): number => machine.diskMaxMs
    const power = new Power(this.world, { files: machine.disk, clock, diskMaxMs })
    machine.power = power
    machine.node = undefined
    this.note('boot', `${name} ${machine.boots} disk ${disk}`)
    const starting = startNode({
      ...given,
      name,
      carrier: this.network.carrier(machine.address, (step) => power.enter(step)),
      nodes: Object.fromEntries([...this.#machines.values()].map((m) => [m.name, m.address])),
      dataDir: machine.dataDir,
      cookie: 'simulation',
      tickMs: this.#options.tickMs,
      checked: true,
      tls: { certPem: '', keyPem: '', certDer: this.world.random.bytes(certificateBytes) },
      platform: power.platform,
      observe: (event) => {
        if (!power.on) return
        this.#onTrace(name, event)
        observe?.(event)
      },
    })
    return starting.then((node) => {
      machine.node = node
      return node
    })
  }

  /**
   * The machine loses its power: the node is gone without a word, and so are its socket and what
   * its disk had not synced. Tells what the disk lost.
   */
  crash(name: string): DiskLoss {
    const machine = this.#machine(name)
    if (!machine.power?.on) return { undone: 0, torn: 0 }
    const loss = machine.power.cut()
    this.note('crash', `${name} undone ${loss.undone} torn ${loss.torn}`)
    this.network.crash(machine.address)
    this.network.thaw(machine.host)
    return loss
  }

  /**
   * The machine stands still, as one whose virtual machine is moved or whose disk hangs: it neither
   * computes, hears nor speaks, its clocks go on, and what it missed waits for it. Until `resume`,
   * or for `forMs`. False when it is off or stands still already.
   */
  pause(name: string, forMs = Number.POSITIVE_INFINITY): boolean {
    const { power, host } = this.#machine(name)
    if (power?.pause() !== true) return false
    this.note('pause', name)
    this.network.freeze(host)
    if (Number.isFinite(forMs)) {
      this.world.after(forMs, () => {
        if (this.#machine(name).power === power) this.resume(name)
      })
    }
    return true
  }

  resume(name: string): void {
    const { power, host } = this.#machine(name)
    if (power?.on !== true || !power.paused) return
    this.note('resume', name)
    this.network.thaw(host)
    power.resume()
  }

  /**
   * Every step of the node (a timer, a packet, a turn) keeps its machine busy for up to this long,
   * drawn per step; 0, as at every boot, is no time at all. Ignored when the machine is off.
   */
  slow(name: string, stepMaxMs: number): void {
    if (!(stepMaxMs >= 0 && Number.isFinite(stepMaxMs))) {
      throw new RangeError(`slow: expected 0 or more milliseconds, got ${stepMaxMs}`)
    }
    const { power } = this.#machine(name)
    if (power?.on !== true) return
    this.note('slow', `${name} ${stepMaxMs}`)
    power.stepMaxMs = stepMaxMs
  }

  /** For how long, all in all, the running node's steps may have had to wait for its machine. */
  stalledMs(name: string): number {
    return this.#machine(name).power?.stalledMs ?? 0
  }

  /** The machine's monotonic clock, which starts anywhere. */
  clockMs(name: string): number {
    return this.#machine(name).clock.now()
  }

  /** By how much the machine's wall clock is wrong. */
  wallErrorMs(name: string): number {
    return this.#machine(name).clock.errorMs
  }

  /** The machine's wall clock jumps, as one that an operator or a time service sets. */
  stepClock(name: string, ms: number): void {
    this.note('clock', `${name} ${ms}`)
    this.#machine(name).clock.step(ms)
  }

  /** From now on an operation of the machine's disk takes up to this long. At first 0. */
  setDisk(name: string, latencyMaxMs: number): void {
    if (!(latencyMaxMs >= 0 && Number.isFinite(latencyMaxMs))) {
      throw new RangeError(`setDisk: expected 0 or more milliseconds, got ${latencyMaxMs}`)
    }
    this.note('disk', `${name} ${latencyMaxMs}`)
    this.#machine(name).diskMaxMs = latencyMaxMs
  }

  /** The running machine's disk has changes that a loss of power may undo. */
  hasUnsynced(name: string): boolean {
    return this.isOn(name) && this.#machine(name).power?.hasUnsynced === true
  }

  /** Stops a node in order. Rejects when something of it is still to run afterwards. */
  async shutdown(name: string): Promise<void> {
    const { power, node } = this.#machine(name)
    if (power === undefined || node === undefined || !power.on) return
    this.note('stop', name)
    await node.stop()
    // The runtime gives back its claim on the host in a later turn, and a file being read or
    // written is not to be called back.
    do await new Promise<void>((resolve) => void this.world.after(1, resolve))
    while (power.on && power.busy)
    if (!power.on) return
    const left = power.timers
    power.cut()
    this.note('stopped', name)
    if (left > 0) throw new Error(`simulation: ${name} has stopped and left ${left} timers`)
  }

  /** Cuts groups of nodes off from each other; nodes that are not named form one more group. */
  partition(...groups: readonly (readonly string[])[]): void {
    this.note('partition', groups.map((group) => group.join(' ')).join(' | '))
    this.network.partition(groups.map((group) => group.map((name) => this.#machine(name).host)))
  }

  /** Nothing that `from` sends reaches `to`; the other way stays open. */
  blockOneWay(from: string, to: string): void {
    this.note('block', `${from} to ${to}`)
    this.network.blockOneWay(this.#machine(from).host, this.#machine(to).host)
  }

  /** Nothing that the node sends arrives anywhere; it hears all the same. */
  mute(name: string): void {
    this.note('mute', name)
    this.network.mute(this.#machine(name).host)
  }

  /** Nothing arrives at the node; it is heard all the same. */
  deafen(name: string): void {
    this.note('deafen', name)
    this.network.deafen(this.#machine(name).host)
  }

  /** Ends partitions, blocks and links of their own; deaf and mute nodes are well again. */
  heal(): void {
    this.note('heal', '')
    this.network.heal()
  }

  /** Chance that a packet is lost, and the bounds of its delay. Packets overtake each other. */
  setPath(loss: number, delayMinMs: number, delayMaxMs: number): void {
    this.note('path', `loss ${loss} delay ${delayMinMs} to ${delayMaxMs}`)
    this.network.setLoss(loss)
    this.network.setDelay(delayMinMs, delayMaxMs)
  }

  /**
   * How packets fare from one node to another, until `heal` or, with undefined, no longer: whatever
   * `setPath` and `setPlaces` say. The other direction is untouched.
   */
  setLink(from: string, to: string, path: Path | undefined): void {
    this.note('link', `${from} to ${to} ${path === undefined ? 'as all' : lineOf(path)}`)
    this.network.setLink(this.#machine(from).host, this.#machine(to).host, path)
  }

  /** Nodes of one place fare by `setPath`; between places packets take the path `far`. */
  setPlaces(places: readonly (readonly string[])[], far: Path): void {
    this.note('places', `${places.map((names) => names.join(' ')).join(' | ')} ${lineOf(far)}`)
    const hosts = places.map((names) => names.map((name) => this.#machine(name).host))
    this.network.setPlaces(hosts, far)
  }

  /** Lets everything happen that is due within `ms`. */
  run(ms: number): Promise<void> {
    return this.#driver.run(ms)
  }

  /** Drives time until `condition` holds; rejects, naming `what`, after `withinMs` of it. */
  until(what: string, condition: () => boolean, withinMs?: number): Promise<void> {
    return this.#driver.until(what, condition, withinMs)
  }

  /** Drives time until `promise` settles, and gives what it settled with. */
  settle<T>(what: string, promise: Promise<T>, withinMs?: number): Promise<T> {
    return this.#driver.settle(what, promise, withinMs)
  }

  /** Calls `fn` in `ms` of virtual time: how a scenario schedules its faults. */
  after(ms: number, fn: () => void): void {
    this.world.after(ms, fn)
  }

  /** Processes that wait for the outside world, one line each. */
  waits(): readonly string[] {
    return [...this.#machines.values()].flatMap(({ power, node }) =>
      power?.on && node !== undefined ? outsideWaits(node) : [],
    )
  }

  /** Takes the power from every machine; the run is over. */
  close(): void {
    for (const name of this.names) this.crash(name)
  }

  #machine(name: string): Machine {
    const machine = this.#machines.get(name)
    if (machine === undefined) throw new Error(`simulation: there is no node ${name}`)
    return machine
  }

  #onNetwork({ tag, from, to, connection, packet, bytes }: NetworkEvent): void {
    this.note('net', `${tag} ${from}>${to} c${connection} ${packet} ${bytes}`)
  }

  #onTrace(name: string, event: TraceEvent): void {
    const { tag, ...fields } = event
    this.note(name, `${tag} ${lineOf(fields)}`)
  }
}
