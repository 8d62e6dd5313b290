/**
 * What a seed draws for the overlay, the broadcasts and the member list of a cluster: whom a node
 * joins through, the sizes of its views, and periods that are a tenth of the usual ones, so that a
 * minute of cluster time shows what takes ten elsewhere. All nodes of a cluster share the options.
 */
import type { Random } from '../../runtime/platform/platform.ts'
import { seededRandom } from '../../runtime/platform/sim.ts'
import type { ClusterOptions } from '../../src/node/cluster-options.ts'

export type ClusterDraw = {
  /** Whom each node joins through; none: it waits to be found. */
  readonly contacts: ReadonlyMap<string, readonly string[]>
  readonly options: Required<Pick<ClusterOptions, 'membership' | 'broadcast' | 'verdict'>>
  /** An agent that could broadcast does so one time in so many. */
  readonly broadcastOneIn: number
}

/** Wall clocks further apart than this need nodes that believe news dated so far ahead. */
const clocksApartMs = 1_000_000
const dayMs = 86_400_000
/** In a large cluster what comes periodically comes so many times more seldom. */
const largePace = 3

type Pick1 = <T>(...choices: readonly [T, ...T[]]) => T

type About = { readonly stepMaxMs: number; readonly many: boolean }

export function drawCluster(
  seed: number,
  nodes: readonly string[],
  { stepMaxMs, many }: About,
): ClusterDraw {
  // A stream of its own, so that the rest of the scenario does not depend on how much is drawn.
  const random = seededRandom(seed ^ 0x2c1a57e5)
  const pick: Pick1 = (...choices) =>
    choices[Math.floor(random.unit() * choices.length)] ?? choices[0]
  const pace = many ? largePace : 1
  return {
    contacts: drawContacts(random, nodes, pick(1, 2, 3)),
    options: {
      membership: drawMembership(pick, pace),
      broadcast: drawBroadcast(pick, pace),
      verdict: drawVerdict(pick, pace, stepMaxMs > clocksApartMs),
    },
    broadcastOneIn: many ? pick(10, 40) : pick(1, 3, 10),
  }
}

/** The first `seeds` nodes are everybody's contacts; they know each other, or nobody. */
function drawContacts(
  random: Random,
  nodes: readonly string[],
  seeds: number,
): ClusterDraw['contacts'] {
  const known = nodes.slice(0, seeds)
  const acquainted = seeds > 1 || random.unit() < 0.5
  return new Map(
    nodes.map((name, i) => {
      if (i < seeds && !acquainted) return [name, []]
      const others = known.filter((contact) => contact !== name)
      const first = others[Math.floor(random.unit() * others.length)]
      // Some nodes know one contact, some all of them.
      const some = first === undefined || random.unit() < 0.5 ? others : [first]
      return [name, i < seeds ? others : some]
    }),
  )
}

function drawMembership(pick: Pick1, pace: number): ClusterDraw['options']['membership'] {
  return {
    activeSize: pick(3, 4, 5, 5, 6),
    passiveSize: pick(6, 15, 30),
    walk: pick<'split' | 'room'>('split', 'split', 'room'),
    maxFailCount: pick(2, 5),
    shufflePeriodMs: pace * pick(1_000, 3_000),
    auditPeriodMs: pace * pick(500, 2_000),
    rotatePeriodMs: pace * pick(3_000, 10_000),
    lostRetryMs: pick(2_000, 5_000),
    lostRetryMaxMs: 20_000,
    contactRetryMs: pick(500, 2_000),
    baseBackoffMs: pick(200, 1_000),
    backoffMaxMs: pick(2_000, 8_000),
    pendingTimeoutMs: pick(5_000, 15_000),
    passiveMaxAgeMs: pick(15_000, 60_000),
    passiveCleanupPeriodMs: pick(3_000, 10_000),
    refusalBackoffMs: pick(500, 2_000),
    evictionEveryMs: pick(200, 1_000),
    evictionPerNodeMs: pick(2_000, 30_000),
    protectAfterMs: pick(5_000, 60_000),
    graceMs: pick(1_000, 5_000),
  }
}

function drawBroadcast(pick: Pick1, pace: number): ClusterDraw['options']['broadcast'] {
  return {
    graftTimeoutMs: pick(200, 1_000),
    graftRetryMs: pick(100, 500),
    announceDelayMs: pick(0, 5, 50),
    optimisationThreshold: pick<number | 'never'>('never', 3, 7),
    digestPeriodMs: pace * pick(1_000, 2_000),
    sweepPeriodMs: pick(2_000, 60_000),
  }
}

function drawVerdict(
  pick: Pick1,
  pace: number,
  clocksApart: boolean,
): ClusterDraw['options']['verdict'] {
  return {
    probeTimeoutMs: pick(300, 1_000),
    probeIntervalMs: pick(200, 500, 1_000),
    suspicionBeta: pick(2, 6),
    verifiers: pick(0, 6),
    digestPeriodMs: pace * pick(1_000, 2_000),
    auditPeriodMs: pace * pick(2_000, 4_000),
    ...(clocksApart ? { incarnationAheadMaxMs: dayMs } : {}),
  }
}
