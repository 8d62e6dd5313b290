/**
 * A call that came from another node, as its server here sees it. It answers over the route, on
 * the stream of the process that answers, so that a server's replies and its other messages to one
 * client keep their order (rule O6).
 */
import { type Reason, withoutStack } from './exit.ts'
import type { RefParts } from './identifier.ts'
import type { Peer } from './peers.ts'
import type { Process } from './process.ts'
import { Request } from './request.ts'
import type { System } from './system.ts'
import type { Watch } from './watch.ts'

export class InboundCall extends Request {
  readonly op: string
  readonly arg: unknown
  done = false
  target: Process | null = null
  before: Watch | null = null
  after: Watch | null = null
  readonly system: System
  readonly peer: Peer
  readonly node: string
  readonly creation: number
  readonly id: number

  constructor(system: System, peer: Peer, ref: RefParts, op: string, arg: unknown) {
    super()
    this.op = op
    this.arg = arg
    this.system = system
    this.peer = peer
    this.node = ref.node
    this.creation = ref.creation
    this.id = ref.id
  }

  override finish(): void {
    super.finish()
    this.peer.inboundCalls.delete(this.id)
  }

  protected override succeed(value: unknown, sender: Process | null): void {
    if (this.peer.lost) return
    try {
      this.system.route.deliver(this.node, sender, { tag: 'reply', ref: this, value })
    } catch (error) {
      this.miss({ tag: 'unsendable', message: String(error) }, sender)
      throw error
    }
  }

  protected override miss(reason: Reason, sender: Process | null): void {
    if (this.peer.lost) return
    this.system.route.deliver(this.node, sender, {
      tag: 'callFailed',
      ref: this,
      reason: this.system.exposeStacks ? reason : withoutStack(reason),
    })
  }
}
