/**
 * The worker carrier: connections of ordered streams between the threads of one OS process, over
 * MessagePorts. `startWorkers` starts nodes on threads that meet over it; the node that calls it
 * needs this carrier too, alone or with one to other processes beside it.
 */
import type { Carrier } from '../carrier.ts'
import { WorkerEndpoint } from './endpoint.ts'
import { type WorkerCarrierOptions, workerSettings } from './settings.ts'

export type { WorkerLink } from './settings.ts'
export type { WorkerCarrierOptions }

/**
 * A worker carrier: `workerCarrier()`, or `workerCarrier({ beside: quicCarrier({ host, port }) })`
 * for a node that is also in a cluster. Throws a TypeError naming the field and the value for a bad
 * option. `open` fails as the carrier beside it does, and not by itself.
 */
export function workerCarrier(options: WorkerCarrierOptions = {}): Carrier {
  const settings = workerSettings(options)
  return {
    name: 'worker',
    async open(env) {
      const opened = await settings.beside?.open(env)
      if (opened?.tag === 'error') return opened
      return { tag: 'ok', endpoint: new WorkerEndpoint(settings, env, opened?.endpoint) }
    },
  }
}
