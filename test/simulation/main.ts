/**
 * `npm run sim`: one seed, with its event log if asked for, many, a scenario by name, or a table.
 * Progress goes to stderr; the last line of stdout is the result as JSON, and the exit code is 0
 * only if it is ok. A run of many in which some kind of fault hardly fired proves nothing, and so
 * is not ok.
 */
import { rareFaults, runMany } from './many.ts'
import { type NamedRun, replayOf, runNamed } from './named-run.ts'
import { isFlat, type RestTraffic, restCounts, restTraffic } from './names/rest.ts'
import { parseOptions, type SimOptions } from './options.ts'
import { asksForTable, tableCommand } from './paper/command.ts'
import { progressOf } from './progress.ts'
import { keepRegression } from './regressions.ts'
import type { SeedResult } from './run-seed.ts'
import { runSurvivors } from './survivors.ts'

const violationsShown = 5
const tailShown = 20

const say = (line: string): void => {
  process.stderr.write(`${line}\n`)
}

const print = (line: string): void => {
  process.stdout.write(`${line}\n`)
}

async function main(): Promise<boolean> {
  const args = process.argv.slice(2)
  if (asksForTable(args)) return tableCommand(args, { print, say })
  const options = parseOptions(args)
  switch (options.tag) {
    case 'error':
      say(options.message)
      return false
    case 'one':
      return one(options)
    case 'many':
      return many(options)
    case 'survivors':
      return survivors(options)
  }
}

async function one(options: SimOptions & { tag: 'one' }): Promise<boolean> {
  const { seed: drawn, scenario = 'mixed', size, verbose } = options
  const run: NamedRun = { scenario, size }
  const result = await runNamed(drawn, run, verbose ? print : undefined)
  const { seed, virtualMs, events, violations, digest } = result
  const ok = violations.length === 0
  say(`log digest ${digest}`)
  if (!ok) explain(result, run, !verbose)
  print(JSON.stringify({ ok, seed, virtualMs: Math.round(virtualMs), events, violations }))
  return ok
}

async function survivors(options: SimOptions & { tag: 'survivors' }): Promise<boolean> {
  const startedAt = performance.now()
  const result = await runSurvivors({ ...options, onPhase: say })
  const { seed, nodes, killed, broadcasts, virtualMs, events, digest, violations } = result
  const ok = violations.length === 0
  say(`log digest ${digest}`)
  for (const violation of violations.slice(0, violationsShown)) say(`  ${violation}`)
  const wallMs = Math.round(performance.now() - startedAt)
  const counts = { killed, broadcasts, virtualMs: Math.round(virtualMs), events }
  print(JSON.stringify({ ok, scenario: 'survivors', seed, nodes, ...counts, violations, wallMs }))
  return ok
}

async function many(options: SimOptions & { tag: 'many' }): Promise<boolean> {
  const startedAt = performance.now()
  const { seed: first, many: count, jobs, scenario = 'mixed', size } = options
  const run: NamedRun = { scenario, size }
  const progress = progressOf({ first, count, ...run })
  const known = progress.read()
  if (known.length > 0) say(`${known.length} of ${count} seeds were done before the interruption`)
  const tookMs = known.map(({ wallMs }) => wallMs)
  const result = await runMany({
    first,
    count,
    jobs,
    ...run,
    known,
    onSeed(seedResult, done) {
      progress.add({ ...seedResult, tail: [] })
      tookMs.push(seedResult.wallMs)
      if (seedResult.violations.length > 0) explain(seedResult, run, false)
      say(`${done} of ${count}: ${summary(seedResult)}`)
    },
  })
  progress.forget()
  const rare = rareFaults(result, scenario)
  for (const kind of rare) say(`the fault '${kind}' fired too seldom: ${result.faults[kind] ?? 0}`)
  const { seeds, failed, faults } = result
  const rest = scenario === 'names' ? await namesAtRest() : undefined
  const isWell = failed.length === 0 && rare.length === 0 && seeds === count
  const ok = isWell && (rest === undefined || isFlat(rest))
  const wallMs = Math.round(performance.now() - startedAt)
  tookMs.sort((a, b) => a - b)
  const middleMs = tookMs[Math.floor(tookMs.length / 2)] ?? 0
  say(`median ${Math.round(middleMs)} ms a seed, at most ${Math.round(tookMs.at(-1) ?? 0)} ms`)
  print(JSON.stringify({ ok, seeds, failed, faults, ...(rest && { rest }), wallMs }))
  return ok
}

/** What the tables of names say when nothing happens, for few and many names. */
async function namesAtRest(): Promise<readonly RestTraffic[]> {
  const rows: RestTraffic[] = []
  for (const count of restCounts) {
    const row = await restTraffic(count)
    rows.push(row)
    const { messages, bytes, wireBytes } = row
    const tables = `${messages} messages and ${bytes} bytes of tables`
    say(`at rest with ${count} names, per node and minute: ${tables}, ${wireBytes} bytes in all`)
  }
  return rows
}

/** One line: what the seed drew, what it took, which faults it had. */
function summary({ seed, nodes, virtualMs, events, wallMs, faults }: SeedResult): string {
  const fired = Object.entries(faults).filter(([, times]) => times > 0)
  const list = fired.map(([kind, times]) => `${kind} ${times}`).join(', ')
  const time = `${(virtualMs / 1_000).toFixed(1)} s in ${(wallMs / 1_000).toFixed(1)} s`
  return `seed ${seed}, ${nodes} nodes, ${time}, ${events} events; ${list || 'no faults'}`
}

/** Shows what was wrong and how to see it again; keeps the seed, unless it takes too long. */
function explain(result: SeedResult, run: NamedRun, showTail: boolean): void {
  const { seed, violations, tail } = result
  const { scenario, size } = run
  const was = violations[0] ?? ''
  if (scenario === 'mixed') keepRegression({ seed, was, ...(size === undefined ? {} : { size }) })
  if (showTail) for (const line of tail.slice(-tailShown)) say(`  ${line}`)
  for (const violation of violations.slice(0, violationsShown)) say(`  ${violation}`)
  say(`seed ${seed} failed; replay: ${replayOf(seed, run)}`)
}

process.exitCode = (await main()) ? 0 : 1
