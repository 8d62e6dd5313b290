/**
 * The failure verdict, pure: `(state, event, env) -> [state, actions]`. Channel loss is told to
 * links, monitors and the local nodedown at once, by others; this rule decides when a node is down
 * for the cluster, on which names, leases and leaders are pruned. It follows SWIM (probe, suspect,
 * refute) and Lifeguard (local health), and keeps the list of all members.
 *
 * The stages: a channel to a peer is lost; it is probed, through others as well (`probe.ts`);
 * nobody has an answer: it is suspected, and everybody told; it does not refute in time: down
 * (`news.ts`).
 * No node is believed about another beyond that it suspects it, and none takes its own absence for
 * that of others (`health.ts`).
 */
import { limits } from '../../limits.ts'
import { spendOf } from './budget.ts'
import type { VerdictAction, VerdictEnv, VerdictEvent, VerdictTimer } from './event.ts'
import { attend, scored } from './health.ts'
import { type Entry, livenessOf } from './member.ts'
import type { VerdictMessage } from './message.ts'
import { hear, remind, verdictDue } from './news.ts'
import { aliveNews, describe, refuteNow } from './own.ts'
import {
  acked,
  asked,
  audit,
  beginProbe,
  endProbe,
  endRelay,
  nacked,
  probeDue,
  reached,
  unreached,
  verify,
} from './probe.ts'
import { andThen, forget, type Step, setTimer, type VerdictState } from './state.ts'
import { digestMessage, heardDiffer, heardDigest, heardEntries } from './sync.ts'
import { entriesOf } from './table.ts'

const messageRate = {
  burst: limits.verdictMessagesBurst,
  perMinute: limits.verdictMessagesPerSecond * 60,
}
/** Parts of the time until dead entries are forgotten, in each of which they are looked for. */
const forgetLooks = 4

/**
 * The next state, and what is to be done, in this order. Nothing that others say makes it throw; a
 * `describe` beyond the limits does, a RangeError that names the field.
 */
export function stepVerdict(before: VerdictState, event: VerdictEvent, env: VerdictEnv): Step {
  const lateMs = lateness(event, env.nowMs)
  const health = attend(before.health, { nowMs: env.nowMs, lateMs }, env.options)
  const noticed = health !== before.health
  const state = noticed ? { ...before, health } : before
  const step = stepAttending(state, event, lateMs, env)
  return noticed ? [step[0], [{ tag: 'count', name: 'absent' }, ...step[1]]] : step
}

/** Every node known and not yet forgotten, ourselves included, in no order. */
export function memberList(state: VerdictState): readonly Entry[] {
  return [...entriesOf(state.table)].filter((entry) => livenessOf(entry) !== 'mark')
}

function lateness(event: VerdictEvent, nowMs: number): number {
  if (event.tag === 'timer') return Math.max(0, nowMs - event.timer.dueMs)
  return event.tag === 'lag' ? event.lateMs : 0
}

function stepAttending(
  state: VerdictState,
  event: VerdictEvent,
  lateMs: number,
  env: VerdictEnv,
): Step {
  switch (event.tag) {
    case 'start': {
      const timers = [timerOf('digest', env), timerOf('audit', env), timerOf('forget', env)]
      const back: Step = state.own.left ? comeBack(state, env) : [state, []]
      return andThen(back, (next) => [next, timers])
    }
    case 'peerUp':
      return peerUp(state, event.node, env)
    case 'peerLost':
      return beginProbe(without(state, event.node), event.node, 'indirect', env)
    case 'peerDropped':
      return [without(state, event.node), []]
    case 'connected':
      return reached(state, event.node, env)
    case 'failed':
      return unreached(state, event.node, env)
    case 'message':
    case 'news':
      return heard(state, event, env)
    case 'lag': {
      if (lateMs >= env.options.lagThresholdMs) return [state, []]
      return [{ ...state, health: scored(state.health, -1, env.options) }, []]
    }
    case 'describe': {
      const { version = state.own.version, metadata = state.own.metadata } = event
      return describe(state, { version, metadata }, env)
    }
    case 'leave':
      return leave(state, env)
    case 'timer':
      return timerFired(state, event.timer, lateMs, env)
  }
}

function peerUp(state: VerdictState, node: string, env: VerdictEnv): Step {
  if (state.peers.includes(node) || node === env.self || state.own.left) return [state, []]
  const alone = state.peers.length === 0
  const next = { ...state, peers: [...state.peers, node] }
  const own = aliveNews(env.self, state.own)
  const hello: VerdictAction[] = [{ tag: 'send', to: node, message: own }]
  // One of the two begins.
  if (env.self < node) hello.push({ tag: 'send', to: node, message: digestMessage(next) })
  if (alone) hello.push({ tag: 'broadcast', news: own })
  const met = andThen([next, hello], (met) => endProbe(met, node))
  return andThen(met, (last) => remind(last, node, env))
}

function without(state: VerdictState, node: string): VerdictState {
  return { ...state, peers: state.peers.filter((peer) => peer !== node) }
}

function heard(
  state: VerdictState,
  event: Extract<VerdictEvent, { readonly tag: 'message' | 'news' }>,
  env: VerdictEnv,
): Step {
  const { nowMs } = env
  const max = limits.verdictSendersMax
  const payer = event.tag === 'message' ? 'senders' : 'bearers'
  const budgets = spendOf(state[payer], event.from, { nowMs, rate: messageRate, max })
  if (budgets === undefined) return [state, [{ tag: 'count', name: 'flood', peer: event.from }]]
  const paid: VerdictState = { ...state, [payer]: budgets }
  if (event.tag === 'message') return heardMessage(paid, event.from, event.message, env)
  const step = hear(paid, event.from, { news: event.news, route: 'broadcast' }, env)
  return andThen(step, (next) => verify(next, state, event.news.node, env))
}

function heardMessage(
  state: VerdictState,
  from: string,
  message: VerdictMessage,
  env: VerdictEnv,
): Step {
  switch (message.tag) {
    case 'alive':
    case 'suspect':
    case 'down': {
      const step = hear(state, from, { news: message, route: 'direct' }, env)
      const answered = step[0].own !== state.own
      const own = aliveNews(env.self, step[0].own)
      return answered ? [step[0], [...step[1], { tag: 'send', to: from, message: own }]] : step
    }
    case 'probe': {
      const { seq } = message
      return [state, [{ tag: 'send', to: from, message: { tag: 'ack', seq, node: env.self } }]]
    }
    case 'probeRequest':
      return asked(state, from, message, env)
    case 'ack':
      return acked(state, from, message, env)
    case 'nack':
      return nacked(state, from, message)
    case 'digest':
      return heardDigest(state, from, message)
    case 'differ':
      return heardDiffer(state, from, message, env)
    case 'entries':
      return heardEntries(state, from, message, env)
  }
}

function timerFired(
  state: VerdictState,
  timer: VerdictTimer,
  lateMs: number,
  env: VerdictEnv,
): Step {
  if (state.own.left) return [state, []]
  switch (timer.tag) {
    case 'probe':
      return probeDue(state, timer.node, lateMs, env)
    case 'suspicion':
      return verdictDue(state, timer.node, env)
    case 'relay':
      return endRelay(state, timer.seq, 'nack')
    case 'refute':
      return refuteNow(state, env)
    case 'digest': {
      const peer = state.peers[Math.floor(env.random.unit() * state.peers.length)]
      const again = timerOf('digest', env)
      if (peer === undefined) return [state, [again]]
      return [state, [{ tag: 'send', to: peer, message: digestMessage(state) }, again]]
    }
    case 'audit':
      return andThen(audit(state, env), (next) => [next, [timerOf('audit', env)]])
    case 'forget':
      return andThen(forgetOld(state, env), (next) => [next, [timerOf('forget', env)]])
  }
}

/** Within half a period of the whole one, so that nodes started together spread. */
function timerOf(tag: 'digest' | 'audit' | 'forget', env: VerdictEnv): VerdictAction {
  const { digestPeriodMs, auditPeriodMs, forgetAfterMs } = env.options
  const periods = {
    digest: digestPeriodMs,
    audit: auditPeriodMs,
    forget: forgetAfterMs / forgetLooks,
  }
  const dueMs = env.nowMs + periods[tag] * (0.5 + env.random.unit())
  return setTimer({ tag, dueMs }, env.nowMs)
}

function forgetOld(state: VerdictState, env: VerdictEnv): Step {
  let step: Step = [state, []]
  for (const entry of memberList(state)) {
    const liveness = livenessOf(entry)
    const dead = liveness === 'down' || liveness === 'left'
    if (!dead || env.nowMs - entry.changedMs < env.options.forgetAfterMs) continue
    step = andThen(step, (next) => forget(next, entry, env))
  }
  return step
}

/**
 * Takes part again. No timer counted meanwhile: what was under way with others is dropped, and whom
 * we suspected has all the time of a suspicion anew, since an answer was not heard.
 */
function comeBack(state: VerdictState, env: VerdictEnv): Step {
  const idle = { ...state, probes: new Map(), relays: new Map() }
  return andThen(describe(idle, { left: false }, env), (next) => {
    const timers = [...entriesOf(next.table)].flatMap(({ node, accused }) => {
      if (accused === undefined || accused.down) return []
      const dueMs = env.nowMs + accused.dueMs - accused.sinceMs
      return [setTimer({ tag: 'suspicion', node, dueMs }, env.nowMs)]
    })
    return [next, timers]
  })
}

/** Says so to everybody, and to the peers directly, for the broadcast may come to its end first. */
function leave(state: VerdictState, env: VerdictEnv): Step {
  if (state.own.left) return [state, []]
  return andThen(describe(state, { left: true }, env), (next) => [
    { ...next, peers: [], probes: new Map(), relays: new Map() },
    state.peers.map((to): VerdictAction => {
      return { tag: 'send', to, message: aliveNews(env.self, next.own) }
    }),
  ])
}
