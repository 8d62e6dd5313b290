/**
 * A wire between two threads on which either side can call the other and wait, so that an object of
 * one thread can be driven from the other as if it were here. While a side waits for the answer to
 * its event it serves calls; a call that meets an event on its way lets it wait for a turn of its
 * own.
 */
import { type MessagePort, receiveMessageOnPort } from 'node:worker_threads'

const waitMs = 10_000

/** `own` and `other` are the places in `bell` that count what was posted to each side. */
export type Wire = {
  readonly port: MessagePort
  readonly bell: Int32Array
  readonly own: 0 | 1
}

/** Posts `message` and wakes the other side if it waits. */
export function ring({ port, bell, own }: Wire, message: unknown): void {
  port.postMessage(message)
  Atomics.add(bell, 1 - own, 1)
  Atomics.notify(bell, 1 - own)
}

/** The next message, waited for without a turn of the event loop. Throws if none comes. */
export function awaitNext({ port, bell, own }: Wire): unknown {
  for (;;) {
    const seen = Atomics.load(bell, own)
    const received = receiveMessageOnPort(port)
    if (received !== undefined) return received.message
    if (Atomics.wait(bell, own, seen, waitMs) === 'timed-out') {
      throw new Error(`the other thread said nothing for ${waitMs} ms`)
    }
  }
}
