/**
 * The process above the top process of one running application (OTP `application_master`): starts
 * it, runs the start phases, waits, and stops it when the controller says so (rules K2, K3). The
 * processes of an application are the descendants of its master (rule K6).
 *
 * It ends with the reason the application ended with, which is all the controller needs to know.
 * Callbacks that stop are last words: one that throws is reported and stops nothing.
 */
import { exit, isExit, isPid, type Pid, type Reason, type Self } from '../../runtime/index.ts'
import { isReason, processOfSelf, reasonOfThrown, show } from '../../runtime/kernel.ts'
import { shutdownChild } from '../supervisor/shutdown.ts'
import type { ApplicationType, Definition, Environment } from './definition.ts'

export type MasterArg = {
  readonly controller: Pid
  readonly type: ApplicationType
  readonly env: Environment
}

/** To the controller: everything has started. */
export type RunningMessage = {
  readonly tag: '$running'
  readonly master: Pid
  readonly top: Pid | null
}

export async function runMaster(self: Self, definition: Definition, arg: MasterArg) {
  self.trapExit(true)
  const { controller, ...context } = arg
  let top: Pid | null = null
  let state: unknown
  if (definition.start !== undefined) {
    const started = startedBy(await definition.start(self, context))
    if ('reason' in started) return exit(started.reason)
    ;({ top, state } = started)
    // A no-op when the callback linked it, as it should have.
    self.link(top)
  }
  for (const phase of definition.startPhases) {
    try {
      await phase.run(self, context, state)
    } catch (error) {
      await endTree(self, definition, top, state)
      return exit({ tag: 'startPhaseFailed', phase: phase.name, reason: reasonOfThrown(error) })
    }
  }
  const running: RunningMessage = { tag: '$running', master: self.pid, top }
  self.send(controller, running)
  for (;;) {
    const message = await self.receive()
    if (!isExit()(message) || !isReason(message.reason)) continue
    if (message.from === top) {
      await lastWords(self, 'stop', () => definition.stop?.(state, self))
      return exit(message.reason)
    }
    if (message.from === controller) {
      await lastWords(self, 'prepStop', async () => {
        if (definition.prepStop !== undefined) state = await definition.prepStop(state, self)
      })
      await endTree(self, definition, top, state)
      return exit('shutdown')
    }
  }
}

/** What a `start` callback gave: the top process and a state, or why there is none (rule K2). */
function startedBy(
  given: unknown,
): { readonly top: Pid; readonly state: unknown } | { readonly reason: Reason } {
  if (typeof given === 'object' && given !== null && 'tag' in given) {
    if (given.tag === 'ok' && 'pid' in given && isPid(given.pid)) {
      return { top: given.pid, state: 'state' in given ? given.state : undefined }
    }
    if (given.tag === 'error' && 'reason' in given && isReason(given.reason)) {
      return { reason: given.reason }
    }
    if (given.tag === 'ignore') return { reason: { tag: 'badReturnValue', got: 'ignore' } }
  }
  return { reason: { tag: 'badReturnValue', got: show(given) } }
}

async function endTree(
  self: Self,
  definition: Definition,
  top: Pid | null,
  state: unknown,
): Promise<void> {
  if (top !== null) await shutdownChild(self, top, definition.shutdown)
  await lastWords(self, 'stop', () => definition.stop?.(state, self))
}

async function lastWords(
  self: Self,
  callback: 'prepStop' | 'stop',
  run: () => unknown,
): Promise<void> {
  try {
    await run()
  } catch (error) {
    const { system, module } = processOfSelf(self)
    const reason = reasonOfThrown(error)
    system.trace.log('error', `application: ${callback} failed`, { application: module, reason })
  }
}
