/**
 * Telling neighbours which messages are here. Announcements to one neighbour are gathered for
 * `announceDelayMs` and leave as one message, without those it turned out to know itself.
 */
import { limits } from '../limits.ts'
import { updatePeer } from './peers.ts'
import { type Announcement, type Draft, send, setTimer } from './state.ts'

export function announce(draft: Draft, to: string, announcement: Announcement): void {
  const { announceDelayMs } = draft.env.options
  if (announceDelayMs === 0) {
    tell(draft, to, [announcement])
    return
  }
  const pending = [...(draft.state.peers.get(to)?.pending ?? []), announcement]
  if (pending.length < limits.broadcastIdsMax) {
    updatePeer(draft, to, { pending })
    if (draft.state.announcing) return
    draft.state = { ...draft.state, announcing: true }
    setTimer(draft, { tag: 'announce' }, announceDelayMs)
  } else {
    updatePeer(draft, to, { pending: [] })
    tell(draft, to, pending)
  }
}

/** A neighbour knows a message: it need not be told. */
export function knows(draft: Draft, node: string, id: string): void {
  const pending = draft.state.peers.get(node)?.pending ?? []
  if (!pending.some((announcement) => announcement.id === id)) return
  updatePeer(draft, node, { pending: pending.filter((announcement) => announcement.id !== id) })
}

/** Tells every neighbour what was gathered for it. */
export function tellAll(draft: Draft): void {
  draft.state = { ...draft.state, announcing: false }
  for (const [node, { pending }] of draft.state.peers) {
    if (pending.length === 0) continue
    updatePeer(draft, node, { pending: [] })
    tell(draft, node, pending)
  }
}

function tell(draft: Draft, to: string, announcements: readonly Announcement[]): void {
  const early = announcements.filter(({ late }) => !late)
  const late = announcements.filter((announcement) => announcement.late)
  if (early.length > 0) {
    const ids = early.map(({ id }) => id)
    send(draft, to, { tag: 'ihave', ids, rounds: early.map(({ round }) => round) })
  }
  if (late.length > 0) {
    send(draft, to, { tag: 'offer', ids: late.map(({ id }) => id), more: false })
  }
}
