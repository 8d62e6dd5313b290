/**
 * What a node keeps of each neighbour: on which side of the tree its link is, and what it has had
 * and promised, so that none can ask, announce or compare without bound.
 */
import type { BroadcastOptions } from './options.ts'
import { count, type Draft, type Peer, send } from './state.ts'

const newPeer: Omit<Peer, 'eager'> = {
  pending: [],
  open: 0,
  broken: 0,
  brokenFromMs: Number.NEGATIVE_INFINITY,
  mutedUntilMs: Number.NEGATIVE_INFINITY,
  prunedMs: Number.NEGATIVE_INFINITY,
  optimisedMs: Number.NEGATIVE_INFINITY,
  secondMs: Number.NEGATIVE_INFINITY,
  answers: 0,
  answerBytes: 0,
  digests: 0,
}

/** False when it is a neighbour already. */
export function addPeer(draft: Draft, node: string, eager: boolean): boolean {
  if (draft.state.peers.has(node)) return false
  draft.state = {
    ...draft.state,
    peers: new Map(draft.state.peers).set(node, { ...newPeer, eager }),
  }
  return true
}

export function removePeer(draft: Draft, node: string): boolean {
  if (!draft.state.peers.has(node)) return false
  const peers = new Map(draft.state.peers)
  peers.delete(node)
  draft.state = { ...draft.state, peers }
  return true
}

/** Changes a neighbour; nothing when it is none. */
export function updatePeer(draft: Draft, node: string, change: Partial<Peer>): void {
  const peer = draft.state.peers.get(node)
  if (peer === undefined) return
  const peers = new Map(draft.state.peers).set(node, { ...peer, ...change })
  draft.state = { ...draft.state, peers }
}

export function makeEager(draft: Draft, node: string): void {
  if (draft.state.peers.get(node)?.eager === false) updatePeer(draft, node, { eager: true })
}

/** Takes a link out of the tree, unless it is the only one there is. */
export function makeLazy(draft: Draft, node: string): void {
  const { env, state } = draft
  if (state.peers.get(node)?.eager !== true) return
  if (env.options.keepOneEager && state.peers.size === 1) return
  updatePeer(draft, node, { eager: false })
  keepOneEager(draft, node)
}

/**
 * Without an eager link nothing comes here by itself: some neighbour but `except` is asked for one.
 */
export function keepOneEager(draft: Draft, except?: string): void {
  const { env, state } = draft
  const peers = [...state.peers]
  if (!env.options.keepOneEager || peers.some(([, { eager }]) => eager)) return
  const others = peers.filter(([node]) => node !== except)
  const heard = others.filter(([, { mutedUntilMs }]) => mutedUntilMs <= env.nowMs)
  const choice = heard.length > 0 ? heard : others
  const chosen = choice[Math.floor(env.random.unit() * choice.length)]?.[0]
  if (chosen === undefined) return
  makeEager(draft, chosen)
  send(draft, chosen, { tag: 'graft', ids: [] })
}

/** True while what a neighbour announces is not believed. */
export function isMuted(draft: Draft, node: string): boolean {
  return (draft.state.peers.get(node)?.mutedUntilMs ?? 0) > draft.env.nowMs
}

/** A neighbour did not send what it had announced. Too many times, and it is not listened to. */
export function breakPromise(draft: Draft, node: string): void {
  const { nowMs, options } = draft.env
  const peer = draft.state.peers.get(node)
  if (peer === undefined) return
  count(draft, 'brokenPromise', node)
  const counting = nowMs - peer.brokenFromMs < options.muteMs
  const broken = (counting ? peer.broken : 0) + 1
  const brokenFromMs = counting ? peer.brokenFromMs : nowMs
  if (broken < options.brokenPromisesMax) updatePeer(draft, node, { broken, brokenFromMs })
  else updatePeer(draft, node, { broken: 0, mutedUntilMs: nowMs + options.muteMs })
}

/** It sent a message after all, or another one: that makes up for one it did not. */
export function keepPromise(draft: Draft, node: string): void {
  const broken = draft.state.peers.get(node)?.broken ?? 0
  if (broken > 0) updatePeer(draft, node, { broken: broken - 1 })
}

/** Charges a neighbour for an answer; false when it has had too much this second. */
export function mayAnswer(draft: Draft, node: string, bytes: number): boolean {
  return spend(draft, node, 1, bytes, 0)
}

/** The same for a digest it sent. */
export function mayCompare(draft: Draft, node: string): boolean {
  return spend(draft, node, 0, 0, 1)
}

function spend(
  draft: Draft,
  node: string,
  answers: number,
  answerBytes: number,
  digests: number,
): boolean {
  const { nowMs, options } = draft.env
  const peer = draft.state.peers.get(node)
  if (peer === undefined) return false
  const same = nowMs - peer.secondMs < 1000
  const spent: Partial<Peer> & Spending = {
    secondMs: same ? peer.secondMs : nowMs,
    answers: answers + (same ? peer.answers : 0),
    answerBytes: answerBytes + (same ? peer.answerBytes : 0),
    digests: digests + (same ? peer.digests : 0),
  }
  if (!affordable(spent, options)) return false
  updatePeer(draft, node, spent)
  return true
}

type Spending = Pick<Peer, 'answers' | 'answerBytes' | 'digests'>

function affordable({ answers, answerBytes, digests }: Spending, options: BroadcastOptions) {
  return (
    answers <= options.answersPerSecondMax &&
    answerBytes <= options.answerBytesPerSecondMax &&
    digests <= options.digestsPerSecondMax
  )
}
