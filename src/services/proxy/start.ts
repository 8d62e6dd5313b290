/** Puts the proxies of a node together: keeper and supervisor, and what is found by caller. */
import type { Module } from '../../../runtime/index.ts'
import { type ChildSpec, child } from '../../../stdlib/index.ts'
import type { OverlayRouter } from '../router/index.ts'
import { type KeeperServer, keeperModule, keeperName } from './keeper.ts'
import { proxyModule } from './proxy.ts'
import { proxiesName, proxySupervisor } from './supervisor.ts'

/** The proxies as the layers above know them. */
export class ServiceProxies {
  readonly overlayRouter: OverlayRouter
  readonly module: Module<KeeperServer, undefined>
  /** For a `restForOne` supervisor, in this order, behind the router. */
  readonly children: readonly ChildSpec[]

  constructor(overlayRouter: OverlayRouter) {
    this.overlayRouter = overlayRouter
    const { system, router } = overlayRouter.context
    const context = { overlayRouter }
    const proxy = proxyModule(context)
    const supervisor = proxySupervisor(proxy)
    this.module = keeperModule(context, supervisor)
    // Anybody may call a proxy, from anywhere; the others are the node's own.
    system.modules.add(proxy)
    for (const module of [supervisor, this.module]) system.modules.addShielded(module)
    this.children = [
      child(this.module, undefined, { id: 'proxies', name: keeperName }),
      child(supervisor, undefined, { id: 'proxySupervisor', name: proxiesName }),
    ]
    router.parts.add(this)
  }
}
