/**
 * How a proxy has something relayed: encoded once, handed to the router of its node, and what comes
 * back read again. What is in it only the two ends see in full; the nodes between could, as they
 * are members of the cluster, read and change it.
 */
import type { Reason } from '../../../runtime/index.ts'
import { LocalCall, type Process, placeCall } from '../../../runtime/kernel.ts'
import { local } from '../../../stdlib/index.ts'
import { decodeOutcome, decodeRelayReply, encodeBody, routerName } from '../router/index.ts'
import type { ProxyContext, Service } from './context.ts'
import { reasonOfRelay } from './failure.ts'

/** How it went. For a message the value says that it has arrived. */
export type Relayed =
  | { readonly tag: 'reply'; readonly value: unknown }
  | { readonly tag: 'failed'; readonly reason: Reason }

/** Relays a call, `[op, arg]`, or a message. `done` is called once, unless `process` ends. */
export function relay(
  context: ProxyContext,
  process: Process,
  service: Service,
  kind: 'call' | 'send',
  term: unknown,
  leftMs: number,
  done: (relayed: Relayed) => void,
): LocalCall | undefined {
  const { codec } = context.overlayRouter.context
  const encoded = encodeBody(codec, term)
  if (encoded.tag === 'error') {
    done({ tag: 'failed', reason: encoded.reason })
    return undefined
  }
  const { node, name, text } = service
  const packet = { node, name, text, kind, body: encoded.body }
  const settle = (value: unknown): void => {
    const reply = decodeRelayReply(value)
    if (reply?.tag === 'error') {
      done({ tag: 'failed', reason: reasonOfRelay(reply.reason, node) })
    } else if (reply === undefined || kind === 'send') done({ tag: 'reply', value: null })
    else {
      done(decodeOutcome(codec, reply.body) ?? { tag: 'failed', reason: 'undecodable' })
    }
  }
  // The router of this node has ended: what it had handed on may have arrived.
  const failed = (): void => done({ tag: 'failed', reason: reasonOfRelay('lost', node) })
  const arg = { packet, leftMs }
  const call = new LocalCall(process.system, process, 'relay', arg, settle, failed)
  placeCall(call, local(context.overlayRouter.module, routerName), Number.POSITIVE_INFINITY)
  return call
}
