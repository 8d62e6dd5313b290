/**
 * OS processes that are talked to by lines: started, written to, read from, and told to end. None
 * outlives the program that started it, since their standard input ends with it.
 */
import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import { fileURLToPath } from 'node:url'

export class Program {
  readonly #child: ChildProcessByStdio<Writable, Readable, null>
  readonly #lines: NodeJS.AsyncIterator<string>
  readonly #ended: Promise<unknown>

  /** Runs a TypeScript program, with the loader this program runs with. */
  constructor(program: URL, args: readonly string[]) {
    this.#child = spawn(process.execPath, ['--import', 'tsx', fileURLToPath(program), ...args], {
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    this.#ended = once(this.#child, 'exit')
    // One that has ended hears nothing more; its last lines tell why.
    this.#child.stdin.on('error', () => undefined)
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]()
  }

  write(line: string): void {
    this.#child.stdin.write(`${line}\n`)
  }

  /** The next line it prints; undefined when there will be none. */
  async nextLine(): Promise<string | undefined> {
    const { done, value } = await this.#lines.next()
    return done === true ? undefined : value
  }

  /** Tells it to end, as an operator would, and waits until it has. */
  async stop(): Promise<void> {
    this.#child.kill('SIGTERM')
    await this.#ended
  }

  kill(): void {
    this.#child.kill('SIGKILL')
  }
}
