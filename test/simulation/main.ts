/**
 * `npm run sim`: one seed, with its event log if asked for, or many. Progress goes to stderr; the
 * last line of stdout is the result as JSON, and the exit code is 0 only if it is ok. A run of many
 * in which some kind of fault hardly fired proves nothing, and so is not ok.
 */
import { rareFaults, replayOf, runMany } from './many.ts'
import { parseOptions, type SimOptions } from './options.ts'
import { keepRegression } from './regressions.ts'
import { runSeed, type SeedResult } from './run-seed.ts'

const violationsShown = 5
const tailShown = 20

const say = (line: string): void => {
  process.stderr.write(`${line}\n`)
}

const print = (line: string): void => {
  process.stdout.write(`${line}\n`)
}

async function main(): Promise<boolean> {
  const options = parseOptions(process.argv.slice(2))
  switch (options.tag) {
    case 'error':
      say(options.message)
      return false
    case 'one':
      return one(options)
    case 'many':
      return many(options)
  }
}

async function one(options: SimOptions & { tag: 'one' }): Promise<boolean> {
  const result = await runSeed(options.seed, options.verbose ? { onLine: print } : {})
  const { seed, virtualMs, events, violations, digest } = result
  const ok = violations.length === 0
  say(`log digest ${digest}`)
  if (!ok) explain(result, !options.verbose)
  print(JSON.stringify({ ok, seed, virtualMs: Math.round(virtualMs), events, violations }))
  return ok
}

async function many(options: SimOptions & { tag: 'many' }): Promise<boolean> {
  const startedAt = performance.now()
  const { seed: first, many: count, jobs } = options
  const result = await runMany({
    first,
    count,
    jobs,
    onSeed(seedResult, done) {
      if (seedResult.violations.length > 0) explain(seedResult, false)
      if (done % 10 === 0 || done === count) say(`${done} of ${count} seeds`)
    },
  })
  const rare = rareFaults(result)
  for (const kind of rare) say(`the fault '${kind}' fired too seldom: ${result.faults[kind] ?? 0}`)
  const { seeds, failed, faults } = result
  const ok = failed.length === 0 && rare.length === 0 && seeds === count
  const wallMs = Math.round(performance.now() - startedAt)
  print(JSON.stringify({ ok, seeds, failed, faults, wallMs }))
  return ok
}

/** Shows what was wrong and how to see it again, and keeps the seed. */
function explain({ seed, violations, tail }: SeedResult, showTail: boolean): void {
  keepRegression(seed, violations[0] ?? '')
  if (showTail) for (const line of tail.slice(-tailShown)) say(`  ${line}`)
  for (const violation of violations.slice(0, violationsShown)) say(`  ${violation}`)
  say(`seed ${seed} failed; replay: ${replayOf(seed)}`)
}

process.exitCode = (await main()) ? 0 : 1
