/** What the API serves: counters, one process each, under a supervisor. */
import { child, genServer, next, reply, supervisor } from 'skein'

export type Counter = {
  calls: { get: () => number; add: (by: number) => number; crash: () => null; hang: () => null }
}

export const Counter = genServer<Counter>('counter')({
  init: () => 0,
  calls: {
    get: (total) => reply(total, total),
    add: (total, by) => reply(total + by, total + by),
    crash: () => {
      throw new Error('asked to crash')
    },
    // Nobody ever answers.
    hang: (total) => next(total),
  },
})

export const Counters = supervisor('counters', (names: readonly string[]) => ({
  strategy: 'oneForOne',
  intensity: 5,
  children: names.map((name) => child(Counter, undefined, { id: name, name })),
}))
