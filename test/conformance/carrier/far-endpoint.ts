/**
 * An endpoint of the worker carrier that lives in another thread, to be used as if it were in this
 * one: every call waits for its answer, every callback of the carrier there waits until it has run
 * here. So the conformance suite, which knows nothing of threads, runs between two of them.
 */
import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads'
import type {
  Address,
  Carrier,
  CarrierEnv,
  CarrierStream,
  CloseInfo,
  Connection,
  ConnectionHandler,
  Endpoint,
  PathStatistics,
  StreamHandler,
} from '../../../src/carrier/carrier.ts'
import type { WorkerCarrierOptions } from '../../../src/carrier/worker/index.ts'
import { threadArgv } from '../../../stdlib/offload/loader.ts'
import { cleanup } from '../../support/harness.ts'
import type {
  FarAnswer,
  FarCall,
  FarConnectionFacts,
  FarData,
  FarEvent,
  FarStreamFacts,
  FromFar,
  ToFar,
} from './far-messages.ts'
import { awaitNext, ring, type Wire } from './lockstep.ts'

type DialResult = Awaited<ReturnType<Endpoint['dial']>>

/** `workerCarrier(options)` in a thread of its own, which ends with the test. */
export function farCarrier(options: WorkerCarrierOptions): Carrier {
  return {
    name: 'worker',
    open: async (env) => ({ tag: 'ok', endpoint: await FarEndpoint.open(env, options) }),
  }
}

class FarEndpoint implements Endpoint {
  readonly address: Address
  readonly #env: CarrierEnv
  readonly #wire: Wire
  readonly #connections: FarConnection[] = []
  readonly #streams: FarStream[] = []
  readonly #dials: ((result: DialResult) => void)[] = []
  #onClosed: () => void = () => undefined
  #closing: Promise<void> | undefined

  constructor(env: CarrierEnv, wire: Wire, address: Address) {
    this.#env = env
    this.#wire = wire
    this.address = address
  }

  static async open(env: CarrierEnv, options: WorkerCarrierOptions): Promise<FarEndpoint> {
    const { port1, port2 } = new MessageChannel()
    const bell = new Int32Array(new SharedArrayBuffer(8))
    const file = new URL('./fixtures/far-thread.ts', import.meta.url)
    const execArgv = threadArgv(process.execArgv, [file])
    const data: FarData = { port: port2, bell, tls: env.tls, options }
    const links: MessagePort[] = (options.links ?? []).map(({ port }) => port)
    const worker = new Worker(file, {
      workerData: data,
      transferList: [port2, ...links],
      ...(execArgv !== undefined && { execArgv }),
    })
    cleanup(async () => {
      port1.close()
      await worker.terminate()
    })
    const first = await new Promise<FromFar>((resolve, reject) => {
      worker.once('error', reject)
      port1.once('message', resolve)
    })
    if (first.tag !== 'opened') throw new Error(`the far thread said ${first.tag}`)
    const endpoint = new FarEndpoint(env, { port: port1, bell, own: 0 }, first.address)
    port1.on('message', (message: FromFar) => endpoint.#hear(message))
    return endpoint
  }

  dial(address: Address, timeoutMs: number): Promise<DialResult> {
    return new Promise((resolve) => {
      const dial = this.#dials.push(resolve) - 1
      this.call({ op: 'dial', dial, address, timeoutMs })
    })
  }

  close(code: number): Promise<void> {
    this.#closing ??= new Promise((resolve) => {
      this.#onClosed = resolve
      this.call({ op: 'closeEndpoint', code })
    })
    return this.#closing
  }

  /** Makes a call there and waits for its answer. */
  call(call: FarCall): FarAnswer {
    ring(this.#wire, { tag: 'call', call } satisfies ToFar)
    for (;;) {
      const message = awaitNext(this.#wire) as FromFar
      if (message.tag === 'answer') return message.answer
      // It waits for a turn of its own: no callback runs inside a call.
      setImmediate(() => this.#hear(message))
    }
  }

  stream(facts: FarStreamFacts): FarStream {
    const stream = new FarStream(this, facts)
    this.#streams[facts.stream] = stream
    return stream
  }

  #hear(message: FromFar): void {
    if (message.tag !== 'event') return
    const { event, inCall } = message
    if (inCall) throw new Error(`${event.on} ran inside a call made on the carrier`)
    this.#run(event)
    ring(this.#wire, { tag: 'handled' } satisfies ToFar)
  }

  #run(event: FarEvent): unknown {
    switch (event.on) {
      case 'connection':
        return this.#env.onConnection(this.#connection(event.facts))
      case 'dialled': {
        const { result } = event
        const ok =
          'tag' in result ? result : ({ tag: 'ok', connection: this.#connection(result) } as const)
        return this.#dials[event.dial]?.(ok)
      }
      case 'endpointClosed':
        return this.#onClosed()
      case 'stream':
        return this.#connections[event.connection]?.handler?.onStream(this.stream(event.facts))
      case 'close':
        return this.#connections[event.connection]?.onClose(event.info)
      case 'data':
        return this.#streams[event.stream]?.handler?.onData(event.bytes)
      case 'end':
        return this.#streams[event.stream]?.handler?.onEnd()
      case 'drain':
        return this.#streams[event.stream]?.handler?.onDrain()
      case 'reset':
        return this.#streams[event.stream]?.handler?.onReset(event.code)
    }
  }

  #connection(facts: FarConnectionFacts): FarConnection {
    const connection = new FarConnection(this, facts)
    this.#connections[facts.connection] = connection
    return connection
  }
}

class FarConnection implements Connection {
  readonly role: 'dialer' | 'acceptor'
  readonly peerAddress: Address
  readonly localCertHash: Uint8Array
  readonly peerCertHash: Uint8Array
  handler: ConnectionHandler | undefined
  readonly #endpoint: FarEndpoint
  readonly #number: number

  constructor(endpoint: FarEndpoint, facts: FarConnectionFacts) {
    this.#endpoint = endpoint
    this.#number = facts.connection
    this.role = facts.role
    this.peerAddress = facts.peerAddress
    this.localCertHash = facts.localCertHash
    this.peerCertHash = facts.peerCertHash
  }

  get closed(): boolean {
    return this.#endpoint.call({ op: 'isClosed', connection: this.#number }) === true
  }

  openStream(kind: 'bidi' | 'uni'): CarrierStream | undefined {
    const facts = this.#endpoint.call({ op: 'open', connection: this.#number, kind })
    return typeof facts === 'object' && 'kind' in facts ? this.#endpoint.stream(facts) : undefined
  }

  close(code: number, reason: string): void {
    this.#endpoint.call({ op: 'close', connection: this.#number, code, reason })
  }

  statistics(): PathStatistics {
    const answer = this.#endpoint.call({ op: 'statistics', connection: this.#number })
    if (typeof answer === 'object' && 'rttMs' in answer) return answer
    throw new Error('no statistics')
  }

  onClose(info: CloseInfo): void {
    this.handler?.onClose(info)
  }
}

class FarStream implements CarrierStream {
  readonly id: number
  readonly kind: 'bidi' | 'uni'
  handler: StreamHandler | undefined
  readonly #endpoint: FarEndpoint
  readonly #number: number

  constructor(endpoint: FarEndpoint, facts: FarStreamFacts) {
    this.#endpoint = endpoint
    this.#number = facts.stream
    this.id = facts.id
    this.kind = facts.kind
  }

  get queuedBytes(): number {
    return Number(this.#endpoint.call({ op: 'queued', stream: this.#number }))
  }

  write(bytes: Uint8Array): boolean {
    return this.#endpoint.call({ op: 'write', stream: this.#number, bytes }) === true
  }

  end(): void {
    this.#endpoint.call({ op: 'end', stream: this.#number })
  }

  reset(code: number): void {
    this.#endpoint.call({ op: 'reset', stream: this.#number, code })
  }

  pause(): void {
    this.#endpoint.call({ op: 'pause', stream: this.#number })
  }

  resume(): void {
    this.#endpoint.call({ op: 'resume', stream: this.#number })
  }
}
