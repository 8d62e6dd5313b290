/** What the compiler refuses about requests, calls to many, hooks and the log. Never run. */
import type { Ref, Self } from '../../runtime/index.ts'
import {
  abcast,
  addLogHandler,
  at,
  callWithin,
  checkResponse,
  genServer,
  local,
  log,
  multiCall,
  next,
  RequestCollection,
  type RequestId,
  receiveResponse,
  reply,
  sendRequest,
  start,
  startable,
  startMonitor,
  sys,
} from '../../stdlib/index.ts'

type Cart = {
  calls: { count: () => number; find: (item: string) => boolean }
  casts: { add: (n: number) => void }
}

declare const self: Self
declare const cart: Ref<Cart>

const Cart = genServer<Cart>('types.requests.cart')({
  init: (count: number) => count,
  calls: { count: (count) => reply(count, count), find: (count) => reply(true, count) },
  casts: { add: (count, n) => next(count + n) },
  formatStatus: (count) => count.toFixed(),
})

export async function requests(): Promise<void> {
  const request = sendRequest(self, cart, 'count')
  // @ts-expect-error there is no such operation
  sendRequest(self, cart, 'size')
  // @ts-expect-error the operation takes a string
  sendRequest(self, cart, 'find', 5)
  // @ts-expect-error a cast is not answered
  sendRequest(self, cart, 'add', 5)
  const response = await receiveResponse(self, request)
  // @ts-expect-error it may have timed out or failed
  response.value
  if (response.tag === 'reply') {
    const count: number = response.value
    // @ts-expect-error the reply is a number
    const text: string = response.value
    void [count, text]
  }
  const requests = new RequestCollection<number, 'mine' | 'yours'>()
  requests.add(request, 'mine')
  // @ts-expect-error another label
  requests.add(request, 'theirs')
  // @ts-expect-error another reply
  requests.add(sendRequest(self, cart, 'find', 'x'), 'yours')
  const first = await receiveResponse(self, requests)
  if (first.tag === 'reply') {
    const label: 'mine' | 'yours' = first.label
    void label
  }
  // @ts-expect-error a server is no request
  await receiveResponse(self, cart)
  // @ts-expect-error the response of another request
  const other: RequestId<string> = request
  void other
  const checked = checkResponse({}, request)
  // @ts-expect-error one request has no label
  checked.label
}

export async function many(): Promise<void> {
  const servers = [at('a@b', Cart, 'cart')]
  const { replies } = await multiCall(self, 100, servers, 'find', 'x')
  const found: readonly boolean[] = replies.map(({ value }) => value)
  // @ts-expect-error a local name is of one node
  await multiCall(self, 100, [local(Cart, 'cart')], 'find', 'x')
  // @ts-expect-error no such operation
  await multiCall(self, 100, servers, 'lose', 'x')
  // @ts-expect-error the operation takes a string
  await multiCall(self, 100, servers, 'find', 5)
  // @ts-expect-error a cast is not answered
  await multiCall(self, 100, servers, 'add', 5)
  // @ts-expect-error there is no such operation
  abcast(self, servers, 'lose', 1)
  // @ts-expect-error a call is no cast
  abcast(self, servers, 'count')
  // @ts-expect-error the cast takes a number
  abcast(self, servers, 'add', 'x')
  // @ts-expect-error limits have no such field
  await callWithin(self, { timeout: 5 }, cart, 'count')
  // @ts-expect-error a controller is no signal
  await callWithin(self, { signal: new AbortController() }, cart, 'count')
  void found
}

export async function watching(): Promise<void> {
  const hook = (seen: number, event: sys.SysEvent) => (event.tag === 'in' ? seen + 1 : sys.done)
  await sys.install(self, cart, 'count', hook, 0)
  // @ts-expect-error the hook begins with a number
  await sys.install(self, cart, 'count', hook, 'none')
  // @ts-expect-error the replacement is a state of another type
  await sys.replaceState(self, cart, (count: number) => String(count))
  // @ts-expect-error what is shown may be anything
  const total: number = await sys.getState(self, cart)
  void total
  const Ready = startable('types.ready', (_self, path: string, init) => {
    init.ack()
    // @ts-expect-error a reason is a string or has a tag
    return init.fail(path.length)
  })
  // @ts-expect-error it takes a path
  await start(self, Ready)
  const started = await startMonitor(self, Cart, 5)
  // @ts-expect-error it may have failed
  started.ref
  // @ts-expect-error it counts
  await startMonitor(self, Cart, 'five')
  // @ts-expect-error no such level
  log(self, 'fatal', 'message')
  // @ts-expect-error a handler has a name
  addLogHandler(self, { handle: () => null })
}
