/** What routers and proxies of one node share. Their modules close over it. */
import type { System } from '../../../runtime/kernel.ts'
import type { Router } from '../../dist/index.ts'
import type { MemberList } from '../../members/index.ts'
import type { Overlay } from '../../membership/index.ts'
import type { Metrics } from '../../metrics/index.ts'
import type { Codec } from '../../wire/index.ts'
import type { Registry } from '../registry/index.ts'
import type { KeyOf } from './message.ts'

export type RoutingContext = {
  readonly system: System
  readonly router: Router
  readonly metrics: Metrics
  readonly overlay: Overlay
  readonly list: MemberList
  readonly registry: Registry
  readonly keyOf: KeyOf
  /** For what is relayed: it names processes in full, for any reader. */
  readonly codec: Codec
}
