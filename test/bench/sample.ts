/**
 * One round in a child process: starts it, waits for its end, and reads the sample it printed last.
 * Both sides print the same line: the value in the row's unit and the operations seen to be
 * complete.
 */
import { spawn } from 'node:child_process'
import type { Sample } from './row.ts'

const roundDeadlineMs = 120_000

/** A sample as printed; a peer's line has nothing but value and count. */
export type Measured = Sample & {
  /** Whether our node checked messages. */
  readonly checked?: boolean
}

export type CommandOptions = {
  /** On top of our own environment. */
  readonly env?: Readonly<Record<string, string>>
  /** Default 120,000 ms; the command is killed then. */
  readonly deadlineMs?: number
  /** Hears what the command says on standard error, as it comes. */
  readonly progress?: (text: string) => void
}

/** Runs a command to its end and gives its output. Rejects when it fails, naming what it said. */
export function runCommand(
  command: string,
  args: readonly string[],
  { env = {}, deadlineMs = roundDeadlineMs, progress }: CommandOptions = {},
): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    // Not the `timeout` option: Node leaves its timer behind when the command does not exist.
    const deadline = setTimeout(() => child.kill('SIGKILL'), deadlineMs)
    let output = ''
    let errors = ''
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      output += chunk
    })
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
      errors += chunk
      progress?.(chunk)
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

/** Runs one of our compiled programs as a user would run theirs, and gives its output. */
export function runProgram(
  program: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<string> {
  const env = { NODE_ENV: 'production', NODE_OPTIONS: '' }
  return runCommand(process.execPath, [program, ...args], { ...options, env })
}

/** The last line of a program's output, as JSON. */
export function readLastLine(output: string): unknown {
  const line = output.trimEnd().split('\n').at(-1) ?? ''
  try {
    return JSON.parse(line)
  } catch {
    throw new Error(`expected a line of JSON as the last one, got ${JSON.stringify(line)}`)
  }
}

/** Reads the sample from the last line of a side's output. */
export function readMeasured(output: string): Measured {
  const value = readLastLine(output)
  if (!isMeasured(value)) {
    throw new Error(`expected { value, arrived }, got ${JSON.stringify(value)}`)
  }
  return value
}

function isMeasured(value: unknown): value is Measured {
  return (
    typeof value === 'object' &&
    value !== null &&
    'value' in value &&
    typeof value.value === 'number' &&
    'arrived' in value &&
    typeof value.arrived === 'number'
  )
}
