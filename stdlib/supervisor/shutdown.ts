/**
 * Stopping children (rule V11): `shutdown`, wait, `kill`. A monitor, not the link, tells when one
 * is gone, so that a child that unlinked itself cannot hang its supervisor; the link is removed, so
 * that nobody takes this end for a crash. Children are processes of this node.
 *
 * One after the other for named children; all at once for dynamic ones (rule V15), each within the
 * time of its own.
 */
import {
  type DownMessage,
  isDown,
  type Pid,
  type Reason,
  type Reference,
  type Self,
} from '../../runtime/index.ts'
import { Process, processOfSelf, recordOfPid, runtimeLimits } from '../../runtime/kernel.ts'
import type { Child } from './children.ts'
import type { Shutdown } from './spec.ts'

/**
 * Resolves with the reason the child ended with. The EXIT of one that had ended before may still
 * come: to look for it in the mailbox for every child would cost the square of their number.
 */
export async function shutdownChild(self: Self, pid: Pid, shutdown: Shutdown): Promise<Reason> {
  const early = endOf(pid)
  if (early !== null) return early
  const ref = self.monitor(pid)
  self.unlink(pid)
  if (shutdown !== 'brutalKill') {
    self.exit(pid, 'shutdown')
    const down = await self.receive(isDown(ref), { timeoutMs: shutdown, otherwise: null })
    if (down !== null) return down.reason
  }
  self.exit(pid, 'kill')
  return (await self.receive(isDown(ref))).reason
}

/** What a process of this node ended with; null while it lives. */
export function endOf(pid: Pid): Reason | null {
  const record = recordOfPid(pid)
  return record instanceof Process ? record.reason : null
}

/** Whether a child that was stopped ended as it should; anything else is worth a report. */
export function isExpectedEnd(shutdown: Shutdown, reason: Reason): boolean {
  if (reason === 'normal' || reason === 'noproc') return true
  return reason === (shutdown === 'brutalKill' ? 'killed' : 'shutdown')
}

/** Stops `children` concurrently. Resolves with those that ended otherwise than they should. */
export async function shutdownTogether(
  self: Self,
  children: Iterable<Child>,
): Promise<{ readonly child: Child; readonly reason: Reason }[]> {
  const { clock } = processOfSelf(self).system.platform
  const startMs = clock.now()
  const pending = await askAll(self, children)
  const odd: { readonly child: Child; readonly reason: Reason }[] = []
  const isOfPending = (message: unknown): message is DownMessage =>
    isDown()(message) && pending.has(message.ref)
  /** Waits until all have ended; false when `waitMs` from the start have passed before. */
  const allEnd = async (waitMs: number): Promise<boolean> => {
    while (pending.size > 0) {
      const timeoutMs = Math.max(0, startMs + waitMs - clock.now())
      const down = await self.receive(isOfPending, { timeoutMs, otherwise: null })
      if (down === null) return false
      const child = pending.get(down.ref)
      pending.delete(down.ref)
      if (child !== undefined && !isExpectedEnd(child.spec.shutdown, down.reason)) {
        odd.push({ child, reason: down.reason })
      }
    }
    return true
  }
  for (const waitMs of waitsOf(pending.values())) {
    if (await allEnd(waitMs)) return odd
    for (const { pid, spec } of pending.values()) {
      if (pid !== null && spec.shutdown === waitMs) self.exit(pid, 'kill')
    }
  }
  await allEnd(Number.POSITIVE_INFINITY)
  return odd
}

/** Monitors all children that run and asks them to end, letting others run now and then. */
async function askAll(self: Self, children: Iterable<Child>): Promise<Map<Reference, Child>> {
  const pending = new Map<Reference, Child>()
  for (const child of children) {
    if (child.pid === null) continue
    pending.set(self.monitor(child.pid), child)
    self.unlink(child.pid)
    self.exit(child.pid, child.spec.shutdown === 'brutalKill' ? 'kill' : 'shutdown')
    if (pending.size % runtimeLimits.fanOutPerTurn === 0) await self.yield()
  }
  return pending
}

/** The different times the children are given, shortest first. */
function waitsOf(children: Iterable<Child>): number[] {
  const waits = new Set<number>()
  for (const { spec } of children) {
    if (spec.shutdown !== 'brutalKill' && spec.shutdown !== Number.POSITIVE_INFINITY) {
      waits.add(spec.shutdown)
    }
  }
  return [...waits].sort((a, b) => a - b)
}
