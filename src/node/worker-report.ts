/**
 * What a worker's thread and the node that started it say to each other, beside the nodes' own
 * channel: one order, and how the worker's node fares.
 */

/** What a thread says of its node. */
export type WorkerReport =
  | { readonly tag: 'ready' }
  /** It could not start. */
  | { readonly tag: 'failed'; readonly message: string }
  /** It has stopped in order, as it was told or because it cannot go on. */
  | { readonly tag: 'stopped'; readonly byItself: boolean }

/** What a thread is told: to stop its node in order. */
export const stopOrder = 'stop'

export function isWorkerReport(message: unknown): message is WorkerReport {
  if (typeof message !== 'object' || message === null || !('tag' in message)) return false
  switch (message.tag) {
    case 'ready':
      return true
    case 'failed':
      return 'message' in message && typeof message.message === 'string'
    case 'stopped':
      return 'byItself' in message && typeof message.byItself === 'boolean'
    default:
      return false
  }
}
