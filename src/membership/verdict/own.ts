/**
 * What a node says of itself, and how it answers when others say it is gone or speak in its name:
 * it authors its entry anew, above whatever they know (SWIM's refutation). A forgery therefore
 * lasts until its victim hears of it, and so does the memory of a former life of this node.
 *
 * Invariants: nobody else raises our incarnation beyond what the clock allows, so it cannot be
 * driven to its end; refutations are at least `refuteIntervalMs` apart, however many provoke them.
 */
import { checkDescription } from './description.ts'
import type { VerdictAction, VerdictEnv } from './event.ts'
import { scored } from './health.ts'
import { type Authored, type Metadata, sameAuthored } from './member.ts'
import type { News } from './message.ts'
import { newEntry, type Step, setTimer, type VerdictState } from './state.ts'
import { put } from './table.ts'

export function aliveNews(node: string, authored: Authored): News {
  return { tag: 'alive', node, ...authored }
}

/** News about ourselves. */
export function heardOfSelf(state: VerdictState, news: News, env: VerdictEnv): Step {
  const { own } = state
  if (own.left) return [state, []]
  if (news.tag === 'alive') {
    const { tag: _, node: __, ...authored } = news
    if (news.incarnation < own.incarnation || sameAuthored(authored, own)) return [state, []]
    const [answered, actions] = claimed(state, news.incarnation, env)
    return [answered, [{ tag: 'count', name: 'impersonated' }, ...actions]]
  }
  if (news.incarnation < own.incarnation || news.incarnation <= state.claimed) return [state, []]
  const health = scored(state.health, 1, env.options)
  return claimed({ ...state, health }, news.incarnation, env)
}

/** The timer `refute`: what was held back by the interval. */
export function refuteNow(state: VerdictState, env: VerdictEnv): Step {
  if (state.own.left || state.claimed < state.own.incarnation) return [state, []]
  const authored = { ...state.own, incarnation: state.claimed + 1 }
  const [next, actions] = author({ ...state, refutedMs: env.nowMs }, authored, env)
  return [next, [{ tag: 'count', name: 'refute' }, ...actions]]
}

/** We describe ourselves differently, or leave. Throws like `checkDescription`. */
export function describe(
  state: VerdictState,
  change: { readonly version?: string; readonly metadata?: Metadata; readonly left?: boolean },
  env: VerdictEnv,
): Step {
  const incarnation = Math.max(state.own.incarnation, state.claimed) + 1
  const own = { ...state.own, ...change, incarnation }
  checkDescription(own.version, own.metadata)
  return author(state, own, env)
}

function claimed(state: VerdictState, incarnation: number, env: VerdictEnv): Step {
  const next = { ...state, claimed: Math.max(state.claimed, incarnation) }
  const dueMs = state.refutedMs + env.options.refuteIntervalMs
  if (env.nowMs >= dueMs) return refuteNow(next, env)
  return [next, [setTimer({ tag: 'refute', dueMs }, env.nowMs)]]
}

function author(state: VerdictState, own: Authored, { self, nowMs }: VerdictEnv): Step {
  const entry = { ...newEntry(self, nowMs), authored: own, firstHand: true }
  const broadcast: VerdictAction = { tag: 'broadcast', news: aliveNews(self, own) }
  return [{ ...state, own, table: put(state.table, entry) }, [broadcast]]
}
