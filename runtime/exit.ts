/**
 * Exit reasons: plain data that crosses nodes. A reason is a string (`'normal'`, `'noproc'`, ...)
 * or an object with a `tag`. Ending by value (`return exit(reason)`) is the normal way, throwing
 * is for errors; an `Error` becomes data once, where the process ends.
 *
 * OTP's pairs `{E, Stack}` and `{nocatch, V}` are `{ tag: 'error', ... }` and `{ tag: 'nocatch' }`.
 */
export type Reason = string | { readonly tag: string; readonly [field: string]: unknown }

/**
 * Thrown by a failed `call`, by a timed-out `receive`, and by anyone who wants to end a process
 * with a reason of their own. Uncaught, it ends the process with `reason`, verbatim.
 */
export class Exit extends Error {
  override readonly name = 'Exit'
  readonly reason: Reason

  constructor(reason: Reason, detail?: string) {
    super(detail ? `${detail}: ${formatReason(reason)}` : formatReason(reason))
    this.reason = reason
  }
}

/** OTP's `badarg`: a caller broke the contract of a function. The message names the argument. */
export class BadArgument extends Error {
  override readonly name = 'BadArgument'
}

/** Thrown by every operation of a `self` whose process has ended. Never an exit reason. */
export class Exited extends Error {
  override readonly name = 'Exited'

  constructor() {
    super('this process has ended: its self no longer works')
  }
}

/** What `exit(reason)` returns and a process body gives back to end with that reason. */
export class ExitOutcome {
  readonly reason: Reason

  constructor(reason: Reason) {
    this.reason = reason
  }
}

/** `return exit(reason)` ends a process with `reason` (OTP `exit/1`) at less cost than a throw. */
export function exit(reason: Reason): ExitOutcome {
  return new ExitOutcome(reason)
}

/** `normal`, `shutdown` and `{ tag: 'shutdown' }`: ends that are not worth a report or restart. */
export function isOrderly(reason: Reason): boolean {
  return (
    reason === 'normal' ||
    reason === 'shutdown' ||
    (typeof reason === 'object' && reason.tag === 'shutdown')
  )
}

/** The exit reason of a body that threw `thrown`. Never throws, whatever `thrown` does. */
export function reasonOfThrown(thrown: unknown): Reason {
  try {
    if (thrown instanceof Exit) return thrown.reason
    if (thrown instanceof Error) {
      const { name, message, stack } = thrown
      return { tag: 'error', name: `${name}`, message: `${message}`, stack: `${stack ?? ''}` }
    }
    return { tag: 'nocatch', value: describeThrown(thrown) }
  } catch {
    return { tag: 'nocatch', value: 'a value that cannot be read' }
  }
}

/** One line for messages and logs. */
export function formatReason(reason: Reason): string {
  if (typeof reason === 'string') return reason
  try {
    if (reason.tag === 'error') return `${String(reason.name)}: ${String(reason.message)}`
    return JSON.stringify(reason) ?? `{ tag: ${reason.tag} }`
  } catch {
    return `{ tag: ${reason.tag} }`
  }
}

/**
 * The same reason without stacks, also those of reasons within it (a supervisor's reason holds its
 * child's), for peers that must not see our source paths.
 */
export function withoutStack(reason: Reason, depth = 8): Reason {
  if (typeof reason === 'string') return reason
  const fields = Object.entries(reason).filter(([field]) => field !== 'stack')
  const inner = fields.map(([field, value]) => [
    field,
    depth > 0 && isPlain(value) && isReason(value) ? withoutStack(value, depth - 1) : value,
  ])
  return { ...Object.fromEntries(inner), tag: reason.tag }
}

function isPlain(value: unknown): boolean {
  return (
    typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype
  )
}

export function isReason(value: unknown): value is Reason {
  return (
    typeof value === 'string' ||
    (typeof value === 'object' && value !== null && 'tag' in value && typeof value.tag === 'string')
  )
}

function describeThrown(thrown: unknown): string | number | boolean | null {
  switch (typeof thrown) {
    case 'string':
    case 'number':
    case 'boolean':
      return thrown
    default:
      return thrown === null ? null : String(thrown)
  }
}
