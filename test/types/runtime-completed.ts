/** What the compiler refuses of mailboxes, aliases, tags, spawn requests, process information. */
import {
  abandonSpawn,
  isSpawnReply,
  process,
  processInfo,
  type Self,
  spawn,
  spawnRequest,
} from '../../runtime/index.ts'
import { child, genServer, next, start, template } from '../../stdlib/index.ts'

const taking = process('types.taking', (_self, _arg: number) => undefined)
const server = genServer('types.server')({ init: () => next(null) })

export function mailboxes(self: Self): void {
  spawn(self, taking, 1, { mailbox: { max: 1, overflow: 'suspend' } })
  // @ts-expect-error the policy is missing
  spawn(self, taking, 1, { mailbox: { max: 1 } })
  // @ts-expect-error there is no such policy
  void start(self, server, undefined, { mailbox: { max: 1, overflow: 'dropOldest' } })
  // @ts-expect-error a bound is a number
  child(taking, 1, { mailbox: { max: 'many', overflow: 'fail' } })
  // @ts-expect-error a mailbox has no other option
  template(taking, { mailbox: { max: 1, overflow: 'fail', min: 0 } })
}

export function aliases(self: Self): void {
  // @ts-expect-error a mode of monitors only
  self.alias('demonitor')
  // @ts-expect-error a mode of aliases of their own only
  self.monitor(self.pid, { alias: 'reply' })
  // @ts-expect-error a tag is text
  self.monitor(self.pid, { tag: 7 })
  // @ts-expect-error a pid is no alias
  self.unalias(self.pid)
}

export async function requests(self: Self): Promise<void> {
  // @ts-expect-error the argument is a number
  spawnRequest(self, 'b@host', taking, 'one')
  // @ts-expect-error there is no such filter
  const ref = spawnRequest(self, 'b@host', taking, 1, { reply: 'maybe' })
  const { result } = await self.receive(isSpawnReply(ref))
  // @ts-expect-error an error has no pid
  spawn(self, taking, result.pid)
  // @ts-expect-error a pid is no request
  abandonSpawn(self, self.pid)
}

export function information(self: Self): number | undefined {
  const info = processInfo(self, self.pid)
  // @ts-expect-error nobody counts reductions
  if (info?.reductions) return 0
  // @ts-expect-error it may be dead
  return info.messageQueueLength
}
