/**
 * Copies of one multi-writer map under everything that can happen to them: writes, deltas and whole
 * maps delivered late, twice, in any order or never, clocks that differ and step back, nodes that
 * are away, restart from an old disk or from nothing, and removals forgotten as members confirm.
 *
 * Checked: a copy that has shown a removal never shows an older value again; once everybody has met
 * everybody all copies are the same, no removal that anybody knew is undone and no write that a
 * node in good standing held is gone; then no tombstone is left, and every message ever sent,
 * delivered once more to everybody, changes nothing.
 */
import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import { Confirmations, type MapEntry, MapStore, mapDelta } from '../../src/crdt/index.ts'
import { compareHlc, type Hlc, HlcClock, zeroHlc } from '../../src/hlc/index.ts'
import { assert, suite } from '../support/harness.ts'

const test = suite('map store')

const names = ['a@h', 'b@h', 'c@h', 'd@h'] as const
const keys = ['x', 'y', 'z'] as const
const horizonMs = 1000

const isNumber = (value: unknown): value is number => typeof value === 'number'

type Sent = { readonly kind: 'delta' | 'whole'; readonly term: unknown }
type Write = { readonly key: string; readonly entry: MapEntry<number> }

class Copy {
  readonly name: string
  skewMs: number
  store: MapStore<number>
  confirmations: Confirmations
  disk: unknown
  /** The latest removal of each key that this incarnation has shown. */
  shown = new Map<string, Hlc>()
  readonly #cluster: Cluster

  constructor(cluster: Cluster, name: string, skewMs: number) {
    this.#cluster = cluster
    this.name = name
    this.skewMs = skewMs
    this.store = this.#empty()
    this.confirmations = new Confirmations(horizonMs)
    for (const member of names) this.confirmations.meet(member, cluster.nowMs)
  }

  /** Up to when this copy reflects the writes to `key`. */
  reflects(key: string): Hlc {
    return this.store.map.getEntry(key)?.dot.hlc ?? this.store.map.floor
  }

  restart(fromDisk: boolean): void {
    this.store = this.#empty()
    this.shown = new Map()
    this.confirmations = new Confirmations(horizonMs)
    for (const member of names) this.confirmations.meet(member, this.#cluster.nowMs)
    if (fromDisk && this.disk !== undefined) {
      assert.equal(this.store.restore(this.disk).tag, 'ok')
    } else {
      this.disk = undefined
    }
  }

  check(): void {
    for (const key of keys) {
      const entry = this.store.map.getEntry(key)
      const removed = this.shown.get(key) ?? zeroHlc
      if (entry?.tag === 'value') {
        const late = compareHlc(entry.dot.hlc, removed) >= 0
        assert.ok(late, `${this.name}: ${key} is back after its removal`)
      } else {
        const reflected = this.reflects(key)
        if (compareHlc(reflected, removed) > 0) this.shown.set(key, reflected)
      }
    }
  }

  #empty(): MapStore<number> {
    const clock = new HlcClock({ wallMs: () => 1_000_000 + this.#cluster.nowMs + this.skewMs })
    return new MapStore({ node: this.name, clock, isValue: isNumber, rank: String })
  }
}

/** Mistakes that a driver of these copies could make. */
type Mistake = 'forgetsAlone' | 'doesNotPullFirst' | undefined

class Cluster {
  nowMs = 0
  readonly mistake: Mistake
  readonly copies: readonly Copy[]
  readonly sent: Sent[] = []
  readonly writes: Write[] = []
  /** Writes that nobody held any more when a node had restarted: some are on their way still. */
  readonly lost = new Set<Write>()
  #values = 0

  constructor(skewsMs: readonly number[], mistake: Mistake) {
    this.mistake = mistake
    this.copies = names.map((name, at) => new Copy(this, name, skewsMs[at] ?? 0))
    for (const copy of this.copies) copy.store.standAlone()
  }

  write(at: number, key: string, removal: boolean): void {
    const { store } = this.#copy(at)
    const written = removal ? store.remove(key) : store.put(key, ++this.#values)
    if (written.tag === 'error') {
      assert.is(written.reason, 'joining', 'a write is later than all that is held')
      return
    }
    this.writes.push({ key, entry: written.entry })
    this.sent.push({ kind: 'delta', term: mapDelta([[key, written.entry]]) })
  }

  deliver(at: number, message: number): void {
    const sent = this.sent[message % Math.max(1, this.sent.length)]
    if (sent === undefined) return
    const { store } = this.#copy(at)
    if (sent.kind === 'delta') store.receive(sent.term)
    // What a node pulls first is the answer to a question it asked after it started.
    else if (!store.joining) assert.is(store.pull(sent.term).tag, 'ok')
  }

  /** A joining node has nothing to give but, from its disk, what it had. */
  offer(at: number): unknown {
    const { store } = this.#copy(at)
    if (store.joining) return undefined
    const term = store.whole()
    this.sent.push({ kind: 'whole', term })
    return term
  }

  pull(at: number, from: number): void {
    const term = this.offer(from)
    if (term !== undefined) assert.is(this.#copy(at).store.pull(term).tag, 'ok')
  }

  confirm(at: number, to: number): void {
    const { name, store, confirmations } = this.#copy(at)
    if (store.joining) return
    this.save(at)
    const alone = this.mistake === 'forgetsAlone'
    const members = alone ? [name] : confirmations.within(this.nowMs).keys()
    this.#copy(to).confirmations.confirm(name, store.confirmed(members), this.nowMs)
  }

  collect(at: number): void {
    const { name, store, confirmations } = this.#copy(at)
    if (store.joining) return
    this.confirm(at, at)
    const within = confirmations.within(this.nowMs)
    const members = this.mistake === 'forgetsAlone' ? [name] : within.keys()
    if (within.has(name)) store.map.collect(within, members)
  }

  save(at: number): void {
    const copy = this.#copy(at)
    if (!copy.store.joining) copy.disk = copy.store.whole()
  }

  /** Everybody meets everybody, and what a node lost while it was on its way arrives. */
  heal(): void {
    this.standAlone(0)
    this.meet()
    for (const message of this.sent.keys()) this.deliver(0, message)
    this.check()
    this.meet()
  }

  meet(): void {
    for (let round = 0; round < 2; round++) {
      for (const at of names.keys()) for (const from of names.keys()) this.pull(at, from)
    }
  }

  check(): void {
    for (const copy of this.copies) copy.check()
  }

  state(copy: Copy): unknown {
    const entries = [...copy.store.map.entries()].sort(([a], [b]) => (a < b ? -1 : 1))
    return { floor: copy.store.map.floor, entries }
  }

  #copy(at: number): Copy {
    const copy = this.copies[at % names.length]
    if (copy === undefined) throw new Error(`no copy ${at}`)
    return copy
  }

  /** Somebody has this very write. */
  holds({ key, entry }: Write): boolean {
    return this.copies.some(({ store }) => isDeepStrictEqual(store.map.getEntry(key), entry))
  }

  restart(at: number, fromDisk: boolean): void {
    const copy = this.#copy(at)
    copy.restart(fromDisk)
    for (const write of this.writes) if (!this.holds(write)) this.lost.add(write)
    if (this.mistake === 'doesNotPullFirst') copy.store.standAlone()
  }

  /**
   * Only when there is nobody else: every node has restarted, and no channel is left. Of those that
   * still have a disk one begins, since what they had settled is not known to the others.
   */
  standAlone(at: number): void {
    if (!this.copies.every((copy) => copy.store.joining)) return
    const begins = this.copies.find((copy) => copy.disk !== undefined) ?? this.#copy(at)
    begins.store.standAlone()
    this.sent.length = 0
  }

  stepClock(at: number, ms: number): void {
    this.#copy(at).skewMs += ms
  }
}

type Step = {
  readonly tag:
    | 'put'
    | 'remove'
    | 'deliver'
    | 'offer'
    | 'pull'
    | 'confirm'
    | 'settle'
    | 'gather'
    | 'save'
    | 'restart'
    | 'lose'
    | 'stand'
    | 'step'
    | 'wait'
  readonly at: number
  readonly other: number
  readonly key: (typeof keys)[number]
}

const often: readonly Step['tag'][] = ['put', 'remove', 'deliver', 'deliver', 'pull', 'confirm']
const seldom: readonly Step['tag'][] = [
  'offer',
  'gather',
  'gather',
  'settle',
  'save',
  'restart',
  'lose',
]

function stepsOf(tags: readonly Step['tag'][]): fc.Arbitrary<Step[]> {
  const step = fc.record({
    tag: fc.constantFrom(...tags),
    at: fc.nat(names.length - 1),
    other: fc.nat(200),
    key: fc.constantFrom(...keys),
  })
  return fc.array(step, { maxLength: 150, size: 'max' })
}

function perform(cluster: Cluster, { tag, at, other, key }: Step): void {
  if (tag === 'put' || tag === 'remove') cluster.write(at, key, tag === 'remove')
  else if (tag === 'deliver') cluster.deliver(at, other)
  else if (tag === 'offer') cluster.offer(at)
  else if (tag === 'pull') cluster.pull(at, other)
  else if (tag === 'confirm') cluster.confirm(at, other)
  else if (tag === 'settle') settle(cluster, at)
  else if (tag === 'gather') gather(cluster, at)
  else if (tag === 'save') cluster.save(at)
  else if (tag === 'stand') cluster.standAlone(at)
  else if (tag === 'step') cluster.stepClock(at, other - 150)
  else if (tag === 'wait') cluster.nowMs += other
  else cluster.restart(at, tag === 'restart')
}

/** Everybody hears everybody, so that something is settled now and then. */
function settle(cluster: Cluster, at: number): void {
  for (const from of names.keys()) for (const to of names.keys()) cluster.pull(to, from)
  gather(cluster, at)
}

/** One node hears what everybody confirms. */
function gather(cluster: Cluster, at: number): void {
  for (const from of names.keys()) cluster.confirm(from, at)
  cluster.collect(at)
}

/** `waits`: time passes, so that members fall behind the horizon. */
function run(
  steps: readonly Step[],
  skewsMs: readonly number[],
  waits: boolean,
  mistake?: Mistake,
): void {
  const cluster = new Cluster(skewsMs, mistake)
  for (const step of steps) {
    perform(cluster, step)
    cluster.check()
  }
  const known = cluster.writes.filter(({ key, entry }) =>
    cluster.copies.some(
      (copy) => !copy.store.joining && compareHlc(copy.reflects(key), entry.dot.hlc) >= 0,
    ),
  )
  const kept = cluster.writes.filter((write) => !cluster.lost.has(write) && cluster.holds(write))
  cluster.heal()
  cluster.check()
  const [first] = cluster.copies
  if (first === undefined) throw new Error('no copies')
  for (const copy of cluster.copies) assert.equal(cluster.state(copy), cluster.state(first))
  for (const { key, entry } of known) {
    if (entry.tag === 'value' || !first.store.map.has(key)) continue
    assert.ok(compareHlc(first.reflects(key), entry.dot.hlc) >= 0, `${key} is back from the grave`)
  }
  for (const { key, entry } of waits ? [] : kept) {
    if (entry.tag === 'tombstone' || first.store.map.has(key)) continue
    const removed = cluster.writes.some(
      (other) =>
        other.entry.tag === 'tombstone' &&
        other.key === key &&
        compareHlc(other.entry.dot.hlc, entry.dot.hlc) > 0,
    )
    assert.ok(removed, `${key} is gone, and nobody removed it`)
  }
  forgetAll(cluster, first)
}

function forgetAll(cluster: Cluster, first: Copy): void {
  // Confirmations are of before the healing: everybody has to meet once more.
  cluster.nowMs += horizonMs / 2
  for (let round = 0; round < 2; round++) {
    for (const at of names.keys()) settle(cluster, at)
    cluster.meet()
  }
  const live = [...first.store.map.toList()].sort()
  for (const copy of cluster.copies) {
    assert.is(copy.store.map.tombstones, 0, 'removals are forgotten when all have confirmed')
    assert.equal([...copy.store.map.toList()].sort(), live)
  }
  for (const at of names.keys()) {
    for (const message of cluster.sent.keys()) cluster.deliver(at, message)
  }
  for (const copy of cluster.copies) {
    assert.is(copy.store.map.tombstones, 0)
    assert.equal([...copy.store.map.toList()].sort(), live, 'an old message changes nothing')
  }
  cluster.check()
}

const skews = fc.array(fc.integer({ min: -200, max: 200 }), {
  minLength: names.length,
  maxLength: names.length,
})

test('removals hold under any delivery, restarts included', () => {
  const steps = stepsOf([...often, ...often, ...seldom, 'stand', 'step'])
  fc.assert(
    fc.property(steps, skews, (list, skewsMs) => run(list, skewsMs, false)),
    { numRuns: 400 },
  )
})

test('removals hold for members away beyond the horizon too', () => {
  const steps = stepsOf([...often, ...often, ...seldom, 'stand', 'step', 'wait', 'wait'])
  fc.assert(
    fc.property(steps, skews, (list, skewsMs) => run(list, skewsMs, true)),
    { numRuns: 400 },
  )
})

test('these checks find a driver that asks nobody, and one that does not pull first', () => {
  const steps = stepsOf([...often, ...often, ...seldom, 'stand', 'step'])
  for (const mistake of ['forgetsAlone', 'doesNotPullFirst'] as const) {
    const found = fc.check(
      fc.property(steps, skews, (list, skewsMs) => run(list, skewsMs, false, mistake)),
      { numRuns: 10_000, endOnFailure: true },
    )
    assert.ok(found.failed, `${mistake} is not found`)
  }
})

test.run()
