/**
 * The file's side of the report: counts results, writes each event to the runner's descriptor when
 * there is one, and settles the exit code when the process ends, whatever ended it.
 *
 * Invariant: exit code 0 only after `finish`, with at least one test run and no failure.
 */
import { writeSync } from 'node:fs'
import { REPORT_FD_VARIABLE, type TestEvent } from './protocol.ts'

/** Time a file has, after its last test, to run out of open handles. */
const LEAK_GRACE_MS = 2_000

export type Report = {
  registered(name: string): void
  started(name: string): void
  passed(name: string): void
  failed(name: string, message: string, hung: boolean): void
  skipped(name: string, reason: string): void
  /** A failure that belongs to no test. */
  fileFailed(message: string): void
  /** All registered tests have run: from here on the process must end by itself. */
  finish(): void
}

export function openReport(): Report {
  const send = openSink()
  let registered = 0
  let passed = 0
  let failed = 0
  let skipped = 0
  let fileFailures = 0
  let finished = false
  let hung = false
  let running: string | undefined

  const fileFailed = (message: string): void => {
    fileFailures += 1
    process.exitCode = 1
    process.stderr.write(`\nfile failed: ${message}\n`)
    send({ tag: 'fileFail', message })
  }

  process.on('exit', () => {
    const ran = passed + failed
    if (running !== undefined) fileFailed(`the process ended during the test "${running}"`)
    else if (registered === 0 && skipped === 0) fileFailed('it registered no tests')
    else if (ran < registered) {
      fileFailed(`${registered - ran} of ${registered} tests never ran (is test.run() missing?)`)
    }
    send({ tag: 'done', passed, failed })
    if (failed > 0 || fileFailures > 0) process.exitCode = 1
  })

  return {
    registered: () => {
      registered += 1
    },
    started: (name) => {
      running = name
      send({ tag: 'start', name })
    },
    passed: (name) => {
      running = undefined
      passed += 1
      send({ tag: 'pass', name })
    },
    failed: (name, message, wasHung) => {
      running = undefined
      failed += 1
      hung ||= wasHung
      send({ tag: 'fail', name, message })
    },
    skipped: (name, reason) => {
      skipped += 1
      send({ tag: 'skip', name, reason })
    },
    fileFailed,
    finish: () => {
      if (finished) return
      finished = true
      const end = (): void => {
        if (!hung) fileFailed(`handles left open after the last test: ${openHandles()}`)
        process.exit(1)
      }
      // Unreferenced: it fires only if something else keeps the process alive.
      setTimeout(end, hung ? 0 : LEAK_GRACE_MS).unref()
    },
  }
}

function openSink(): (event: TestEvent) => void {
  const variable = process.env[REPORT_FD_VARIABLE]
  delete process.env[REPORT_FD_VARIABLE]
  if (variable === undefined) return () => undefined
  const fd = Number(variable)
  return (event) => {
    writeSync(fd, `${JSON.stringify(event)}\n`)
  }
}

function openHandles(): string {
  const counts = new Map<string, number>()
  for (const kind of process.getActiveResourcesInfo()) {
    counts.set(kind, (counts.get(kind) ?? 0) + 1)
  }
  return [...counts].map(([kind, count]) => `${count} ${kind}`).join(', ') || 'unknown'
}
