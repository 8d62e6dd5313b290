/**
 * Runs one test file in an operating-system process of its own and turns what it reported into a
 * result. Whatever happens to that process, it ends as counted passes and named failures: a crash,
 * a missing report, a deadline and processes left behind are failures of the file.
 *
 * The child leads a process group, so that what it started dies with it.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { parseEvent, REPORT_FD_VARIABLE, type TestEvent } from './protocol.ts'

const OUTPUT_MAX_CHARS = 256 * 1024
/** Time between the end of the process and the end of its pipes. */
const DRAIN_MS = 2_000

export type FileResult = {
  readonly file: string
  readonly passed: number
  readonly failures: readonly string[]
  readonly skips: readonly { readonly name: string; readonly reason: string }[]
  /** What the file printed, both streams; the end of it when it is very long. */
  readonly output: string
  readonly tookMs: number
}

export type RunFileOptions = {
  /** Directory the file's path is relative to; package names resolve from it. */
  readonly root: string
  readonly deadlineMs: number
  /** The file as plain JavaScript, relative to `root`; without it the source is loaded. */
  readonly program?: string | undefined
}

type Ending = { readonly code: number | null; readonly signal: NodeJS.Signals | null }

/** Never rejects: a file that cannot be run is a failed file. */
export async function runFile(file: string, options: RunFileOptions): Promise<FileResult> {
  const startedAt = performance.now()
  const { program } = options
  const args = program === undefined ? ['--import', 'tsx', file] : [program]
  const child = spawn(process.execPath, ['--enable-source-maps', ...args], {
    cwd: options.root,
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    detached: true,
    env: { ...process.env, [REPORT_FD_VARIABLE]: '3' },
  })
  const stopWithUs = (): void => killGroup(child)
  process.once('exit', stopWithUs)
  const events: TestEvent[] = []
  const problems: string[] = []
  let output = ''
  const keep = (chunk: string): void => {
    output = (output + chunk).slice(-OUTPUT_MAX_CHARS)
  }
  child.stdout?.setEncoding('utf8').on('data', keep)
  child.stderr?.setEncoding('utf8').on('data', keep)
  createInterface({ input: child.stdio[3] as Readable }).on('line', (line) => {
    const event = parseEvent(line)
    if (event === undefined) problems.push(`unreadable report line: ${line.slice(0, 200)}`)
    else events.push(event)
  })
  const timer = setTimeout(() => {
    problems.push(`the file did not end within ${options.deadlineMs} ms${during(events)}`)
    killGroup(child)
  }, options.deadlineMs)
  const ending = await ended(child, problems)
  clearTimeout(timer)
  process.off('exit', stopWithUs)
  return { ...judge(file, events, ending, problems), output, tookMs: performance.now() - startedAt }
}

/** Pure: what the events and the ending of a process amount to. */
export function judge(
  file: string,
  events: readonly TestEvent[],
  ending: Ending,
  problems: readonly string[],
): Pick<FileResult, 'file' | 'passed' | 'failures' | 'skips'> {
  const failures: string[] = []
  const skips: { name: string; reason: string }[] = []
  let passed = 0
  for (const event of events) {
    if (event.tag === 'pass') passed += 1
    if (event.tag === 'fail') failures.push(`${event.name}: ${event.message}`)
    if (event.tag === 'fileFail') failures.push(event.message)
    if (event.tag === 'skip') skips.push({ name: event.name, reason: event.reason })
  }
  failures.push(...problems)
  const last = events.at(-1)
  const how = ending.signal === null ? `exit code ${ending.code}` : `signal ${ending.signal}`
  if (last?.tag !== 'done') {
    if (problems.length === 0) failures.push(`it ended without a report, ${how}${during(events)}`)
  } else if (last.passed !== passed) {
    failures.push(`it reported ${last.passed} passes but only ${passed} arrived`)
  } else if (ending.code !== 0 && failures.length === 0) {
    failures.push(`every test passed, yet it ended with ${how}`)
  }
  return { file, passed, failures, skips }
}

function during(events: readonly TestEvent[]): string {
  const last = events.at(-1)
  return last?.tag === 'start' ? `, during the test "${last.name}"` : ''
}

function ended(child: ChildProcess, problems: string[]): Promise<Ending> {
  return new Promise((resolve) => {
    child.on('error', (error) => {
      problems.push(`it could not be started: ${error.message}`)
      if (child.pid === undefined) resolve({ code: null, signal: null })
    })
    child.on('exit', (code, signal) => {
      const drain = setTimeout(() => {
        problems.push('processes it started still run')
        killGroup(child)
        resolve({ code, signal })
      }, DRAIN_MS)
      child.on('close', () => {
        clearTimeout(drain)
        killGroup(child)
        resolve({ code, signal })
      })
    })
  })
}

function killGroup(child: ChildProcess): void {
  if (child.pid === undefined) return
  try {
    process.kill(-child.pid, 'SIGKILL')
  } catch {
    // ESRCH: the group is already gone, which is what was wanted.
  }
}
