/** Puts the member list of a node together: its process, and what is found by caller. */
import type { Module, Self } from '../../runtime/index.ts'
import type { System } from '../../runtime/kernel.ts'
import { type ChildSpec, callWithin, child, local } from '../../stdlib/index.ts'
import type { Broadcasting } from '../broadcast/index.ts'
import type { Dist } from '../dist/index.ts'
import { type Overlay, Subscriptions } from '../membership/index.ts'
import type { VerdictOptions } from '../membership/verdict/index.ts'
import type { Own } from './own.ts'
import { type MemberNews, type MembersServer, membersModule, membersName } from './server.ts'

export type MemberListOptions = {
  readonly system: System
  readonly dist: Dist
  readonly overlay: Overlay
  readonly broadcasting: Broadcasting
  readonly options: VerdictOptions
  readonly own: Own
}

/** The member list as the layers above know it. */
export class MemberList {
  readonly subscriptions = new Subscriptions<MemberNews>('members')
  readonly own: Own
  readonly module: Module<MembersServer, undefined>
  readonly child: ChildSpec

  constructor({ system, dist, overlay, broadcasting, options, own }: MemberListOptions) {
    const { router, metrics } = dist
    const { subscriptions } = this
    this.own = own
    const context = { system, router, metrics, overlay, broadcasting, options, own, subscriptions }
    this.module = membersModule(context)
    this.child = child(this.module, undefined, { id: 'members', name: membersName })
    system.modules.addShielded(this.module)
    router.parts.add(this)
  }

  /** This node leaves the cluster: the others will know that it meant to. */
  leave(self: Self, withinMs: number): Promise<null> {
    return callWithin(self, withinMs, local(this.module, membersName), 'leave')
  }
}
