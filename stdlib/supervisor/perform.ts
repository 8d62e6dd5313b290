/**
 * The hands of a supervisor: carries out what `rule.ts` decides, one action after the other, and
 * tells it how each went. Children are started one at a time, each initialised before the next.
 * Attempts that failed go through the mailbox, so that requests get their turn in between (V10).
 */
import {
  BadArgument,
  Exit,
  type ExitMessage,
  isExit,
  isPid,
  type Pid,
  type Reason,
  type Self,
} from '../../runtime/index.ts'
import {
  deliver,
  isReason,
  processOfSelf,
  reasonOfThrown,
  recordOfPid,
} from '../../runtime/kernel.ts'
import { startWith } from '../gen.ts'
import { type Child, Children } from './children.ts'
import { noRestarts } from './intensity.ts'
import { reportChild, reportProgress, reportShutdown, reportStray } from './report.ts'
import {
  type SupervisorAction,
  type SupervisorEvent,
  type SupervisorState,
  supervise,
} from './rule.ts'
import { endOf, isExpectedEnd, shutdownChild } from './shutdown.ts'
import type { ChildSpec } from './spec.ts'

/** The state that follows, and whether the supervisor is to end `shutdown`. */
export type Handled = { readonly state: SupervisorState; readonly ends: boolean }

export type SpecStart =
  | { readonly tag: 'ok'; readonly pid: Pid | null }
  | { readonly tag: 'error'; readonly reason: Reason }

/** Lies in the mailbox when an attempt is queued. An instance: nobody else can send one. */
class Retry {
  readonly id: string

  constructor(id: string) {
    this.id = id
  }
}

/** A supervisor without children. */
export function childless(
  flags: Omit<SupervisorState, 'children' | 'restarts' | 'keepsEnded'>,
  keepsEnded: boolean,
): SupervisorState {
  const { strategy, intensity, periodMs, autoShutdown } = flags
  const children = Children.none()
  return {
    strategy,
    intensity,
    periodMs,
    autoShutdown,
    keepsEnded,
    children,
    restarts: noRestarts,
  }
}

/** The event a message stands for; strays are reported and give none. */
export function eventOf(
  self: Self,
  state: SupervisorState,
  message: unknown,
): SupervisorEvent | undefined {
  if (message instanceof Retry) return { tag: 'retry', id: message.id }
  if (isEnd(message)) {
    const { from, reason } = message
    if (state.children.byPid(from)?.pid === from) return { tag: 'exited', pid: from, reason }
    if (isOfFormer(self, message)) return undefined
  }
  reportStray(self, message)
  return undefined
}

/** Anybody may send what looks like an EXIT; only that of a process that has ended is one. */
function isEnd(message: unknown): message is ExitMessage {
  return (
    isExit()(message) &&
    isPid(message.from) &&
    isReason(message.reason) &&
    endOf(message.from) !== null
  )
}

/**
 * A process that was started here and is no child any more: its start failed or was declined, or it
 * had ended just before it was stopped. What there was to know is known.
 */
function isOfFormer(self: Self, { from }: ExitMessage): boolean {
  const record = recordOfPid(from)
  return 'parent' in record && record.parent === self.pid
}

/** Carries out the consequences of an event, one action after the other. */
export async function handle(
  self: Self,
  state: SupervisorState,
  event: SupervisorEvent,
): Promise<Handled> {
  let [current, actions] = step(self, state, event)
  let queue: readonly SupervisorAction[] = actions
  for (let at = 0; at < queue.length; at++) {
    const action = queue[at]!
    switch (action.tag) {
      case 'report':
        reportChild(self, action.about, action.child, action.reason)
        break
      case 'queueRetry':
        deliver(processOfSelf(self), new Retry(action.id))
        break
      case 'giveUp':
        reportShutdown(self, 'reachedMaxRestartIntensity')
        return { state: current, ends: true }
      case 'autoShutdown':
        return { state: current, ends: true }
      case 'stop': {
        const child = current.children.byId(action.id)
        if (child !== undefined) current = await stopChild(self, current, child)
        break
      }
      case 'start': {
        const child = current.children.byId(action.id)
        if (child === undefined) break
        const result = await startSpec(self, child.spec)
        ;[current, actions] = step(self, current, outcomeOf(action.id, result))
        // What follows a failed start in its group waits for the retry.
        if (result.tag === 'error') {
          queue = actions
          at = -1
        }
        break
      }
    }
  }
  return { state: current, ends: false }
}

function outcomeOf(id: string, result: SpecStart): SupervisorEvent {
  if (result.tag === 'error') return { tag: 'startFailed', id, reason: result.reason }
  return { tag: 'started', id, pid: result.pid }
}

export function step(self: Self, state: SupervisorState, event: SupervisorEvent) {
  const { system } = processOfSelf(self)
  return supervise(state, event, { nowMs: system.platform.clock.now() })
}

/** Starts a child and waits for its `init`. Never throws: what goes wrong is the reason. */
export async function startSpec(self: Self, spec: ChildSpec): Promise<SpecStart> {
  const { system } = processOfSelf(self)
  const module = system.modules.find(spec.module)
  if (module === undefined) {
    return { tag: 'error', reason: { tag: 'unknownModule', module: spec.module } }
  }
  const { name, mailbox } = spec
  const options = {
    ...(name === null ? {} : { name }),
    ...(mailbox === undefined ? {} : { mailbox }),
  }
  try {
    const result = await startWith(self, module, spec.arg, options, true)
    if (result.tag === 'error') return result
    if (result.tag === 'ignore') return { tag: 'ok', pid: null }
    reportProgress(self, spec, result.pid)
    return { tag: 'ok', pid: result.pid }
  } catch (error) {
    // What the name's registry or the node refuses: the spec alone does not show it.
    const isRefusal = error instanceof BadArgument || error instanceof Exit
    if (!isRefusal) throw error
    return { tag: 'error', reason: reasonOfThrown(error) }
  }
}

export async function stopChild(
  self: Self,
  state: SupervisorState,
  child: Child,
): Promise<SupervisorState> {
  const { id, shutdown } = child.spec
  if (child.pid !== null) {
    const reason = await shutdownChild(self, child.pid, shutdown)
    if (!isExpectedEnd(shutdown, reason)) reportChild(self, 'shutdownError', child, reason)
  }
  return step(self, state, { tag: 'stopped', id })[0]
}
