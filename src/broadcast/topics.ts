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
  #told = false

  constructor(source: string) {
    this.#source = source
  }

  add(process: Process, topic: string): void {
    if (!process.alive) return
    const topics = this.#byProcess.get(process) ?? this.#newSubscriber(process)
    topics.add(topic)
    const processes = this.#byTopic.get(topic) ?? new Set()
    this.#byTopic.set(topic, processes.add(process))
  }

  remove(process: Process, topic: string): void {
    this.#byProcess.get(process)?.delete(topic)
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

  #newSubscriber(process: Process): Set<string> {
    const topics = new Set<string>()
    this.#byProcess.set(process, topics)
    process.exitHooks ??= []
    process.exitHooks.push(() => {
      for (const topic of [...topics]) this.remove(process, topic)
      this.#byProcess.delete(process)
    })
    return topics
  }
}
