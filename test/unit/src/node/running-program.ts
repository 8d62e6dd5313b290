/** A program in an OS process of its own, which runs until it is asked to end. */
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { cleanup } from '../../../support/harness.ts'
import { until } from '../../../support/until.ts'

const root = fileURLToPath(new URL('../../../..', import.meta.url))

/** How long a program may take to be ready. */
const startMaxMs = 30_000

export type RunningProgram = {
  readonly lines: () => string[]
  /** Waits for a line and resolves with it. */
  readonly line: (pattern: RegExp) => Promise<string>
  readonly kill: (signal: NodeJS.Signals) => void
  /** Exit code, or name of the signal that ended it. */
  readonly ending: Promise<number | string | null>
}

/** What still runs is killed when the test is over. */
export function runningProgram(program: URL, ...args: readonly string[]): RunningProgram {
  const child = spawn(process.execPath, ['--import', 'tsx', fileURLToPath(program), ...args], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  cleanup(() => {
    child.kill('SIGKILL')
  })
  let output = ''
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    output += chunk
  })
  const ending = new Promise<number | string | null>((resolve) => {
    child.on('close', (code, signal) => resolve(code ?? signal))
  })
  const lines = (): string[] => output.split('\n').slice(0, -1)
  const matching = (pattern: RegExp): string | undefined =>
    lines().find((line) => pattern.test(line))
  const line = async (pattern: RegExp): Promise<string> => {
    await until(String(pattern), () => matching(pattern) !== undefined, startMaxMs)
    return matching(pattern) ?? ''
  }
  return { lines, line, kill: (signal) => void child.kill(signal), ending }
}
