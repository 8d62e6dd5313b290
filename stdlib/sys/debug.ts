/**
 * What is installed in one server to watch it (OTP `sys:dbg_opt()`): hooks, a log of the last
 * events, counts, and a trace in the node's log. A server has none of this until it is asked for.
 *
 * A hook that fails is removed and reported; the server never notices (rule Y4).
 */
import { type Process, reasonOfThrown, runtimeLimits } from '../../runtime/kernel.ts'
import { done, type Install, type SysHook } from './command.ts'
import type { SysEvent } from './event.ts'
import { snapshot } from './snapshot.ts'
import { SpecialState } from './special.ts'

/** Counts since statistics were switched on. Times are the node's wall clock, in milliseconds. */
export type SysStatistics = {
  readonly sinceMs: number
  readonly nowMs: number
  readonly messagesIn: number
  readonly messagesOut: number
}

type Hook = { readonly hook: SysHook<unknown>; state: unknown }

export class Debug {
  readonly #process: Process
  readonly #hooks = new Map<string, Hook>()
  #tracing = false
  #logSize = 0
  /** A ring: `#logged` is how many were ever written. */
  #log: SysEvent[] = []
  #logged = 0
  #counts: { readonly sinceMs: number; in: number; out: number } | null = null

  constructor(process: Process) {
    this.#process = process
  }

  /** Nothing is installed any more. */
  get idle(): boolean {
    return this.#hooks.size === 0 && !this.#tracing && this.#logSize === 0 && this.#counts === null
  }

  get hooks(): readonly string[] {
    return [...this.#hooks.keys()]
  }

  /** False when there are too many, or one has the name. */
  install({ name, hook, initial }: Install): boolean {
    if (this.#hooks.has(name) || this.#hooks.size >= runtimeLimits.sysHooksMax) return false
    this.#hooks.set(name, { hook, state: initial })
    return true
  }

  remove(name: string): boolean {
    return this.#hooks.delete(name)
  }

  trace(on: boolean): void {
    this.#tracing = on
  }

  keepLog(size: number): void {
    this.#logSize = Math.min(size, runtimeLimits.sysLogMax)
    this.#log = []
    this.#logged = 0
  }

  /** The events kept, oldest first, copied. */
  readLog(): readonly unknown[] {
    const start = this.#logged % Math.max(1, this.#log.length)
    return [...this.#log.slice(start), ...this.#log.slice(0, start)].map(snapshot)
  }

  count(on: boolean): void {
    this.#counts = on
      ? { sinceMs: this.#process.system.platform.clock.wallMs(), in: 0, out: 0 }
      : null
  }

  readCounts(): SysStatistics | null {
    if (this.#counts === null) return null
    const { sinceMs, in: messagesIn, out: messagesOut } = this.#counts
    return { sinceMs, nowMs: this.#process.system.platform.clock.wallMs(), messagesIn, messagesOut }
  }

  tell(told: SysEvent | null): void {
    if (told === null) return
    const event = briefly(told)
    if (this.#counts !== null) {
      if (event.tag === 'in') this.#counts.in++
      else if (event.tag === 'out') this.#counts.out++
    }
    if (this.#logSize > 0) this.#log[this.#logged++ % this.#logSize] = event
    if (this.#tracing) this.#report('debug', `sys: ${event.tag}`, untold(event))
    for (const [name, installed] of this.#hooks) this.#run(name, installed, event)
  }

  #run(name: string, installed: Hook, event: SysEvent): void {
    try {
      const result = installed.hook(installed.state, event, this.#process.module)
      if (result instanceof Promise) {
        result.catch(() => undefined)
        throw new TypeError('a hook must not be async')
      }
      if (result === done) this.#hooks.delete(name)
      else installed.state = result
    } catch (error) {
      this.#hooks.delete(name)
      this.#report('warning', 'sys: hook removed', { hook: name, reason: reasonOfThrown(error) })
    }
  }

  #report(
    level: 'debug' | 'warning',
    message: string,
    fields: Readonly<Record<string, unknown>>,
  ): void {
    const { system, pid, module } = this.#process
    system.trace.log(level, message, { pid, module, ...fields })
  }
}

function briefly(event: SysEvent): SysEvent {
  const { state } = event
  return state instanceof SpecialState ? { ...event, state: state.brief() } : event
}

/** The trace does not show states: it may be kept where they must not be. */
function untold(event: SysEvent): Readonly<Record<string, unknown>> {
  const { tag: _tag, state: _state, ...fields } = event
  return fields
}
