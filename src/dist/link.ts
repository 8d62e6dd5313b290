/**
 * One process per connection: dials or takes an accepted one, authenticates, shakes hands, then
 * watches over the channel with ticks until it ends. Whatever ends the process ends the
 * connection, and the other way round, so that a channel never outlives its supervisor.
 */
import {
  process as defineProcess,
  isExit,
  type Module,
  type Self,
  send,
} from '../../runtime/index.ts'
import type { Address, CarrierFailure, CloseInfo, Connection } from '../carrier/carrier.ts'
import type { AcceptorNonce } from '../identity/index.ts'
import { limits } from '../limits.ts'
import { isFree } from './admission.ts'
import type { Attempt } from './attempts.ts'
import { authStreams } from './auth-pipe.ts'
import { Channel } from './channel.ts'
import type { DistContext } from './context.ts'
import { type Greeting, greet, Opening } from './greeting.ts'
import { Incoming } from './incoming.ts'
import { closeCode, streamKind } from './protocol.ts'

const linkModuleName = 'skein.dist.link'

/** What the link process hears of its connection. */
export type LinkMessage =
  | { readonly tag: '$closed'; readonly info: CloseInfo }
  | { readonly tag: '$ping' }
  | { readonly tag: '$tick' }
  | { readonly tag: '$stop' }

function isLinkMessage<T extends LinkMessage['tag']>(
  tag: T,
): (message: unknown) => message is Extract<LinkMessage, { readonly tag: T }> {
  return (message): message is Extract<LinkMessage, { readonly tag: T }> =>
    typeof message === 'object' && message !== null && 'tag' in message && message.tag === tag
}

export function linkModule(context: DistContext): Module<unknown, number> {
  return defineProcess<number>(linkModuleName, async (self, id) => {
    const begun = context.attempts.begin(id)
    if (begun === undefined) return
    self.onExit(begun.release)
    await runLink(self, context, begun.attempt, begun.release)
  })
}

async function runLink(
  self: Self,
  context: DistContext,
  attempt: Attempt,
  release: () => void,
): Promise<void> {
  const dialed = attempt.role === 'dialer' ? attempt.node : undefined
  if (attempt.role === 'dialer') self.onExit(attempt.ended)
  const opened = attempt.role === 'dialer' ? await dial(self, context, attempt.node) : attempt
  if (opened === undefined) return
  const { connection, incoming } = opened
  const streams = authStreams(connection, incoming)
  incoming.onceClosed((info) => {
    streams.closed()
    send(self.pid, { tag: '$closed', info })
  })
  self.onExit(() => connection.close(closeCode.shutdown, 'link process ended'))

  const { auth, gate } = context
  self.onExit(() => gate.leave(connection, false))
  await self.wait(auth.keys.current())
  if (connection.closed) return
  const opening = new Opening(self, context, connection, incoming)
  // The acceptor has proved its key: what a dialer says next leaves with its own proof.
  const onProven =
    dialed === undefined
      ? undefined
      : (proven: AcceptorNonce) => opening.begin(dialed, proven.acceptorNonce)
  const identifying = auth.identify(connection, streams.pipe, dialed, onProven)
  streams.listen()
  // While the peer is busy with what was sent, what comes next is made ready.
  context.system.platform.turn.later(() => opening.prepare())
  const known = await self.wait(identifying)
  if (known.tag === 'error') {
    mistaken(context, attempt, opened)
    connection.close(closeCode.authenticationFailed, known.reason)
    return
  }
  const authNonce = known.tag === 'ok' ? known.acceptorNonce : undefined
  const begun = opening.begin(known.name, authNonce)
  const greeting = await greet(self, context, connection, known, begun)
  auth.countGreeting(connection, greeting)
  gate.leave(connection, isProven(greeting))
  if (greeting.tag === 'error') {
    reportHandshake(context, known.name, greeting)
    const superseded = greeting.reason === 'superseded'
    if (!isProven(greeting)) mistaken(context, attempt, opened)
    connection.close(superseded ? closeCode.superseded : closeCode.handshakeFailed, greeting.reason)
    // Our dial yielded to the peer's own: what waits here is for that one to deliver.
    if (superseded && dialed !== undefined) await awaitOther(self, context, dialed)
    return
  }
  await keep(self, context, connection, incoming, greeting, release)
}

type Opened = { readonly connection: Connection; readonly incoming: Incoming }
type Dialled = Opened & { readonly address: Address }

/** Tries the addresses of a node in turn. All of them share the time that one would have. */
async function dial(self: Self, context: DistContext, node: string): Promise<Dialled | undefined> {
  const { addresses, system } = context
  const { clock } = system.platform
  const known = await self.wait(addresses.resolve(node))
  if (known.length === 0) system.trace.log('warning', 'no address known for node', { node })
  const deadlineMs = clock.now() + limits.distHandshakeTimeoutMs
  for (const [at, address] of known.entries()) {
    const leftMs = Math.max(1, deadlineMs - clock.now())
    const result = await dialAt(self, context, address, leftMs / (known.length - at))
    if (result.tag === 'ok') return { ...result, address }
    addresses.unreachable(node, address)
    const { reason, message } = result
    system.trace.log('warning', 'dial failed', { node, reason, detail: message })
  }
  return undefined
}

async function dialAt(
  self: Self,
  context: DistContext,
  address: Address,
  timeoutMs: number,
): Promise<({ readonly tag: 'ok' } & Opened) | CarrierFailure> {
  // Taken over in the very turn it is made, whether or not this process still lives.
  const dialing = context.endpoint.dial(address, timeoutMs).then((result) => {
    if (result.tag === 'error') return result
    const incoming = new Incoming(result.connection)
    result.connection.handler = incoming
    return { tag: 'ok', connection: result.connection, incoming } as const
  })
  let taken = false
  self.onExit(() => {
    if (taken) return
    void dialing.then((result) => {
      if (result.tag === 'ok') result.connection.close(closeCode.shutdown, 'link process ended')
    })
  })
  const result = await self.wait(dialing)
  taken = true
  return result
}

/** Whoever answered at the address that was dialled is not the node that was meant. */
function mistaken(context: DistContext, attempt: Attempt, opened: Opened | Dialled): void {
  if (attempt.role !== 'dialer' || !('address' in opened)) return
  context.addresses.unreachable(attempt.node, opened.address)
}

/** Watches over an established channel: ticks out, silence in, orders from above. */
async function keep(
  self: Self,
  context: DistContext,
  connection: Connection,
  incoming: Incoming,
  greeting: Extract<Greeting, { readonly tag: 'ok' }>,
  release: () => void,
): Promise<void> {
  const { router, choices, system, tickMs } = context
  const { control, peer } = greeting
  const channel = new Channel(system, connection, control, peer)
  // It was chosen: what is up all the same is a channel that the peer has lost, or one of a peer
  // that breaks the rule.
  while (!router.up(channel, connection)) {
    if (!(await isFree(self, context, peer))) {
      connection.close(closeCode.superseded, 'superseded')
      return
    }
    if (connection.closed) return
  }
  choices.release(peer.node, connection)
  release()
  self.trapExit(true)
  let reason = 'linkProcessEnded'
  self.onExit(() => {
    context.addresses.forget(peer.node)
    router.down(channel, reason)
  })
  incoming.take(streamKind.data, (stream) => channel.receive(stream))
  self.sendAfter(tickMs, self.pid, { tag: '$tick' } satisfies LinkMessage)
  let heardBytes = -1
  let silentTicks = 0
  for (;;) {
    const message = await self.receive()
    if (isLinkMessage('$closed')(message)) {
      reason = describeClose(message.info)
      return
    }
    if (isLinkMessage('$ping')(message)) control.tick()
    if (isExit()(message)) {
      reason = 'shutdown'
      connection.close(closeCode.shutdown, 'shutdown')
      return
    }
    if (!isLinkMessage('$tick')(message)) continue
    const { receivedBytes } = connection.statistics()
    silentTicks = receivedBytes === heardBytes ? silentTicks + 1 : 0
    heardBytes = receivedBytes
    if (silentTicks >= limits.distSilentTicksMax) {
      reason = 'tickTimeout'
      connection.close(closeCode.tickTimeout, reason)
      return
    }
    if (channel.stalled) {
      reason = 'limit'
      connection.close(closeCode.limit, 'not reading')
      return
    }
    control.tick()
    self.sendAfter(tickMs, self.pid, { tag: '$tick' } satisfies LinkMessage)
  }
}

/** Waits until the peer's own connection is up, or for a bounded time. */
async function awaitOther(self: Self, context: DistContext, node: string): Promise<void> {
  const up = new Promise<null>((resolve) => {
    context.router.connect(node, () => resolve(null))
    context.system.timeouts.add(limits.distSimultaneousWaitMs, () => resolve(null))
  })
  await self.wait(up)
}

function describeClose(info: CloseInfo): string {
  if (info.by === 'idle') return 'connectionTimeout'
  if (info.by === 'error') return 'connectionError'
  const named = Object.entries(closeCode).find(([, code]) => code === info.code)
  return named === undefined || named[0] === 'shutdown' ? 'connectionClosed' : named[0]
}

/** The cookie was right, or there was no need to ask: a connection to this very node is there. */
function isProven(greeting: Greeting): boolean {
  const { tag } = greeting
  return tag === 'ok' || greeting.reason === 'superseded' || greeting.reason === 'alive'
}

function reportHandshake(
  context: DistContext,
  node: string,
  { reason, detail }: Extract<Greeting, { readonly tag: 'error' }>,
): void {
  const level = reason === 'superseded' || reason === 'alive' ? 'debug' : 'warning'
  context.system.trace.log(level, 'dist handshake failed', {
    node,
    reason,
    ...(detail === undefined ? {} : { detail }),
  })
}
