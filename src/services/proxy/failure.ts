/** What callers of a proxy are told when a call did not reach its service. */
import type { Reason } from '../../../runtime/index.ts'
import type { RelayFailure } from '../router/index.ts'

/**
 * The reason of a relayed call that failed on the way. A way that broke is as if the service's node
 * were lost: whether the call arrived nobody knows.
 */
export function reasonOfRelay(failure: RelayFailure, node: string): Reason {
  return failure === 'lost' ? { tag: 'nodedown', node } : failure
}

/** The reason of a direct call that failed: a service that has ended is one that is not found. */
export function reasonOfCall(reason: Reason): Reason {
  return reason === 'noproc' ? 'serviceNotFound' : reason
}
