/** What a failed call means to a client of the API. Pure. */
import { Exit, type Reason } from 'skein'

/** The HTTP status for the reason a call failed with. */
export function statusOf(reason: Reason): number {
  const kind = typeof reason === 'string' ? reason : reason.tag
  switch (kind) {
    // Nobody has the name.
    case 'noproc':
      return 404
    case 'undef':
      return 405
    case 'timeout':
      return 504
    // It is about to be restarted, its node is down, or too much waits already.
    case 'shutdown':
    case 'killed':
    case 'nodedown':
    case 'noconnection':
    case 'overloaded':
    case 'systemLimit':
      return 503
    default:
      return 500
  }
}

/** The answer to a request that failed; reasons stay inside, their names do not. */
export function failureOf(error: unknown): { readonly status: number; readonly body: object } {
  if (!(error instanceof Exit)) return { status: 500, body: { error: 'internal' } }
  const { reason } = error
  const name = typeof reason === 'string' ? reason : reason.tag
  return { status: statusOf(reason), body: { error: name } }
}
