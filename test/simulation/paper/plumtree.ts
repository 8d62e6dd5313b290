/**
 * `npm run sim -- --paper plumtree`: the tables of Plumtree (SRDS 2007, section 5), with the
 * paper's own rules on the paper's HyParView, and with skein's defaults on both, which are option
 * profiles of the same rule files. The defaults always optimise, so they stand in the rows of
 * `opt`.
 *
 * The paper's values: Table 1 is exact; the figures are read off plots. They hold for 10,000 nodes;
 * at another size the messages are asked for in proportion to the nodes that must be reached.
 *
 * With many senders the paper's optimisation costs 8,987 GRAFT and PRUNE a message: 45 % of the
 * nodes move their link each time. It says that a way must be 7 links shorter for that, which can
 * not be so: too few nodes hear an announcement seven hops ahead of the body when the last of them
 * gets it after 17. It fits when whoever announced a message first, by a way no longer, takes the
 * place: then both the messages and the hops come out as published. So this is what `opt m-s` does
 * in the paper profile; `opt m-s, 7` is the text to the letter, beside it and not asked for. For
 * one sender there is no difference: its tree comes to rest.
 */
import {
  type BroadcastOptions,
  defaultBroadcastOptions,
  paperBroadcastOptions,
} from '../../../src/broadcast/index.ts'
import { defaultProfile, paperProfile } from './hyparview.ts'
import { linksAtRest, type PlumtreeFigures, plumtreeRows } from './plumtree-rows.ts'
import { type FailureFigures, type Links, PlumtreeRun, type Senders } from './plumtree-run.ts'
import { type PaperResult, paperResult } from './rows.ts'

export type PlumtreePlan = {
  readonly nodes: number
  /**
   * The first of these cycles are whole membership cycles: there are none between the joins and the
   * first broadcast, so that views fill up while the tree grows, as in the paper.
   */
  readonly stabilisation: number
  /** Broadcasts, one each cycle; the last one is measured. */
  readonly cycles: number
  /** The same with skein's defaults. */
  readonly ourCycles: number
  /** Percent of nodes that crash at once. */
  readonly failures: readonly number[]
  /** Cycles in each of which one node in 200 crashes. */
  readonly steadyCycles: number
}

/** With more nodes than this fewer failures are tried, so that a run ends within the hour. */
const manyNodes = 2000

export function plumtreePlan(nodes: number): PlumtreePlan {
  const many = nodes > manyNodes
  return {
    nodes,
    stabilisation: 10,
    cycles: 100,
    ourCycles: 30,
    failures: many ? [40, 60, 80, 90] : [10, 20, 30, 40, 50, 60, 70, 80, 90],
    steadyCycles: many ? 5 : 20,
  }
}

type Strategy = {
  readonly name: 's-s' | 'm-s' | 'opt s-s' | 'opt m-s' | 'opt m-s, 7' | typeof linksAtRest
  readonly senders: Senders
  readonly threshold: BroadcastOptions['optimisationThreshold']
  /** Percent of nodes that crash at once. */
  readonly failures: 'all' | 'some' | 'none'
  readonly links?: Links
}

const strategies: readonly Strategy[] = [
  { name: 's-s', senders: 'one', threshold: 'never', failures: 'all' },
  { name: 'm-s', senders: 'many', threshold: 'never', failures: 'all' },
  { name: 'opt s-s', senders: 'one', threshold: 3, failures: 'none' },
  { name: 'opt m-s', senders: 'many', threshold: 0, failures: 'some' },
  { name: 'opt m-s, 7', senders: 'many', threshold: 7, failures: 'none' },
]
const ourStrategies: readonly Strategy[] = [
  { name: 'opt s-s', senders: 'one', threshold: 7, failures: 'none' },
  { name: 'opt m-s', senders: 'many', threshold: 7, failures: 'all' },
  { name: linksAtRest, senders: 'many', threshold: 7, failures: 'none', links: 'atRest' },
]
/** Of which the paper shows the hops with the tree optimised. */
const someFailures: readonly number[] = [40]

/**
 * Hops take no time there, so that any timer is longer than the diameter; and ids are forgotten
 * after a few cycles, since ten thousand caches stand in one heap.
 */
const paperTimers = {
  graftTimeoutMs: 10,
  graftRetryMs: 5,
  dedupTtlMs: 600,
  bodyTtlMs: 500,
  sweepPeriodMs: 1000,
}
const paperTimes = { hopMs: 0, calmCycleMs: 200 }
const ourTimes = { hopMs: 10, calmCycleMs: 2000 }

/** Runs both profiles with `seeds` seeds; `progress` hears of each strategy. */
export function paperPlumtree(
  plan: PlumtreePlan,
  seeds: number,
  progress: (line: string, happened: number) => void,
): PaperResult {
  const paper: PlumtreeFigures[] = []
  const ours: PlumtreeFigures[] = []
  for (let seed = 1; seed <= seeds; seed++) {
    const profile = { membership: paperProfile(), ...paperTimes }
    const paperRun = new PlumtreeRun(plan.nodes, seed, profile)
    const paperOptions = (strategy: Strategy): BroadcastOptions => ({
      ...paperBroadcastOptions,
      ...paperTimers,
      optimisationThreshold: strategy.threshold,
    })
    const say = (line: string, run: PlumtreeRun): void =>
      progress(`seed ${seed}, ${line}`, run.engine.happened)
    say('paper profile, overlay', paperRun)
    paper.push(
      figures(paperRun, strategies, plan, plan.cycles, paperOptions, (name) =>
        say(`paper profile, ${name}`, paperRun),
      ),
    )
    const ourProfile = { membership: defaultProfile(), ...ourTimes }
    const ourRun = new PlumtreeRun(plan.nodes, seed, ourProfile)
    say('defaults, overlay', ourRun)
    ours.push(
      figures(
        ourRun,
        ourStrategies,
        plan,
        plan.ourCycles,
        () => defaultBroadcastOptions,
        (name) => say(`defaults, ${name}`, ourRun),
      ),
    )
  }
  return paperResult('plumtree', plan.nodes, seeds, plumtreeRows(plan, paper, ours))
}

/** All strategies, each from the same overlay; failures for one of a kind of senders. */
function figures(
  run: PlumtreeRun,
  wanted: readonly Strategy[],
  plan: PlumtreePlan,
  cycles: number,
  optionsFor: (strategy: Strategy) => BroadcastOptions,
  done: (name: string) => void,
): PlumtreeFigures {
  const fresh = run.keep()
  const stable: Map<string, ReturnType<PlumtreeRun['stable']>> = new Map()
  const failures = new Map<string, ReadonlyMap<number, FailureFigures>>()
  const steady = new Map<string, ReturnType<PlumtreeRun['failSteadily']>>()
  for (const [at, strategy] of wanted.entries()) {
    const { name, senders } = strategy
    fresh(at)
    stable.set(name, run.stable(optionsFor(strategy), strategy, cycles, plan.stabilisation))
    const back = run.keep()
    const { all, some, none } = { all: plan.failures, some: someFailures, none: [] }
    const byPercent = new Map<number, FailureFigures>()
    for (const percent of { all, some, none }[strategy.failures]) {
      back(percent)
      byPercent.set(percent, run.fail(percent, senders))
    }
    failures.set(name, byPercent)
    if (senders === 'many' && strategy.failures !== 'none') {
      back(0)
      const perCycle = Math.max(1, Math.round(plan.nodes / 200))
      steady.set(name, run.failSteadily(perCycle, plan.steadyCycles, senders))
    }
    done(name)
  }
  return { stable, failures, steady }
}
