/**
 * `npm run check`: everything that must hold before a change lands, step after step, ending with
 * one `N passed, N failed`. A step that runs a command counts as one test; a step that runs test
 * files counts each of their tests. All steps run even when an early one fails, so that one run
 * shows everything there is to mend.
 */
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { chooseFiles, testFiles } from './files.ts'
import { addTallies, emptyTally, runFiles, summaryOf, type Tally } from './run-files.ts'

const JOBS = 2
const FILE_DEADLINE_MS = 180_000
const COMMAND_DEADLINE_MS = 300_000

type Step =
  | { readonly tag: 'npm'; readonly name: string; readonly args: readonly string[] }
  | { readonly tag: 'tests'; readonly name: string; readonly filters: readonly string[] }

const steps: readonly Step[] = [
  { tag: 'npm', name: 'typecheck', args: ['run', 'typecheck'] },
  { tag: 'npm', name: 'lint', args: ['run', 'lint'] },
  { tag: 'tests', name: 'tests', filters: [] },
  { tag: 'tests', name: 'documents', filters: ['test/docs.test.ts', 'test/examples.test.ts'] },
  {
    tag: 'npm',
    name: 'simulation',
    args: ['run', 'sim', '--', '--many', '50', '--seed', '1', '--jobs', '2'],
  },
]

const root = fileURLToPath(new URL('../../..', import.meta.url))
const print = (line: string): void => {
  process.stdout.write(`${line}\n`)
}

async function main(): Promise<void> {
  let total = emptyTally
  for (const step of steps) {
    print(`\n${step.name}`)
    const startedAt = performance.now()
    const tally = step.tag === 'npm' ? await runCommand(step) : await runTests(step)
    const seconds = ((performance.now() - startedAt) / 1_000).toFixed(1)
    print(`${step.name}: ${tally.passed} passed, ${tally.failed} failed (${seconds} s)`)
    total = addTallies(total, tally)
  }
  print('')
  summaryOf(total).forEach(print)
  process.exitCode = total.failed === 0 ? 0 : 1
}

async function runTests(step: Extract<Step, { tag: 'tests' }>): Promise<Tally> {
  const files = chooseFiles(testFiles(root), step.filters)
  const options = { root, jobs: JOBS, fileDeadlineMs: FILE_DEADLINE_MS, print }
  const tally = await runFiles(files, options)
  const ran = tally.passed + tally.failed > 0
  return ran ? tally : addTallies(tally, failure(`${step.name}: no test ran`))
}

/** The command writes straight to our output: its progress is ours. */
async function runCommand(step: Extract<Step, { tag: 'npm' }>): Promise<Tally> {
  const ending = await new Promise<string>((resolve) => {
    const child = spawn('npm', ['--silent', ...step.args], {
      cwd: root,
      stdio: ['ignore', 'inherit', 'inherit'],
      timeout: COMMAND_DEADLINE_MS,
    })
    child.on('error', (error) => resolve(error.message))
    child.on('exit', (code, signal) => resolve(signal ?? `exit code ${code}`))
  })
  if (ending === 'exit code 0') return { ...emptyTally, passed: 1 }
  return failure(`${step.name}: npm ${step.args.join(' ')} ended with ${ending}`)
}

function failure(message: string): Tally {
  return { ...emptyTally, failed: 1, failures: [message] }
}

await main()
