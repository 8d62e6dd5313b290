/**
 * What an exit signal does to its receiver: OTP's table, rules X1 to X12, as a pure function.
 *
 * `kill` is untrappable only as an explicit exit signal; as the reason of a broken link it is an
 * ordinary term. Only a process's own `exit(self, 'normal')` treats `normal` as fatal.
 */
import type { Reason } from './exit.ts'

/** Where the signal came from: another's `exit(pid, R)`, a link, or the process's own `exit`. */
export type ExitSource = 'exit' | 'link' | 'self'

export type ExitEffect =
  | { readonly tag: 'ignore' }
  | { readonly tag: 'die'; readonly reason: Reason }
  | { readonly tag: 'message'; readonly reason: Reason }

const ignore: ExitEffect = { tag: 'ignore' }
const killed: ExitEffect = { tag: 'die', reason: 'killed' }

export function exitRule(source: ExitSource, reason: Reason, trapping: boolean): ExitEffect {
  if (reason === 'kill' && source !== 'link') return killed
  if (trapping) return { tag: 'message', reason }
  if (reason === 'normal' && source !== 'self') return ignore
  return { tag: 'die', reason }
}
