/**
 * System requests: calls of an operation of their own, so that they queue behind earlier messages
 * as in OTP (rule Y3). Those that are data may come from any node and are decoded here; those that
 * carry a function are objects of this node, which no peer can make.
 */
import type { Reason } from '../../runtime/index.ts'
import { isReason } from '../../runtime/kernel.ts'
import type { SysEvent } from './event.ts'

export const sysOp = '$sys'

/** What a hook returns to be removed. */
export const done: unique symbol = Symbol('done')

/**
 * Hears each event with what it returned for the one before, first `initial`, and the server's
 * module. One that throws, returns a promise, or returns `done` is removed.
 */
export type SysHook<H> = (state: H, event: SysEvent, module: string) => H | typeof done

export type DataCommand =
  | { readonly tag: 'getState' }
  | { readonly tag: 'getStatus' }
  | { readonly tag: 'suspend' }
  | { readonly tag: 'resume' }
  | { readonly tag: 'terminate'; readonly reason: Reason }
  | { readonly tag: 'trace'; readonly on: boolean }
  | { readonly tag: 'statistics'; readonly on: boolean }
  | { readonly tag: 'getStatistics' }
  /** Keeps so many events; 0: none any more. */
  | { readonly tag: 'log'; readonly size: number }
  | { readonly tag: 'getLog' }
  | { readonly tag: 'remove'; readonly name: string }
  | { readonly tag: 'noDebug' }

export class ReplaceState<S = unknown> {
  readonly tag = 'replaceState'
  readonly replace: (state: S) => S

  constructor(replace: (state: S) => S) {
    this.replace = replace
  }
}

export class Install<H = unknown> {
  readonly tag = 'install'
  readonly name: string
  readonly hook: SysHook<H>
  readonly initial: H

  constructor(name: string, hook: SysHook<H>, initial: H) {
    this.name = name
    this.hook = hook
    this.initial = initial
  }
}

export type Command = DataCommand | ReplaceState | Install

/** Undefined for what is no command: it may come from anywhere. */
export function decodeCommand(given: unknown): Command | undefined {
  if (given instanceof ReplaceState || given instanceof Install) return given
  if (typeof given !== 'object' || given === null || !('tag' in given)) return undefined
  const { tag } = given
  switch (tag) {
    case 'getState':
    case 'getStatus':
    case 'suspend':
    case 'resume':
    case 'getStatistics':
    case 'getLog':
    case 'noDebug':
      return { tag }
    case 'terminate':
      return 'reason' in given && isReason(given.reason) ? { tag, reason: given.reason } : undefined
    case 'trace':
    case 'statistics':
      return 'on' in given && typeof given.on === 'boolean' ? { tag, on: given.on } : undefined
    case 'log':
      return 'size' in given && isSize(given.size) ? { tag, size: given.size } : undefined
    case 'remove':
      return 'name' in given && typeof given.name === 'string'
        ? { tag, name: given.name }
        : undefined
    default:
      return undefined
  }
}

function isSize(size: unknown): size is number {
  return typeof size === 'number' && Number.isInteger(size) && size >= 0
}
