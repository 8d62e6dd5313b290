/**
 * What a program asks of the overlay: who its neighbours are, and to be told of them; to join and
 * to leave it, on which the member list builds (`members/api.ts`). A node without a carrier, one
 * that hides and one started with `cluster: false` has no overlay and is refused.
 */
import { BadArgument, type Caller, type Self } from '../../runtime/index.ts'
import { processOfSelf, show, systemOf } from '../../runtime/kernel.ts'
import { call, local } from '../../stdlib/index.ts'
import { partOf } from '../dist/index.ts'
import { validateNodeName } from '../identity/index.ts'
import type { MembershipView } from './observe.ts'
import { type MembershipServer, membershipName } from './server.ts'
import { Overlay } from './start.ts'

/**
 * Joins the overlay through `contact`, also after `leave`: it is dialled and asked meanwhile.
 * Throws `BadArgument` for what is no node name, and for the node itself.
 */
export async function join(caller: Caller, contact: string): Promise<void> {
  const overlay = overlayOf(caller, 'join')
  checkContact(caller, contact)
  await call(caller, server(overlay), 'join', contact)
}

/** Throws as `join` does. */
export function checkContact(caller: Caller, contact: unknown): void {
  if (typeof contact !== 'string' || validateNodeName(contact).tag === 'error') {
    throw new BadArgument(`join: expected the name of a node, got ${show(contact)}`)
  }
  if (contact === systemOf(caller).node) {
    throw new BadArgument(`join: ${contact} is this node itself`)
  }
}

/** Leaves the overlay, and looks for no neighbours until it joins again. Its channels stay. */
export async function leave(caller: Caller): Promise<void> {
  await call(caller, server(overlayOf(caller, 'leave')), 'leave')
}

/** The views of this node, with reasons and ages. */
export function membership(caller: Caller): Promise<MembershipView> {
  return call(caller, server(overlayOf(caller, 'membership')), 'view')
}

/** Names of the nodes that this one gossips with, oldest first. */
export async function activeView(caller: Caller): Promise<readonly string[]> {
  return (await membership(caller)).active.map(({ node }) => node)
}

/** Names of the spare ones it knows. */
export async function passiveView(caller: Caller): Promise<readonly string[]> {
  return (await membership(caller)).passive.map(({ node }) => node)
}

/**
 * Tells the calling process of neighbours coming and going: `{ tag: 'peerUp', node }`,
 * `{ tag: 'peerDown', node, reason }`, `{ tag: 'joined' }` and `{ tag: 'left' }` of this node; and
 * `{ tag: 'resync', source: 'membership' }` when events may have been missed. Asking again changes
 * nothing.
 */
export function subscribeMembership(self: Self): void {
  overlayOf(self, 'subscribeMembership').subscriptions.add(processOfSelf(self))
}

export function unsubscribeMembership(self: Self): void {
  overlayOf(self, 'unsubscribeMembership').subscriptions.remove(processOfSelf(self))
}

function server({ module }: Overlay): ReturnType<typeof local<MembershipServer>> {
  return local(module, membershipName)
}

function overlayOf(caller: Caller, what: string): Overlay {
  const overlay = partOf(caller, Overlay)
  if (overlay !== undefined) return overlay
  throw noOverlay(caller, what)
}

/** For `what` that a node cannot do because it takes no part in a cluster. */
export function noOverlay(caller: Caller, what: string): BadArgument {
  const why = "it has no carrier, hides, or was started with 'cluster: false'"
  return new BadArgument(`${what}: ${systemOf(caller).node} has no overlay: ${why}`)
}
