/** Puts the overlay of a node together: its process, for the tree, and what is found by caller. */
import type { Caller, Module, Self } from '../../runtime/index.ts'
import type { System } from '../../runtime/kernel.ts'
import { type ChildSpec, call, callWithin, child, local } from '../../stdlib/index.ts'
import type { Discovery } from '../discovery/index.ts'
import type { Dist } from '../dist/index.ts'
import { LostNames } from './lost-names.ts'
import type { MembershipOptions } from './options.ts'
import {
  type MembershipNews,
  type MembershipServer,
  membershipModule,
  membershipName,
} from './server.ts'
import { Subscriptions } from './subscriptions.ts'

export type OverlayOptions = {
  readonly system: System
  readonly dist: Dist
  readonly discovery: Discovery
  readonly options: MembershipOptions
  /** Where the names of lost nodes are kept. */
  readonly directory: string
}

/** The overlay as the layers above know it. */
export class Overlay {
  readonly subscriptions = new Subscriptions<MembershipNews>('membership')
  readonly module: Module<MembershipServer, undefined>
  readonly child: ChildSpec

  constructor({ system, dist, discovery, options, directory }: OverlayOptions) {
    const { router, metrics } = dist
    const lostNames = new LostNames(system, directory)
    const { subscriptions } = this
    const wish = { left: false, blocked: new Set<string>() }
    const context = { system, router, metrics, options, subscriptions, lostNames, discovery, wish }
    this.module = membershipModule(context)
    this.child = child(this.module, undefined, { id: 'membership', name: membershipName })
    system.modules.addShielded(this.module)
    router.parts.add(this)
  }

  /** This node leaves the overlay. */
  leave(self: Self, withinMs: number): Promise<null> {
    return callWithin(self, withinMs, local(this.module, membershipName), 'leave')
  }

  /** Names of the neighbours now. */
  async peers(caller: Caller): Promise<readonly string[]> {
    const { active } = await call(caller, local(this.module, membershipName), 'view')
    return active.map(({ node }) => node)
  }
}
