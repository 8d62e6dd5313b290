/**
 * The real platform: Node's clocks, timers, CSPRNG and turns of the event loop. The only file of
 * the runtime that may touch them.
 *
 * Timers never fire early. Node truncates delays to whole milliseconds and clamps those above
 * 2^31-1 to 1 ms, so a timer that comes back before its time is armed again with what remains.
 */
import { lookup } from 'node:dns/promises'
import { availableParallelism } from 'node:os'
import { nodeRandom } from './node-random.ts'
import { nodeResolver } from './node-resolver.ts'
import { nodeStorage } from './node-storage.ts'
import type { Clock, EndSignal, Platform, TimerHandle, Turn } from './platform.ts'
import { onUnhandledRejection } from './rejections.ts'

const timerMaxMs = 2 ** 31 - 1
const sliceMs = 1

class NodeTimer {
  readonly dueMs: number
  readonly fn: () => void
  timeout: NodeJS.Timeout | undefined = undefined

  constructor(dueMs: number, fn: () => void) {
    this.dueMs = dueMs
    this.fn = fn
  }
}

function arm(timer: NodeTimer): void {
  const remainingMs = timer.dueMs - performance.now()
  timer.timeout = setTimeout(
    () => {
      if (performance.now() < timer.dueMs) arm(timer)
      else {
        timer.timeout = undefined
        timer.fn()
      }
    },
    Math.min(Math.ceil(Math.max(remainingMs, 0)), timerMaxMs),
  )
}

const clock: Clock = {
  now: () => performance.now(),
  wallMs: () => Date.now(),
  after(ms, fn) {
    const timer = new NodeTimer(performance.now() + Math.max(ms, 0), fn)
    arm(timer)
    return timer
  },
  cancel(handle: TimerHandle) {
    if (handle instanceof NodeTimer) clearTimeout(handle.timeout)
  },
}

function nodeTurn(): Turn {
  const settled = Promise.resolve()
  let sliceEndMs = 0
  return {
    soon(fn) {
      settled.then(fn)
    },
    later(fn) {
      setImmediate(fn)
    },
    checkEvery: 128,
    sliceStart() {
      sliceEndMs = performance.now() + sliceMs
    },
    sliceOver: () => performance.now() >= sliceEndMs,
    pick: () => 0,
  }
}

function onEndRequest(handler: (signal: EndSignal) => void): () => void {
  const signals = ['SIGINT', 'SIGTERM'] as const
  for (const signal of signals) process.on(signal, handler)
  return () => {
    for (const signal of signals) process.off(signal, handler)
  }
}

/** The platform of a node that runs for real. One per node. */
export function nodePlatform(): Platform {
  return {
    development: process.env.NODE_ENV !== 'production',
    parallelism: availableParallelism(),
    clock,
    random: nodeRandom(),
    turn: nodeTurn(),
    storage: nodeStorage(),
    lookup: (host) =>
      lookup(host).then(
        ({ address }) => address,
        () => undefined,
      ),
    resolver: nodeResolver,
    failed: () => {
      process.exitCode = 1
    },
    onEndRequest,
    endNow: (exitCode) => process.exit(exitCode),
    report: (line) => {
      process.stderr.write(`${line}\n`)
    },
    onUnhandledRejection,
  }
}
