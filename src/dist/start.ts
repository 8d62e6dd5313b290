/**
 * Puts dist together: router, socket, net kernel and link supervisor. `startDist` opens the socket
 * and installs the route; the supervised part is returned as child specs for the node's tree.
 */
import type { LocalNode } from '../../runtime/index.ts'
import type { System } from '../../runtime/kernel.ts'
import { type ChildSpec, child, supervisor } from '../../stdlib/index.ts'
import type {
  Carrier,
  CarrierFailure,
  Connection,
  Endpoint,
  TlsMaterial,
} from '../carrier/carrier.ts'
import { Metrics } from '../metrics/index.ts'
import { Attempts } from './attempts.ts'
import { Choices } from './choices.ts'
import type { AddressBook, DistContext } from './context.ts'
import { InboundGate } from './inbound-gate.ts'
import { Incoming } from './incoming.ts'
import { giveUp, kernelModule, kernelName, linksName } from './kernel.ts'
import { linkModule } from './link.ts'
import { PeerAuth, type PeerAuthOptions } from './peer-auth.ts'
import { closeCode, flagsOf } from './protocol.ts'
import { Router } from './router.ts'

export type DistOptions = {
  readonly system: System
  readonly host: LocalNode
  readonly carrier: Carrier
  readonly tls: TlsMaterial
  readonly auth: PeerAuthOptions
  readonly cookie: string
  readonly hidden: boolean
  readonly tickMs: number
  readonly addresses: AddressBook
}

export type Dist = {
  readonly router: Router
  readonly metrics: Metrics
  readonly endpoint: Endpoint
  /** To be run under a `restForOne` supervisor, in this order. */
  readonly children: readonly ChildSpec[]
}

/** Opens the socket. Nothing is left open when it fails. */
export async function startDist(
  options: DistOptions,
): Promise<{ readonly tag: 'ok'; readonly dist: Dist } | CarrierFailure> {
  const { system, host, carrier, tls, cookie, hidden, tickMs, addresses } = options
  const attempts = new Attempts()
  const router = new Router(system, attempts, hidden)
  const metrics = new Metrics()
  const auth = new PeerAuth(system, metrics, options.auth)
  const gate = new InboundGate(system, metrics)
  router.auth = auth
  const opened = await carrier.open({
    platform: system.platform,
    tls,
    onConnection: (connection) => accept(gate, router, attempts, connection),
    admits: (host) => gate.admits(host),
  })
  if (opened.tag === 'error') return opened
  const { endpoint } = opened
  const context: DistContext = {
    system,
    host,
    router,
    attempts,
    choices: new Choices(),
    endpoint,
    auth,
    gate,
    cookie,
    flags: flagsOf(hidden),
    tickMs,
    addresses,
  }
  const link = linkModule(context)
  const links = supervisor(linksName, (_: undefined) => ({ children: [] }))
  const kernel = kernelModule(context, link, links)
  for (const module of [link, links, kernel]) system.modules.addShielded(module)
  system.route = router
  const children = [
    child(links, undefined, { id: 'links', name: linksName }),
    child(kernel, undefined, { id: 'kernel', name: kernelName }),
  ]
  return { tag: 'ok', dist: { router, metrics, endpoint, children } }
}

function accept(
  gate: InboundGate,
  router: Router,
  attempts: Attempts,
  connection: Connection,
): void {
  const incoming = new Incoming(connection)
  connection.handler = incoming
  if (!gate.enter(connection)) return
  const id = attempts.add({ role: 'acceptor', connection, incoming })
  if (id === undefined) {
    gate.leave(connection, false)
    connection.close(closeCode.limit, 'too many connections are being made')
  } else if (router.begin === undefined) giveUp(attempts, id)
  else router.begin(id)
}
