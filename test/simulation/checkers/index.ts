/** Every checker of a run. */
import { broadcasts } from './broadcast.ts'
import { callOutcome } from './call-outcome.ts'
import type { MakeChecker } from './checker.ts'
import { durability } from './durability.ts'
import { epochs } from './epoch.ts'
import { linkExit } from './link-exit.ts'
import { memberLists } from './members.ts'
import { monitorDown } from './monitor-down.ts'
import { overlay } from './overlay.ts'
import { senderOrder } from './sender-order.ts'
import { spawnOutcome } from './spawn-outcome.ts'

export const allCheckers: readonly MakeChecker[] = [
  senderOrder,
  epochs,
  callOutcome,
  monitorDown,
  linkExit,
  spawnOutcome,
  durability,
  overlay,
  broadcasts,
  memberLists,
]
