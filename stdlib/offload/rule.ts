/**
 * Who runs, who waits and who is refused in an offload pool: pure. Jobs are numbers here.
 *
 * Invariant: at most `threads` run and at most `queueMax` wait; a job waits only while all threads
 * are taken, and the one that has waited longest is next.
 */
export type Queue = {
  readonly threads: number
  readonly queueMax: number
  readonly running: ReadonlySet<number>
  /** Oldest first. */
  readonly waiting: readonly number[]
}

export type QueueEvent =
  | { readonly tag: 'submit'; readonly id: number }
  /** A running job is over, in whatever way. */
  | { readonly tag: 'ended'; readonly id: number }
  /** Nobody wants it any more. One that runs ends when its thread does. */
  | { readonly tag: 'cancel'; readonly id: number }

export type QueueAction =
  | { readonly tag: 'start'; readonly id: number }
  | { readonly tag: 'refuse'; readonly id: number }
  /** It was waiting and never began. */
  | { readonly tag: 'withdraw'; readonly id: number }

export function emptyQueue(threads: number, queueMax: number): Queue {
  return { threads, queueMax, running: new Set(), waiting: [] }
}

export function step(queue: Queue, event: QueueEvent): readonly [Queue, readonly QueueAction[]] {
  const { id } = event
  switch (event.tag) {
    case 'submit':
      if (queue.running.size < queue.threads) return started(queue, id)
      if (queue.waiting.length >= queue.queueMax) return [queue, [{ tag: 'refuse', id }]]
      return [{ ...queue, waiting: [...queue.waiting, id] }, []]
    case 'ended': {
      if (!queue.running.has(id)) return [queue, []]
      const running = new Set(queue.running)
      running.delete(id)
      const [next, ...waiting] = queue.waiting
      const freed = { ...queue, running }
      return next === undefined ? [freed, []] : started({ ...freed, waiting }, next)
    }
    case 'cancel': {
      if (!queue.waiting.includes(id)) return [queue, []]
      const waiting = queue.waiting.filter((other) => other !== id)
      return [{ ...queue, waiting }, [{ tag: 'withdraw', id }]]
    }
  }
}

function started(queue: Queue, id: number): readonly [Queue, readonly QueueAction[]] {
  return [{ ...queue, running: new Set([...queue.running, id]) }, [{ tag: 'start', id }]]
}
