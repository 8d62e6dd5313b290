/**
 * Parameters of the failure verdict, after SWIM (DSN 2002) and Lifeguard (arXiv 1707.00788v2). The
 * same rule files run with `plainVerdictOptions`, which is SWIM's suspicion without local health,
 * so that both can be measured side by side.
 *
 * Deliberate difference: nobody probes at rest. A node is watched by the peers of its active view,
 * over channels that tick anyway; probing begins when such a channel is lost. The audit finds the
 * few nodes that went down together with all who watched them.
 */
export type VerdictOptions = {
  /** How long the answer to a probe is waited for, times 1 + the score of local health. */
  readonly probeTimeoutMs: number
  /** The unit of the suspicion timeout. */
  readonly probeIntervalMs: number
  /** Peers asked to probe for us. */
  readonly indirectProbes: number
  /** Least suspicion timeout: alpha * log10(members) * probeIntervalMs. */
  readonly suspicionAlpha: number
  /** Greatest suspicion timeout: beta times the least. 1: confirmations make no difference. */
  readonly suspicionBeta: number
  /** Independent confirmations after which the timeout is the least. */
  readonly confirmations: number
  /**
   * How many members, about, probe one they hear is suspected, so that confirmations do not depend
   * on how many of those who watched it are well; each draws for itself whether it does.
   */
  readonly verifiers: number
  /** Whether a node that lags, misses nacks or must refute trusts itself less. */
  readonly localHealth: boolean
  /** Greatest score of local health, at which timeouts are 1 + this many times as long. */
  readonly localHealthMax: number
  /** Lateness of a timer above which the node's own loop is held to lag. */
  readonly lagThresholdMs: number
  /** Whether a peer under suspicion is told so directly, beside the broadcast. */
  readonly buddy: boolean
  /** Least time between two refutations of one node. */
  readonly refuteIntervalMs: number
  /** How often the digest of the member table is compared with one peer, on average. */
  readonly digestPeriodMs: number
  /** How often one member that nobody else need be watching is probed, on average. */
  readonly auditPeriodMs: number
  /** How long a node that is down or has left stays in the member list. */
  readonly forgetAfterMs: number
  /** News dated further than this ahead of our wall clock are refused. */
  readonly incarnationAheadMaxMs: number
}

export const defaultVerdictOptions: VerdictOptions = {
  probeTimeoutMs: 1_000,
  probeIntervalMs: 1_000,
  indirectProbes: 3,
  suspicionAlpha: 5,
  suspicionBeta: 6,
  confirmations: 3,
  verifiers: 6,
  localHealth: true,
  localHealthMax: 8,
  lagThresholdMs: 100,
  buddy: true,
  refuteIntervalMs: 500,
  digestPeriodMs: 30_000,
  auditPeriodMs: 60_000,
  forgetAfterMs: 3_600_000,
  incarnationAheadMaxMs: 3_600_000,
}

/** Lifeguard's baseline: SWIM with suspicion, of a fixed timeout, and without local health. */
export const plainVerdictOptions: VerdictOptions = {
  ...defaultVerdictOptions,
  suspicionBeta: 1,
  verifiers: 0,
  localHealth: false,
  buddy: false,
}

type Range = readonly [least: number, greatest: number]

const day = 86_400_000
/** So that no timer made of them is longer than one can be. */
const ranges: Readonly<Record<string, Range>> = {
  probeTimeoutMs: [1, 600_000],
  probeIntervalMs: [1, 600_000],
  indirectProbes: [0, 16],
  suspicionAlpha: [1, 100],
  suspicionBeta: [1, 16],
  confirmations: [1, 16],
  verifiers: [0, 64],
  localHealthMax: [0, 64],
  lagThresholdMs: [1, 600_000],
  refuteIntervalMs: [1, 600_000],
  digestPeriodMs: [10, day],
  auditPeriodMs: [10, day],
  forgetAfterMs: [1_000, 90 * day],
  incarnationAheadMaxMs: [1_000, 365 * day],
}
const whole: readonly string[] = ['indirectProbes', 'confirmations', 'verifiers', 'localHealthMax']

/**
 * The defaults with some fields given. Throws a RangeError that names the field and the value
 * received when one is unknown or out of range.
 */
export function verdictOptions(given: Partial<VerdictOptions> = {}): VerdictOptions {
  for (const [field, value] of Object.entries(given)) checkField(field, value)
  return { ...defaultVerdictOptions, ...given }
}

function checkField(field: string, value: unknown): void {
  if (field === 'localHealth' || field === 'buddy') {
    if (typeof value !== 'boolean') refuse(field, 'true or false', value)
    return
  }
  const range = Object.hasOwn(ranges, field) ? ranges[field] : undefined
  if (range === undefined) refuse(field, 'no option of the failure verdict', value)
  const [least, greatest] = range
  const fits = typeof value === 'number' && value >= least && value <= greatest
  const must = `${whole.includes(field) ? 'a whole number' : 'a number'} ${least} to ${greatest}`
  if (!fits || (whole.includes(field) && !Number.isInteger(value))) refuse(field, must, value)
}

function refuse(field: string, must: string, value: unknown): never {
  throw new RangeError(`verdict.${field}: must be ${must}, got ${String(value)}`)
}
