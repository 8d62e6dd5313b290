/**
 * What one node knows of another: what that node said of itself, and what others accuse it of.
 * Both parts only ever grow, each by its incarnation, so that any order and any repetition of the
 * same news gives the same entry (SWIM, section 4.2, as a join of two semilattices).
 *
 * Invariants: only the node itself authors its own part; others may only accuse it. An accusation
 * stands while its incarnation is not below the authored one, so a node is rid of it by authoring a
 * greater one. Incarnations order all news about a name, through restarts as well, for a node mints
 * its first from the wall clock; a creation is only compared for equality.
 *
 * An entry without an authored part is a high-water mark: what is left of a node that was
 * forgotten, or of one accused before it was heard of. It is no member, and stops old news.
 */
export type Metadata = Readonly<Record<string, string>>

export type Authored = {
  readonly creation: number
  readonly incarnation: number
  /** The version of the software it runs, as it says itself. */
  readonly version: string
  readonly metadata: Metadata
  /** It left the cluster in order. */
  readonly left: boolean
}

export type Accusation = {
  readonly incarnation: number
  /** Who suspects it, as far as they count. */
  readonly by: readonly string[]
  /** Somebody's verdict has fallen, which counts as all confirmations there can be. */
  readonly sure: boolean
  /** Our own verdict: down. Only our own timer sets it. */
  readonly down: boolean
  /** When we heard of it first, on the clock of the time we attended. */
  readonly sinceMs: number
  /** When, on that clock, our verdict falls; the time of it once it fell. */
  readonly dueMs: number
}

export type Entry = {
  readonly node: string
  /** Position in the table, from the name. */
  readonly hash: number
  readonly authored: Authored | undefined
  readonly accused: Accusation | undefined
  /** It was heard over a channel of its own, not only through others. */
  readonly firstHand: boolean
  /** When the entry last became what `livenessOf` says, on the monotonic clock. */
  readonly changedMs: number
}

/** `mark`: not a member, only a memory of news that is too old. */
export type Liveness = 'up' | 'suspect' | 'down' | 'left' | 'mark'

export function livenessOf({ authored, accused }: Entry): Liveness {
  if (authored === undefined) return 'mark'
  if (authored.left) return 'left'
  if (accused === undefined) return 'up'
  return accused.down ? 'down' : 'suspect'
}

export function isLive(entry: Entry | undefined): boolean {
  const { authored, accused } = entry ?? {}
  return authored !== undefined && !authored.left && accused?.down !== true
}

/** The greatest incarnation of which anything is known. */
export function highWater({ authored, accused }: Entry): number {
  return Math.max(authored?.incarnation ?? 0, accused?.incarnation ?? 0)
}

/** The entry once what the node said of itself is known; the same entry if it is no news. */
export function withAuthored(entry: Entry, authored: Authored): Entry {
  const { accused } = entry
  if (entry.authored !== undefined && !supersedes(authored, entry.authored)) return entry
  const cleared = accused !== undefined && accused.incarnation < authored.incarnation
  return { ...entry, authored, accused: cleared ? undefined : accused }
}

/** Somebody accuses a node. `sure`: its verdict has fallen. */
export type Charge = {
  readonly incarnation: number
  readonly by: string
  readonly sure: boolean
  /** More accusers than these make no difference and are not kept. */
  readonly byMax: number
  /** On the clock of the time we attended. */
  readonly nowMs: number
}

/**
 * The entry once it is accused so; the same entry if that is no news. A new suspicion has no due
 * time yet. A greater incarnation neither revives the dead nor begins the suspicion anew.
 */
export function withAccusation(entry: Entry, charge: Charge): Entry {
  const { authored, accused } = entry
  const { incarnation, by, sure, byMax, nowMs } = charge
  if (authored !== undefined && incarnation < authored.incarnation) return entry
  if (accused === undefined) {
    const dueMs = Number.POSITIVE_INFINITY
    const begun = { incarnation, by: [by], sure, down: false, sinceMs: nowMs, dueMs }
    return { ...entry, accused: begun }
  }
  if (incarnation > accused.incarnation) {
    return { ...entry, accused: { ...accused, incarnation, by: [by], sure } }
  }
  if (incarnation < accused.incarnation || accused.down) return entry
  const counts = accused.by.length < byMax && !accused.by.includes(by)
  if (!counts && (accused.sure || !sure)) return entry
  const named = counts ? [...accused.by, by] : accused.by
  return { ...entry, accused: { ...accused, by: named, sure: accused.sure || sure } }
}

/**
 * Whether `news` replaces `known`. Two statements of one incarnation cannot both be the node's own;
 * every node then keeps the same one of them, until the node itself hears of it and authors anew.
 */
function supersedes(news: Authored, known: Authored): boolean {
  if (news.incarnation !== known.incarnation) return news.incarnation > known.incarnation
  if (news.left !== known.left) return news.left
  if (news.creation !== known.creation) return news.creation > known.creation
  if (news.version !== known.version) return news.version > known.version
  return metadataKey(news.metadata) > metadataKey(known.metadata)
}

export function sameAuthored(a: Authored, b: Authored): boolean {
  return !supersedes(a, b) && !supersedes(b, a)
}

function metadataKey(metadata: Metadata): string {
  return JSON.stringify(Object.entries(metadata).sort(([a], [b]) => (a < b ? -1 : 1)))
}
