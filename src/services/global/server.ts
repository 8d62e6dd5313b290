/**
 * The process that settles disputes over global names (`dispute.ts`), those that processes of this
 * node are about to lose. It asks the winner's node, has the resolver called, and ends the loser.
 * Names are given and found without it.
 *
 * Invariant: the resolver runs in a process of its own, one per dispute, so that one that hangs or
 * fails holds nobody. When this process is started again it looks at all names anew; a resolver may
 * then be called a second time for the same conflict.
 */
import { type Module, type Pid, pidKey, type Reason, type Self } from '../../../runtime/index.ts'
import { deliver, processOfSelf, type System, terminate } from '../../../runtime/kernel.ts'
import { genServer, next } from '../../../stdlib/index.ts'
import { isServiceMessage, type Router } from '../../dist/index.ts'
import { compareHlc } from '../../hlc/index.ts'
import { limits } from '../../limits.ts'
import { KeyedTimers } from '../../membership/index.ts'
import type { Metrics } from '../../metrics/index.ts'
import type { Claimed } from './claim.ts'
import {
  type ConflictVerdict,
  type Dispute,
  type DisputeAction,
  type DisputeEvent,
  stepDispute,
} from './dispute.ts'
import { type Global, globalServerName } from './global.ts'
import { decodeGlobal, type GlobalMessage } from './message.ts'
import { Resolvers } from './resolvers.ts'

/** Name of its messages between nodes. */
const service = 'global'

export type GlobalContext = {
  readonly system: System
  readonly router: Router
  readonly metrics: Metrics
  readonly global: Global
}

type Timer =
  | { readonly tag: 'again' }
  | { readonly tag: 'late'; readonly key: string }
  | { readonly tag: 'end'; readonly pid: Pid; readonly reason: Reason }

export function globalModule(context: GlobalContext): Module<Record<never, never>, undefined> {
  return genServer<Record<never, never>>(globalServerName)({
    init: (_: undefined, self) => next(new Disputes(context, self)),
    info: (disputes, message) => {
      disputes.heard(message)
      return next(disputes)
    },
  })
}

class Disputes {
  readonly #context: GlobalContext
  readonly #self: Self
  readonly #timers: KeyedTimers<Timer>
  readonly #resolvers: Resolvers
  readonly #disputes = new Map<string, Dispute>()
  #willAsk = false

  constructor(context: GlobalContext, self: Self) {
    const { system, router, global } = context
    this.#context = context
    this.#self = self
    this.#timers = new KeyedTimers(self)
    this.#resolvers = new Resolvers(system, global, self, (key) => {
      this.#timers.set(`late ${key}`, { tag: 'late', key }, limits.globalResolverMaxMs)
    })
    router.services.listen(service, processOfSelf(self))
    global.reread()
    for (const key of [...global.ownKeys()]) this.#happened(key, { tag: 'look' })
  }

  heard(message: unknown): void {
    const timer = this.#timers.due(message)
    const ended = this.#resolvers.ended(message)
    if (timer !== undefined) this.#due(timer)
    else if (ended !== undefined) this.#judged(ended.key, ended.verdict)
    else if (isServiceMessage(message)) this.#took(message.node, message.body)
    else if (isLook(message)) this.#happened(message.key, { tag: 'look' })
  }

  #due(timer: Timer): void {
    if (timer.tag === 'late') {
      this.#resolvers.abandon(timer.key)
      this.#judged(timer.key, 'stop')
    } else if (timer.tag === 'end') this.#end(timer.pid, timer.reason)
    else this.#askAgain()
  }

  #askAgain(): void {
    this.#willAsk = false
    for (const key of [...this.#disputes.keys()]) this.#happened(key, { tag: 'unanswered' })
  }

  #judged(key: string, verdict: ConflictVerdict): void {
    this.#timers.cancel(`late ${key}`)
    this.#happened(key, { tag: 'verdict', verdict })
  }

  #took(node: string, body: unknown): void {
    const message = decodeGlobal(body)
    if (message === undefined) this.#context.metrics.count('skein.global.malformed', { peer: node })
    else if (message.tag === 'ask') this.#answer(node, message)
    else {
      const { key, holds } = message
      const winner = this.#context.global.claims.ofNode(key, node)
      if (winner === undefined || !isAbout(message, winner)) return
      this.#happened(key, { tag: 'answer', winner, holds })
    }
  }

  #answer(node: string, { key, pid, since, rank }: GlobalMessage): void {
    const { global, system } = this.#context
    const own = global.claims.ofNode(key, system.node)
    // A claim that was raised since is stronger still.
    const isOwn = own?.pid === pid && compareHlc(own.since, since) === 0
    const holds = isOwn && own.rank >= rank
    this.#tell(node, { tag: 'answer', key, pid, since, rank, holds })
  }

  #happened(key: string, event: DisputeEvent): void {
    const { global, system } = this.#context
    const env = { claims: global.claims.of(key), self: system.node }
    const [dispute, actions] = stepDispute(this.#disputes.get(key), event, env)
    if (dispute === undefined) this.#disputes.delete(key)
    else this.#disputes.set(key, dispute)
    for (const action of actions) this.#perform(key, action)
    if (this.#willAsk || this.#disputes.size === 0) return
    this.#willAsk = true
    this.#timers.set('again', { tag: 'again' }, limits.globalAskAgainMs)
  }

  #perform(key: string, action: DisputeAction): void {
    const { global } = this.#context
    switch (action.tag) {
      case 'ask':
        this.#ask(key, action.winner)
        break
      case 'sync':
        global.sync(action.node)
        break
      case 'resolve':
        this.#resolve(key, action)
        break
      case 'abandon':
        this.#timers.cancel(`late ${key}`)
        this.#resolvers.abandon(key)
        break
      case 'raise':
        global.raise(key, action.rank)
        break
      case 'release':
        this.#release(key, action)
        break
      case 'stop':
        this.#stop(action)
        break
    }
  }

  #ask(key: string, { node, pid, since, rank }: Claimed): void {
    const told = this.#tell(node, { tag: 'ask', key, pid, since, rank })
    // Asked again when there is one.
    if (told === 'noChannel') this.#context.router.connect(node, () => undefined)
  }

  #tell(node: string, message: GlobalMessage) {
    return this.#context.router.services.tell(node, service, message)
  }

  #resolve(key: string, { winner, loser }: Sides): void {
    this.#context.metrics.count('skein.global.conflict')
    if (this.#context.global.resolverOf(key) === undefined) this.#judged(key, 'stop')
    else this.#resolvers.begin({ key, winner, loser })
  }

  #release(key: string, { winner, loser }: Sides): void {
    const { global } = this.#context
    const process = global.ownerOf(key)
    const reason = conflictReason({ winner, loser })
    global.release(key)
    if (process !== undefined && process.pid === loser.pid) deliver(process, reason)
  }

  #stop({ winner, loser }: Sides): void {
    const { name, pid } = loser
    const detail = conflictReason({ winner, loser })
    const reason = { tag: 'shutdown', detail } as const
    const fields = { name, loser: String(pid), winner: String(winner.pid) }
    this.#context.system.trace.log('warning', 'global name lost to another node', fields)
    this.#self.exit(pid, reason)
    this.#timers.set(`end ${pidKey(pid)}`, { tag: 'end', pid, reason }, limits.globalStopMaxMs)
  }

  /** Who traps exits may have read the signal as mail. */
  #end(pid: Pid, reason: Reason): void {
    const found = this.#context.system.lookup(pid)
    if (found.tag === 'local') terminate(found.process, reason)
  }
}

type Sides = { readonly winner: Claimed; readonly loser: Claimed }

function conflictReason({ winner, loser }: Sides) {
  return { tag: 'globalConflict', name: loser.name, winner: winner.pid } as const
}

function isAbout(message: GlobalMessage, claim: Claimed): boolean {
  const { pid, since, rank } = message
  return pid === claim.pid && rank === claim.rank && compareHlc(since, claim.since) === 0
}

type Look = { readonly tag: '$look'; readonly key: string }

function isLook(message: unknown): message is Look {
  return (
    typeof message === 'object' &&
    message !== null &&
    'tag' in message &&
    message.tag === '$look' &&
    'key' in message &&
    typeof message.key === 'string'
  )
}
