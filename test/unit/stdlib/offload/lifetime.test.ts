/** A program with a pool loads piscina when the pool starts, and ends by itself, busy or idle. */
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { assert, suite } from '../../../support/harness.ts'

const test = suite('offload lifetime')

const program = fileURLToPath(new URL('./fixtures/lazy.ts', import.meta.url))
const timeout = 40_000

/** Standard output of the program; rejects when it does not end by itself with success. */
async function outputOf(way: string): Promise<unknown> {
  const args = ['--import', 'tsx', program, way]
  const { stdout } = await promisify(execFile)(process.execPath, args, { timeout })
  return JSON.parse(stdout)
}

const expected = { before: false, after: true, result: { tag: 'ok', value: 9 } }

for (const [way, name] of [
  ['stop', 'a node that is stopped with an idle pool'],
  ['busy', 'a node that is stopped while a task runs without end'],
  ['idle', 'a program that is over, its node never stopped'],
] as const) {
  const run = async (): Promise<void> => assert.equal(await outputOf(way), expected)
  test(`${name}: it loads threads late, and ends`, run, { deadlineMs: timeout + 5_000 })
}

test.run()
