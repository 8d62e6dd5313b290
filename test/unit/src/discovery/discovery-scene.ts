/**
 * Discovery of one node in a virtual world: backends answer when the test lets them, time passes
 * when it says so, and everything that is logged is kept.
 */
import { createSystem, LocalNode } from '../../../../runtime/kernel.ts'
import { type SimPlatformOptions, simPlatform, World } from '../../../../runtime/platform/sim.ts'
import type { Address } from '../../../../src/carrier/carrier.ts'
import {
  type ChosenBackend,
  Discovery,
  type DiscoveryBackend,
} from '../../../../src/discovery/index.ts'
import { assert, cleanup } from '../../../support/harness.ts'
import { turn, untilIn } from '../../../support/until.ts'

export type Logged = { readonly level: string; readonly message: string; readonly fields: unknown }

export class DiscoveryScene {
  readonly world = new World(7)
  readonly platform
  readonly discovery: Discovery
  readonly logged: Logged[] = []
  readonly log = (level: string, message: string, fields: object = {}): void => {
    this.logged.push({ level, message, fields })
  }

  constructor(options: SimPlatformOptions = {}) {
    this.platform = simPlatform(this.world, options)
    const system = createSystem({ name: 'me@here', platform: this.platform })
    system.trace.subscribe((event) => {
      if (event.tag === 'log') this.logged.push(event)
    })
    this.discovery = new Discovery(system)
    cleanup(async () => {
      this.discovery.close()
      await new LocalNode(system).stop()
    })
  }

  async open(...backends: readonly (DiscoveryBackend | ChosenBackend)[]): Promise<void> {
    const chosen = backends.map((one) => ('backend' in one ? one : { backend: one }))
    await this.drive(this.discovery.open(chosen))
  }

  /** The addresses of a node as `host:port`, in their order. */
  async resolve(node: string): Promise<readonly string[]> {
    return shown(await this.drive(this.discovery.resolve(node)))
  }

  /** Lets time pass until `work` has settled. */
  async drive<T>(work: Promise<T>): Promise<T> {
    let settled = false
    const end = (): void => {
      settled = true
    }
    work.then(end, end)
    await untilIn(this.world, 'it settles', () => settled)
    return work
  }

  /** Lets `ms` pass. */
  async pass(ms: number): Promise<void> {
    const endMs = this.world.nowMs + ms
    await turn()
    while (this.world.advance(endMs)) await turn()
    await turn()
  }

  messages(): readonly string[] {
    return this.logged.map(({ message }) => message)
  }
}

export function shown(addresses: readonly Address[]): readonly string[] {
  return addresses.map(({ host, port }) => `${host}:${port}`)
}

export function at(host: string, port = 4433): Address {
  return { host, port }
}

/** A backend over a table that counts what it is asked. */
export function counting(
  name: string,
  table: Readonly<Record<string, Address | readonly Address[]>>,
): DiscoveryBackend & { readonly asked: string[] } {
  const asked: string[] = []
  return {
    name,
    asked,
    lookup: async (node) => {
      asked.push(node)
      return table[node]
    },
    listNodes: async () => Object.keys(table),
  }
}

/** A backend whose every answer is a promise that never settles. */
export function hanging(name = 'hanging'): DiscoveryBackend & { readonly asked: string[] } {
  const asked: string[] = []
  const never = (what: string): Promise<never> => {
    asked.push(what)
    return new Promise(() => undefined)
  }
  return {
    name,
    asked,
    lookup: never,
    listNodes: () => never('listNodes'),
    register: () => never('register'),
    unregister: () => never('unregister'),
  }
}

/** Fails unless a line was logged whose message and fields are like these. */
export function assertLogged(scene: DiscoveryScene, message: string, fields: RegExp): void {
  const found = scene.logged.filter((line) => line.message === message)
  const texts = found.map((line) => JSON.stringify(line.fields))
  assert.ok(
    texts.some((text) => fields.test(text)),
    `"${message}" with ${fields}; logged: ${JSON.stringify(scene.logged)}`,
  )
}
