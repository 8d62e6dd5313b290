/** Starting and ending the OS processes of the tour. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { ChildOptions } from './child.ts'

export type Child = {
  /** The first line it printed, as JSON. */
  readonly first: Promise<Readonly<Record<string, unknown>>>
  /** Ends it: `SIGKILL` at once, `end` by closing its standard input. */
  readonly stop: (how: 'SIGKILL' | 'end') => Promise<void>
}

const programs = {
  child: new URL('./child.ts', import.meta.url),
  stranger: new URL('./stranger.ts', import.meta.url),
}
const running = new Set<ChildProcess>()

export function startChild(program: keyof typeof programs, options: ChildOptions): Child {
  const path = fileURLToPath(programs[program])
  const child = spawn(process.execPath, ['--import', 'tsx', path, JSON.stringify(options)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  running.add(child)
  const ended = once(child, 'exit').then(() => {
    running.delete(child)
  })
  const lines = createInterface({ input: child.stdout })
  const first = Promise.race([
    once(lines, 'line').then(([line]) => JSON.parse(String(line))),
    ended.then(() => {
      throw new Error(`${options.name} ended before it was ready`)
    }),
  ])
  first.catch(() => undefined)
  return {
    first,
    stop: async (how) => {
      if (how === 'SIGKILL') child.kill('SIGKILL')
      else child.stdin.end()
      await ended
    },
  }
}

/** Ends whatever still runs, however the tour went. */
export function killAll(): void {
  for (const child of running) child.kill('SIGKILL')
}
