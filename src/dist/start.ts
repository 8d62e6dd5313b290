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
import type { Keypair, Signer, TrustStore } from '../identity/index.ts'
import { Attempts } from './attempts.ts'
import { Choices } from './choices.ts'
import type { DistContext, Resolver } from './context.ts'
import { Incoming } from './incoming.ts'
import { giveUp, kernelModule, kernelName, linksName } from './kernel.ts'
import { linkModule } from './link.ts'
import { closeCode } from './protocol.ts'
import { Router } from './router.ts'

export type DistOptions = {
  readonly system: System
  readonly host: LocalNode
  readonly carrier: Carrier
  readonly tls: TlsMaterial
  readonly keypair: Keypair
  readonly signer: Signer
  readonly trust: TrustStore
  readonly cookie: string
  readonly tickMs: number
  readonly resolve: Resolver
}

export type Dist = {
  readonly router: Router
  readonly endpoint: Endpoint
  /** To be run under a `restForOne` supervisor, in this order. */
  readonly children: readonly ChildSpec[]
}

/** Opens the socket. Nothing is left open when it fails. */
export async function startDist(
  options: DistOptions,
): Promise<{ readonly tag: 'ok'; readonly dist: Dist } | CarrierFailure> {
  const { system, host, carrier, tls, keypair, signer, trust, cookie, tickMs, resolve } = options
  const attempts = new Attempts()
  const router = new Router(system, attempts)
  const opened = await carrier.open({
    platform: system.platform,
    tls,
    onConnection: (connection) => accept(router, attempts, connection),
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
    keypair,
    signer,
    trust,
    cookie,
    tickMs,
    resolve,
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
  return { tag: 'ok', dist: { router, endpoint, children } }
}

function accept(router: Router, attempts: Attempts, connection: Connection): void {
  const incoming = new Incoming(connection)
  connection.handler = incoming
  const id = attempts.add({ role: 'acceptor', connection, incoming })
  if (id === undefined) connection.close(closeCode.limit, 'too many connections are being made')
  else if (router.begin === undefined) giveUp(attempts, id)
  else router.begin(id)
}
