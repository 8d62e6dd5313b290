/**
 * A copy follows its author's table through answers that break off, come beside broadcasts that
 * are late, doubled or lost, and through new epochs and new runs of the author: whenever it claims
 * to be at a head, it is exactly what the author had there. So nothing that was removed is ever in
 * it again.
 */
import fc from 'fast-check'
import { type Head, Table, type TableOp } from '../../../../src/crdt/table.ts'
import { TableCopies, type TableCopy } from '../../../../src/crdt/table-copy.ts'
import { limits } from '../../../../src/limits.ts'
import { Batch, Sends } from '../../../../src/replica/sends.ts'
import type { Chunk, Delta, WireOp } from '../../../../src/replica/table-message.ts'
import { verdictOnChunk, verdictOnDelta } from '../../../../src/replica/table-verdict.ts'
import { assert, suite } from '../../../support/harness.ts'

const test = suite('table transfer')

const peer = 'reader@x'
const keys = ['a', 'b', 'c', 'd', 'e', 'f']

type Step =
  | { readonly tag: 'put'; readonly key: string; readonly value: number }
  | { readonly tag: 'remove'; readonly key: string }
  | { readonly tag: 'pull' }
  | { readonly tag: 'part' }
  | { readonly tag: 'breakOff' }
  | { readonly tag: 'tell' }
  | { readonly tag: 'renew' }
  | { readonly tag: 'restart' }
  | { readonly tag: 'hear'; readonly at: number }

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      tag: fc.constant('put' as const),
      key: fc.constantFrom(...keys),
      value: fc.nat(99),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ tag: fc.constant('remove' as const), key: fc.constantFrom(...keys) }),
  },
  {
    weight: 8,
    arbitrary: fc.constantFrom<Step>({ tag: 'pull' }, { tag: 'part' }, { tag: 'part' }),
  },
  { weight: 3, arbitrary: fc.constantFrom<Step>({ tag: 'tell' }, { tag: 'breakOff' }) },
  { weight: 1, arbitrary: fc.constantFrom<Step>({ tag: 'renew' }, { tag: 'restart' }) },
  { weight: 4, arbitrary: fc.record({ tag: fc.constant('hear' as const), at: fc.nat(20) }) },
)

function encode(op: TableOp<number>): WireOp {
  return op.tag === 'put' ? [op.key, Uint8Array.of(op.value)] : [op.key]
}

function decode([key, bytes]: WireOp): TableOp<number> {
  const [value] = bytes ?? []
  if (value === undefined) return { tag: 'remove', key, cause: undefined }
  // So long that three of them fill a part.
  return { tag: 'put', key, value, bytes: limits.replicaChunkMaxBytes / 3 }
}

function textOf(entries: Iterable<readonly [string, number]>): string {
  return [...entries]
    .map(([key, value]) => `${key}=${value}`)
    .sort()
    .join(' ')
}

class Scene {
  table = new Table<number>({ wallMs: 1, logical: 0 })
  sends = new Sends(this.table, encode)
  copies = new TableCopies<number>({
    entriesMax: 100,
    maxBytes: 2 ** 30,
    allEntriesMax: 100,
    allMaxBytes: 2 ** 30,
  })
  run = 1
  id = 0
  told = 0
  epochs = 0
  /** What a broadcast brought may be heard at any time, or never. */
  readonly broadcasts: { readonly run: number; readonly delta: Delta }[] = []
  /** What the author had at each head. */
  readonly history = new Map<string, string>()

  constructor() {
    this.remember()
  }

  get copy(): TableCopy<number> {
    return this.copies.of('author@x', this.run)
  }

  nameOf({ epoch, version }: Head): string {
    return `${epoch.wallMs} ${epoch.logical} ${version}`
  }

  remember(): void {
    this.history.set(this.nameOf(this.table.head), textOf(this.table.entries()))
  }

  check(): void {
    const { head, settled } = this.copy
    if (head === undefined || !settled) return
    // A renewed epoch is the same table: what it was at that version does not change.
    assert.is(textOf(this.copy.entries()), this.history.get(this.nameOf(head)))
  }

  do(one: Step): void {
    if (one.tag === 'put') {
      this.table.put(one.key, one.value, limits.replicaChunkMaxBytes / 3)
      this.remember()
    } else if (one.tag === 'remove') {
      this.table.remove(one.key, undefined, 0)
      this.remember()
    } else if (one.tag === 'pull') this.sends.begin(peer, ++this.id, this.copy.head)
    else if (one.tag === 'part') this.part()
    else if (one.tag === 'breakOff') this.sends.drop(peer)
    else if (one.tag === 'tell') this.tell()
    else if (one.tag === 'renew') this.renew()
    else if (one.tag === 'restart') this.restart()
    else this.hear(one.at)
  }

  /** One part goes over, and is acknowledged; true when it was the last. */
  part(): boolean {
    const chunk = this.sends.next(peer)
    if (chunk === undefined) return true
    this.take(chunk)
    this.sends.heard(peer, chunk.id, chunk.seq)
    return chunk.end
  }

  take(chunk: Chunk): void {
    const { copy } = this
    const verdict = verdictOnChunk(copy.head, chunk)
    assert.is.not(verdict, 'refuse')
    if (verdict === 'begin') copy.begin()
    if (verdict !== 'skip') this.apply(chunk.ops)
    if (verdict === 'skip' || (chunk.kind === 'entries' && !chunk.last)) return
    if (chunk.kind === 'entries') while (!copy.sweep(2, undefined, () => undefined));
    copy.head = chunk.head
    copy.settled = chunk.end
  }

  tell(): void {
    const { table, told } = this
    if (!table.remembers(told)) return
    const batch = new Batch(encode)
    for (const [, op] of table.since(told)) if (op !== undefined && !batch.add(op)) return
    const delta = { node: 'author@x', from: told, head: table.head, ops: batch.ops }
    this.broadcasts.push({ run: this.run, delta })
    this.told = table.version
  }

  /** Broadcasts of an earlier run came over a channel that is closed. */
  hear(at: number): void {
    const { run, delta } = this.broadcasts[at % Math.max(1, this.broadcasts.length)] ?? {}
    if (delta === undefined || run !== this.run) return
    if (verdictOnDelta(this.copy.settled ? this.copy.head : undefined, delta) !== 'advance') return
    this.copy.head = delta.head
    this.apply(delta.ops ?? [])
  }

  renew(): void {
    const before = textOf(this.table.entries())
    const { version, epoch } = this.table.head
    this.table.renew({ wallMs: epoch.wallMs, logical: ++this.epochs })
    for (let at = 0; at <= version; at++) {
      const was = this.history.get(this.nameOf({ epoch, version: at }))
      if (was !== undefined) this.history.set(this.nameOf({ ...this.table.head, version: at }), was)
    }
    assert.is(this.history.get(this.nameOf(this.table.head)), before)
  }

  /** Another run of the author: what it was is dropped, as by `memberDown`. */
  restart(): void {
    this.run += 1
    this.copy.begin()
    this.copy.sweep(1_000, undefined, () => undefined)
    this.copies.forget('author@x')
    this.epochs += 1
    // With a clock that was set back, too.
    const wallMs = this.epochs % 2
    this.table = new Table({ wallMs, logical: 1_000 + this.epochs })
    this.sends = new Sends(this.table, encode)
    this.told = 0
    this.remember()
  }

  apply(ops: readonly WireOp[]): void {
    for (const op of ops) this.copy.apply(decode(op), () => undefined)
  }
}

test('a copy that claims a head is what the author had there, whatever happens', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
      const scene = new Scene()
      for (const one of steps) {
        scene.do(one)
        scene.check()
      }
      // And one question brings it up to date.
      scene.do({ tag: 'pull' })
      for (let parts = 0; !scene.part(); parts++) assert.ok(parts < 1_000)
      assert.equal(scene.copy.head, scene.table.head)
      assert.is(textOf(scene.copy.entries()), textOf(scene.table.entries()))
    }),
    { numRuns: 500 },
  )
})

test('the search above finds a copy that believes old broadcasts', () => {
  const found = fc.check(
    fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
      const scene = new Scene()
      scene.hear = (at) => {
        const { delta } = scene.broadcasts[at % Math.max(1, scene.broadcasts.length)] ?? {}
        if (delta !== undefined) scene.apply(delta.ops ?? [])
      }
      for (const one of steps) {
        scene.do(one)
        scene.check()
      }
    }),
    { numRuns: 20_000 },
  )
  assert.ok(found.failed)
})

test('who does not acknowledge gets a few parts and no more; another answer starts over', () => {
  const table = new Table<number>({ wallMs: 1, logical: 0 })
  for (let n = 0; n < 10_000; n++) table.put(`k${n}`, n % 100, 10)
  const sends = new Sends(table, encode)
  assert.ok(sends.begin(peer, 1, undefined))
  const parts = Array.from({ length: limits.replicaChunksUnheardMax }, () => sends.next(peer))
  assert.ok(parts.every((part) => part?.ops.length === limits.replicaChunkOpsMax))
  assert.is(sends.next(peer), undefined)
  assert.not.ok(sends.heard(peer, 2, 1))
  assert.not.ok(sends.heard(peer, 1, 99))
  assert.not.ok(sends.heard('other@x', 1, 1))
  assert.ok(sends.heard(peer, 1, 1))
  assert.not.ok(sends.heard(peer, 1, 1))
  assert.ok(sends.next(peer)?.first === false)
  assert.ok(sends.begin(peer, 2, undefined))
  assert.equal([sends.next(peer)?.id, sends.next(peer)?.seq], [2, 2])
  sends.drop(peer)
  assert.is(sends.next(peer), undefined)
})

test('whoever is so far behind that changes are forgotten gets the entries', () => {
  const table = new Table<number>({ wallMs: 1, logical: 0 })
  table.put('a', 1, 1)
  const { head } = table
  for (let n = 0; n <= limits.tableLogMax; n++) table.put('b', n % 100, 1)
  const sends = new Sends(table, encode)
  sends.begin(peer, 1, head)
  const part = sends.next(peer)
  assert.equal([part?.kind, part?.first, part?.last, part?.end], ['entries', true, true, true])
  sends.begin(peer, 2, { ...head, version: table.version - 3 })
  assert.equal(sends.next(peer)?.ops, [['b', Uint8Array.of(limits.tableLogMax % 100)]])
  sends.begin(peer, 3, { epoch: { wallMs: 5, logical: 5 }, version: table.version })
  assert.is(sends.next(peer)?.kind, 'entries')
  sends.begin(peer, 4, { ...head, version: Number.MAX_SAFE_INTEGER })
  assert.is(sends.next(peer)?.kind, 'entries')
})

test('no more are served at a time than the limit says', () => {
  const table = new Table<number>({ wallMs: 1, logical: 0 })
  table.put('a', 1, 1)
  const sends = new Sends(table, encode)
  for (let n = 0; n < limits.replicaSendsMax; n++) assert.ok(sends.begin(`n${n}@x`, 1, undefined))
  assert.not.ok(sends.begin('late@x', 1, undefined))
  assert.ok(sends.begin('n0@x', 2, undefined))
  sends.next('n1@x')
  assert.ok(sends.begin('late@x', 1, undefined))
})

test.run()
