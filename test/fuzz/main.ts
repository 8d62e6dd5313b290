/**
 * `npm run fuzz -- TARGET [--seconds S] [--inputs N] [--seed K] [--first N]`. Progress and findings
 * go to standard error; the last line of standard output is the result as JSON, and the exit code is
 * 0 only if it is ok. The work is done by a child process, so that an input which hangs or kills it
 * is a finding like any other.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import type { JobMessage } from './job.ts'
import { type FuzzArguments, parseArguments } from './options.ts'
import type { FuzzResult } from './run.ts'
import { judge } from './verdict.ts'

const say = (line: string): void => {
  process.stderr.write(`${line}\n`)
}

const job = fileURLToPath(new URL('./job.ts', import.meta.url))
/** A child that says nothing for so long hangs. */
const silenceMaxMs = 60_000
const sayEvery = 100_000

type Ending =
  | { readonly tag: 'result'; readonly result: FuzzResult }
  | { readonly tag: 'lost'; readonly why: string; readonly done: number }

function work(given: FuzzArguments): Promise<Ending> {
  return new Promise((resolve) => {
    const child: ChildProcess = fork(job, [JSON.stringify(given)], {
      execArgv: ['--import', 'tsx'],
      env: { ...process.env, NODE_ENV: 'test' },
    })
    let done = 0
    let why = ''
    let ending: Ending | undefined
    const hang = (): void => {
      why = `it was silent for ${silenceMaxMs} ms`
      child.kill('SIGKILL')
    }
    let watchdog = setTimeout(hang, silenceMaxMs)
    child.on('message', (message: JobMessage) => {
      clearTimeout(watchdog)
      if (message.tag === 'result') {
        ending = message
        return
      }
      watchdog = setTimeout(hang, silenceMaxMs)
      if (Math.floor(message.done / sayEvery) > Math.floor(done / sayEvery)) {
        say(`${message.done} inputs`)
      }
      done = message.done
    })
    child.on('exit', (code, signal) => {
      clearTimeout(watchdog)
      const died = why === '' ? `it ended by ${signal ?? `code ${code}`}` : why
      resolve(ending ?? { tag: 'lost', why: died, done })
    })
  })
}

async function main(): Promise<boolean> {
  const given = parseArguments(process.argv.slice(2), randomInt(2 ** 32 - 1))
  const { target, seed, first } = given
  say(`target ${target}, seed ${seed}`)
  const ending = await work(given)
  if (ending.tag === 'lost') {
    const { why, done } = ending
    say(`the process was lost after input ${first + done}: ${why}`)
    say(`replay: npm run fuzz -- ${target} --seed ${seed} --first ${first + done}`)
    print({ ok: false, inputs: done, passedFraming: 0, reached: {}, heapGrowthBytes: 0 })
    return false
  }
  const { result } = ending
  const { ok, faults } = judge(result)
  for (const fault of faults) say(fault)
  for (const { input } of result.findings) {
    say(`replay: npm run fuzz -- ${target} --seed ${seed} --first ${input} --inputs 1`)
  }
  const { inputs, passedFraming, reached, heapGrowthBytes } = result
  print({ ok, inputs, passedFraming, reached, heapGrowthBytes })
  return ok
}

function print(
  line: Pick<FuzzResult, 'inputs' | 'passedFraming' | 'reached' | 'heapGrowthBytes'> & {
    readonly ok: boolean
  },
): void {
  process.stdout.write(`${JSON.stringify(line)}\n`)
}

try {
  process.exitCode = (await main()) ? 0 : 1
} catch (error) {
  say(error instanceof Error ? error.message : String(error))
  process.exitCode = 1
}
