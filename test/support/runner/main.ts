/**
 * `npm test`: runs test files, each in its own process, and prints `N passed, N failed` last.
 * The exit code is 0 only when something ran and nothing failed: a filter that matches no file
 * is a failure, since a run of nothing proves nothing.
 */
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { chooseFiles, testFiles } from './files.ts'
import { runFiles, summaryOf } from './run-files.ts'

const usage = 'options: [PATH-PART...] [--jobs N] [--file-deadline-ms N]'

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      jobs: { type: 'string', default: '2' },
      'file-deadline-ms': { type: 'string', default: '120000' },
    },
  })
  const root = fileURLToPath(new URL('../../..', import.meta.url))
  const files = chooseFiles(testFiles(root), positionals)
  const tally = await runFiles(files, {
    root,
    jobs: positive('--jobs', values.jobs),
    fileDeadlineMs: positive('--file-deadline-ms', values['file-deadline-ms']),
    print: (line) => process.stdout.write(`${line}\n`),
  })
  if (files.length === 0) process.stdout.write(`no test file matches ${positionals.join(' ')}\n`)
  for (const line of summaryOf(tally)) process.stdout.write(`${line}\n`)
  process.exitCode = tally.failed === 0 && tally.passed > 0 ? 0 : 1
}

function positive(name: string, text: string): number {
  const value = Number(text)
  if (Number.isSafeInteger(value) && value > 0) return value
  throw new Error(`${name} must be a positive whole number, got "${text}"; ${usage}`)
}

await main()
