/**
 * The process that carries a table replica: tells all what its node has changed, asks authors for
 * what they have, answers those who ask, and compares what it knows with its neighbours.
 *
 * Invariants: an entry is taken from its author's own channel alone; what anybody else says of an
 * author only leads to a question to that author (`pulls.ts`). No step is long: entries come, go
 * and are removed in parts.
 */
import type { Module, Self } from '../../runtime/index.ts'
import { processOfSelf } from '../../runtime/kernel.ts'
import { genServer, next } from '../../stdlib/index.ts'
import { isServiceMessage, type ServiceMessage } from '../dist/services.ts'
import { members, subscribeMembers } from '../members/index.ts'
import { Link, type ReplicaTimer } from './link.ts'
import { TableAuthor } from './table-author.ts'
import { TableCompare } from './table-compare.ts'
import { decodeDelta, decodeMessage } from './table-message.ts'
import { TableOps } from './table-ops.ts'
import { TableReader } from './table-reader.ts'
import type { ReplicaContext, TableSpec } from './table-replica.ts'
import type { Gone, TableState } from './table-state.ts'

/** It understands no operations. */
type TableProtocol = Record<never, never>

export function tableModule<Value>(
  name: string,
  context: ReplicaContext,
  spec: TableSpec<Value>,
  state: TableState<Value>,
): Module<unknown, undefined> {
  return genServer<TableProtocol>(name)({
    init: async (_: undefined, self) => {
      const server = new TableServer(name, context, spec, state, self)
      await server.begin()
      return next(server)
    },
    // No promise for what needs none: parts of a transfer come by the hundred.
    info: (server, message) => {
      if (server.heard(message)) return next(server)
      return server.reread().then(() => next(server))
    },
  })
}

class TableServer<Value> {
  readonly #context: ReplicaContext
  readonly #self: Self
  readonly #state: TableState<Value>
  readonly #link: Link
  readonly #author: TableAuthor<Value>
  readonly #reader: TableReader<Value>
  readonly #compare: TableCompare<Value>
  #told = false

  constructor(
    name: string,
    context: ReplicaContext,
    spec: TableSpec<Value>,
    state: TableState<Value>,
    self: Self,
  ) {
    const { system, broadcasting, options } = context
    const { node } = system
    this.#context = context
    this.#self = self
    this.#state = state
    this.#link = new Link(name, spec.name, context, self)
    const ops = new TableOps(system, broadcasting.codec, spec.isValue)
    this.#author = new TableAuthor(this.#link, node, options.flushEveryMs, state, ops)
    this.#reader = new TableReader(this.#link, context, spec, state, ops)
    this.#compare = new TableCompare(this.#link, context, this.#author, this.#reader)
  }

  async begin(): Promise<void> {
    const { overlay, broadcasting, dist } = this.#context
    const process = processOfSelf(this.#self)
    dist.router.services.listen(this.#link.service, process)
    overlay.subscriptions.add(process)
    broadcasting.topics.add(process, this.#link.service)
    subscribeMembers(this.#self)
    await this.reread()
    this.#compare.begin()
    this.#state.tell = () => {
      if (!this.#told) this.#link.post({ tag: '$tell' })
      this.#told = true
    }
    this.#state.ask = (node) => this.#link.post({ tag: '$ask', node })
    this.#self.onExit(() => {
      this.#state.tell = undefined
      this.#state.ask = undefined
    })
    this.#author.announce()
  }

  /** Who is there, when events may have been missed. */
  async reread(): Promise<void> {
    const alive = new Set<string>()
    const left = new Set<string>()
    for (const { node, state } of await members(this.#self)) {
      if (node === this.#context.system.node) continue
      if (state === 'left') left.add(node)
      else if (state !== 'down') alive.add(node)
    }
    const gone = (node: string): Gone => ({ tag: left.has(node) ? 'left' : 'nodedown', node })
    this.#reader.reconcile(alive, gone)
    const peers = await this.#context.overlay.peers(this.#self)
    this.#link.peers.clear()
    for (const peer of peers) this.#compare.met(peer)
  }

  /** False: what is known of members and neighbours must be read anew. */
  heard(message: unknown): boolean {
    const timer = this.#link.timers.due(message)
    if (timer !== undefined) this.#due(timer)
    else if (isServiceMessage(message)) this.#took(message)
    else if (isTagged(message)) return this.#happened(message)
    return true
  }

  #happened(message: Tagged): boolean {
    const { tag, node, reason, id, up } = message
    if (tag === 'resync') return false
    if (tag === '$work') this.#reader.work()
    else if (tag === '$tell') {
      this.#told = false
      this.#author.changed()
    } else if (tag === 'broadcast') this.#heardAll(message)
    else if (typeof node !== 'string') return true
    else if (tag === '$ask') this.#reader.ask(node)
    else if (tag === '$asked' && typeof id === 'number')
      this.#reader.connected(node, id, up === true)
    else if (tag === 'peerUp') this.#compare.met(node)
    else if (tag === 'peerDown') this.#link.peers.delete(node)
    else if (tag === 'memberUp') this.#reader.up(node)
    else if (tag === 'memberDown') {
      this.#author.pump.drop(node)
      this.#reader.down({ tag: goneBy(reason), node })
    }
    return true
  }

  #due(timer: ReplicaTimer): void {
    switch (timer.tag) {
      case 'pull':
        this.#reader.due(timer.key)
        break
      case 'flush':
        this.#author.flush()
        break
      case 'compare':
        this.#compare.due()
        break
      case 'news':
        this.#reader.tellNews()
        break
      case 'send':
        this.#author.pump.run(timer.node)
        break
      case 'stalled':
        this.#author.pump.drop(timer.node)
        break
    }
  }

  /** What a node has said to this one. */
  #took({ node, creation, body }: ServiceMessage): void {
    const message = decodeMessage(body)
    if (message === undefined) {
      this.#link.count('malformed', node)
      return
    }
    switch (message.tag) {
      case 'pull':
        this.#author.asked(node, message.id, message.head)
        break
      case 'ack':
        this.#author.acknowledged(node, message.id, message.seq)
        break
      case 'refused':
        this.#reader.refused(node, message.id)
        break
      case 'chunk':
        this.#reader.took(node, creation, message)
        break
      default:
        this.#compare.heard(node, message)
    }
  }

  /** What some node has told all; believed when it came by the author's own channel. */
  #heardAll({ from, payload }: Tagged): void {
    const { system, dist } = this.#context
    if (typeof from !== 'string' || from === system.node) return
    const delta = decodeDelta(payload)
    if (delta === undefined) this.#link.count('malformed', from)
    if (delta === undefined || delta.node === system.node) return
    const creation = delta.node === from ? dist.router.channel(from)?.creation : undefined
    if (creation === undefined) this.#reader.hint(delta, false)
    else this.#reader.delta(delta, creation)
  }
}

/** What the messages of its sources may have. */
type Tagged = { readonly tag: unknown } & Partial<
  Record<'node' | 'reason' | 'id' | 'up' | 'from' | 'payload', unknown>
>

function isTagged(message: unknown): message is Tagged {
  return typeof message === 'object' && message !== null && 'tag' in message
}

function goneBy(reason: unknown): Gone['tag'] {
  return reason === 'left' || reason === 'restarted' ? reason : 'nodedown'
}
