/**
 * A process that stands for a service of another node (cluster spec, 14.9): what it is sent it
 * forwards to the process behind the name, and answers of that to whoever has called. The rule
 * `way.ts` says by which way. Calls keep their answers and failures, casts and plain messages
 * arrive as they were sent; links, monitors and exit signals are the proxy's own.
 *
 * Invariants: nothing is forwarded twice; every call it takes is answered or fails, within
 * `proxyCallTimeoutMs`; what waits or is on its way is bounded, and what finds no room fails as
 * `overloaded`, or is dropped and counted.
 */
import {
  BadArgument,
  exit,
  type Module,
  process,
  type Reason,
  type Self,
} from '../../../runtime/index.ts'
import {
  deliver,
  LocalCall,
  type Process,
  placeCall,
  processOfSelf,
  Request,
  reasonOfThrown,
} from '../../../runtime/kernel.ts'
import { limits } from '../../limits.ts'
import type { ProxyContext, Service } from './context.ts'
import { Dialed, Gone, Impatient, NewTarget } from './control.ts'
import { reasonOfCall } from './failure.ts'
import { relay } from './relaying.ts'
import { dialed, stepWay, unknownWay, type Way } from './way.ts'

export function proxyModule(context: ProxyContext): Module<unknown, Service> {
  return process('skein.proxy', function* (self: Self, service: Service) {
    const proxy = new Forwarder(context, self, service)
    for (;;) {
      proxy.took(yield* self.take())
      if (proxy.gone !== undefined) return exit({ tag: 'shutdown', detail: proxy.gone })
    }
  })
}

/** What waits for a dial. */
type Waiting = { readonly message: unknown; readonly dueMs: number }

class Forwarder {
  readonly #context: ProxyContext
  readonly #self: Self
  readonly #process: Process
  readonly #waiting: Waiting[] = []
  /** Calls on their way, and whom to tell. */
  readonly #calls = new Map<Request, LocalCall | undefined>()
  #service: Service
  #way: Way = unknownWay
  /** Messages being relayed. */
  #relayed = 0
  /** Why the service is no more. */
  gone: Reason | undefined

  constructor(context: ProxyContext, self: Self, service: Service) {
    this.#context = context
    this.#self = self
    this.#process = processOfSelf(self)
    this.#service = service
  }

  took(message: unknown): void {
    if (message instanceof Dialed) {
      this.#way = dialed(message.up, this.#nowMs)
      this.#release()
    } else if (message instanceof Impatient) this.#release()
    else if (message instanceof NewTarget) this.#service = { ...this.#service, pid: message.pid }
    else if (message instanceof Gone) this.#end(message.reason)
    else this.#forward({ message, dueMs: this.#nowMs + limits.proxyCallTimeoutMs })
  }

  get #nowMs(): number {
    return this.#process.system.platform.clock.now()
  }

  #release(): void {
    for (const waiting of this.#waiting.splice(0)) this.#forward(waiting)
  }

  #forward(waiting: Waiting): void {
    const { message } = waiting
    // Whoever has called and gone, or given up, wants no answer any more.
    if (message instanceof Request && message.done) return
    const { router, system } = this.#context.overlayRouter.context
    const { node } = this.#service
    const connected = node === system.node || router.channel(node) !== undefined
    const { way, send, dial } = stepWay(this.#way, connected, this.#nowMs)
    this.#way = way
    if (dial) this.#dial(node)
    if (send === 'wait') this.#wait(waiting)
    else if (message instanceof Request) this.#call(message, waiting.dueMs, send)
    else if (send === 'direct') this.#send(message)
    else this.#relay(message)
  }

  #dial(node: string): void {
    const { router, system } = this.#context.overlayRouter.context
    const own = this.#process
    const tell = (control: unknown): void => {
      if (own.alive) deliver(own, control)
    }
    const impatient = system.timeouts.add(limits.proxyDialPatienceMs, () => tell(new Impatient()))
    router.connect(node, (up) => {
      impatient.cancel()
      tell(new Dialed(up))
    })
  }

  #wait(waiting: Waiting): void {
    if (this.#waiting.length < limits.proxyWaitingMax) this.#waiting.push(waiting)
    else this.#drop(waiting.message)
  }

  #drop(message: unknown): void {
    if (message instanceof Request) message.fail('overloaded', this.#process)
    else this.#context.overlayRouter.context.metrics.count('skein.service_proxy.cast_dropped')
  }

  #call(request: Request, dueMs: number, way: 'direct' | 'relay'): void {
    if (this.#calls.size >= limits.proxyCallsMax) this.#forgetAbandoned()
    if (this.#calls.size >= limits.proxyCallsMax) {
      this.#drop(request)
      return
    }
    const leftMs = Math.floor(dueMs - this.#nowMs)
    if (leftMs < 1) {
      request.fail('timeout', this.#process)
      return
    }
    this.#calls.set(request, undefined)
    const call =
      way === 'direct' ? this.#callDirect(request, leftMs) : this.#callRelayed(request, leftMs)
    if (this.#calls.has(request)) this.#calls.set(request, call)
  }

  #callDirect(request: Request, leftMs: number): LocalCall {
    const call = new LocalCall(
      this.#process.system,
      this.#process,
      request.op,
      request.arg,
      (value) => this.#answer(request, value),
      (error) => this.#fail(request, reasonOfCall(reasonOfThrown(error))),
    )
    try {
      placeCall(call, this.#service.pid, leftMs)
    } catch (error) {
      this.#fail(request, reasonOfThrown(error))
    }
    return call
  }

  #callRelayed(request: Request, leftMs: number): LocalCall | undefined {
    const { op, arg } = request
    const term = [op, arg]
    return relay(this.#context, this.#process, this.#service, 'call', term, leftMs, (relayed) => {
      if (relayed.tag === 'reply') this.#answer(request, relayed.value)
      else this.#fail(request, reasonOfCall(relayed.reason))
    })
  }

  #answer(request: Request, value: unknown): void {
    if (!this.#calls.delete(request)) return
    try {
      request.reply(value, this.#process)
    } catch (error) {
      // It cannot leave this node; the caller has been told so.
      if (!(error instanceof BadArgument)) throw error
    }
  }

  #fail(request: Request, reason: Reason): void {
    if (!this.#calls.delete(request)) return
    request.fail(reason, this.#process)
    if (reason === 'serviceNotFound') deliver(this.#process, new Gone(reason))
  }

  #send(message: unknown): void {
    try {
      this.#self.send(this.#service.pid, message)
    } catch (error) {
      if (!(error instanceof BadArgument)) throw error
      this.#drop(message)
    }
  }

  #relay(message: unknown): void {
    if (this.#relayed >= limits.proxyCastMaxInFlight) {
      this.#drop(message)
      return
    }
    this.#relayed += 1
    const leftMs = limits.routeDeadlineMs
    relay(this.#context, this.#process, this.#service, 'send', message, leftMs, (relayed) => {
      this.#relayed -= 1
      if (relayed.tag === 'reply') return
      this.#drop(message)
      const { reason } = relayed
      if (reason === 'serviceNotFound') deliver(this.#process, new Gone(reason))
    })
  }

  /** Calls whose callers wait no more make room, here and where they were sent. */
  #forgetAbandoned(): void {
    for (const [request, call] of [...this.#calls]) {
      if (!request.done) continue
      this.#calls.delete(request)
      call?.abandon()
    }
  }

  #end(reason: Reason): void {
    this.gone = reason
    for (const [request, call] of [...this.#calls]) {
      this.#calls.delete(request)
      call?.abandon()
      request.fail(reason, this.#process)
    }
    for (const { message } of this.#waiting.splice(0)) {
      if (message instanceof Request) message.fail(reason, this.#process)
    }
  }
}
