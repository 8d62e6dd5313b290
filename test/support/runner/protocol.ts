/**
 * What a test file tells the runner, one JSON object a line on a file descriptor of its own, so
 * that nothing a test prints can be taken for a result. The environment variable names the
 * descriptor; the harness removes it at once, so that programs a test starts do not write there.
 *
 * Invariant: a file has succeeded only if its last event is `done`, the counts in it equal the
 * events before it, and the process ended by itself with code 0. Anything less is a failure.
 */
export const REPORT_FD_VARIABLE = 'SKEIN_TEST_REPORT_FD'

export type TestEvent =
  | { readonly tag: 'start'; readonly name: string }
  | { readonly tag: 'pass'; readonly name: string }
  | { readonly tag: 'fail'; readonly name: string; readonly message: string }
  | { readonly tag: 'skip'; readonly name: string; readonly reason: string }
  /** A failure of the file itself: it crashed, leaked a handle, or registered no test. */
  | { readonly tag: 'fileFail'; readonly message: string }
  | { readonly tag: 'done'; readonly passed: number; readonly failed: number }

const tags: readonly string[] = ['start', 'pass', 'fail', 'skip', 'fileFail', 'done']

/** Reads one line of the report; undefined when it is not an event (a truncated last line). */
export function parseEvent(line: string): TestEvent | undefined {
  try {
    const value: unknown = JSON.parse(line)
    if (typeof value !== 'object' || value === null || !('tag' in value)) return undefined
    return typeof value.tag === 'string' && tags.includes(value.tag)
      ? (value as TestEvent)
      : undefined
  } catch {
    return undefined
  }
}
