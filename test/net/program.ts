/**
 * A node program as its starter sees it: orders go in, answers and events come out. Whoever starts
 * one ends it; it also ends by itself when this process is gone.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { until } from '../support/until.ts'
import type { Answers, Order, ProgramLine, ProgramOptions } from './orders.ts'

const file = fileURLToPath(new URL('./node-program.ts', import.meta.url))
const root = fileURLToPath(new URL('../..', import.meta.url))

type Waiting = {
  readonly resolve: (value: unknown) => void
  readonly reject: (error: Error) => void
}

export type ProgramEvent = Extract<ProgramLine, { readonly tag: 'nodeup' | 'nodedown' | 'down' }>

export class Program {
  readonly name: string
  /** The port it is bound to. */
  port = 0
  readonly events: ProgramEvent[] = []
  /** It is up. Rejects, with what it said on standard error, when it ends before. */
  readonly ready: Promise<void>
  readonly #child: ChildProcess
  readonly #waiting = new Map<number, Waiting>()
  readonly #ended: Promise<unknown>
  #lastId = 0

  /** Starts a node program, behind the command `prefix`. */
  constructor(options: ProgramOptions, prefix: readonly string[] = []) {
    this.name = options.name
    const [command = '', ...args] = [
      ...prefix,
      ...[process.execPath, '--import', 'tsx', file, JSON.stringify(options)],
    ]
    const child = spawn(command, args, { cwd: root, stdio: 'pipe' })
    this.#child = child
    this.#ended = once(child, 'close').then(() => {
      const error = new Error(`${this.name} has ended`)
      for (const { reject } of this.#waiting.values()) reject(error)
      this.#waiting.clear()
    })
    let early: string | undefined = ''
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      if (early === undefined) process.stderr.write(text)
      else early += text
    })
    this.ready = new Promise((resolve, reject) => {
      createInterface({ input: child.stdout }).on('line', (text) => {
        const line: ProgramLine = JSON.parse(text)
        if (line.tag !== 'ready') return this.#hear(line)
        this.port = line.port
        early = undefined
        resolve()
      })
      void this.#ended.then(() => reject(new Error(`${this.name} did not start: ${early}`)))
    })
  }

  /** Carries out an order. Rejects when the program says it failed, or ends. */
  ask<T extends Order['op']>(order: Extract<Order, { readonly op: T }>): Promise<Answers[T]> {
    const id = ++this.#lastId
    const answer = new Promise<unknown>((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject })
    })
    this.#child.stdin?.write(`${JSON.stringify({ id, order })}\n`)
    return answer as Promise<Answers[T]>
  }

  /** Waits for an event; takes it out. */
  async event(tag: ProgramEvent['tag'], node: string, timeoutMs: number): Promise<ProgramEvent> {
    const find = (): number => this.events.findIndex((e) => e.tag === tag && e.node === node)
    await until(`${tag} of ${node} at ${this.name}`, () => find() >= 0, timeoutMs)
    const [found] = this.events.splice(find(), 1)
    if (found === undefined) throw new Error('unreachable')
    return found
  }

  /** Ends it, at once if it does not end by itself in time. */
  async stop(): Promise<void> {
    this.#child.stdin?.end()
    const late = setTimeout(() => this.kill(), 5000)
    await this.#ended
    clearTimeout(late)
  }

  kill(): void {
    this.#child.kill('SIGKILL')
  }

  #hear(line: Exclude<ProgramLine, { readonly tag: 'ready' }>): void {
    if (line.tag !== 'answer' && line.tag !== 'error') {
      this.events.push(line)
      return
    }
    const waiting = this.#waiting.get(line.id)
    this.#waiting.delete(line.id)
    if (line.tag === 'answer') waiting?.resolve(line.value)
    else waiting?.reject(new Error(`${this.name}: ${line.message}`))
  }
}
