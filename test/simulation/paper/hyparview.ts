/**
 * `npm run sim -- --paper hyparview`: the tables of HyParView (DSN 2007, section 5), with the
 * paper's own rules and with skein's defaults, which are two option profiles of the same rule
 * files.
 */
import { defaultMembershipOptions, paperMembershipOptions } from '../../../src/membership/index.ts'
import { nodeName } from '../light/transport.ts'
import { hyparviewRows } from './hyparview-rows.ts'
import { type HyparviewFigures, type HyparviewPlan, runHyparview } from './hyparview-run.ts'
import { contact, type Profile } from './overlay.ts'
import { type PaperResult, paperResult } from './rows.ts'

export function hyparviewPlan(nodes: number, messages: number): HyparviewPlan {
  return {
    nodes,
    cycles: 50,
    ourCycles: 30,
    messages,
    pathSources: Math.min(nodes, 1_000),
    failures: [10, 20, 30, 40, 50, 60, 70, 80, 90, 95],
    healings: [10, 20, 30, 40, 50, 60, 70, 80, 90],
    healingCyclesMax: 20,
    wholeSeeds: 1,
    askedHealings: [80, 90],
  }
}

/** Joins come 100 a second where quotas are counted in time. */
const joinEveryMs = 10

export function paperProfile(): Profile {
  return { options: paperMembershipOptions, joinEveryMs: 0 }
}

export function defaultProfile(): Profile {
  const options = { ...defaultMembershipOptions, contactNodes: [nodeName(contact)] }
  return { options, joinEveryMs }
}

/** Runs both profiles with `seeds` seeds; `progress` hears of each run. */
export function paperHyparview(
  plan: HyparviewPlan,
  seeds: number,
  progress: (line: string, happened: number) => void,
): PaperResult {
  const ourPlan = { ...plan, cycles: plan.ourCycles }
  const paper: HyparviewFigures[] = []
  const ours: HyparviewFigures[] = []
  for (let seed = 1; seed <= seeds; seed++) {
    const ofPaper = runHyparview(plan, seed, paperProfile())
    progress(`seed ${seed}, paper profile`, ofPaper.happened)
    const ofOurs = runHyparview(ourPlan, seed, defaultProfile())
    progress(`seed ${seed}, defaults`, ofOurs.happened)
    paper.push(ofPaper)
    ours.push(ofOurs)
  }
  return paperResult('hyparview', plan.nodes, seeds, hyparviewRows(plan, paper, ours))
}
