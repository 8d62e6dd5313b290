/**
 * Probing (SWIM, section 3; Lifeguard's nacks, section IV-A). When the channel to a peer is lost we
 * dial it anew and ask some other peers to reach it; only when neither we nor they have an answer
 * in time is it suspected. A helper that has none says so a little earlier (`nack`): one that keeps
 * quiet altogether says something about our own connection, not about the node in question.
 *
 * Invariants: probes and what is probed for others are bounded, in all and per requester; nobody is
 * dialled for others who is no member. A probe whose timer comes late by our own fault begins anew.
 */
import { limits } from '../../limits.ts'
import type { VerdictAction, VerdictEnv } from './event.ts'
import { probeWaitMs, scored } from './health.ts'
import { type Entry, isLive } from './member.ts'
import { accuse, remind } from './news.ts'
import { andThen, type Probe, type Step, setTimer, type VerdictState } from './state.ts'
import { digestOf, entryOf, liveAt } from './table.ts'

/** The share of the plain probe timeout after which a helper gives up. */
const nackShare = 0.8
/** Draws of a member to audit, before this turn is left out. */
const auditDraws = 4

/** Probes a live member, unless it is being probed or too many are. */
export function beginProbe(
  state: VerdictState,
  node: string,
  stage: Probe['stage'],
  env: VerdictEnv,
): Step {
  const { probes, nextSeq } = state
  if (probes.has(node) || probes.size >= limits.verdictProbesMax) return [state, []]
  const entry = entryOf(state.table, node)
  if (entry === undefined || !isLive(entry)) return [state, []]
  const probe: Probe = { seq: nextSeq, incarnation: saidBy(entry), stage, asked: [], nacked: [] }
  const begun = launch({ ...state, nextSeq: seqAfter(nextSeq) }, node, probe, env)
  return andThen(begun, (next) => [next, [{ tag: 'count', name: 'probe' }]])
}

/** The timer `audit`: one member drawn by lot, whom nobody else need be watching. */
export function audit(state: VerdictState, env: VerdictEnv): Step {
  const { table, peers } = state
  for (let drawn = 0; drawn < auditDraws; drawn++) {
    const node = liveAt(table, Math.floor(env.random.unit() * digestOf(table).live))?.node
    if (node === undefined || node === env.self || peers.includes(node)) continue
    return beginProbe(state, node, 'direct', env)
  }
  return [state, []]
}

/**
 * A member has just come under suspicion by others: about `verifiers` of all who hear of it probe
 * it themselves. They confirm it, or tell a member that is well what is said of it.
 */
export function verify(
  state: VerdictState,
  before: VerdictState,
  node: string,
  env: VerdictEnv,
): Step {
  const entry = entryOf(state.table, node)
  const begun = entry?.accused !== undefined && isLive(entry)
  if (!begun || entryOf(before.table, node)?.accused !== undefined) return [state, []]
  const share = env.options.verifiers / digestOf(state.table).live
  if (state.peers.includes(node) || env.random.unit() >= share) return [state, []]
  return beginProbe(state, node, 'indirect', env)
}

/** The channel is up that a probe of ours, or of another's, has asked for. */
export function reached(state: VerdictState, node: string, env: VerdictEnv): Step {
  const seqs = [...state.relays].filter(([, relay]) => relay.node === node).map(([seq]) => seq)
  const probe = state.probes.get(node)
  if (probe !== undefined) seqs.push(probe.seq)
  if (seqs.length === 0) return [state, []]
  const sends = seqs.map((seq): VerdictAction => {
    return { tag: 'send', to: node, message: { tag: 'probe', seq } }
  })
  return andThen([state, sends], (next) => remind(next, node, env))
}

/** No channel could be had. */
export function unreached(state: VerdictState, node: string, env: VerdictEnv): Step {
  const probe = state.probes.get(node)
  let step: Step = [state, []]
  if (probe?.stage === 'direct') {
    step = launch(state, node, { ...probe, stage: 'indirect' }, env)
  }
  for (const [seq, relay] of state.relays) {
    if (relay.node === node) step = andThen(step, (next) => endRelay(next, seq, 'nack'))
  }
  return step
}

/** Somebody asks us to probe a node for it. */
export function asked(
  state: VerdictState,
  from: string,
  { seq, node }: { readonly seq: number; readonly node: string },
  env: VerdictEnv,
): Step {
  const { relays, nextSeq } = state
  const ofRequester = [...relays.values()].filter(({ requester }) => requester === from).length
  const full =
    relays.size >= limits.verdictRelaysMax || ofRequester >= limits.verdictRelaysPerPeerMax
  if (full || node === env.self || !isLive(entryOf(state.table, node))) {
    return [state, [{ tag: 'send', to: from, message: { tag: 'nack', seq, node } }]]
  }
  const relay = { node, requester: from, requesterSeq: seq }
  const dueMs = env.nowMs + env.options.probeTimeoutMs * nackShare
  return [
    { ...state, nextSeq: seqAfter(nextSeq), relays: new Map(relays).set(nextSeq, relay) },
    [{ tag: 'connect', node }, setTimer({ tag: 'relay', seq: nextSeq, dueMs }, env.nowMs)],
  ]
}

/** An answer of `node`, by itself or through a helper. */
export function acked(
  state: VerdictState,
  from: string,
  { seq, node }: { readonly seq: number; readonly node: string },
  env: VerdictEnv,
): Step {
  const relay = state.relays.get(seq)
  if (relay !== undefined) return relay.node === from ? endRelay(state, seq, 'ack') : [state, []]
  const probe = state.probes.get(node)
  if (probe?.seq !== seq || (from !== node && !probe.asked.includes(from))) return [state, []]
  const health = scored(state.health, -1, env.options)
  return endProbe({ ...state, health }, node)
}

/** A helper had no answer. */
export function nacked(
  state: VerdictState,
  from: string,
  { seq, node }: { readonly seq: number; readonly node: string },
): Step {
  const probe = state.probes.get(node)
  if (probe?.seq !== seq || !probe.asked.includes(from) || probe.nacked.includes(from)) {
    return [state, []]
  }
  const probes = new Map(state.probes).set(node, { ...probe, nacked: [...probe.nacked, from] })
  return [{ ...state, probes }, []]
}

/** The timer `probe`, `lateMs` after it was due. */
export function probeDue(state: VerdictState, node: string, lateMs: number, env: VerdictEnv): Step {
  const { options } = env
  const probe = state.probes.get(node)
  if (probe === undefined) return [state, []]
  if (options.localHealth && lateMs >= options.lagThresholdMs)
    return launch(state, node, probe, env)
  if (probe.stage === 'direct') return launch(state, node, { ...probe, stage: 'indirect' }, env)
  const missed = probe.asked.length - probe.nacked.length
  const health = scored(state.health, probe.asked.length === 0 ? 1 : missed, options)
  const [ended] = endProbe({ ...state, health }, node)
  const entry = entryOf(state.table, node)
  if (entry === undefined || !isLive(entry)) return [ended, []]
  // It has spoken since, perhaps in another life: what was in vain then says nothing of it now.
  if (saidBy(entry) > probe.incarnation) return beginProbe(ended, node, 'direct', env)
  return accuse(ended, entry, env)
}

function saidBy({ authored }: Entry): number {
  return authored?.incarnation ?? 0
}

/** Ends a probe; its timer is cancelled. */
export function endProbe(state: VerdictState, node: string): Step {
  if (!state.probes.has(node)) return [state, []]
  const probes = new Map(state.probes)
  probes.delete(node)
  return [{ ...state, probes }, [{ tag: 'cancelTimer', key: `probe ${node}` }]]
}

/** Ends what we do for another; the timer `relay` ends it with a nack. */
export function endRelay(state: VerdictState, seq: number, tag: 'ack' | 'nack'): Step {
  const relay = state.relays.get(seq)
  if (relay === undefined) return [state, []]
  const relays = new Map(state.relays)
  relays.delete(seq)
  const { node, requester, requesterSeq } = relay
  const cancel: readonly VerdictAction[] =
    tag === 'ack' ? [{ tag: 'cancelTimer', key: `relay ${seq}` }] : []
  const message = { tag, seq: requesterSeq, node }
  return [{ ...state, relays }, [...cancel, { tag: 'send', to: requester, message }]]
}

/** Dials the node and, if it has come to that, asks others as well; answers are waited for. */
function launch(state: VerdictState, node: string, probe: Probe, env: VerdictEnv): Step {
  const asked = probe.stage === 'direct' ? [] : helpers(state, node, env)
  const probes = new Map(state.probes).set(node, { ...probe, asked, nacked: [] })
  const requests = asked.map((to): VerdictAction => {
    return { tag: 'send', to, message: { tag: 'probeRequest', seq: probe.seq, node } }
  })
  const dueMs = env.nowMs + probeWaitMs(state.health, env.options)
  return [
    { ...state, probes },
    [{ tag: 'connect', node }, ...requests, setTimer({ tag: 'probe', node, dueMs }, env.nowMs)],
  ]
}

/** Some peers, drawn by lot. */
function helpers(
  { peers, table }: VerdictState,
  node: string,
  { options, random }: VerdictEnv,
): readonly string[] {
  const left = peers.filter((peer) => peer !== node && trusted(entryOf(table, peer)))
  const drawn: string[] = []
  while (drawn.length < options.indirectProbes && left.length > 0) {
    drawn.push(...left.splice(Math.floor(random.unit() * left.length), 1))
  }
  return drawn
}

/** One that is under suspicion itself is of little help. */
function trusted(entry: Entry | undefined): boolean {
  return entry?.accused === undefined
}

function seqAfter(seq: number): number {
  return (seq + 1) % 2 ** 32
}
