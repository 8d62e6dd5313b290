/** A node with the registry of the cluster, and a stand-in for what tells the other nodes. */
import {
  type LocalNode,
  type Pid,
  process,
  type RuntimeOptions,
  type Self,
  spawn,
} from '../../../../../runtime/index.ts'
import { type System, systemOf } from '../../../../../runtime/kernel.ts'
import { openRegistry, type Registry } from '../../../../../src/services/registry/index.ts'
import type { ServiceValue } from '../../../../../src/services/registry/value.ts'
import { oneNode } from '../../../../conformance/otp/one-node.ts'

/** Waits for ever, or does what it is sent: a function of its `self`. */
export const Idle = process('idle', async (self) => {
  for (;;) await self.receive()
})

/** What was told to the others, in order. */
export type Told =
  | { readonly tag: 'put'; readonly key: string; readonly value: ServiceValue }
  | { readonly tag: 'remove'; readonly key: string; readonly cause: unknown }

export class OneRegistry {
  readonly node: LocalNode
  readonly system: System
  readonly registry: Registry
  readonly told: Told[] = []
  /** What other nodes have, for a resync. */
  readonly others = new Map<string, Map<string, ServiceValue>>()

  constructor(options: RuntimeOptions = {}) {
    this.node = oneNode([], { name: 'a@host', ...options })
    this.system = systemOf(this.node)
    this.registry = openRegistry(this.system, undefined)
    this.registry.spreadBy({
      put: (key, value) => this.told.push({ tag: 'put', key, value }),
      remove: (key, cause) => this.told.push({ tag: 'remove', key, cause }),
      entriesOf: (node) => this.others.get(node) ?? new Map(),
      nodes: () => [...this.others.keys()],
    })
  }

  idle(): Pid {
    return spawn(this.node, Idle)
  }

  /** A process of another node. */
  far(node: string, index = 1): Pid {
    const pid = this.system.pidFor({ node, creation: 1, index, serial: 1 }, node)
    if (pid === undefined) throw new Error('no room for a pid')
    return pid
  }

  /** Another node registers a process of its own; its pid. */
  cameFrom(node: string, name: string, metadata?: object, index = 1): Pid {
    const pid = this.far(node, index)
    const after: ServiceValue = metadata === undefined ? [pid] : [pid, { ...metadata }]
    this.registry.changed({ node, key: `s${name}`, after })
    return pid
  }

  /** What a process hears after it has `asked`, in an array that grows. */
  async hear(asked: (self: Self) => void): Promise<Heard> {
    const heard: unknown[] = []
    const started = new Promise<Pid>((resolve) => {
      const ear = process('ear', async (self) => {
        asked(self)
        resolve(self.pid)
        for (;;) heard.push(await self.receive())
      })
      spawn(this.node, ear)
    })
    return { heard, pid: await started }
  }

  /** Ends a process, and waits until that is over. */
  async end(pid: Pid, reason: string | { readonly tag: string } = 'kill'): Promise<void> {
    await this.node.run(async (self) => {
      const ref = self.monitor(pid)
      self.exit(pid, reason)
      await self.receive((message) => hasRef(message, ref))
    })
  }
}

export type Heard = { readonly heard: readonly unknown[]; readonly pid: Pid }

function hasRef(message: unknown, ref: unknown): boolean {
  return typeof message === 'object' && message !== null && 'ref' in message && message.ref === ref
}
