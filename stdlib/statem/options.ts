/**
 * What an outcome may ask for beside its next state (OTP's transition actions, rules F4, F8, F12):
 * replies, inserted events, postponing, timeouts. Checked here, where the program writes them, so
 * that a mistake names its field; the engine trusts what has passed.
 */
import { BadArgument, isReference, type Reference } from '../../runtime/index.ts'
import { checkTimeout, show } from '../../runtime/kernel.ts'
import { eventTags, StatemEvent } from './event.ts'
import type { TimeoutAction } from './timeouts.ts'

/**
 * A timeout: milliseconds from now (0: at once, before any mail; Infinity: none), the same with an
 * argument for its handler, a monotonic time (see `monotonicMs`), another argument for the one that
 * runs (none runs: it fires at once), or its end. Setting one replaces the one that runs.
 */
export type TimeoutSetting<A> =
  | (undefined extends A ? number : never)
  | (undefined extends A ? { readonly ms: number } : never)
  | (undefined extends A ? { readonly atMs: number } : never)
  | { readonly ms: number; readonly arg: A }
  | { readonly atMs: number; readonly arg: A }
  | { readonly update: A }
  | 'cancel'

/** Any event, as a program writes it. */
export type EventLike = {
  readonly tag: string
  readonly op?: string
  readonly arg?: unknown
  readonly from?: Reference
}

/** The options of any outcome, before it is known who returns it. */
export type AnyOptions = {
  readonly reply?: unknown
  readonly replies?: readonly Answer[]
  readonly next?: readonly EventLike[]
  readonly postpone?: boolean
  /** Accepted for who comes from OTP, and ignored (rule P12). */
  readonly hibernate?: boolean
  readonly stateTimeoutMs?: TimeoutSetting<unknown>
  readonly eventTimeoutMs?: TimeoutSetting<unknown>
  readonly timeouts?: { readonly [name: string]: TimeoutSetting<unknown> }
}

/** A reply that an outcome sends. */
export class Answer {
  readonly from: Reference
  readonly value: unknown

  constructor(from: Reference, value: unknown) {
    this.from = from
    this.value = value
  }
}

/** Checked options, in the engine's words. */
export type Wishes = {
  /** The reply to the call being handled; null when there is none. */
  readonly reply: { readonly value: unknown } | null
  readonly replies: readonly Answer[]
  readonly next: readonly StatemEvent[]
  readonly postpone: boolean
  /** In the order in which they were written. */
  readonly timeouts: readonly TimeoutAction[]
}

export const noWishes: Wishes = {
  reply: null,
  replies: [],
  next: [],
  postpone: false,
  timeouts: [],
}

/** Throws `BadArgument` naming the option and what was received. */
export function wishesOf(options: AnyOptions): Wishes {
  let { reply, replies, next, postpone } = noWishes
  const timeouts: TimeoutAction[] = []
  for (const key of Object.keys(options)) {
    switch (key) {
      case 'reply':
        reply = { value: options.reply }
        break
      case 'replies':
        replies = checkReplies(options.replies)
        break
      case 'next':
        next = listOf(key, options.next).map(eventFrom)
        break
      case 'postpone':
        postpone = options.postpone ?? false
        if (typeof postpone !== 'boolean') refuse(key, 'a boolean', postpone)
        break
      case 'hibernate':
        if (typeof options.hibernate !== 'boolean') refuse(key, 'a boolean', options.hibernate)
        break
      case 'stateTimeoutMs':
        timeouts.push({ tag: 'stateTimeout', name: '', set: settingFrom(key, options[key]) })
        break
      case 'eventTimeoutMs':
        timeouts.push({ tag: 'eventTimeout', name: '', set: settingFrom(key, options[key]) })
        break
      case 'timeouts':
        timeouts.push(...genericFrom(options.timeouts))
        break
      default:
        throw new BadArgument(`outcome: there is no option '${key}'`)
    }
  }
  return { reply, replies, next, postpone, timeouts }
}

function genericFrom(value: unknown): TimeoutAction[] {
  if (typeof value !== 'object' || value === null) refuse('timeouts', 'an object', value)
  return Object.entries(value).map(([name, setting]) => ({
    tag: 'timeout',
    name,
    set: settingFrom(`timeouts.${name}`, setting),
  }))
}

function settingFrom(field: string, setting: unknown): TimeoutAction['set'] {
  if (setting === 'cancel') return { tag: 'cancel' }
  if (typeof setting === 'number') return after(field, setting, undefined)
  if (typeof setting === 'object' && setting !== null) {
    const arg = 'arg' in setting ? setting.arg : undefined
    if ('ms' in setting) return after(field, setting.ms, arg)
    if ('update' in setting) return { tag: 'update', arg: setting.update }
    if ('atMs' in setting) {
      const { atMs } = setting
      if (typeof atMs === 'number' && Number.isFinite(atMs)) return { tag: 'at', ms: atMs, arg }
      refuse(`${field}.atMs`, 'a monotonic time in milliseconds', atMs)
    }
  }
  refuse(field, "milliseconds, 'cancel', { ms }, { atMs } or { update }", setting)
}

function after(field: string, ms: unknown, arg: unknown): TimeoutAction['set'] {
  checkTimeout(field, ms)
  return { tag: 'after', ms: Number(ms), arg }
}

function checkReplies(value: unknown): readonly Answer[] {
  return listOf('replies', value).map((item, at) =>
    item instanceof Answer
      ? item
      : refuse(`replies[${at}]`, 'what answer(from, value) returns', item),
  )
}

function eventFrom(event: unknown, at: number): StatemEvent {
  const field = `next[${at}]`
  if (typeof event !== 'object' || event === null) refuse(field, 'an event', event)
  const tag = 'tag' in event ? event.tag : undefined
  if (!isEventTag(tag)) refuse(`${field}.tag`, `one of ${eventTags.join(', ')}`, tag)
  const op = 'op' in event ? event.op : ''
  const named = tag === 'call' || tag === 'cast' || tag === 'internal' || tag === 'timeout'
  if (typeof op !== 'string' || (named && op === '')) refuse(`${field}.op`, 'a name', op)
  const from = 'from' in event ? event.from : null
  if (tag === 'call' && !isReference(from)) refuse(`${field}.from`, 'the from of a call', from)
  const arg = 'arg' in event ? event.arg : undefined
  return new StatemEvent(tag, op, arg, isReference(from) ? from : null)
}

function isEventTag(tag: unknown): tag is StatemEvent['tag'] {
  return typeof tag === 'string' && eventTags.includes(tag)
}

function listOf(field: string, value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) refuse(field, 'an array', value)
  return value
}

function refuse(field: string, expected: string, got: unknown): never {
  throw new BadArgument(`${field}: expected ${expected}, got ${show(got)}`)
}
