/**
 * Watches the process that does the work: one that falls silent hangs and is killed, and however it
 * is lost, it is known after which input.
 */
import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { JobMessage } from './job.ts'
import type { FuzzResult } from './run.ts'

export type Ending =
  | { readonly tag: 'result'; readonly result: FuzzResult }
  | { readonly tag: 'lost'; readonly why: string; readonly done: number }

/** Loading the code may take longer than any input. */
const startMaxMs = 60_000

export type WatchOptions = {
  readonly job: URL
  /** Its one argument. */
  readonly argument: string
  /** Counted from its first message on. */
  readonly silenceMaxMs: number
  readonly onProgress: (done: number) => void
}

export function watchJob(options: WatchOptions): Promise<Ending> {
  const { job, argument, silenceMaxMs, onProgress } = options
  return new Promise((resolve) => {
    const child = fork(fileURLToPath(job), [argument], { execArgv: ['--import', 'tsx'] })
    let done = 0
    let why: string | undefined
    let ending: Ending | undefined
    const hang = (): void => {
      why = `it was silent for ${silenceMaxMs} ms`
      child.kill('SIGKILL')
    }
    let watchdog = setTimeout(hang, startMaxMs)
    child.on('message', (message: JobMessage) => {
      clearTimeout(watchdog)
      if (message.tag === 'result') {
        ending = message
        return
      }
      watchdog = setTimeout(hang, silenceMaxMs)
      done = message.done
      onProgress(done)
    })
    child.on('exit', (code, signal) => {
      clearTimeout(watchdog)
      resolve(
        ending ?? { tag: 'lost', why: why ?? `it ended by ${signal ?? `code ${code}`}`, done },
      )
    })
  })
}
