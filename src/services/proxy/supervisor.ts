/** The supervisor of the proxies of a node: none is restarted, for its service may be gone. */
import type { Module } from '../../../runtime/index.ts'
import { type DynamicSupervisor, dynamicSupervisor, template } from '../../../stdlib/index.ts'
import { limits } from '../../limits.ts'
import type { Service } from './context.ts'

export const proxiesName = 'skein.proxySupervisor'

export type Proxies = Module<DynamicSupervisor<Service>, undefined>

export function proxySupervisor(proxy: Module<unknown, Service>): Proxies {
  return dynamicSupervisor<Service, undefined>(proxiesName, () => ({
    template: template(proxy, {
      restart: 'temporary',
      mailbox: { max: limits.proxyMailboxMax, overflow: 'suspend' },
    }),
    maxChildren: limits.proxiesMax,
  }))
}
