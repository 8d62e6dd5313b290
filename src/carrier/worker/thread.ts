/**
 * Threads of this OS process, seen from both sides: who starts one, and the code that runs in it.
 * Messages are the platform's structured clone. A thread that ends, in whatever way, closes every
 * port it held.
 */
import { type MessagePort, parentPort, Worker, workerData } from 'node:worker_threads'
import { threadArgv } from '../../../stdlib/offload/loader.ts'

export type ThreadOptions = {
  /** The file the thread runs. */
  readonly entry: URL
  /** Other files it will load, of which some may be TypeScript. */
  readonly loads: readonly URL[]
  readonly data: unknown
  /** Ports within `data`, which move to the thread. */
  readonly ports: readonly MessagePort[]
  /** Megabytes of its heap; a thread that needs more ends. Undefined: V8's default. */
  readonly heapMaxMb: number | undefined
  readonly onMessage: (message: unknown) => void
  /** It has ended; `failure` is what of, undefined if by itself. Called once and last. */
  readonly onEnd: (failure: string | undefined) => void
}

export type Thread = {
  post(message: unknown): void
  /** Ends it, whatever it is doing. Resolves when it has ended. */
  end(): Promise<void>
}

/** Throws what the platform throws when it has no thread to give. */
export function startThread(options: ThreadOptions): Thread {
  const { entry, loads, data, ports, heapMaxMb, onMessage, onEnd } = options
  const execArgv = threadArgv(process.execArgv, [entry, ...loads])
  const worker = new Worker(entry, {
    workerData: data,
    transferList: [...ports],
    ...(execArgv !== undefined && { execArgv }),
    ...(heapMaxMb !== undefined && { resourceLimits: { maxOldGenerationSizeMb: heapMaxMb } }),
  })
  let failure: string | undefined
  let ended = false
  worker.on('message', onMessage)
  worker.on('messageerror', () => undefined)
  worker.on('error', (error: unknown) => {
    failure = error instanceof Error ? `${error.name}: ${error.message}` : String(error)
  })
  worker.on('exit', (code) => {
    if (failure === undefined && code !== 0 && !ended) failure = `exit code ${code}`
    onEnd(failure)
  })
  return {
    post: (message) => worker.postMessage(message),
    end: async () => {
      ended = true
      await worker.terminate()
    },
  }
}

export type ThisThread<Data> = {
  /** What the thread was started with. */
  readonly data: Data
  post(message: unknown): void
  onMessage(listener: (message: unknown) => void): void
}

/** The thread this code runs in; `Data` is what `startThread` gave. Throws in the main thread. */
export function thisThread<Data>(): ThisThread<Data> {
  const port = parentPort
  if (port === null) throw new Error('thisThread: this is the main thread')
  return {
    data: workerData,
    post: (message) => port.postMessage(message),
    onMessage: (listener) => void port.on('message', listener),
  }
}
