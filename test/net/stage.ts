/**
 * What a scenario has at hand: node programs, machines, forwarders, and a list of what to take away
 * at the end, which happens whatever became of the scenario, last made first.
 */
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Address } from '../../src/carrier/carrier.ts'
import { type Forwarder, type ForwarderOptions, openForwarder } from '../support/forwarder.ts'
import { type Side, TwoMachines } from './namespaces.ts'
import type { ProgramOptions } from './orders.ts'
import { Program } from './program.ts'

export const cookie = 'the cookie of the net tests'

type Given = Pick<ProgramOptions, 'host' | 'port' | 'nodes' | 'discovery' | 'join' | 'tickMs'>

export type StartOptions = Partial<Given> & {
  /** Which of two machines it runs on; else this one. */
  readonly on?: { readonly machines: TwoMachines; readonly side: Side }
  /** Where it keeps its keys; default its name. */
  readonly directory?: string
}

export class Stage {
  readonly #endings: (() => unknown)[] = []
  #dir: string | undefined
  #isOver = false

  /** Does `ending` when the scenario is over. */
  atEnd(ending: () => unknown): void {
    this.#endings.push(ending)
  }

  machines(): TwoMachines {
    this.#checkOpen()
    const machines = new TwoMachines()
    this.atEnd(() => machines.remove())
    return machines
  }

  async directory(): Promise<string> {
    if (this.#dir !== undefined) return this.#dir
    const dir = await mkdtemp(join(tmpdir(), 'skein-net-'))
    this.#dir = dir
    this.atEnd(() => rm(dir, { recursive: true, force: true }))
    return dir
  }

  async start(name: string, options: StartOptions = {}): Promise<Program> {
    const {
      on,
      host = '127.0.0.1',
      port = 0,
      tickMs = 1000,
      nodes,
      discovery,
      join: contacts,
    } = options
    const dataDir = join(await this.directory(), options.directory ?? name)
    const known = { ...(nodes && { nodes }), ...(discovery && { discovery }) }
    const joins = contacts && { join: contacts }
    const given = { ...known, ...joins, name, host, port, dataDir, cookie, tickMs }
    this.#checkOpen()
    const program = new Program(given, on?.machines.prefix(on.side))
    this.atEnd(() => program.stop())
    await program.ready
    return program
  }

  /** Names that a node has pinned, sorted. */
  async pins(name: string): Promise<readonly string[]> {
    const files = await readdir(join(await this.directory(), name, 'keys', 'trusted'))
    return files.map((file) => file.replace(/\.pub$/, '')).sort()
  }

  async forwarder(target: Address, options: ForwarderOptions = {}): Promise<Forwarder> {
    const forwarder = await openForwarder(target, options)
    this.atEnd(() => forwarder.close())
    return forwarder
  }

  /** Takes everything away; every ending is tried. */
  async clear(): Promise<readonly unknown[]> {
    this.#isOver = true
    const errors: unknown[] = []
    for (const ending of this.#endings.splice(0).reverse()) {
      try {
        await ending()
      } catch (error) {
        errors.push(error)
      }
    }
    return errors
  }

  /** What runs on after its deadline shall start nothing more. */
  #checkOpen(): void {
    if (this.#isOver) throw new Error('the scenario is over')
  }
}
