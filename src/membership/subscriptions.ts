/**
 * Who hears of what a part of the cluster tells. Subscriptions belong to the node, not to the
 * process that tells: they outlive it, and when another one takes its place every subscriber gets
 * one `{ tag: 'resync', source }`, after which it reads anew what it had learned by events.
 *
 * Invariant: a process is subscribed once or not at all, and forgotten when it ends.
 */
import { deliver, type Process } from '../../runtime/kernel.ts'

/** What was told since may have been missed: read it again. */
export type ResyncMessage = { readonly tag: 'resync'; readonly source: string }

/** Something may have been missed; of `source` alone, where it is given. */
export function isResync(source?: string): (message: unknown) => message is ResyncMessage {
  return (message): message is ResyncMessage =>
    typeof message === 'object' &&
    message !== null &&
    'tag' in message &&
    message.tag === 'resync' &&
    'source' in message &&
    (source === undefined || message.source === source)
}

export class Subscriptions<Message> {
  readonly #source: string
  readonly #wanted = new Map<Process, (message: Message) => boolean>()
  /** Those that will be forgotten when they end, subscribed or not. */
  readonly #watched = new WeakSet<Process>()
  #told = false

  constructor(source: string) {
    this.#source = source
  }

  /** From now on `process` hears what it `wants`; asked again, it hears what it wants now. */
  add(process: Process, wants: (message: Message) => boolean = () => true): void {
    if (!process.alive) return
    if (!this.#watched.has(process)) {
      this.#watched.add(process)
      process.exitHooks ??= []
      process.exitHooks.push(() => this.#wanted.delete(process))
    }
    this.#wanted.set(process, wants)
  }

  remove(process: Process): void {
    this.#wanted.delete(process)
  }

  tell(message: Message): void {
    for (const [process, wants] of [...this.#wanted]) {
      if (wants(message)) deliver(process, message)
    }
  }

  /** The process that tells begins; subscribers hear of it unless it is the first one. */
  begin(): void {
    if (this.#told) {
      const resync: ResyncMessage = { tag: 'resync', source: this.#source }
      for (const process of [...this.#wanted.keys()]) deliver(process, resync)
    }
    this.#told = true
  }
}
