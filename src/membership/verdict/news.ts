/**
 * What a node makes of news about others. Whatever it hears, the verdict is its own: `down` from
 * somebody else is a suspicion that counts as confirmed, so the accused has the least suspicion
 * timeout to answer in every case, and no message alone takes a member away.
 *
 * Invariants: a name enters the table by news that its node authored, within `membersMax`; one only
 * accused leaves a mark. News not above what we know of a dead or forgotten name change nothing.
 */
import { limits } from '../../limits.ts'
import { spendOf } from './budget.ts'
import type { VerdictAction, VerdictCount, VerdictEnv } from './event.ts'
import { attendedMs } from './health.ts'
import {
  type Authored,
  type Entry,
  highWater,
  livenessOf,
  withAccusation,
  withAuthored,
} from './member.ts'
import type { News } from './message.ts'
import { heardOfSelf } from './own.ts'
import { andThen, forget, newEntry, type Step, store, type VerdictState } from './state.ts'
import { entriesOf, entryOf, sizeOf } from './table.ts'

/**
 * `broadcast`: everybody hears it. `direct`: only we were told, so what concerns others is passed
 * on. `own`: we found it out.
 */
export type Route = 'broadcast' | 'direct' | 'own'

type Accusing = Exclude<News, { readonly tag: 'alive' }>
type Alive = Extract<News, { readonly tag: 'alive' }>

/** The share of `incarnationAheadMaxMs` for accusations; the rest is for clocks that differ. */
const accusationShare = 0.5
const leastWaitMs = 1
const accusationRate = {
  burst: limits.verdictAccusationsBurst,
  perMinute: limits.verdictAccusationsPerMinute,
}
const toldRate = {
  burst: limits.verdictToldBurst,
  perMinute: limits.verdictToldPerMinute,
}

export function hear(
  state: VerdictState,
  from: string,
  { news, route }: { readonly news: News; readonly route: Route },
  env: VerdictEnv,
): Step {
  if (news.incarnation > latest(state, news, env)) return [state, [count('future', from)]]
  if (news.node === env.self) return heardOfSelf(state, news, env)
  return news.tag === 'alive'
    ? heardAlive(state, from, { news, route }, env)
    : heardAccusation(state, from, { news, route }, env)
}

/**
 * The greatest incarnation we believe. What accuses a node must not be dated so far ahead that its
 * answer would be refused, unless the node itself has gone as far.
 */
function latest({ table }: VerdictState, { tag, node }: News, env: VerdictEnv): number {
  const { self, wallMs, options } = env
  if (tag === 'alive' || node === self) return wallMs + options.incarnationAheadMaxMs
  const known = entryOf(table, node)?.authored?.incarnation ?? 0
  return Math.max(known, wallMs + accusationShare * options.incarnationAheadMaxMs)
}

/** We suspect a node ourselves: everybody is to know, unless enough others have said so. */
export function accuse(state: VerdictState, entry: Entry, env: VerdictEnv): Step {
  const { node } = entry
  const news: News = { tag: 'suspect', node, incarnation: highWater(entry), by: env.self }
  return andThen(hear(state, env.self, { news, route: 'own' }, env), (next) => [
    next,
    next === state ? [] : [{ tag: 'broadcast', news }],
  ])
}

/** Tells a node what we hold against it, if anything, so that it can answer. */
export function remind(state: VerdictState, node: string, { self }: VerdictEnv): Step {
  const accused = entryOf(state.table, node)?.accused
  if (accused === undefined) return [state, []]
  const message: News = { tag: 'suspect', node, incarnation: accused.incarnation, by: self }
  return [state, [{ tag: 'send', to: node, message }]]
}

/** The timer `suspicion`: nobody answered in all that time. */
export function verdictDue(state: VerdictState, node: string, env: VerdictEnv): Step {
  const entry = entryOf(state.table, node)
  const accused = entry?.accused
  if (entry === undefined || accused === undefined || accused.down) return [state, []]
  const attended = attendedMs(state.health, env.nowMs)
  const heardOurselves = state.peers.includes(node)
  const waitMs = heardOurselves ? env.options.probeTimeoutMs : accused.dueMs - attended
  // Less than that is the rounding of the clock, which no timer can wait for.
  if (waitMs >= leastWaitMs) {
    const timer = { tag: 'suspicion', node, dueMs: env.nowMs + waitMs } as const
    const again: Step = [state, [{ tag: 'setTimer', timer, afterMs: waitMs }]]
    return heardOurselves ? andThen(again, (next) => remind(next, node, env)) : again
  }
  const down = { ...entry, accused: { ...accused, down: true, dueMs: attended } }
  const told = store(state, down, env)
  if (!accused.by.includes(env.self)) return told
  const news: News = { tag: 'down', node, incarnation: accused.incarnation, by: env.self }
  return andThen(told, (next) => [next, [{ tag: 'broadcast', news }]])
}

function heardAlive(
  state: VerdictState,
  from: string,
  { news, route }: { readonly news: Alive; readonly route: Route },
  env: VerdictEnv,
): Step {
  const { tag: _, node, ...authored } = news
  const firstHand = from === node && route === 'direct'
  const known = entryOf(state.table, node)
  if (known === undefined) return introduced(state, from, { node, authored, firstHand }, env)
  const { accused } = known
  if (accused?.down && authored.incarnation <= accused.incarnation) {
    if (route !== 'direct') return [state, [count('stale', from)]]
    const { incarnation } = accused
    const message: News = { tag: 'suspect', node, incarnation, by: env.self }
    return [state, [count('stale', from), { tag: 'send', to: from, message }]]
  }
  if (livenessOf(known) === 'mark' && !hasRoom(state)) return [state, [count('full', from)]]
  const merged = withAuthored(known, authored)
  if (merged === known && (known.firstHand || !firstHand)) return [state, []]
  return store(state, { ...merged, firstHand: known.firstHand || firstHand }, env)
}

/** A name we know nothing of, or have forgotten below the floor. */
function introduced(
  state: VerdictState,
  from: string,
  who: { readonly node: string; readonly authored: Authored; readonly firstHand: boolean },
  env: VerdictEnv,
): Step {
  const { node, authored, firstHand } = who
  if (authored.incarnation <= state.floor) {
    const message: News = { tag: 'suspect', node, incarnation: state.floor, by: env.self }
    return [state, [count('stale', from), { tag: 'send', to: from, message }]]
  }
  const roomy: Step = hasRoom(state) || !firstHand ? [state, []] : makeRoom(state, env)
  return andThen(roomy, (next) => {
    if (!hasRoom(next)) return [next, [count('full', from)]]
    return store(next, { ...newEntry(node, env.nowMs), authored, firstHand }, env)
  })
}

function heardAccusation(
  state: VerdictState,
  from: string,
  { news, route }: { readonly news: Accusing; readonly route: Route },
  env: VerdictEnv,
): Step {
  const { node, incarnation, by, tag } = news
  // Our own broadcast comes back to us; nobody else may speak for us.
  if (by === env.self && route !== 'own') return [state, []]
  const known = entryOf(state.table, node)
  const entry = known ?? newEntry(node, env.nowMs)
  const accused = withAccusation(entry, {
    incarnation,
    by,
    sure: tag === 'down',
    byMax: env.options.confirmations + 1,
    nowMs: attendedMs(state.health, env.nowMs),
  })
  if (accused === entry) return [state, []]
  const paid = charged(state, from, { by, route }, env)
  if (paid === undefined) return [state, [count('flood', by)]]
  const begun = entry.accused === undefined && !accused.authored?.left
  return andThen(store(paid, accused, env), (next) => {
    if (!begun || accused.authored === undefined) return [next, []]
    const passed: VerdictAction[] = []
    if (route === 'direct') {
      passed.push({ tag: 'broadcast', news: { tag: 'suspect', node, incarnation, by: env.self } })
    }
    if (env.options.buddy && from !== node && next.peers.includes(node)) {
      passed.push({ tag: 'send', to: node, message: news })
    }
    return [next, passed]
  })
}

/** Who may still accuse: the accuser named in a broadcast, or who tells it to us alone. */
function charged(
  state: VerdictState,
  from: string,
  { by, route }: { readonly by: string; readonly route: Route },
  { nowMs }: VerdictEnv,
): VerdictState | undefined {
  if (route === 'own') return state
  const max = limits.verdictAccusersMax
  if (route === 'direct') {
    const tellers = spendOf(state.tellers, from, { nowMs, rate: toldRate, max })
    return tellers === undefined ? undefined : { ...state, tellers }
  }
  const accusers = spendOf(state.accusers, by, { nowMs, rate: accusationRate, max })
  return accusers === undefined ? undefined : { ...state, accusers }
}

function hasRoom({ table, marks }: VerdictState): boolean {
  return sizeOf(table) - marks < limits.membersMax
}

/** For a node we hear ourselves: one that is dead, or that we only heard of, gives way. */
function makeRoom(state: VerdictState, env: VerdictEnv): Step {
  for (const entry of entriesOf(state.table)) {
    const liveness = livenessOf(entry)
    const dead = liveness === 'down' || liveness === 'left'
    if (dead || (liveness !== 'mark' && !entry.firstHand)) return forget(state, entry, env)
  }
  return [state, []]
}

function count(name: VerdictCount, peer: string): VerdictAction {
  return { tag: 'count', name, peer }
}
