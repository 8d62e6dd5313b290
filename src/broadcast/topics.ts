/**
 * Who hears broadcasts of which topics. As `Subscriptions`, by topic: it belongs to the node and
 * outlives the process that tells.
 *
 * Invariant: both maps say the same, and neither keeps anything of a process that has ended.
 */
import { deliver, type Process } from '../../runtime/kernel.ts'
import type { ResyncMessage } from '../membership/index.ts'

export class Topics<Message extends { readonly topic: string }> {
  readonly #source: string
  readonly #byTopic = new Map<string, Set<Process>>()
  readonly #byProcess = new Map<Process, Set<string>>()
  /** Those that will be forgotten when they end, subscribed or not. */
  readonly #watched = new WeakSet<Process>()
  #told = false

  constructor(source: string) {
    this.#source = source
  }

  add(process: Process, topic: string): void {
    if (!process.alive) return
    this.#watch(process)
    const topics = this.#byProcess.get(process) ?? new Set()
    this.#byProcess.set(process, topics.add(topic))
    const processes = this.#byTopic.get(topic) ?? new Set()
    this.#byTopic.set(topic, processes.add(process))
  }

  remove(process: Process, topic: string): void {
    const topics = this.#byProcess.get(process)
    topics?.delete(topic)
    if (topics?.size === 0) this.#byProcess.delete(process)
    const processes = this.#byTopic.get(topic)
    processes?.delete(process)
    if (processes?.size === 0) this.#byTopic.delete(topic)
  }

  tell(message: Message): void {
    for (const process of [...(this.#byTopic.get(message.topic) ?? [])]) deliver(process, message)
  }

  /** The process that tells begins; subscribers hear of it unless it is the first one. */
  begin(): void {
    if (this.#told) {
      const resync: ResyncMessage = { tag: 'resync', source: this.#source }
      for (const process of [...this.#byProcess.keys()]) deliver(process, resync)
    }
    this.#told = true
  }

  #watch(process: Process): void {
    if (this.#watched.has(process)) return
    this.#watched.add(process)
    process.exitHooks ??= []
    process.exitHooks.push(() => {
      for (const topic of [...(this.#byProcess.get(process) ?? [])]) this.remove(process, topic)
    })
  }
}
