/** Channels between endpoints that are all to reach each other: one for every two of them. */
import { MessageChannel } from 'node:worker_threads'
import type { Address } from '../carrier.ts'
import type { WorkerLink } from './settings.ts'

/** The links of each of `addresses`, in their order. */
export function mesh(addresses: readonly Address[]): readonly (readonly WorkerLink[])[] {
  const links: WorkerLink[][] = addresses.map(() => [])
  for (const [here, address] of addresses.entries()) {
    for (const [there, other] of addresses.entries()) {
      if (there >= here) break
      const { port1, port2 } = new MessageChannel()
      links[here]?.push({ address: other, port: port1 })
      links[there]?.push({ address, port: port2 })
    }
  }
  return links
}
