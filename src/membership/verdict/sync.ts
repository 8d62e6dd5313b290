/**
 * Anti-entropy of the member table. Once per period a node sends the digest of its live members to
 * one peer; equal tables cost that one message of a few bytes. Unequal ones are compared part by
 * part, sixteen ways at a time, until a part is so small that its members are listed; then each
 * side sends what the other lacks. Nothing is remembered between two of these messages, so there
 * is no session to attack or to clean up.
 */
import { limits } from '../../limits.ts'
import type { VerdictAction, VerdictEnv } from './event.ts'
import { type Entry, isLive } from './member.ts'
import type { Listing, News, Parts, VerdictMessage } from './message.ts'
import { hear } from './news.ts'
import { aliveNews } from './own.ts'
import { andThen, type Step, type VerdictState } from './state.ts'
import { digestOf, entriesOf, entryOf, partsOf, sameDigest, type Table } from './table.ts'

type Differ = Extract<VerdictMessage, { readonly tag: 'differ' }>
type Entries = Extract<VerdictMessage, { readonly tag: 'entries' }>

/** A part with no more entries than this is listed instead of compared further. */
const listedAtOnce = 8
const pathMax = 8

export function digestMessage({ table }: VerdictState): VerdictMessage {
  return { tag: 'digest', ...digestOf(table) }
}

export function heardDigest(
  state: VerdictState,
  from: string,
  digest: { readonly live: number; readonly low: number; readonly high: number },
): Step {
  if (sameDigest(digest, digestOf(state.table))) {
    return [state, [{ tag: 'count', name: 'digestEqual' }]]
  }
  const message: Differ = { tag: 'differ', parts: [sumsOf(state.table, '')], listings: [] }
  return [
    state,
    [
      { tag: 'count', name: 'digestDifferent' },
      { tag: 'send', to: from, message },
    ],
  ]
}

export function heardDiffer(
  state: VerdictState,
  from: string,
  differ: Differ,
  env: VerdictEnv,
): Step {
  const { table } = state
  const compared = compare(table, differ.parts)
  const answer = supplement(table, differ.listings, env)
  const actions: VerdictAction[] = []
  if (compared.parts.length + compared.listings.length > 0) {
    actions.push({ tag: 'send', to: from, message: compared })
  }
  if (answer.news.length + answer.want.length > 0) {
    actions.push({ tag: 'send', to: from, message: answer })
  }
  return [state, actions]
}

export function heardEntries(
  state: VerdictState,
  from: string,
  { news, want, more }: Entries,
  env: VerdictEnv,
): Step {
  let step: Step = [state, []]
  for (const each of news) {
    step = andThen(step, (next) => hear(next, from, { news: each, route: 'direct' }, env))
  }
  return andThen(step, (next) => {
    const wanted = want.flatMap((node) => told(entryOf(next.table, node), env))
    const actions: VerdictAction[] = []
    if (wanted.length > 0) {
      const message: Entries = { tag: 'entries', news: wanted, want: [], more: false }
      actions.push({ tag: 'send', to: from, message })
    }
    // Only who learned something goes on, or two that cannot agree would do so for ever.
    if (more && next.table !== state.table) {
      actions.push({ tag: 'send', to: from, message: digestMessage(next) })
    }
    return [next, actions]
  })
}

/** Where the other's parts are not ours: the next digits, or our members if they are few. */
function compare(table: Table, theirs: readonly Parts[]): Differ {
  const parts: Parts[] = []
  const listings: Listing[] = []
  for (const { path, sums } of theirs) {
    partsOf(table, path).forEach(({ low, high, size }, way) => {
      if (low === sums[2 * way] && high === sums[2 * way + 1]) return
      const under = path + way.toString(16)
      if (size > listedAtOnce && under.length < pathMax) {
        if (parts.length < limits.verdictPartsMax) parts.push(sumsOf(table, under))
      } else if (listings.length < limits.verdictListingsMax) {
        listings.push({ path: under, members: listed(table, under) })
      }
    })
  }
  return { tag: 'differ', parts, listings }
}

function sumsOf(table: Table, path: string): Parts {
  return { path, sums: partsOf(table, path).flatMap(({ low, high }) => [low, high]) }
}

function listed(table: Table, path: string): Listing['members'] {
  const members: { node: string; incarnation: number }[] = []
  for (const { node, authored, accused } of entriesOf(table, path)) {
    const live = authored !== undefined && !authored.left && accused?.down !== true
    if (live && members.length < limits.verdictListedMax) {
      members.push({ node, incarnation: authored.incarnation })
    }
  }
  return members
}

/** What the lists of another lack or have too old, and what we lack of them. */
function supplement(table: Table, listings: readonly Listing[], env: VerdictEnv): Entries {
  const news: News[] = []
  const want: string[] = []
  for (const { path, members } of listings) {
    const theirs = new Map(members.map(({ node, incarnation }) => [node, incarnation]))
    for (const entry of entriesOf(table, path)) {
      const had = theirs.get(entry.node)
      theirs.delete(entry.node)
      if (had === undefined ? isLive(entry) : isAhead(entry, had)) news.push(...told(entry, env))
      if (had !== undefined && isBehind(entry, had)) want.push(entry.node)
    }
    want.push(...theirs.keys())
  }
  const max = limits.verdictEntriesMax
  const more = news.length > max || want.length > max
  return { tag: 'entries', news: news.slice(0, max), want: want.slice(0, max), more }
}

/** We know later news of it than that it was live at this incarnation. */
function isAhead({ authored, accused }: Entry, incarnation: number): boolean {
  if (authored !== undefined && authored.incarnation > incarnation) return true
  return (accused?.down === true && accused.incarnation >= incarnation) || authored?.left === true
}

function isBehind({ authored, accused }: Entry, incarnation: number): boolean {
  const known = Math.max(authored?.incarnation ?? 0, accused?.down ? accused.incarnation : 0)
  return known < incarnation
}

/** What we know of a node, as news. */
function told(entry: Entry | undefined, { self }: VerdictEnv): readonly News[] {
  if (entry === undefined) return []
  const { node, authored, accused } = entry
  const alive = authored === undefined ? [] : [aliveNews(node, authored)]
  if (accused === undefined || authored?.left) return alive
  const { incarnation, down } = accused
  const charge: News = { tag: down ? 'down' : 'suspect', node, incarnation, by: self }
  return down ? [charge] : [...alive, charge]
}
