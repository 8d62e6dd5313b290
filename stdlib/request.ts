/**
 * Calls whose answer is picked up later (OTP `gen_server:send_request/2` and what goes with it).
 * The response lies in the mailbox until then, so a server may send a request from one callback
 * and find the response in `info`, without waiting; it keeps its place among the other messages of
 * the process that answers (rule O6).
 *
 * A request that is given up is done: what comes for it later is dropped where it arrives, and
 * never reaches the mailbox (rules A5, G16).
 *
 * Differences from OTP: a collection is changed in place and not copied; a request to oneself
 * gets the error `callingSelf`.
 */
import { BadArgument, type Reason, type Reference, type Self } from '../runtime/index.ts'
import {
  callerProcess,
  checkTimeout,
  deliver,
  LocalCall,
  parkedCaller,
  placeCall,
  prepare,
  processOfSelf,
  reasonOfThrown,
  show,
} from '../runtime/kernel.ts'
import type { ArgsOf, Calls, OpOf, ReplyOf, ServerRef } from './protocol.ts'
import { type Labelled, RequestCollection } from './request-collection.ts'

declare const response: unique symbol

/** A request that was sent: good for one response. */
export type RequestId<R> = Reference & { readonly [response]?: R }

/** How a request went. `server` is what the request was sent to. */
export type RequestResult<R> =
  | { readonly tag: 'reply'; readonly value: R }
  | { readonly tag: 'error'; readonly reason: Reason; readonly server: ServerRef<unknown> }

/** A response as it lies in the mailbox; `checkResponse` tells whose it is. */
type ResponseMessage = {
  readonly tag: 'response'
  readonly request: Reference
  readonly response: RequestResult<unknown>
}

type Timeout = { readonly tag: 'timeout' }
type NoRequest = { readonly tag: 'noRequest' }
type NoReply = { readonly tag: 'noReply' }

const timedOut: Timeout = Object.freeze({ tag: 'timeout' })
const noRequest: NoRequest = Object.freeze({ tag: 'noRequest' })
const noReply: NoReply = Object.freeze({ tag: 'noReply' })

/**
 * Sends an operation and returns at once; the response waits in the mailbox of this process for
 * `receiveResponse`, `waitResponse` or `checkResponse`. A server that is not there, or ends before
 * it has answered, gives a response of tag `error`. Throws `BadArgument` for an argument that
 * cannot be sent.
 */
export function sendRequest<P, Op extends OpOf<Calls<P>>>(
  self: Self,
  server: ServerRef<P>,
  op: Op,
  ...[arg]: ArgsOf<Calls<P>[Op]>
): RequestId<ReplyOf<Calls<P>[Op]>> {
  const caller = processOfSelf(self)
  const { system } = caller
  const settle = (result: RequestResult<unknown>): void => {
    const message: ResponseMessage = { tag: 'response', request, response: result }
    deliver(caller, message)
  }
  const sent = system.checked ? prepare(arg, 'arg') : arg
  const request: LocalCall = new LocalCall(
    system,
    caller,
    op,
    sent,
    (value) => settle({ tag: 'reply', value }),
    (error) => settle({ tag: 'error', reason: reasonOfThrown(error), server }),
  )
  placeCall(request, server, Number.POSITIVE_INFINITY)
  return request
}

/**
 * Waits for the response to a request, or to one of a collection, which then leaves it. After
 * `timeoutMs` (for ever unless told) gives `{ tag: 'timeout' }`, and what was waited for is given
 * up. An empty collection gives `{ tag: 'noRequest' }`.
 */
export function receiveResponse<R>(
  self: Self,
  request: RequestId<R>,
  timeoutMs?: number,
): Promise<RequestResult<R> | Timeout>
export function receiveResponse<R, L>(
  self: Self,
  requests: RequestCollection<R, L>,
  timeoutMs?: number,
): Promise<Labelled<RequestResult<R>, L> | Timeout | NoRequest>
export async function receiveResponse(
  self: Self,
  wanted: Wanted,
  timeoutMs: number = Number.POSITIVE_INFINITY,
): Promise<unknown> {
  const result = await waited(self, wanted, timeoutMs)
  if (result === timedOut) abandonRequest(self, wanted)
  return result
}

/** `receiveResponse` that gives nothing up: after a timeout it can be waited for again. */
export function waitResponse<R>(
  self: Self,
  request: RequestId<R>,
  timeoutMs?: number,
): Promise<RequestResult<R> | Timeout>
export function waitResponse<R, L>(
  self: Self,
  requests: RequestCollection<R, L>,
  timeoutMs?: number,
): Promise<Labelled<RequestResult<R>, L> | Timeout | NoRequest>
export function waitResponse(
  self: Self,
  wanted: Wanted,
  timeoutMs: number = Number.POSITIVE_INFINITY,
): Promise<unknown> {
  return waited(self, wanted, timeoutMs)
}

/**
 * Whether `message`, which came to this process, is the response to the request, or to one of the
 * collection, which then leaves it. `{ tag: 'noReply' }` if it is anything else.
 */
export function checkResponse<R>(
  message: unknown,
  request: RequestId<R>,
): RequestResult<R> | NoReply
export function checkResponse<R, L>(
  message: unknown,
  requests: RequestCollection<R, L>,
): Labelled<RequestResult<R>, L> | NoReply | NoRequest
export function checkResponse(message: unknown, wanted: Wanted): unknown {
  checkWanted(wanted)
  if (isEmpty(wanted)) return noRequest
  return isResponse(message) && isFor(message, wanted) ? taken(message, wanted) : noReply
}

/** Gives a request, or all of a collection, up: no response will come to the mailbox. */
export function abandonRequest(
  self: Self,
  wanted: RequestId<unknown> | RequestCollection<unknown, unknown>,
): void {
  checkWanted(wanted)
  const owner = callerProcess(self)
  const requests = wanted instanceof RequestCollection ? wanted.clear() : [wanted]
  for (const request of requests) {
    if (!(request instanceof LocalCall) || request.caller !== owner) continue
    if (!request.done) request.abandon()
    else {
      // The one look finds a response that has come already; anything else stays as it was.
      self.receive((message) => isResponse(message) && message.request === request, {
        timeoutMs: 0,
        otherwise: null,
      })
    }
  }
}

type Wanted = RequestId<unknown> | RequestCollection<unknown, unknown>

async function waited(self: Self, wanted: Wanted, timeoutMs: number): Promise<unknown> {
  await parkedCaller(self)
  checkWanted(wanted)
  checkTimeout('timeoutMs', timeoutMs)
  if (isEmpty(wanted)) return noRequest
  checkOwner(self, wanted)
  const matches = (message: unknown): message is ResponseMessage =>
    isResponse(message) && isFor(message, wanted)
  const message = await self.receive(matches, { timeoutMs, otherwise: null })
  return message === null ? timedOut : taken(message, wanted)
}

function taken({ request, response }: ResponseMessage, wanted: Wanted): unknown {
  if (!(wanted instanceof RequestCollection)) return response
  return { ...response, label: wanted.take(request) }
}

function isFor(message: ResponseMessage, wanted: Wanted): boolean {
  return wanted instanceof RequestCollection
    ? wanted.has(message.request)
    : message.request === wanted
}

function isEmpty(wanted: Wanted): boolean {
  return wanted instanceof RequestCollection && wanted.size === 0
}

function isResponse(message: unknown): message is ResponseMessage {
  return (
    typeof message === 'object' &&
    message !== null &&
    'tag' in message &&
    message.tag === 'response' &&
    'request' in message &&
    message.request instanceof LocalCall
  )
}

function checkWanted(wanted: unknown): void {
  if (wanted instanceof LocalCall || wanted instanceof RequestCollection) return
  throw new BadArgument(`request: expected what sendRequest returned, got ${show(wanted)}`)
}

/** A response goes to the mailbox of the sender; another process would wait in vain. */
function checkOwner(self: Self, wanted: Wanted): void {
  const owner = callerProcess(self)
  if (wanted instanceof LocalCall && wanted.caller !== owner) {
    throw new BadArgument('request: another process has sent it')
  }
}
