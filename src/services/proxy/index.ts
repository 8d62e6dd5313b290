/** Processes that stand for services of other nodes. */
export { getProxy, listProxies, type StartedProxy, startProxy, stopProxy } from './api.ts'
export type { ProxyInfo } from './keeper.ts'
export { ServiceProxies } from './start.ts'
