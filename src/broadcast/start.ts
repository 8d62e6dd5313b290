/** Puts the broadcast of a node together: its process, and what is found by caller. */
import type { Module } from '../../runtime/index.ts'
import type { System } from '../../runtime/kernel.ts'
import { type ChildSpec, child } from '../../stdlib/index.ts'
import type { Dist } from '../dist/index.ts'
import type { Overlay } from '../membership/index.ts'
import type { Codec } from '../wire/index.ts'
import type { BroadcastOptions } from './options.ts'
import {
  type BroadcastMessageOut,
  type BroadcastServer,
  broadcastModule,
  broadcastName,
  payloadCodec,
} from './server.ts'
import { Topics } from './topics.ts'

/** Broadcast as the layers above know it. */
export class Broadcasting {
  readonly topics = new Topics<BroadcastMessageOut>('broadcast')
  readonly codec: Codec
  readonly module: Module<BroadcastServer, undefined>
  readonly child: ChildSpec

  constructor(
    system: System,
    { router, metrics }: Dist,
    overlay: Overlay,
    options: BroadcastOptions,
  ) {
    const { topics } = this
    this.codec = payloadCodec(system)
    this.module = broadcastModule({ system, router, metrics, overlay, options, topics })
    this.child = child(this.module, undefined, { id: 'broadcast', name: broadcastName })
    system.modules.addShielded(this.module)
    router.parts.add(this)
  }
}
