/**
 * Keeps the proxies of a node: one for each name, found by it, counted by who holds it, ended when
 * its service is gone or nobody has held it for `proxyUnheldMaxMs` (cluster spec, 14.9). It hears
 * of services from the registry, of nodes from the member list, and of the processes themselves,
 * for the registry may not know of a service that the overlay has found. (Of such a one it learns
 * the end of its process, and not that it gave up its name.)
 *
 * Invariants: a proxy in the table is alive, or its end is in this mailbox; whoever holds one and
 * ends holds it no more. Proxies outlive no crash of the keeper (`restForOne`), so that none is
 * forgotten.
 */
import {
  isReference,
  type Module,
  type Pid,
  type Reason,
  type Reference,
  type Self,
} from '../../../runtime/index.ts'
import { deliver, type Process, processOfSelf } from '../../../runtime/kernel.ts'
import { call, genServer, local, next, reply } from '../../../stdlib/index.ts'
import { limits } from '../../limits.ts'
import { KeyedTimers } from '../../membership/index.ts'
import type { ProxyContext, Service } from './context.ts'
import { Gone, NewTarget } from './control.ts'
import { type Proxies, proxiesName } from './supervisor.ts'

export const keeperName = 'skein.proxies'

/** Who holds a proxy: a process, or null for host code, which holds it once. */
export type Holder = Pid | null

export type ProxyInfo = {
  readonly name: Service['name']
  /** The node of its service. */
  readonly node: string
  readonly pid: Pid
  readonly holders: number
}

export type Opened =
  | { readonly tag: 'ok'; readonly pid: Pid }
  | { readonly tag: 'error'; readonly reason: Reason }

export type KeeperServer = {
  calls: {
    /** Without a service: only a proxy that is there. */
    open: (wanted: {
      readonly text: string
      readonly holder: Holder
      readonly service: Service | null
    }) => Opened
    close: (given: { readonly text: string; readonly holder: Holder }) => null
    find: (text: string) => Pid | null
    list: () => readonly ProxyInfo[]
  }
}

type Kept = {
  service: Service
  readonly process: Process
  /** Holders, and the monitors of those that are processes. */
  readonly holders: Map<Holder, Reference | null>
  readonly ended: Reference
  /** The monitor of the service's process. */
  serving: Reference | undefined
  /** The registry knows of the service. */
  listed: boolean
}

type Watched = { readonly text: string; readonly what: 'holder' | 'proxy' | 'service' }

export function keeperModule(
  context: ProxyContext,
  proxies: Proxies,
): Module<KeeperServer, undefined> {
  return genServer<KeeperServer>(keeperName)({
    init: (_: undefined, self) => next(new Keeper(context, proxies, self)),
    calls: {
      open: async (keeper, wanted) => reply(await keeper.open(wanted), keeper),
      close: (keeper, { text, holder }) => {
        keeper.close(text, holder)
        return reply(null, keeper)
      },
      find: (keeper, text) => reply(keeper.find(text), keeper),
      list: (keeper) => reply(keeper.list(), keeper),
    },
    info: (keeper, message) => {
      keeper.heard(message)
      return next(keeper)
    },
  })
}

class Keeper {
  readonly #context: ProxyContext
  readonly #proxies: Proxies
  readonly #self: Self
  readonly #timers: KeyedTimers<string>
  readonly #kept = new Map<string, Kept>()
  readonly #watched = new Map<Reference, Watched>()
  #subscribed = false

  constructor(context: ProxyContext, proxies: Proxies, self: Self) {
    this.#context = context
    this.#proxies = proxies
    this.#self = self
    this.#timers = new KeyedTimers(self)
    const { list, router } = context.overlayRouter.context
    const process = processOfSelf(self)
    list.subscriptions.add(process)
    router.subscribers.add(process, 'connected')
  }

  async open({
    text,
    holder,
    service,
  }: Parameters<KeeperServer['calls']['open']>[0]): Promise<Opened> {
    const known = this.#kept.get(text)
    if (known?.process.alive) return this.#held(text, known, holder)
    if (known !== undefined) this.#forget(text, known)
    if (service === null) return { tag: 'error', reason: 'serviceNotFound' }
    const server = local(this.#proxies, proxiesName)
    const started = await call(this.#self, server, 'startChild', service)
    if (started.tag === 'error') return started
    const { system } = this.#context.overlayRouter.context
    const process = started.pid === null ? null : system.resident(started.pid)
    if (process === null) return { tag: 'error', reason: 'noproc' }
    const ended = this.#watch(process.pid, { text, what: 'proxy' })
    const opened: Kept = {
      service,
      process,
      holders: new Map(),
      ended,
      serving: undefined,
      listed: false,
    }
    this.#kept.set(text, opened)
    this.#subscribe()
    this.#look(opened)
    this.#watchService(opened)
    return this.#held(text, opened, holder)
  }

  close(text: string, holder: Holder): void {
    const kept = this.#kept.get(text)
    const ref = kept?.holders.get(holder)
    if (kept === undefined || ref === undefined) return
    if (ref !== null) this.#unwatch(ref)
    this.#released(text, kept, holder)
  }

  find(text: string): Pid | null {
    const process = this.#kept.get(text)?.process
    return process?.alive ? process.pid : null
  }

  list(): readonly ProxyInfo[] {
    const alive = [...this.#kept.values()].filter(({ process }) => process.alive)
    return alive.map(({ service: { name, node }, process: { pid }, holders }) => {
      return { name, node, pid, holders: holders.size }
    })
  }

  heard(message: unknown): void {
    const unheld = this.#timers.due(message)
    if (unheld !== undefined) this.#unheld(unheld)
    else if (isTagged(message)) this.#news(message)
  }

  #held(text: string, kept: Kept, holder: Holder): Opened {
    const { holders, process } = kept
    if (!holders.has(holder)) {
      const max = limits.proxyHoldersMax
      if (holders.size >= max) {
        return { tag: 'error', reason: { tag: 'systemLimit', limit: 'proxyHolders', max } }
      }
      holders.set(holder, holder && this.#watch(holder, { text, what: 'holder' }))
    }
    this.#timers.cancel(text)
    return { tag: 'ok', pid: process.pid }
  }

  #released(text: string, { holders }: Kept, holder: Holder): void {
    holders.delete(holder)
    if (holders.size === 0) this.#timers.set(text, text, limits.proxyUnheldMaxMs)
  }

  #unheld(text: string): void {
    const kept = this.#kept.get(text)
    if (kept !== undefined) this.#self.exit(kept.process.pid, 'shutdown')
  }

  #news(news: News): void {
    const { tag, node, name, reason } = news
    if (tag === 'DOWN') this.#down(news)
    else if (tag === 'resync') for (const kept of this.#kept.values()) this.#look(kept)
    else if (typeof node !== 'string') return
    else if (tag === 'nodeup') {
      for (const kept of this.#of(node)) this.#watchService(kept)
    } else if (tag === 'memberDown') {
      for (const { process } of this.#of(node)) deliver(process, new Gone(lost(node)))
    } else if (name !== undefined) {
      const kept = this.#kept.get(this.#context.overlayRouter.context.keyOf(name) ?? '')
      if (kept?.service.node === node) this.#look(kept, isLoss(reason) ? lost(node) : undefined)
    }
  }

  *#of(node: string): Generator<Kept> {
    for (const kept of this.#kept.values()) if (kept.service.node === node) yield kept
  }

  /** What the registry says of the service now, which has gone for `reason` if it has. */
  #look(kept: Kept, reason: Reason = 'serviceNotFound'): void {
    const { name, node } = kept.service
    const { registry } = this.#context.overlayRouter.context
    const instance = registry.lookup(name).find((one) => one.node === node)
    if (instance !== undefined) {
      kept.listed = true
      if (instance.pid !== kept.service.pid) this.#follow(kept, instance.pid)
      deliver(kept.process, new NewTarget(instance.pid))
    } else if (kept.listed) deliver(kept.process, new Gone(reason))
  }

  /** The service is another process now: the end of the former one says nothing of it. */
  #follow(kept: Kept, pid: Pid): void {
    kept.service = { ...kept.service, pid }
    if (kept.serving !== undefined) this.#unwatch(kept.serving)
    kept.serving = undefined
    this.#watchService(kept)
  }

  /** Once there is a channel: to watch a process is to dial its node. */
  #watchService(kept: Kept): void {
    const { router, system } = this.#context.overlayRouter.context
    const { node, pid, text } = kept.service
    if (kept.serving !== undefined) return
    if (node !== system.node && router.channel(node) === undefined) return
    kept.serving = this.#watch(pid, { text, what: 'service' })
  }

  #down({ ref, reason }: News): void {
    if (!isReference(ref)) return
    const watched = this.#watched.get(ref)
    if (watched === undefined) return
    this.#watched.delete(ref)
    const { text, what } = watched
    const kept = this.#kept.get(text)
    if (kept === undefined) return
    if (what === 'holder') {
      for (const [holder, held] of kept.holders)
        if (held === ref) this.#released(text, kept, holder)
    } else if (what === 'proxy') {
      if (kept.ended === ref) this.#forget(text, kept)
    } else if (kept.serving === ref) {
      kept.serving = undefined
      // A lost channel says nothing of the service.
      if (reason !== 'noconnection') deliver(kept.process, new Gone('serviceNotFound'))
    }
  }

  #forget(text: string, { holders, serving }: Kept): void {
    this.#kept.delete(text)
    this.#timers.cancel(text)
    for (const ref of holders.values()) if (ref !== null) this.#unwatch(ref)
    if (serving !== undefined) this.#unwatch(serving)
    this.#subscribe()
  }

  #watch(pid: Pid, watched: Watched): Reference {
    const ref = this.#self.monitor(pid)
    this.#watched.set(ref, watched)
    return ref
  }

  #unwatch(ref: Reference): void {
    this.#self.demonitor(ref, { flush: true })
    this.#watched.delete(ref)
  }

  /** Services come and go all the time: without a proxy nobody listens. */
  #subscribe(): void {
    const wanted = this.#kept.size > 0
    if (wanted === this.#subscribed) return
    this.#subscribed = wanted
    const { keyOf, registry } = this.#context.overlayRouter.context
    const process = processOfSelf(this.#self)
    if (wanted) registry.subscribe(process, (name) => this.#kept.has(keyOf(name) ?? ''))
    else registry.unsubscribe(process)
  }
}

function lost(node: string): Reason {
  return { tag: 'nodedown', node }
}

/** The registry says that the service went with its node. */
function isLoss(reason: unknown): boolean {
  const went: readonly unknown[] = ['nodedown', 'left', 'restarted']
  return isTagged(reason) && went.includes(reason.tag)
}

/** What the messages of its sources may have. */
type News = { readonly tag: unknown } & Partial<Record<'node' | 'name' | 'ref' | 'reason', unknown>>

function isTagged(message: unknown): message is News {
  return typeof message === 'object' && message !== null && 'tag' in message
}
