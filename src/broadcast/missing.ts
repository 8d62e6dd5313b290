/**
 * Messages that neighbours announced and that are not here. Each is waited for a while, in case the
 * tree brings it, and then asked for, of one announcer after the other. Who was asked in vain broke
 * a promise. Source: Plumtree's algorithm 2, with all announcers kept as it says.
 *
 * A neighbour that announces what does not exist can fill its own share of the table only.
 */
import { limits } from '../limits.ts'
import { breakPromise, isMuted, makeEager, updatePeer } from './peers.ts'
import {
  type Announcer,
  cancelTimer,
  count,
  type Draft,
  type Missing,
  send,
  setTimer,
} from './state.ts'

/** An announcement of a message that has not been seen. */
export function expect(draft: Draft, id: string, announcer: Announcer): void {
  const { options } = draft.env
  const { missing, peers } = draft.state
  const known = missing.get(id)
  if (known !== undefined) {
    const { announcers } = known
    if (announcers.length >= limits.broadcastAnnouncersMax) return
    if (announcers.some(({ node }) => node === announcer.node)) return
    keep(draft, id, { ...known, announcers: [...announcers, announcer] })
    return
  }
  const open = peers.get(announcer.node)?.open ?? 0
  if (missing.size >= options.missingMax || open >= options.missingPerPeerMax) {
    count(draft, 'announcementRefused', announcer.node)
    return
  }
  keep(draft, id, { announcers: [announcer], first: announcer.node, asked: undefined })
  updatePeer(draft, announcer.node, { open: open + 1 })
  const afterMs = announcer.late ? options.fetchDelayMs : options.graftTimeoutMs
  setTimer(draft, { tag: 'graft', id }, afterMs)
}

/** It is here, or given up. Who had announced it and was not asked. */
export function settle(draft: Draft, id: string): readonly Announcer[] {
  const missing = draft.state.missing.get(id)
  if (missing === undefined) return []
  draft.state = { ...draft.state, missing: draft.state.missing.delete(id) }
  const peer = draft.state.peers.get(missing.first)
  // The neighbour may have gone and come back since, and then is charged for nothing.
  if (peer !== undefined) updatePeer(draft, missing.first, { open: Math.max(0, peer.open - 1) })
  cancelTimer(draft, { tag: 'graft', id })
  return missing.announcers
}

/** It was waited for long enough. */
export function ask(draft: Draft, id: string): void {
  const missing = draft.state.missing.get(id)
  if (missing === undefined) return
  if (missing.asked !== undefined) breakPromise(draft, missing.asked)
  const announcers = missing.announcers.filter(({ node }) => !isMuted(draft, node))
  const [next, ...rest] = announcers
  if (next === undefined) {
    settle(draft, id)
    count(draft, 'lost')
    return
  }
  keep(draft, id, { ...missing, announcers: rest, asked: next.node })
  if (!next.late) makeEager(draft, next.node)
  send(draft, next.node, { tag: next.late ? 'fetch' : 'graft', ids: [id] })
  setTimer(draft, { tag: 'graft', id }, draft.env.options.graftRetryMs)
}

/** A neighbour left: nothing can be asked of it. */
export function forgetAnnouncer(draft: Draft, gone: string): void {
  for (const [id] of draft.state.missing.entries()) passOver(draft, id, gone)
}

/** This announcer of a message is of no more use for it; the others are. */
export function passOver(draft: Draft, id: string, node: string): void {
  const missing = draft.state.missing.get(id)
  if (missing === undefined) return
  const announcers = missing.announcers.filter((announcer) => announcer.node !== node)
  const asked = missing.asked === node ? undefined : missing.asked
  if (announcers.length === missing.announcers.length && asked === missing.asked) return
  keep(draft, id, { ...missing, announcers, asked })
}

function keep(draft: Draft, id: string, missing: Missing): void {
  draft.state = { ...draft.state, missing: draft.state.missing.set(id, missing) }
}
