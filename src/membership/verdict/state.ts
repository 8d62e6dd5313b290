/**
 * The state of the verdict rule, and the one way in which an entry of the member table changes:
 * `store` compares before and after, tells what became of the member, and keeps its timer.
 *
 * Invariants: a member is told of as up before anything else, and as down once for each time it was
 * up. Every suspicion has exactly one timer. Names we know are at most `membersMax` and, of those
 * forgotten, `memberMarksMax`; what was known of the marks beyond is kept as one floor: news of an
 * unknown name that are not above it may be old.
 */
import { limits } from '../../limits.ts'
import type { Budget } from './budget.ts'
import { checkDescription } from './description.ts'
import type { MemberDownReason, VerdictAction, VerdictEnv, VerdictTimer } from './event.ts'
import { attendedMs, goodHealth, type Health, suspicionMs } from './health.ts'
import {
  type Accusation,
  type Authored,
  type Entry,
  highWater,
  isLive,
  type Liveness,
  livenessOf,
} from './member.ts'
import {
  digestOf,
  emptyTable,
  entriesOf,
  entryOf,
  nameHash,
  put,
  remove,
  type Table,
} from './table.ts'

/** A node we probe. */
export type Probe = {
  readonly seq: number
  /** What the node had said of itself when the probe began: its incarnation. */
  readonly incarnation: number
  /** `direct`: by a channel of our own. `indirect`: and through others. */
  readonly stage: 'direct' | 'indirect'
  readonly asked: readonly string[]
  readonly nacked: readonly string[]
}

/** A node we probe for another one. */
export type Relay = {
  readonly node: string
  readonly requester: string
  readonly requesterSeq: number
}

export type VerdictState = {
  /** What we say of ourselves; the table holds it too. */
  readonly own: Authored
  readonly table: Table
  /** Entries of the table that are only marks. */
  readonly marks: number
  readonly floor: number
  /** Nodes of the active view: we watch them, and they us. */
  readonly peers: readonly string[]
  readonly probes: ReadonlyMap<string, Probe>
  /** By the sequence number of our own probe. */
  readonly relays: ReadonlyMap<number, Relay>
  readonly nextSeq: number
  readonly health: Health
  /** The greatest incarnation at which we are accused or impersonated. */
  readonly claimed: number
  readonly refutedMs: number
  /** What nodes say themselves, and what they hand on: apart, for anybody can make the latter. */
  readonly senders: ReadonlyMap<string, Budget>
  readonly bearers: ReadonlyMap<string, Budget>
  /** Whom broadcasts name as accusers, and who tells us alone: the same. */
  readonly accusers: ReadonlyMap<string, Budget>
  readonly tellers: ReadonlyMap<string, Budget>
}

export type Step = readonly [VerdictState, readonly VerdictAction[]]

/**
 * `self` begins a life at `wallMs`. Throws a RangeError that names the field when what it says of
 * itself is beyond the limits.
 */
export function newVerdict(own: {
  readonly self: string
  readonly creation: number
  readonly wallMs: number
  readonly version: string
  readonly metadata: Authored['metadata']
}): VerdictState {
  const { self, creation, wallMs, version, metadata } = own
  checkDescription(version, metadata)
  const incarnation = Math.max(1, Math.floor(wallMs))
  const authored = { creation, incarnation, version, metadata, left: false }
  const entry = { ...newEntry(self, 0), authored, firstHand: true }
  return {
    own: authored,
    table: put(emptyTable, entry),
    marks: 0,
    floor: 0,
    peers: [],
    probes: new Map(),
    relays: new Map(),
    nextSeq: 1,
    health: goodHealth,
    claimed: 0,
    refutedMs: Number.NEGATIVE_INFINITY,
    senders: new Map(),
    bearers: new Map(),
    accusers: new Map(),
    tellers: new Map(),
  }
}

export function newEntry(node: string, nowMs: number): Entry {
  return {
    node,
    hash: nameHash(node),
    authored: undefined,
    accused: undefined,
    firstHand: false,
    changedMs: nowMs,
  }
}

/** What `next` does after `step`. */
export function andThen(step: Step, next: (state: VerdictState) => Step): Step {
  const [state, actions] = next(step[0])
  return actions.length === 0 ? [state, step[1]] : [state, [...step[1], ...actions]]
}

export function setTimer(timer: VerdictTimer, nowMs: number): VerdictAction {
  return { tag: 'setTimer', timer, afterMs: Math.max(0, timer.dueMs - nowMs) }
}

/** The entry takes the place of the one it was made from. */
export function store(state: VerdictState, entry: Entry, env: VerdictEnv): Step {
  const { nowMs } = env
  const old = entryOf(state.table, entry.node)
  const before = old === undefined ? 'mark' : livenessOf(old)
  const after = livenessOf(entry)
  const changed = { ...timed(state, entry, old, env), changedMs: nowMs }
  const kept = before === after ? { ...changed, changedMs: old?.changedMs ?? nowMs } : changed
  const marks =
    state.marks + Number(after === 'mark') - Number(old !== undefined && before === 'mark')
  const next = { ...state, table: put(state.table, kept), marks }
  const actions = [...told(old, before, kept, after), ...timerOf(old, kept, state, env)]
  return [marks > limits.memberMarksMax ? withFewerMarks(next) : next, actions]
}

/** Gives up one entry that no news must come back for, or turns it into a mark. */
export function forget(state: VerdictState, entry: Entry, env: VerdictEnv): Step {
  const accused: Accusation = {
    incarnation: highWater(entry),
    by: [],
    sure: true,
    down: true,
    sinceMs: 0,
    dueMs: 0,
  }
  return store(state, { ...entry, authored: undefined, accused }, env)
}

/** The entry with the due time its suspicion has now. */
function timed(
  { table }: VerdictState,
  entry: Entry,
  old: Entry | undefined,
  { options }: VerdictEnv,
): Entry {
  const { accused } = entry
  if (accused === undefined || accused.down || accused === old?.accused) return entry
  const confirmations = accused.sure ? options.confirmations : accused.by.length - 1
  const dueMs = accused.sinceMs + suspicionMs(digestOf(table).live, confirmations, options)
  return { ...entry, accused: { ...accused, dueMs } }
}

function timerOf(
  old: Entry | undefined,
  { node, accused }: Entry,
  { health }: VerdictState,
  { nowMs }: VerdictEnv,
): readonly VerdictAction[] {
  const had = old?.accused !== undefined && !old.accused.down
  const has = accused !== undefined && !accused.down
  if (!has) return had ? [{ tag: 'cancelTimer', key: `suspicion ${node}` }] : []
  if (had && old.accused.dueMs === accused.dueMs) return []
  const dueMs = nowMs + Math.max(0, accused.dueMs - attendedMs(health, nowMs))
  return [setTimer({ tag: 'suspicion', node, dueMs }, nowMs)]
}

/** What became of the member, for those who follow members. */
function told(
  old: Entry | undefined,
  before: Liveness,
  entry: Entry,
  after: Liveness,
): readonly VerdictAction[] {
  const { node } = entry
  const creation = (entry.authored ?? old?.authored)?.creation ?? 0
  const was = old?.authored
  const down = (of: number, reason: MemberDownReason): VerdictAction => ({
    tag: 'memberDown',
    node,
    creation: of,
    reason,
  })
  if (!isLive(entry)) {
    if (!isLive(old)) return []
    return [down(was?.creation ?? creation, after === 'left' ? 'left' : 'unreachable')]
  }
  const suspect: readonly VerdictAction[] =
    after === 'suspect' ? [{ tag: 'memberSuspect', node, creation }] : []
  const up: VerdictAction = { tag: 'memberUp', node, creation }
  if (!isLive(old) || was === undefined) return [up, ...suspect]
  if (was.creation !== creation) return [down(was.creation, 'restarted'), up, ...suspect]
  if (before !== after && after === 'suspect') return suspect
  const same = was.version === entry.authored?.version && was.metadata === entry.authored.metadata
  return before === after && same ? [] : [{ tag: 'memberUpdated', node, creation }]
}

/** An eighth of the marks, the oldest, become one floor. */
function withFewerMarks(state: VerdictState): VerdictState {
  const marks = [...entriesOf(state.table)].filter((entry) => livenessOf(entry) === 'mark')
  marks.sort((a, b) => highWater(a) - highWater(b))
  const dropped = marks.slice(0, Math.ceil(limits.memberMarksMax / 8))
  let { table, floor } = state
  for (const mark of dropped) {
    table = remove(table, mark.node)
    floor = Math.max(floor, highWater(mark))
  }
  return { ...state, table, floor, marks: state.marks - dropped.length }
}
