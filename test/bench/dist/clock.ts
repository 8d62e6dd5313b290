/**
 * A beat that does not depend on the thread it beats for: a thread of its own that wakes at fixed
 * times and says which time it was. What comes late has waited for the thread that hears it.
 */
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'

export type Beats = { readonly stop: () => Promise<unknown> }

/** Milliseconds on a clock that all threads share. */
export function sharedNowMs(): number {
  return Number(process.hrtime.bigint()) / 1e6
}

/** Calls `onBeat` with the time of every beat, on the scale of `sharedNowMs`. */
export function beats(intervalMs: number, onBeat: (dueMs: number) => void): Beats {
  const thread = new Worker(new URL(import.meta.url), { workerData: { intervalMs } })
  thread.on('message', onBeat)
  return { stop: () => thread.terminate() }
}

function beat(intervalMs: number): void {
  const cell = new Int32Array(new SharedArrayBuffer(4))
  for (let dueMs = sharedNowMs() + intervalMs; ; dueMs += intervalMs) {
    const waitMs = dueMs - sharedNowMs()
    if (waitMs > 0) Atomics.wait(cell, 0, 0, waitMs)
    parentPort?.postMessage(dueMs)
  }
}

if (!isMainThread && typeof workerData?.intervalMs === 'number') beat(workerData.intervalMs)
