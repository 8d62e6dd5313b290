/** A node in a child process, as the test process sees it: a name, a port, and answers by line. */
import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'

export class FarNode {
  readonly #child: ChildProcessByStdio<Writable, Readable, null>
  readonly #lines: string[] = []
  readonly #waiting: ((line: string) => void)[] = []
  /** Exit code, or the name of the signal. */
  readonly ended: Promise<number | string>

  constructor(program: URL, args: readonly string[]) {
    const child = spawn(process.execPath, ['--import', 'tsx', program.pathname, ...args], {
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    this.#child = child
    createInterface({ input: child.stdout }).on('line', (line) => {
      const waiting = this.#waiting.shift()
      if (waiting === undefined) this.#lines.push(line)
      else waiting(line)
    })
    const stopWithUs = (): boolean => child.kill('SIGKILL')
    process.once('exit', stopWithUs)
    this.ended = new Promise((resolve) => {
      child.once('close', (code, signal) => {
        process.off('exit', stopWithUs)
        for (const waiting of this.#waiting.splice(0)) waiting('null')
        resolve(code ?? signal ?? 'unknown')
      })
    })
  }

  /** The next line it prints, as a value; null when it has ended. */
  async next(): Promise<unknown> {
    const line = this.#lines.shift()
    if (line !== undefined) return JSON.parse(line)
    if (this.#child.exitCode !== null) return null
    return JSON.parse(await new Promise<string>((resolve) => this.#waiting.push(resolve)))
  }

  /** Gives an order and waits for the answer. */
  ask(order: string): Promise<unknown> {
    this.#child.stdin.write(`${order}\n`)
    return this.next()
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal)
  }

  /** Waits for its first line, which tells the port. */
  async port(): Promise<number> {
    const line = await this.next()
    if (typeof line === 'object' && line !== null && 'port' in line) {
      if (typeof line.port === 'number') return line.port
    }
    throw new Error(`the far node did not start: ${JSON.stringify(line)}`)
  }
}
