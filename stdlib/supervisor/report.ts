/**
 * What a supervisor tells the operator (rules Z3, V12), as log events `supervisor: <about>` with
 * fields of their own: `supervisor`, and where it is about a child `child` (its id), `module`,
 * `pid` and `reason`. A start is `info`, everything else is an error, as in OTP.
 */
import type { Pid, Reason, Self } from '../../runtime/index.ts'
import { processOfSelf, show, withoutStack } from '../../runtime/kernel.ts'
import type { Child } from './children.ts'
import type { ChildSpec } from './spec.ts'

/** A child was started. */
export function reportProgress(self: Self, spec: ChildSpec, pid: Pid): void {
  const { system } = processOfSelf(self)
  const fields = { supervisor: self.pid, child: spec.id, module: spec.module, pid }
  system.trace.log('info', 'supervisor: progress', fields)
}

/**
 * A child ended, could not be started, or did not stop as it should. With a `count`, so many of a
 * dynamic supervisor's did in the same way, and this is the first.
 */
export function reportChild(
  self: Self,
  about: 'childTerminated' | 'startError' | 'shutdownError',
  child: Pick<Child, 'spec' | 'pid'>,
  reason: Reason,
  count = 1,
): void {
  const { system } = processOfSelf(self)
  const { spec, pid } = child
  system.trace.log('error', `supervisor: ${about}`, {
    supervisor: self.pid,
    child: spec.id,
    module: spec.module,
    pid,
    reason: withoutStack(reason),
    ...(count === 1 ? {} : { count }),
  })
}

/** The supervisor itself gives up, after too many restarts. */
export function reportShutdown(self: Self, reason: string): void {
  const { system, pid, module, name } = processOfSelf(self)
  system.trace.emit({ tag: 'restartStorm', pid, module, name })
  system.trace.log('error', 'supervisor: shutdown', { supervisor: pid, reason })
}

/** A message, or an EXIT of somebody who is none of its children. */
export function reportStray(self: Self, message: unknown): void {
  const { system } = processOfSelf(self)
  const fields = { supervisor: self.pid, message: show(message) }
  system.trace.log('error', 'supervisor: strayMessage', fields)
}
