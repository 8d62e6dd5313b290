/**
 * A server that counts what it gets by sender, and whether it came in order and whole: the far end
 * of tests that pour. Listed by the far node of the QUIC suites.
 */
import { genServer, next, reply } from '../../../src/index.ts'

export type Portion = {
  readonly mark: number
  /** 0, 1, 2 and so on, by mark. */
  readonly n: number
  /** Each byte is the lowest eight bits of `n`. */
  readonly bytes: Uint8Array
}

export type Counts = {
  /** Portions by mark. */
  readonly counts: Readonly<Record<string, number>>
  /** Out of order, missing, or with other bytes. */
  readonly broken: number
}

export type Tally = {
  calls: { counts: () => Counts }
  casts: { add: (portion: Portion) => void }
}

export const tally = genServer<Tally>('dist.tally')({
  init: (_: undefined): Counts => ({ counts: {}, broken: 0 }),
  calls: { counts: (state) => reply(state, state) },
  casts: {
    add: ({ counts, broken }, { mark, n, bytes }) => {
      const whole = n === (counts[mark] ?? 0) && bytes.every((byte) => byte === (n & 0xff))
      const counted = { ...counts, [mark]: (counts[mark] ?? 0) + 1 }
      return next({ counts: counted, broken: whole ? broken : broken + 1 })
    },
  },
})

export function portion(mark: number, n: number, size: number): Portion {
  return { mark, n, bytes: new Uint8Array(size).fill(n & 0xff) }
}
