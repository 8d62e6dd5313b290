/**
 * `npm run bench -- SUITE [--json] [--rounds N] [--only ID] [--operations N]`: runs a suite,
 * progress on standard error, a table at the end, with `--json` one line of JSON as the last line.
 * The exit code is 1 when a row failed: beyond its bound, or not everything it started has arrived.
 */
import { parseArgs } from 'node:util'
import { churnSuite } from './churn/suite.ts'
import { distSuite } from './dist/suite.ts'
import { localSuite } from './local/suite.ts'
import { tableOf } from './report.ts'
import { servicesSuite } from './services/suite.ts'
import type { Suite } from './suite.ts'

const suites: readonly Suite[] = [localSuite, churnSuite, distSuite, servicesSuite]
const names = suites.map((suite) => suite.name).join(', ')
const options = '[--json] [--rounds N] [--only ID] [--operations N]'
const usage = `usage: bench SUITE ${options}; suites: ${names}`

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      json: { type: 'boolean', default: false },
      rounds: { type: 'string' },
      only: { type: 'string' },
      operations: { type: 'string' },
    },
  })
  const suite = suites.find(({ name }) => name === positionals[0])
  if (suite === undefined) throw new Error(`no suite named "${positionals[0] ?? ''}"; ${usage}`)
  const rounds = positive('--rounds', values.rounds)
  const operations = positive('--operations', values.operations)
  const report = await suite.run({ rounds, only: values.only, operations }, (line) => {
    process.stderr.write(`${line}\n`)
  })
  for (const line of tableOf(report)) process.stdout.write(`${line}\n`)
  if (values.json) process.stdout.write(`${JSON.stringify(report)}\n`)
  process.exitCode = report.ok === false ? 1 : 0
}

function positive(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  const value = Number(text)
  if (Number.isSafeInteger(value) && value > 0) return value
  throw new Error(`${name} must be a positive whole number, got "${text}"`)
}

await main()
