/**
 * Why a name went, as other nodes are told: the reason its process ended with, without stacks and
 * cut down to its tag when it is large or cannot be sent. A name must go even where the reason of
 * its going cannot.
 */
import type { Reason } from '../../../runtime/index.ts'
import { isReason, withoutStack } from '../../../runtime/kernel.ts'
import { limits } from '../../limits.ts'
import type { Codec } from '../../wire/index.ts'

/** The cause to tell others of an end with `reason`. */
export function causeOf(reason: Reason, codec: Codec, exposeStacks: boolean): Reason {
  if (typeof reason === 'string' && reason.length <= limits.serviceTagMaxChars) return reason
  const told = exposeStacks ? reason : withoutStack(reason)
  const encoded = codec.encode(told, 'reason')
  const isSmall = encoded.tag === 'ok' && encoded.bytes.length <= limits.serviceReasonMaxBytes
  return isSmall ? told : short(told)
}

/**
 * The reason a peer gave for an entry that is gone: undefined when it gave none, which means that
 * the process took its name back. What a node that went is told of as is `{ tag, node }`.
 */
export function reasonOf(cause: unknown, node: string): Reason | undefined {
  if (cause === undefined || cause === null) return undefined
  if (!isReason(cause)) return 'unknown'
  if (typeof cause === 'string') return cause
  const isOfNode = cause.tag === 'nodedown' || cause.tag === 'left' || cause.tag === 'restarted'
  return isOfNode ? { tag: cause.tag, node } : cause
}

function short(reason: Reason): Reason {
  const most = limits.serviceTagMaxChars
  if (typeof reason === 'string') return clean(reason.slice(0, most))
  return { tag: clean(reason.tag.slice(0, most)), cut: true }
}

/** Cutting may have left half of a character. */
function clean(text: string): string {
  return text.replace(/\p{Surrogate}/gu, '?')
}
