/**
 * Parts of the system that talk to their like on other nodes, over channels that exist: membership,
 * broadcast, replicas. With what such a message says comes who said it, the node that the channel
 * has authenticated. A message never causes a dial and holds nobody; it is dropped and counted when
 * too much of its service waits for its node, or when its receiver has too much to read. (In OTP
 * such servers use names and casts, and believe what a message says of its sender.)
 *
 * Invariant: what one service sends to one node arrives in order, or from some point on not at all.
 */
import { deliver, type Process } from '../../runtime/kernel.ts'
import { limits } from '../limits.ts'
import type { Channel, SenderKey } from './channel.ts'
import { loadOf } from './pressure.ts'
import { serviceFrame } from './protocol.ts'
import { ServiceBacklog } from './service-backlog.ts'

/** `noChannel`: there is none to that node, or it knows no services. `busy`: dropped. */
export type Told = 'sent' | 'busy' | 'noChannel'

/** What the process that listens for a service gets. */
export type ServiceMessage = {
  readonly tag: '$service'
  readonly service: string
  /** Who said it, for certain. */
  readonly node: string
  readonly creation: number
  readonly body: unknown
}

export function isServiceMessage(message: unknown): message is ServiceMessage {
  return (
    typeof message === 'object' &&
    message !== null &&
    'tag' in message &&
    message.tag === '$service'
  )
}

type Listener = { readonly process: Process; readonly backlog: ServiceBacklog }

export class Services {
  readonly #channelTo: (node: string) => Channel | undefined
  readonly #listeners = new Map<string, Listener>()
  readonly #keys = new Map<string, SenderKey>()
  #dropped = 0

  constructor(channelTo: (node: string) => Channel | undefined) {
    this.#channelTo = channelTo
  }

  /** Messages dropped so far, on their way out or in. */
  get dropped(): number {
    return this.#dropped
  }

  /** From now on `process` hears what other nodes send to `service`, until it ends. */
  listen(service: string, process: Process): void {
    const listener = { process, backlog: new ServiceBacklog() }
    this.#listeners.set(service, listener)
    process.exitHooks ??= []
    process.exitHooks.push(() => {
      if (this.#listeners.get(service) === listener) this.#listeners.delete(service)
    })
  }

  /** Sends to the same service of `node`. Throws for what cannot be encoded: our own mistake. */
  tell(node: string, service: string, body: unknown): Told {
    const channel = this.#channelTo(node)
    if (channel === undefined || channel.leaving || !channel.knowsServices) return 'noChannel'
    const key = this.#keyOf(service)
    if (!channel.isLight && loadOf(channel.waiting(key), 0) !== 'light') {
      this.#dropped += 1
      return 'busy'
    }
    const encoded = channel.codec.encodeBody([service, body], service)
    if (encoded.tag === 'error') {
      throw new TypeError(`${service}: ${encoded.path}: ${encoded.reason} cannot be sent`)
    }
    channel.send(key, serviceFrame, encoded.body)
    return 'sent'
  }

  /**
   * A peer has sent this, of so many bytes, to a service here; nobody may listen. False: it is no
   * such message.
   */
  heard(
    { node, creation }: Pick<Channel, 'node' | 'creation'>,
    term: unknown,
    bytes: number,
  ): boolean {
    if (!Array.isArray(term) || term.length !== 2) return false
    const [service, body]: readonly unknown[] = term
    if (typeof service !== 'string') return false
    const listener = this.#listeners.get(service)
    if (listener === undefined) return true
    const { process, backlog } = listener
    if (!backlog.take(node, process.messageCount, bytes)) this.#dropped += 1
    else
      deliver(process, { tag: '$service', service, node, creation, body } satisfies ServiceMessage)
    return true
  }

  #keyOf(service: string): SenderKey {
    const known = this.#keys.get(service)
    if (known !== undefined) return known
    const number = this.#keys.size
    // Below all keys of processes.
    const key = { lane: number % limits.distDataStreams, key: -1 - number }
    this.#keys.set(service, key)
    return key
  }
}
