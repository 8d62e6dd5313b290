/** Ways through the overlay: to services that the registry does not know, and to nodes. */
export { findRoute, forgetRoutes, routerStatistics, searchService } from './api.ts'
export { decodeRelayReply, type RelayFailure } from './message.ts'
export { decodeOutcome, encodeBody } from './packet-body.ts'
export type { Sought } from './searches.ts'
export { type Route, type RouterStatistics, routerName } from './server.ts'
export { OverlayRouter } from './start.ts'
