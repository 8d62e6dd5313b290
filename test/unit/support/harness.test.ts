/**
 * The harness and the runner tried on programs that misbehave: each must end by itself with the
 * failure named, the other tests run, and an honest count.
 */
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { assert, cleanup, suite } from '../../support/harness.ts'
import { chooseFiles, testFiles } from '../../support/runner/files.ts'
import { type FileResult, judge, runFile } from '../../support/runner/run-file.ts'
import { addTallies, emptyTally, runFiles, summaryOf } from '../../support/runner/run-files.ts'

const root = fileURLToPath(new URL('../../..', import.meta.url))
const slow = { deadlineMs: 30_000 }

function run(fixture: string, deadlineMs = 20_000): Promise<FileResult> {
  return runFile(`test/unit/support/fixtures/${fixture}.ts`, { root, deadlineMs })
}

function only(result: FileResult): string {
  assert.is(result.failures.length, 1, result.failures.join('\n'))
  return result.failures[0] ?? ''
}

const harness = suite('harness')

harness(
  'a test that awaits forever fails by name, with seed and dump, and the rest runs',
  async () => {
    const result = await run('hanging')
    const failure = only(result)
    assert.match(failure, /^hanging: awaits forever: .*deadline of 50 ms/)
    assert.match(failure, 'seed: 42')
    assert.match(failure, 'alive: node a@127.0.0.1, 3 processes')
    assert.is(result.passed, 3)
  },
  slow,
)

harness(
  'a hanging test with a live timer does not hang the file',
  async () => {
    const result = await run('hanging-timer')
    assert.match(only(result), /^hanging timer: awaits forever: .*deadline of 50 ms/)
    assert.is(result.passed, 1)
  },
  slow,
)

harness(
  'assertions, rejections and thrown data fail by name',
  async () => {
    const result = await run('throwing')
    assert.is(result.passed, 1)
    assert.is(result.failures.length, 3)
    assert.match(result.failures[0] ?? '', 'throwing: asserts: Assertion')
    assert.is(result.failures[1], 'throwing: rejects: Error: refused')
    assert.is(result.failures[2], 'throwing: throws data: {"tag":"odd"}')
    assert.match(result.output, '"a":·2')
  },
  slow,
)

harness(
  'a handle left open is reported and the process ends',
  async () => {
    const result = await run('leaking')
    assert.is(result.passed, 1)
    assert.match(only(result), /^handles left open after the last test: .*Timeout/)
  },
  slow,
)

harness(
  'unhandled rejections and exceptions fail the test they happened in',
  async () => {
    const result = await run('unhandled')
    assert.equal(result.failures, [
      'unhandled: rejects unseen: Error: unseen',
      'unhandled: throws from a timer: Error: from a timer',
    ])
    assert.is(result.passed, 1)
  },
  slow,
)

harness(
  'cleanups run in reverse after a failure, and a broken one fails its test',
  async () => {
    const result = await run('cleaning')
    assert.equal(result.failures, [
      'cleaning: fails and cleans: Error: broken',
      'cleaning: cleanup throws: Error: not cleaned',
    ])
    assert.is(result.passed, 1)
  },
  slow,
)

harness(
  'a skip is counted with its reason and is no pass',
  async () => {
    const result = await run('skipping')
    assert.is(result.passed, 1)
    assert.equal(result.failures, [])
    assert.equal(result.skips, [{ name: 'skipping: needs a network', reason: 'no network here' }])
  },
  slow,
)

harness(
  'a file alone under tsx ends by itself with the right code',
  async () => {
    assert.is(await exitCode('skipping'), 0)
    assert.is(await exitCode('throwing'), 1)
    assert.is(await exitCode('hanging-timer'), 1)
    assert.is(await exitCode('empty'), 1)
  },
  slow,
)

harness.run()

const runner = suite('runner')

runner(
  'a file that registers nothing, or never runs what it registered, fails',
  async () => {
    assert.is(only(await run('empty')), 'it registered no tests')
    assert.is(only(await run('silent')), 'it ended without a report, exit code 0')
    assert.match(only(await run('forgotten-run')), '1 of 1 tests never ran')
  },
  slow,
)

runner(
  'a process that leaves in the middle is a failure, whatever its exit code',
  async () => {
    const failure = only(await run('crashing'))
    assert.is(failure, 'the process ended during the test "crashing: leaves"')
  },
  slow,
)

runner(
  'a file that breaks while loading fails even if its tests pass',
  async () => {
    const result = await run('broken-load')
    assert.is(result.passed, 1)
    assert.match(only(result), /outside any test: Error: broken while loading/)
  },
  slow,
)

runner(
  'a suite that uses a name twice does not load',
  async () => {
    const failures = (await run('duplicate')).failures
    assert.match(failures[0] ?? '', 'two tests of suite "duplicate" are named "twice"')
  },
  slow,
)

runner(
  'a spinning test is ended by the deadline of the file and named',
  async () => {
    const failure = only(await run('spinning', 5_000))
    assert.match(failure, /did not end within 5000 ms, during the test "spinning: spins"/)
  },
  slow,
)

runner(
  'a process left behind is a failure',
  async () => {
    const result = await run('orphaning')
    assert.is(only(result), 'processes it started still run')
  },
  slow,
)

runner(
  'files add up, and the last line is the count',
  async () => {
    const lines: string[] = []
    const files = ['skipping', 'throwing'].map((name) => `test/unit/support/fixtures/${name}.ts`)
    const print = (line: string): void => {
      lines.push(line)
    }
    const tally = await runFiles(files, { root, jobs: 2, fileDeadlineMs: 20_000, print })
    const summary = summaryOf(addTallies(tally, emptyTally))
    assert.is(summary.at(-1), '2 passed, 3 failed')
    assert.is(summary.at(-2), '1 skipped: no network here (1)')
    assert.is(lines.filter((line) => /^ {2}[12]\/2 (ok|FAIL) {1,2}/.test(line)).length, 2)
  },
  slow,
)

runner('an ending is judged by its report and its code', () => {
  const pass = { tag: 'pass', name: 'a' } as const
  const clean = { code: 0, signal: null }
  const verdict = (
    events: Parameters<typeof judge>[1],
    ending: Parameters<typeof judge>[2],
  ): readonly string[] => judge('f', events, ending, []).failures
  assert.equal(verdict([pass, { tag: 'done', passed: 1, failed: 0 }], clean), [])
  assert.equal(verdict([pass, { tag: 'done', passed: 2, failed: 0 }], clean), [
    'it reported 2 passes but only 1 arrived',
  ])
  assert.equal(verdict([pass, { tag: 'done', passed: 1, failed: 0 }], { ...clean, code: 7 }), [
    'every test passed, yet it ended with exit code 7',
  ])
  assert.equal(verdict([{ tag: 'start', name: 'a' }], { code: null, signal: 'SIGSEGV' }), [
    'it ended without a report, signal SIGSEGV, during the test "a"',
  ])
})

runner('filters choose by part of the path; without them the slow folders stay out', () => {
  const files = ['test/cluster/join.test.ts', 'test/docs.test.ts', 'test/unit/a.test.ts']
  assert.equal(chooseFiles(files, []), ['test/unit/a.test.ts'])
  assert.equal(chooseFiles(files, ['join', 'docs']), files.slice(0, 2))
  assert.ok(testFiles(root).includes('test/unit/support/harness.test.ts'))
})

runner(
  'the command ends with the count and a code that tells',
  async () => {
    const main = 'test/support/runner/main.ts'
    const nothing = await command(main, 'no-such-file')
    assert.is(nothing.lines.at(-1), '0 passed, 0 failed')
    assert.is(nothing.code, 1)
    const casts = await command(main, 'test/tidy/casts')
    assert.match(casts.lines.at(-1) ?? '', /^[1-9]\d* passed, 0 failed$/)
    assert.is(casts.code, 0)
    const wrong = await command(main, '--jobs', 'many')
    assert.match(wrong.lines.join('\n'), '--jobs must be a positive whole number, got "many"')
    assert.is(wrong.code, 1)
  },
  slow,
)

runner.run()

async function exitCode(fixture: string): Promise<number | null> {
  return (await command(`test/unit/support/fixtures/${fixture}.ts`)).code
}

function command(...args: string[]): Promise<{ code: number | null; lines: string[] }> {
  const child = spawn(process.execPath, ['--import', 'tsx', ...args], { cwd: root })
  cleanup(() => child.kill('SIGKILL'))
  let output = ''
  const keep = (chunk: Buffer): void => {
    output += chunk.toString()
  }
  child.stdout.on('data', keep)
  child.stderr.on('data', keep)
  return new Promise((resolve) => {
    child.on('close', (code) => resolve({ code, lines: output.trimEnd().split('\n') }))
  })
}
