/** Puts the overlay's router of a node together: its process, and what is found by caller. */
import {
  BadArgument,
  type Caller,
  Exit,
  type Module,
  type NameTerm,
} from '../../../runtime/index.ts'
import { isTerm, LocalNode, type System } from '../../../runtime/kernel.ts'
import { type ChildSpec, callWithin, child, local } from '../../../stdlib/index.ts'
import type { Dist } from '../../dist/index.ts'
import { limits } from '../../limits.ts'
import type { MemberList } from '../../members/index.ts'
import type { Overlay } from '../../membership/index.ts'
import { createCodec } from '../../wire/index.ts'
import type { Instance, Registry } from '../registry/index.ts'
import type { RoutingContext } from './context.ts'
import type { Sought } from './searches.ts'
import { type RouterServer, routerModule, routerName } from './server.ts'

/** Above what the router itself allows a search, which ends with an answer. */
const graceMs = 1_000

export type OverlayRouterOptions = {
  readonly system: System
  readonly dist: Dist
  readonly overlay: Overlay
  readonly list: MemberList
  readonly registry: Registry
}

/** The router as the layers above know it. */
export class OverlayRouter {
  readonly context: RoutingContext
  readonly module: Module<RouterServer, undefined>
  readonly child: ChildSpec

  constructor({ system, dist, overlay, list, registry }: OverlayRouterOptions) {
    const { router, metrics } = dist
    const nobody = { name: '', creation: 0 }
    const codec = createCodec({
      local: nobody,
      peer: nobody,
      left: (pid) => system.leaves(pid),
      pid: (parts) => system.pidFor(parts),
      reference: (parts) => system.refFor(parts),
    })
    const keyOf = (name: unknown) => keyIn(registry, name)
    this.context = { system, router, metrics, overlay, list, registry, keyOf, codec }
    this.module = routerModule(this.context)
    this.child = child(this.module, undefined, { id: 'router', name: routerName })
    system.modules.addShielded(this.module)
    router.parts.add(this)
    const host = new LocalNode(system)
    registry.finder = (name, timeoutMs) => this.#instanceOf(host, name, timeoutMs)
  }

  /** Asks the overlay. Rejects with `Exit` if the router does not answer. */
  async search(caller: Caller, name: NameTerm, timeoutMs: number): Promise<Sought> {
    const leftMs = Math.max(1, Math.min(Math.floor(timeoutMs), limits.routeDeadlineMs))
    const goal = { tag: 'service', name, text: this.context.registry.textOf(name) } as const
    const server = local(this.module, routerName)
    return await callWithin(caller, leftMs + graceMs, server, 'find', { goal, leftMs })
  }

  /** What the registry takes for found: a process that its own node has told of. */
  async #instanceOf(
    host: LocalNode,
    name: NameTerm,
    timeoutMs: number,
  ): Promise<Instance | undefined> {
    try {
      const sought = await this.search(host, name, timeoutMs)
      if (sought.tag === 'error' || sought.via !== undefined || sought.pid === null)
        return undefined
      const { node, pid } = sought
      return { name, pid, node, metadata: {} }
    } catch (error) {
      if (error instanceof Exit) return undefined
      throw error
    }
  }
}

/** What a peer says is a name may be none. */
function keyIn(registry: Registry, name: unknown): string | undefined {
  if (!isTerm(name)) return undefined
  try {
    return registry.textOf(name satisfies NameTerm)
  } catch (error) {
    if (error instanceof BadArgument) return undefined
    throw error
  }
}
