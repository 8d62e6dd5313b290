/**
 * The test harness, over uvu. uvu alone ends the whole run, naming nothing, when a test awaits a
 * promise that never settles, and hangs for good when a timer or socket is alive meanwhile; here
 * every test has a deadline, fails by its own name, and the tests after it still run.
 *
 * Invariant: a test passes only if its body settled in time, every cleanup did, and no exception
 * or rejection went unhandled before the turn after it. Unhandled rejections are seen through
 * `uncaughtException`, where Node raises those nobody claimed, so that a node under test which
 * claims its own (Platform.onUnhandledRejection) is not accused.
 */
import { suite as uvuSuite } from 'uvu'
import { openReport } from './runner/report.ts'

export * as assert from 'uvu/assert'

const DEADLINE_MS = 10_000
const CLEANUP_DEADLINE_MS = 5_000
/** Stack frames that say nothing about a failure. */
const machinery = /(support\/harness\.ts|node_modules\/uvu\/)/

export type TestOptions = { readonly deadlineMs?: number }

export type Test = {
  /** Registers a test. Default deadline 10,000 ms. Names are unique within a suite. */
  (name: string, body: () => unknown, options?: TestOptions): void
  /** Registers a test that cannot run here. It is counted apart and never as a pass. */
  skip(name: string, reason: string): void
  /** Ends the suite: its tests run once the file has been loaded. */
  run(): void
}

type Live = {
  readonly cleanups: (() => unknown)[]
  readonly dumps: (() => string)[]
  seed: string | undefined
  readonly fail: (error: unknown) => void
}

const report = openReport()
let live: Live | undefined
let suitesLeft = 0

process.on('uncaughtException', (error, origin) => {
  if (live !== undefined) live.fail(error)
  else report.fileFailed(`${origin} outside any test: ${describe(error)}`)
})

/** Opens a suite: a function that registers tests, with `skip` and `run` on it. */
export function suite(suiteName: string): Test {
  const inner = uvuSuite(suiteName)
  const names = new Set<string>()
  const claim = (name: string): string => {
    if (names.has(name)) throw new Error(`two tests of suite "${suiteName}" are named "${name}"`)
    names.add(name)
    return `${suiteName}: ${name}`
  }
  const register = (name: string, body: () => unknown, options: TestOptions = {}): void => {
    const fullName = claim(name)
    report.registered(fullName)
    inner(name, () => runTest(fullName, body, options.deadlineMs ?? DEADLINE_MS))
  }
  const skip = (name: string, reason: string): void => {
    inner.skip(name)
    report.skipped(claim(name), reason)
  }
  const run = (): void => {
    suitesLeft += 1
    inner.after(() => {
      suitesLeft -= 1
      // One turn later uvu has printed its totals and set the exit code.
      setImmediate(() => {
        if (suitesLeft === 0) report.finish()
      })
    })
    inner.run()
  }
  return Object.assign(register, { skip, run })
}

/** Runs `fn` when the present test is over, however it ended; last registered, first run. */
export function cleanup(fn: () => unknown): void {
  present('cleanup').cleanups.push(fn)
}

/** Registers a describer of what is alive (nodes, processes, mailboxes), printed on a failure. */
export function onDump(describeLive: () => string): void {
  present('onDump').dumps.push(describeLive)
}

/** Records the seed of a random test; a failure prints it. */
export function useSeed(seed: number | string): void {
  present('useSeed').seed = String(seed)
}

function present(caller: string): Live {
  if (live === undefined) throw new Error(`${caller} was called outside a running test`)
  return live
}

async function runTest(name: string, body: () => unknown, deadlineMs: number): Promise<void> {
  report.started(name)
  const errors: unknown[] = []
  let interrupt = (): void => undefined
  const interrupted = new Promise<void>((resolve) => {
    interrupt = resolve
  })
  const fail = (error: unknown): void => {
    errors.push(error)
    interrupt()
  }
  const test: Live = { cleanups: [], dumps: [], seed: undefined, fail }
  live = test
  let settled = false
  const bodyDone = (async () => body())().finally(() => {
    settled = true
  })
  await within(deadlineMs, 'the test', Promise.race([bodyDone, interrupted])).catch(fail)
  const dump = errors.length > 0 ? dumpOf(test) : ''
  for (const fn of test.cleanups.reverse()) {
    await within(CLEANUP_DEADLINE_MS, 'a cleanup', (async () => fn())()).catch(fail)
  }
  // Node reports rejections once the microtasks are done: they belong to this test, not the next.
  await new Promise(setImmediate)
  live = undefined
  if (errors.length === 0) return report.passed(name)
  report.failed(name, `${errors.map(describe).join('\n')}${dump}`, !settled)
  throw withNotes(errors, dump)
}

/** Waits for `work` under a deadline whose timer is referenced: it keeps an idle process alive. */
async function within(deadlineMs: number, what: string, work: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const deadline = new Promise<never>((_, reject) => {
    const message = `${what} did not settle within its deadline of ${deadlineMs} ms`
    timer = setTimeout(() => reject(new Error(message)), deadlineMs)
  })
  try {
    await Promise.race([work, deadline])
  } finally {
    clearTimeout(timer)
  }
}

function dumpOf(test: Live): string {
  const lines = test.seed === undefined ? [] : [`seed: ${test.seed}`]
  for (const describeLive of test.dumps) {
    try {
      lines.push(`alive: ${describeLive()}`)
    } catch (error) {
      lines.push(`a dump failed: ${describe(error)}`)
    }
  }
  return lines.map((line) => `\n  ${line}`).join('')
}

/** uvu prints one error, with its diff: the first one, the others and the dump in its message. */
function withNotes(errors: readonly unknown[], dump: string): Error {
  const [first, ...others] = errors
  const error = first instanceof Error ? first : new Error(`not an Error: ${describe(first)}`)
  const notes = others.map((other) => `\n  also: ${describe(other)}`).join('')
  // Read first: V8 writes the stack, message included, when it is first asked for.
  const frames = (error.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line))
  const stack = ['', ...frames.filter((line) => !machinery.test(line))].join('\n')
  Object.defineProperty(error, 'stack', { value: stack })
  Object.defineProperty(error, 'message', { value: `${error.message}${notes}${dump}` })
  return error
}

function describe(error: unknown): string {
  if (error instanceof Error) return `${error.name}: ${error.message}`
  try {
    return typeof error === 'string' ? error : (JSON.stringify(error) ?? String(error))
  } catch {
    return String(error)
  }
}
