/** Every checker of a run. */
import { callOutcome } from './call-outcome.ts'
import type { MakeChecker } from './checker.ts'
import { epochs } from './epoch.ts'
import { linkExit } from './link-exit.ts'
import { monitorDown } from './monitor-down.ts'
import { senderOrder } from './sender-order.ts'
import { spawnOutcome } from './spawn-outcome.ts'

export const allCheckers: readonly MakeChecker[] = [
  senderOrder,
  epochs,
  callOutcome,
  monitorDown,
  linkExit,
  spawnOutcome,
]
