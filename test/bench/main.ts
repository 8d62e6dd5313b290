/**
 * `npm run bench -- SUITE [--json] [--rounds N] [--only id]`: runs a suite, progress on standard
 * error, a table at the end, with `--json` one line of JSON as the last line. The exit code is 1
 * when a row failed: slower than needed, or not everything it started has arrived.
 */
import { parseArgs } from 'node:util'
import { localSuite } from './local/suite.ts'
import { reportOf, tableOf } from './report.ts'
import type { Row } from './row.ts'
import { measure, type Suite } from './suite.ts'

const suites: readonly Suite[] = [localSuite]
const usage = `usage: bench SUITE [--json] [--rounds N] [--only ID]; suites: ${suites
  .map((suite) => suite.name)
  .join(', ')}`

const note = (line: string): void => {
  process.stderr.write(`${line}\n`)
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      json: { type: 'boolean', default: false },
      rounds: { type: 'string', default: '5' },
      only: { type: 'string' },
    },
  })
  const suite = suites.find(({ name }) => name === positionals[0])
  if (suite === undefined) throw new Error(`no suite named "${positionals[0] ?? ''}"; ${usage}`)
  const rounds = Number(values.rounds)
  if (!Number.isSafeInteger(rounds) || rounds < 1) {
    throw new Error(`--rounds must be a positive whole number, got "${values.rounds}"`)
  }
  const specs = suite.rows.filter(({ id }) => values.only === undefined || id === values.only)
  if (specs.length === 0) {
    const ids = suite.rows.map(({ id }) => id).join(', ')
    throw new Error(`no row named "${values.only}" in ${suite.name}; rows: ${ids}`)
  }
  const bench = await suite.open()
  const rows: Row[] = []
  try {
    if (bench.peer === null) note(`${bench.peerName} is not installed: nothing to compare with`)
    for (const spec of specs) rows.push(await measure(bench, spec, rounds, note))
  } finally {
    await bench.close()
  }
  const report = reportOf(suite.name, bench.checked, rows)
  for (const line of tableOf(report)) process.stdout.write(`${line}\n`)
  if (values.json) process.stdout.write(`${JSON.stringify(report)}\n`)
  process.exitCode = report.ok === false ? 1 : 0
}

await main()
