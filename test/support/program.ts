/**
 * Runs a TypeScript program of the checkout in a process of its own, with package names resolving
 * to the checkout's sources, and waits for it to end by itself.
 */
import { spawn } from 'node:child_process'

export type ProgramResult = {
  /** Exit code, or the signal's name, or `deadline` for a program that had to be killed. */
  readonly ending: number | string
  readonly stdout: string
  readonly stderr: string
}

export type ProgramOptions = {
  /** The checkout: its tsconfig gives package names their files. */
  readonly root: string
  readonly deadlineMs: number
}

export function runProgram(file: string, options: ProgramOptions): Promise<ProgramResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ['--import', 'tsx', file], {
      cwd: options.root,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const output = { stdout: '', stderr: '' }
    let late = false
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      output.stdout += chunk
    })
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
      output.stderr += chunk
    })
    const timer = setTimeout(() => {
      late = true
      child.kill('SIGKILL')
    }, options.deadlineMs)
    child.on('error', reject)
    child.on('close', (code, signal) => {
      clearTimeout(timer)
      resolve({ ending: late ? 'deadline' : (code ?? signal ?? 'unknown'), ...output })
    })
  })
}

/** Throws with all that it printed, unless it ended by itself and with 0. */
export function endedWell({ ending, stdout, stderr }: ProgramResult): void {
  if (ending !== 0) throw new Error(`ended with ${ending}\n${stdout}\n${stderr}`)
}
