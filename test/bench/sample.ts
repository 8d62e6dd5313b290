/**
 * One round in a child process: starts it, waits for its end, and reads the sample it printed last.
 * Both sides print the same line: the total measured and the operations seen to be complete.
 */
import { spawn } from 'node:child_process'

const roundDeadlineMs = 120_000

export type Measured = {
  /** Nanoseconds, or bytes where the row's unit is bytes. */
  readonly total: number
  readonly arrived: number
  /** Whether our node checked messages; absent from a peer's line. */
  readonly checked?: boolean
}

/** Runs a command to its end and gives its output. Rejects when it fails, naming what it said. */
export function runCommand(
  command: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    // Not the `timeout` option: Node leaves its timer behind when the command does not exist.
    const deadline = setTimeout(() => child.kill('SIGKILL'), roundDeadlineMs)
    let output = ''
    let errors = ''
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      output += chunk
    })
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
      errors += chunk
    })
    child.on('error', (error) => {
      clearTimeout(deadline)
      child.stdout.destroy()
      child.stderr.destroy()
      reject(error)
    })
    child.on('close', (code, signal) => {
      clearTimeout(deadline)
      if (code === 0) resolve(output)
      else reject(new Error(`${command} ended with ${signal ?? code}: ${errors}${output}`))
    })
  })
}

/** Reads the sample from the last line of a side's output. */
export function readMeasured(output: string): Measured {
  const line = output.trimEnd().split('\n').at(-1) ?? ''
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch {
    throw new Error(`expected a sample as the last line, got ${JSON.stringify(line)}`)
  }
  if (!isMeasured(value)) throw new Error(`expected { total, arrived }, got ${line}`)
  return value
}

function isMeasured(value: unknown): value is Measured {
  return (
    typeof value === 'object' &&
    value !== null &&
    'total' in value &&
    typeof value.total === 'number' &&
    'arrived' in value &&
    typeof value.arrived === 'number'
  )
}
