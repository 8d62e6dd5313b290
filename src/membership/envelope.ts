/**
 * What travels around a membership message: where the nodes are that it names, so that whoever
 * hears of a node can dial it. Addresses are hints that anybody may have made up; who answers at
 * one must prove its name all the same.
 */
import type { Address } from '../carrier/carrier.ts'
import { decodeAddress } from '../discovery/index.ts'
import { validateNodeName } from '../identity/index.ts'
import { limits } from '../limits.ts'
import { decodeMembership, type MembershipMessage } from './message.ts'

/** Of a shuffle: its origin, and as many as it may name. */
const hintsMax = limits.membershipPeersMax + 1

type Hint = { readonly node: string; readonly address: Address }

export type Opened = { readonly message: MembershipMessage; readonly hints: readonly Hint[] }

/** The message with what is known of the whereabouts of those it names. */
export function envelope(
  message: MembershipMessage,
  addressOf: (node: string) => Address | undefined,
): unknown {
  const hints: unknown[] = []
  for (const node of namedIn(message)) {
    const address = addressOf(node)
    if (address !== undefined) hints.push([node, address.host, address.port])
  }
  return [message, hints]
}

/** Undefined for anything that is not a membership message in its envelope. */
export function openEnvelope(body: unknown): Opened | undefined {
  if (!Array.isArray(body) || body.length !== 2) return undefined
  const [inner, given]: readonly unknown[] = body
  const message = decodeMembership(inner)
  if (message === undefined || !Array.isArray(given) || given.length > hintsMax) return undefined
  return { message, hints: given.flatMap(hintIn) }
}

/** One that cannot be used is left out: the message is good without it. */
function hintIn(value: unknown): readonly Hint[] {
  if (!Array.isArray(value)) return []
  const [node, host, port]: readonly unknown[] = value
  const address = decodeAddress({ host, port })
  if (typeof node !== 'string' || address === undefined) return []
  return validateNodeName(node).tag === 'ok' ? [{ node, address }] : []
}

function namedIn(message: MembershipMessage): readonly string[] {
  switch (message.tag) {
    case 'forwardJoin':
      return [message.peer.node]
    case 'neighborReply':
    case 'disconnect':
    case 'shuffleReply':
      return message.peers.map(({ node }) => node)
    case 'shuffle':
      return [message.origin, ...message.peers.map(({ node }) => node)]
    default:
      return []
  }
}
