/**
 * How broadcast behaves, in two profiles of the same rules: skein's own, and what the paper
 * prescribes (Leitao, Pereira, Rodrigues: "Epidemic Broadcast Trees", SRDS 2007), which trusts
 * everybody, announces at once and keeps no digests.
 */
import { BadArgument } from '../../runtime/index.ts'
import { show } from '../../runtime/kernel.ts'
import { limits } from '../limits.ts'

export type BroadcastOptions = {
  /** How long an announced message is waited for before it is asked for. Default 250. */
  readonly graftTimeoutMs: number
  /** How long one announcer is given to send it before the next is asked. Default 500. */
  readonly graftRetryMs: number
  /** The same as `graftTimeoutMs` for what a digest showed to be missing. Default 100. */
  readonly fetchDelayMs: number
  /** Announcements for one neighbour are gathered for so long; 0: sent at once. Default 5. */
  readonly announceDelayMs: number
  /**
   * Links that the way of a neighbour which announced a message first must be shorter by to become
   * the tree's; 0: one as long will do. Default 7, the paper's value for many senders.
   */
  readonly optimisationThreshold: number | 'never'
  /** One neighbour is moved into the tree for that no more often. Default 10,000. */
  readonly optimisationBackoffMs: number
  /** A neighbour that does not heed a PRUNE is sent no other for so long. Default 50. */
  readonly pruneRepeatMs: number
  /** Compare with a random neighbour so often, +-20 %; 0: never, not even with new ones. 30,000. */
  readonly digestPeriodMs: number
  /** An id is remembered for so long. Default 300,000. */
  readonly dedupTtlMs: number
  /**
   * Messages are offered and handed on no older than this. Less than `dedupTtlMs`, so that whoever
   * gets one late forgets it later than everybody stops offering it. Default 240,000.
   */
  readonly bodyTtlMs: number
  /** How often what is too old is looked for. Default 60,000. */
  readonly sweepPeriodMs: number
  /** Ids remembered; beyond, the oldest are forgotten early. */
  readonly idsMax: number
  /** Bytes of messages held to be handed on; beyond, the oldest are dropped and their ids kept. */
  readonly bodiesMaxBytes: number
  /** Messages announced but not here yet, by all neighbours, and by one first. */
  readonly missingMax: number
  readonly missingPerPeerMax: number
  /** Messages and bytes sent to one neighbour on its demand, per second. */
  readonly answersPerSecondMax: number
  readonly answerBytesPerSecondMax: number
  /** Digests, buckets and streams heard of one neighbour per second. */
  readonly digestsPerSecondMax: number
  /** Announcements that led to nothing within `muteMs` before they are ignored for `muteMs`. */
  readonly brokenPromisesMax: number
  readonly muteMs: number
  /** Take another neighbour into the tree rather than have none in it. Default true. */
  readonly keepOneEager: boolean
  /**
   * A new neighbour begins in the tree, as in the paper: its first body may be redundant. False: it
   * does only while nothing came by the tree yet (`upstream.ts`). Default false.
   */
  readonly newcomersEager: boolean
}

export const defaultBroadcastOptions: BroadcastOptions = {
  graftTimeoutMs: 250,
  graftRetryMs: 500,
  fetchDelayMs: 100,
  announceDelayMs: 5,
  optimisationThreshold: 7,
  optimisationBackoffMs: 10_000,
  pruneRepeatMs: 50,
  digestPeriodMs: 30_000,
  dedupTtlMs: 300_000,
  bodyTtlMs: 240_000,
  sweepPeriodMs: 60_000,
  idsMax: limits.broadcastRememberedMax,
  bodiesMaxBytes: limits.broadcastBodiesMaxBytes,
  missingMax: limits.broadcastMissingMax,
  missingPerPeerMax: limits.broadcastMissingPerPeerMax,
  answersPerSecondMax: limits.broadcastAnswersPerSecondMax,
  answerBytesPerSecondMax: limits.broadcastAnswerBytesPerSecondMax,
  digestsPerSecondMax: limits.broadcastDigestsPerSecondMax,
  brokenPromisesMax: limits.broadcastBrokenPromisesMax,
  muteMs: limits.broadcastMuteMs,
  keepOneEager: true,
  newcomersEager: false,
}

/** The paper gives timers as "the diameter" and "one round trip": these suit a hop of 1 ms. */
export const paperBroadcastOptions: BroadcastOptions = {
  ...defaultBroadcastOptions,
  graftTimeoutMs: 1000,
  graftRetryMs: 100,
  announceDelayMs: 0,
  optimisationThreshold: 'never',
  optimisationBackoffMs: 0,
  pruneRepeatMs: 0,
  digestPeriodMs: 0,
  missingPerPeerMax: limits.broadcastMissingMax,
  answersPerSecondMax: Number.MAX_SAFE_INTEGER,
  answerBytesPerSecondMax: Number.MAX_SAFE_INTEGER,
  brokenPromisesMax: Number.MAX_SAFE_INTEGER,
  keepOneEager: false,
  newcomersEager: true,
}

const switches = ['keepOneEager', 'newcomersEager'] as const
type Amounts = Exclude<keyof BroadcastOptions, (typeof switches)[number]>
const switchNames: readonly string[] = switches

/** Those that may be 0: never, or at once. */
const mayBeZero: readonly string[] = [
  'announceDelayMs',
  'digestPeriodMs',
  'fetchDelayMs',
  'optimisationBackoffMs',
  'optimisationThreshold',
  'pruneRepeatMs',
] satisfies readonly Amounts[]

/**
 * The default options with some replaced. Throws BadArgument, naming the field and what was given,
 * for a field that is unknown, no whole number or out of range.
 */
export function broadcastOptions(given: Partial<BroadcastOptions>): BroadcastOptions {
  for (const [field, value] of Object.entries(given)) {
    if (switchNames.includes(field)) {
      if (typeof value !== 'boolean') refuse(field, 'true or false', value)
    } else if (!(field in defaultBroadcastOptions)) {
      throw new BadArgument(`broadcast: unknown option '${field}'`)
    } else if (field !== 'optimisationThreshold' || value !== 'never') {
      const min = mayBeZero.includes(field) ? 0 : 1
      if (!Number.isSafeInteger(value) || Number(value) < min) {
        const never = field === 'optimisationThreshold' ? ", or 'never'" : ''
        refuse(field, `a whole number of at least ${min}${never}`, value)
      }
      if (field.endsWith('Ms') && Number(value) > limits.optionMaxMs) {
        refuse(field, `a whole number of at most ${limits.optionMaxMs}`, value)
      }
    }
  }
  const options = { ...defaultBroadcastOptions, ...given }
  if (options.bodyTtlMs >= options.dedupTtlMs) {
    refuse('bodyTtlMs', `less than dedupTtlMs (${options.dedupTtlMs})`, options.bodyTtlMs)
  }
  return options
}

function refuse(field: string, expected: string, value: unknown): never {
  throw new BadArgument(`broadcast: ${field}: expected ${expected}, got ${show(value)}`)
}
