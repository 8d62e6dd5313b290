/**
 * What bounds a call: its time, and a signal of the caller's. A call that is aborted ends as one
 * whose time is over: its record is done, a remote server's node forgets it, and an answer that
 * still comes is dropped.
 */
import { BadArgument } from '../runtime/index.ts'
import {
  checkSignal,
  checkTimeout,
  LocalCall,
  type Process,
  placeCall,
  runtimeLimits,
  type System,
  show,
} from '../runtime/kernel.ts'
import type { ServerRef } from './protocol.ts'

export type CallLimits = {
  /** Milliseconds to wait for the answer. Default 5000; Infinity waits for ever. */
  readonly timeoutMs?: number
  /** Gives the call up when it is aborted. */
  readonly signal?: AbortSignal
}

type Checked = { readonly timeoutMs: number; readonly signal?: AbortSignal }

/** Throws `BadArgument` for limits that are none. */
export function callLimits(given: number | CallLimits): Checked {
  if (typeof given === 'number') {
    checkTimeout('timeoutMs', given)
    return { timeoutMs: given }
  }
  if (typeof given !== 'object' || given === null) {
    throw new BadArgument(`limits: expected milliseconds or options, got ${show(given)}`)
  }
  for (const key of Object.keys(given)) {
    if (key !== 'timeoutMs' && key !== 'signal') {
      throw new BadArgument(`limits: unknown option '${key}'; known are timeoutMs, signal`)
    }
  }
  const { timeoutMs = runtimeLimits.callTimeoutMs, signal } = given
  checkTimeout('timeoutMs', timeoutMs)
  if (signal === undefined) return { timeoutMs }
  checkSignal('signal', signal)
  return { timeoutMs, signal }
}

/** `startCall` with a signal. */
export function startAbortable(
  system: System,
  caller: Process | null,
  server: ServerRef<unknown>,
  op: string,
  arg: unknown,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const call = new AbortableCall(system, caller, op, arg, resolve, reject)
    if (signal.aborted) call.giveUp('aborted')
    else {
      call.obey(signal)
      placeCall(call, server, timeoutMs)
    }
  })
}

class AbortableCall extends LocalCall {
  #signal: AbortSignal | null = null

  obey(signal: AbortSignal): void {
    this.#signal = signal
    signal.addEventListener('abort', this)
  }

  handleEvent(): void {
    this.giveUp('aborted')
  }

  override finish(): void {
    super.finish()
    this.#signal?.removeEventListener('abort', this)
  }
}
