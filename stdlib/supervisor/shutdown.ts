/**
 * Stopping one child (rule V11): `shutdown`, wait, `kill`. A monitor, not the link, tells when it
 * is gone, so that a child that unlinked itself cannot hang its supervisor; the link is removed
 * and its EXIT flushed, so that nobody takes this end for a crash.
 */
import { isDown, isExit, type Pid, type Reason, type Self } from '../../runtime/index.ts'
import type { Shutdown } from './spec.ts'

/** Resolves with the reason the child ended with. */
export async function shutdownChild(self: Self, pid: Pid, shutdown: Shutdown): Promise<Reason> {
  const ref = self.monitor(pid)
  self.unlink(pid)
  // A child that ended before this: its EXIT, with the real reason, may be in the mailbox.
  const early = await self.receive(isExit(pid), { timeoutMs: 0, otherwise: null })
  if (shutdown !== 'brutalKill') {
    self.exit(pid, 'shutdown')
    const down = await self.receive(isDown(ref), { timeoutMs: shutdown, otherwise: null })
    if (down !== null) return early?.reason ?? down.reason
  }
  self.exit(pid, 'kill')
  const down = await self.receive(isDown(ref))
  return early?.reason ?? down.reason
}
