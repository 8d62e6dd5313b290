/** Every conformance topic, the simplest first. */
import { abandonedSpawns } from './abandoned-spawns.ts'
import { aliases } from './aliases.ts'
import { boundedMailboxes } from './bounded-mailboxes.ts'
import { endings } from './endings.ts'
import { exitSignals } from './exit-signals.ts'
import { genEvents } from './gen-event.ts'
import { genServerCalls } from './gen-server-calls.ts'
import { genStatemCalls } from './gen-statem.ts'
import { links } from './links.ts'
import { messages } from './messages.ts'
import { monitors } from './monitors.ts'
import { names } from './names.ts'
import { requests } from './requests.ts'
import { rpcs } from './rpc.ts'
import { serverEnds } from './server-ends.ts'
import { signalOrder } from './signal-order.ts'
import { spawning } from './spawn.ts'
import { spawnRequests } from './spawn-requests.ts'
import { supervisors } from './supervisors.ts'
import { systemMessages } from './sys.ts'
import { tasks } from './tasks.ts'
import type { Topic } from './topic.ts'

export const topics: readonly Topic[] = [
  spawning,
  spawnRequests,
  abandonedSpawns,
  messages,
  endings,
  names,
  links,
  monitors,
  aliases,
  boundedMailboxes,
  exitSignals,
  signalOrder,
  genServerCalls,
  serverEnds,
  requests,
  systemMessages,
  genStatemCalls,
  genEvents,
  supervisors,
  tasks,
  rpcs,
]
