/**
 * `npm run fuzz -- TARGET [--seconds S] [--inputs N] [--seed K] [--first N]`. Progress and findings
 * go to standard error; the last line of standard output is the result as JSON, and the exit code
 * is 0 only if it is ok. The work is done by a child process, so that an input which hangs or kills
 * it is a finding like any other.
 */
import { randomInt } from 'node:crypto'
import { parseArguments } from './options.ts'
import type { FuzzResult } from './run.ts'
import { judge } from './verdict.ts'
import { watchJob } from './watch.ts'

const job = new URL('./job.ts', import.meta.url)
const silenceMaxMs = 60_000
const sayEvery = 100_000

const say = (line: string): void => {
  process.stderr.write(`${line}\n`)
}

async function main(): Promise<boolean> {
  const given = parseArguments(process.argv.slice(2), randomInt(2 ** 32 - 1))
  const { target, seed, first } = given
  say(`target ${target}, seed ${seed}`)
  const replay = (input: number, inputs: number): string =>
    `replay: npm run fuzz -- ${target} --seed ${seed} --first ${input} --inputs ${inputs}`
  const ending = await watchJob({
    job,
    argument: JSON.stringify(given),
    silenceMaxMs,
    onProgress: (done) => {
      if (done % sayEvery === 0) say(`${done} inputs`)
    },
  })
  if (ending.tag === 'lost') {
    const { why, done } = ending
    say(`the process was lost after input ${first + done}: ${why}`)
    say(replay(first + done, given.inputs - done))
    print({ ok: false, inputs: done, passedFraming: 0, reached: {}, heapGrowthBytes: 0 })
    return false
  }
  const { ok, faults } = judge(ending.result)
  for (const fault of faults) say(fault)
  const { inputs, passedFraming, reached, findings, heapGrowthBytes } = ending.result
  for (const { input } of findings) say(replay(input, 1))
  print({ ok, inputs, passedFraming, reached, heapGrowthBytes })
  return ok
}

type Line = Pick<FuzzResult, 'inputs' | 'passedFraming' | 'reached' | 'heapGrowthBytes'>

function print(line: Line & { readonly ok: boolean }): void {
  process.stdout.write(`${JSON.stringify(line)}\n`)
}

try {
  process.exitCode = (await main()) ? 0 : 1
} catch (error) {
  say(error instanceof Error ? error.message : String(error))
  process.exitCode = 1
}
