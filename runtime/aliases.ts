/**
 * Aliases (EEP 53, rules A1 to A7): references that take messages for their process while they are
 * active, and drop them without trace afterwards. A server that answers to an alias cannot reach
 * its client's mailbox any more once the client has given up.
 *
 * A monitor may be an alias too; then it is one reference with two lives, which `mode` ties
 * together. The table holds active aliases strongly, by number: whoever has the reference may be
 * on another node. Calls need none of this, their record is its own alias (`request.ts`).
 */
import { show } from './check.ts'
import { BadArgument, Exit } from './exit.ts'
import type { Reference } from './identifier.ts'
import { limits } from './limits.ts'
import { demonitor } from './monitors.ts'
import { post } from './post.ts'
import type { Process } from './process.ts'
import { LocalReference } from './refs.ts'

/**
 * When an alias of its own ends: `explicitUnalias` with `unalias` only, `reply` with the first
 * message through it.
 */
export type AliasMode = 'explicitUnalias' | 'reply'

/**
 * When the alias of a monitor ends: `explicitUnalias` with `unalias` only, `demonitor` with the
 * monitor, `replyDemonitor` with the monitor, or with the first message, which ends both.
 */
export type MonitorAliasMode = 'explicitUnalias' | 'demonitor' | 'replyDemonitor'

type Alias = {
  /** Held here, so that the reference that comes back is the one that left. */
  readonly ref: Reference
  readonly owner: Process
  readonly mode: AliasMode | MonitorAliasMode
}

export class Aliases {
  readonly #active = new Map<number, Alias>()
  readonly #owned = new Map<Process, Set<number>>()

  get size(): number {
    return this.#active.size
  }

  /** False when the node has as many as it may. */
  add(owner: Process, ref: Reference, mode: Alias['mode']): boolean {
    if (this.#active.size >= limits.aliasesMax) return false
    this.#active.set(ref.id, { ref, owner, mode })
    const owned = this.#owned.get(owner)
    if (owned === undefined) this.#owned.set(owner, new Set([ref.id]))
    else owned.add(ref.id)
    return true
  }

  /** Ends an alias at its owner's wish; true when it was active. */
  remove(owner: Process, ref: Reference): boolean {
    const alias = this.#active.get(ref.id)
    if (alias?.owner !== owner) return false
    this.#active.delete(ref.id)
    const owned = this.#owned.get(owner)
    owned?.delete(ref.id)
    if (owned?.size === 0) this.#owned.delete(owner)
    return true
  }

  /** The process has ended, and its aliases with it. */
  ended(owner: Process): void {
    for (const id of this.#owned.get(owner) ?? []) this.#active.delete(id)
    this.#owned.delete(owner)
  }

  /** Delivers through the alias numbered `id`, if there is one. */
  deliver(id: number, message: unknown, sender: Process | null): void {
    const alias = this.#active.get(id)
    if (alias === undefined) return
    const { owner, ref, mode } = alias
    if (mode === 'reply') this.remove(owner, ref)
    // Ends the alias with the monitor.
    else if (mode === 'replyDemonitor') demonitor(owner, ref)
    post(owner, message, sender)
  }
}

/** Makes `ref` an alias of `owner`. Throws `Exit` when the node has as many as it may. */
export function openAlias(owner: Process, ref: Reference, mode: Alias['mode']): void {
  if (owner.system.aliases.add(owner, ref, mode)) return
  throw new Exit({ tag: 'systemLimit', limit: 'aliases', max: limits.aliasesMax }, 'alias')
}

/** An alias that is nothing else (OTP `alias/1`). */
export function ownAlias(owner: Process, mode: AliasMode): Reference {
  if (mode !== 'explicitUnalias' && mode !== 'reply') {
    throw new BadArgument(`alias: expected explicitUnalias or reply, got ${show(mode)}`)
  }
  const ref = new LocalReference(owner.system.refs)
  openAlias(owner, ref, mode)
  return ref
}

/** False when it was not active, or is somebody else's. */
export function closeAlias(owner: Process, ref: Reference): boolean {
  const { node, creation, system } = owner
  return ref.node === node && ref.creation === creation && system.aliases.remove(owner, ref)
}
