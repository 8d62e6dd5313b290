/**
 * Options of the membership rules, checked once. Two profiles of the same rules: what a node gets,
 * and what DSN 2007 prescribes, for comparison with its tables. The names up to `contactRetryMs`
 * are those of the cluster spec, 6.12; the others are the remedies for what the paper leaves open,
 * and each has a value that turns it off.
 */
import { BadArgument } from '../../runtime/index.ts'
import { show } from '../../runtime/kernel.ts'
import { validateNodeName } from '../identity/index.ts'
import { limits } from '../limits.ts'

export type MembershipOptions = {
  /** Peers this node gossips with, at most. Default 5. */
  readonly activeSize: number
  /** Spare peers it knows, at most. Default 30. */
  readonly passiveSize: number
  /** Steps of the walk that makes a new node known. Default 6. */
  readonly arwl: number
  /** Steps before its end at which that walk leaves the name in a passive view. Default 3. */
  readonly prwl: number
  /** Names in a shuffle, its sender's included. Default 8. */
  readonly shuffleLength: number
  /** How many of those are taken from the active view. Default 3. */
  readonly shuffleActiveLength: number
  /** Steps of a shuffle. Default 3. */
  readonly shuffleTtl: number
  /** Default 10,000. */
  readonly shufflePeriodMs: number
  /** Consecutive failures after which a node is no candidate any more. Default 5. */
  readonly maxFailCount: number
  /** Wait after the first failure; doubles with each, up to `backoffMaxMs`. Default 1,000. */
  readonly baseBackoffMs: number
  /** Default 300,000. */
  readonly backoffMaxMs: number
  /** Passive entries nobody has heard of for so long are dropped. 0: never. Default 300,000. */
  readonly passiveMaxAgeMs: number
  /** How often. Default 60,000. */
  readonly passiveCleanupPeriodMs: number
  /** What is under way with a node ends by then. Default 30,000. */
  readonly pendingTimeoutMs: number
  /** Nodes to join through; the own name is skipped. Default none: such a node is a seed. */
  readonly contactNodes: readonly string[]
  /** How often they are tried while there is no peer. Default 5,000. */
  readonly contactRetryMs: number
  /**
   * Shuffles come faster when more than 5 or 10 peers came, failed or left in so long; one that was
   * evicted is replaced, and counts only once. 0: never. Default 30,000.
   */
  readonly churnWindowMs: number

  /** Answer a shuffle at each step, to its sender; or at the end of the walk, to its origin. */
  readonly shuffleReply: 'step' | 'origin'
  /**
   * Where the walk of a new node ends in an active edge. `room`: wherever there is room. `split`:
   * the same, and at its last step, where an edge is split to make room, both ends of which then
   * belong to the new node. `end`: at its last step only, evicting a peer (the paper).
   */
  readonly walk: 'room' | 'split' | 'end'
  /** With fewer peers than this a node asks with priority. The paper: 1. Default 2. */
  readonly highBelow: number
  /** Which candidate is asked first: the one heard of last, those met before hearsay; or any. */
  readonly candidates: 'recent' | 'any'
  /**
   * When a peer that was full ended the edge: ask candidates at once, or wait for the next shuffle
   * (the paper's listing). A node without any peer asks at once. Default `candidates`.
   */
  readonly afterEviction: 'candidates' | 'wait'
  /** A node that refused is not asked again for so long. Default 2,000. */
  readonly refusalBackoffMs: number
  /**
   * After so many refusals in a row everybody seems to be full. A node with two free slots or more
   * then asks with priority; one with a single slot pauses, twice as long with each more refusal up
   * to `passiveCleanupPeriodMs`. 0: neither. Default 3.
   */
  readonly refusalsMax: number
  /** Tell those we evict who has room. Default true. */
  readonly hints: boolean
  /** Joins and high-priority proposals that evict somebody: this many at once. Default 4. */
  readonly evictionBurst: number
  /** Then one in so long; others are sent on. 0: no limit. Default 1,000. */
  readonly evictionEveryMs: number
  /** One node makes us evict somebody at most once in so long. 0: no limit. Default 30,000. */
  readonly evictionPerNodeMs: number
  /** Joins and proposals heard from one node in `requestWindowMs`. 0: no limit. Default 16. */
  readonly requestsMax: number
  /** Default 10,000. */
  readonly requestWindowMs: number
  /** Edges that cannot be evicted: the oldest so many. Default 2. */
  readonly protectedSlots: number
  /** Once they are so old. Default 60,000. */
  readonly protectAfterMs: number
  /** Passive entries that are hearsay of one sender, at most. Default 8. */
  readonly hearsayMax: number
  /** Passive entries that were met are safe from hearsay up to this number. Default 5. */
  readonly metSlots: number
  /** Failures after which hearsay is dropped. Default 2. */
  readonly hearsayFailMax: number
  /** One edge is checked so often. 0: never. Default 10,000. */
  readonly auditPeriodMs: number
  /** Who refuses for want of room checks its edges, at most so often. 0: never. Default 1,000. */
  readonly roomCheckMs: number
  /** One edge is changed for another so often. 0: never. Default 60,000. */
  readonly rotatePeriodMs: number
  /** Names kept of nodes that were met and cannot be reached. 0: none. Default 64. */
  readonly lostMax: number
  /** Each of those, and each contact, is tried once in so long, cluster-wide. Default 60,000. */
  readonly lostRetryMs: number
  /** By this node at least once in so long, whatever others say they try. Default 2 hours. */
  readonly lostRetryMaxMs: number
  /** After so long a lost name is forgotten. Default 7 days. */
  readonly lostMaxAgeMs: number
  /** What a former peer sent before it knew is taken for so long. Default 5,000. */
  readonly graceMs: number
}

export const defaultMembershipOptions: MembershipOptions = {
  activeSize: 5,
  passiveSize: 30,
  arwl: 6,
  prwl: 3,
  shuffleLength: 8,
  shuffleActiveLength: 3,
  shuffleTtl: 3,
  shufflePeriodMs: 10_000,
  maxFailCount: 5,
  baseBackoffMs: 1_000,
  backoffMaxMs: 300_000,
  passiveMaxAgeMs: 300_000,
  passiveCleanupPeriodMs: 60_000,
  pendingTimeoutMs: 30_000,
  contactNodes: [],
  contactRetryMs: 5_000,
  churnWindowMs: 30_000,
  shuffleReply: 'step',
  walk: 'split',
  highBelow: 2,
  candidates: 'recent',
  afterEviction: 'candidates',
  refusalBackoffMs: 2_000,
  refusalsMax: 3,
  hints: true,
  evictionBurst: 4,
  evictionEveryMs: 1_000,
  evictionPerNodeMs: 30_000,
  requestsMax: 16,
  requestWindowMs: 10_000,
  protectedSlots: 2,
  protectAfterMs: 60_000,
  hearsayMax: 8,
  metSlots: 5,
  hearsayFailMax: 2,
  auditPeriodMs: 10_000,
  roomCheckMs: 1_000,
  rotatePeriodMs: 60_000,
  lostMax: 64,
  lostRetryMs: 60_000,
  lostRetryMaxMs: 2 * 3_600_000,
  lostMaxAgeMs: 7 * 24 * 3_600_000,
  graceMs: 5_000,
}

/**
 * DSN 2007 and nothing else: a node that failed once is forgotten. But for `roomCheckMs`, which
 * stands for TCP in the paper: there a connection to a crashed process closes by itself.
 */
export const paperMembershipOptions: MembershipOptions = {
  ...defaultMembershipOptions,
  maxFailCount: 1,
  hearsayFailMax: 1,
  passiveMaxAgeMs: 0,
  churnWindowMs: 0,
  shuffleReply: 'origin',
  walk: 'end',
  highBelow: 1,
  candidates: 'any',
  afterEviction: 'wait',
  refusalBackoffMs: 10_000,
  refusalsMax: 0,
  hints: false,
  evictionEveryMs: 0,
  evictionPerNodeMs: 0,
  requestsMax: 0,
  protectedSlots: 0,
  hearsayMax: 30,
  metSlots: 0,
  auditPeriodMs: 0,
  rotatePeriodMs: 0,
  lostMax: 0,
}

type NumberField = {
  [Field in keyof MembershipOptions]: MembershipOptions[Field] extends number ? Field : never
}[keyof MembershipOptions]

const msMax = limits.optionMaxMs

const ranges: readonly (readonly [field: NumberField, min: number, max: number])[] = [
  ['activeSize', 1, limits.membershipActiveMax],
  ['passiveSize', 1, limits.membershipPassiveMax],
  ['arwl', 1, limits.membershipTtlMax],
  ['prwl', 0, limits.membershipTtlMax],
  ['shuffleLength', 1, limits.membershipPeersMax],
  ['shuffleActiveLength', 0, limits.membershipPeersMax],
  ['shuffleTtl', 0, limits.membershipTtlMax],
  ['shufflePeriodMs', 1, msMax],
  ['maxFailCount', 1, 1000],
  ['baseBackoffMs', 1, msMax],
  ['backoffMaxMs', 1, msMax],
  ['passiveMaxAgeMs', 0, msMax],
  ['passiveCleanupPeriodMs', 1, msMax],
  ['pendingTimeoutMs', 1, msMax],
  ['contactRetryMs', 1, msMax],
  ['churnWindowMs', 0, msMax],
  ['highBelow', 1, limits.membershipActiveMax],
  ['refusalBackoffMs', 1, msMax],
  ['refusalsMax', 0, 1000],
  ['evictionBurst', 1, 1000],
  ['evictionEveryMs', 0, msMax],
  ['evictionPerNodeMs', 0, msMax],
  ['requestsMax', 0, 1000],
  ['requestWindowMs', 1, msMax],
  ['protectedSlots', 0, limits.membershipActiveMax],
  ['protectAfterMs', 0, msMax],
  ['hearsayMax', 1, limits.membershipPassiveMax],
  ['metSlots', 0, limits.membershipPassiveMax],
  ['hearsayFailMax', 1, 1000],
  ['auditPeriodMs', 0, msMax],
  ['roomCheckMs', 0, msMax],
  ['rotatePeriodMs', 0, msMax],
  ['lostMax', 0, limits.membershipLostMax],
  ['lostRetryMs', 1, msMax],
  ['lostRetryMaxMs', 1, msMax],
  ['lostMaxAgeMs', 1, msMax],
  ['graceMs', 0, msMax],
]

const choices = [
  ['shuffleReply', ['step', 'origin']],
  ['walk', ['room', 'split', 'end']],
  ['candidates', ['recent', 'any']],
  ['afterEviction', ['candidates', 'wait']],
  ['hints', [true, false]],
] as const

/** The given options over the defaults. Throws `BadArgument` naming the field and the value. */
export function membershipOptions(given: Partial<MembershipOptions> = {}): MembershipOptions {
  for (const field of Object.keys(given)) {
    if (!(field in defaultMembershipOptions)) {
      const known = Object.keys(defaultMembershipOptions).join(', ')
      throw new BadArgument(`membership: unknown option '${field}'; known are ${known}`)
    }
  }
  const options = { ...defaultMembershipOptions, ...given }
  for (const [field, min, max] of ranges) {
    const value = options[field]
    if (!Number.isInteger(value) || value < min || value > max) {
      refuse(field, `a whole number from ${min} to ${max}`, value)
    }
  }
  for (const [field, values] of choices) {
    const value = options[field]
    if (!values.some((known) => known === value)) refuse(field, values.join(' or '), value)
  }
  checkContacts(options.contactNodes)
  return options
}

function checkContacts(contacts: readonly string[]): void {
  const max = limits.membershipContactsMax
  if (!Array.isArray(contacts) || contacts.length > max) {
    refuse('contactNodes', `at most ${max} node names`, contacts)
  }
  for (const name of contacts) {
    if (typeof name !== 'string' || validateNodeName(name).tag === 'error') {
      refuse('contactNodes', 'node names, as in a@127.0.0.1', name)
    }
  }
}

function refuse(field: string, expected: string, got: unknown): never {
  throw new BadArgument(`membership: ${field}: expected ${expected}, got ${show(got)}`)
}
