/**
 * Tables with one writer as data structures: what is remembered of changes, and what copies keep
 * and refuse. How copies follow a table is in `replica/table-transfer.test.ts`.
 */
import fc from 'fast-check'
import { type Head, Table, type TableOp } from '../../../../src/crdt/table.ts'
import { type CopyLimits, TableCopies } from '../../../../src/crdt/table-copy.ts'
import { addDigests, digestEnd, hashHead, isNews } from '../../../../src/crdt/table-digest.ts'
import { limits } from '../../../../src/limits.ts'
import { assert, suite } from '../../../support/harness.ts'

const test = suite('table')

const epoch = { wallMs: 1_000, logical: 0 }
const later = { wallMs: 1_000, logical: 1 }
const none = (): undefined => undefined

type Step = { readonly key: string; readonly value: number | undefined }

const step: fc.Arbitrary<Step> = fc.record({
  key: fc.constantFrom('a', 'b', 'c', 'd', 'e'),
  value: fc.option(fc.nat(9), { nil: undefined }),
})

function perform(table: Table<number>, { key, value }: Step): void {
  if (value === undefined) table.remove(key, 'why', 3)
  else table.put(key, value, key.length + 1)
}

function textOf(entries: Iterable<readonly [string, number]>): string {
  return [...entries]
    .map(([key, value]) => `${key}=${value}`)
    .sort()
    .join(' ')
}

function applied(before: ReadonlyMap<string, number>, ops: Iterable<TableOp<number> | undefined>) {
  const after = new Map(before)
  for (const op of ops) {
    if (op?.tag === 'put') after.set(op.key, op.value)
    else if (op !== undefined) after.delete(op.key)
  }
  return after
}

test('whatever was done, what came after any version leads from there to now', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const table = new Table<number>(epoch)
      const history = [new Map<string, number>()]
      for (const one of steps) {
        const { version } = table
        perform(table, one)
        if (table.version > version) history.push(new Map(table.entries()))
      }
      history.forEach((before, version) => {
        const ops = [...table.since(version)].map(([, op]) => op)
        assert.is(textOf(applied(before, ops)), textOf(table.entries()))
      })
      assert.is(table.version, history.length - 1)
      const bytes = [...table.entries()].reduce((sum, [key]) => sum + key.length + 1, 0)
      assert.is(table.bytes, bytes)
    }),
  )
})

test('entries read while the table changes, and what changed meanwhile, are the table', () => {
  fc.assert(
    fc.property(
      fc.array(step, { maxLength: 30 }),
      fc.array(fc.array(step, { maxLength: 4 }), { maxLength: 12 }),
      (steps, meanwhile) => {
        const table = new Table<number>(epoch)
        for (const one of steps) perform(table, one)
        const { version } = table
        const read = new Map<string, number>()
        const source = table.entriesOf(version)
        for (const changes of meanwhile) {
          const { value: op } = source.next()
          if (op?.tag === 'put') read.set(op.key, op.value)
          for (const one of changes) perform(table, one)
        }
        for (const op of source) if (op.tag === 'put') read.set(op.key, op.value)
        const ops = [...table.since(version)].map(([, op]) => op)
        assert.is(textOf(applied(read, ops)), textOf(table.entries()))
      },
    ),
  )
})

test('only so many changes are remembered, by number and by length', () => {
  const table = new Table<number>(epoch)
  for (let n = 0; n <= limits.tableLogMax * 2 + 5; n++) table.put(`k${n % 10}`, n, 5)
  assert.ok(table.remembers(table.version))
  assert.ok(table.remembers(table.version - limits.tableLogMax))
  assert.not.ok(table.remembers(table.version - limits.tableLogMax - 1))
  assert.not.ok(table.remembers(table.version + 1))
  assert.is([...table.since(table.version - 10)].filter(([, op]) => op !== undefined).length, 10)
  const long = new Table<number>(epoch)
  const key = 'x'.repeat(limits.tableKeyMaxChars)
  for (let n = 0; n < 1_000; n++) long.put(`${n}${key}`, n, 1)
  const remembered = Math.floor(limits.tableLogMaxBytes / (limits.tableKeyMaxChars + 3))
  assert.ok(long.remembers(1_000 - remembered))
  assert.not.ok(long.remembers(1_000 - remembered - 2))
})

test('a full table refuses, and changes nothing', () => {
  const table = new Table<number>(epoch)
  assert.ok(table.put('a', 1, limits.tableMaxBytes - 1))
  assert.not.ok(table.put('b', 1, 2))
  assert.ok(table.put('b', 1, 1))
  assert.not.ok(table.put('b', 1, 2))
  assert.equal([table.size, table.version, table.bytes], [2, 2, limits.tableMaxBytes])
  assert.ok(table.remove('a', undefined, 0))
  assert.not.ok(table.remove('a', undefined, 0))
  assert.is(table.bytes, 1)
})

test('a new epoch counts on, and those before it are known', () => {
  const table = new Table<number>(epoch)
  table.put('a', 1, 1)
  table.renew(later)
  table.put('b', 2, 1)
  assert.equal(table.head, { epoch: later, version: 2 })
  assert.ok(table.hasHad(epoch) && table.hasHad(later))
  assert.not.ok(table.hasHad({ wallMs: 999, logical: 0 }))
})

const small: CopyLimits = { entriesMax: 6, maxBytes: 40, allEntriesMax: 10, allMaxBytes: 60 }

test('copies keep within their limits, and count what they hold', () => {
  const authors = ['x', 'y', 'z']
  const doing = fc.record({
    author: fc.constantFrom(...authors),
    key: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'),
    bytes: fc.option(fc.integer({ min: 1, max: 12 }), { nil: undefined }),
  })
  fc.assert(
    fc.property(fc.array(doing, { maxLength: 120 }), (all) => {
      const copies = new TableCopies<number>(small)
      const mirror = new Map<string, number>()
      for (const { author, key, bytes } of all) {
        const copy = copies.of(author, 1)
        const changed = (
          at: string,
          before: number | undefined,
          after: number | undefined,
        ): void => {
          assert.is(mirror.get(`${author} ${at}`), before)
          assert.is(copy.get(at), after)
          if (after === undefined) mirror.delete(`${author} ${at}`)
          else mirror.set(`${author} ${at}`, after)
        }
        if (bytes === undefined) copy.apply({ tag: 'remove', key, cause: undefined }, changed)
        else copy.apply({ tag: 'put', key, value: bytes, bytes }, changed)
        assert.ok(copy.size <= small.entriesMax && copy.bytes <= small.maxBytes)
      }
      const held = [...copies.values()]
      const entries = held.reduce((sum, copy) => sum + copy.size, 0)
      const bytes = held.reduce((sum, copy) => sum + copy.bytes, 0)
      assert.equal([copies.entries, copies.bytes, mirror.size], [entries, bytes, entries])
      assert.ok(entries <= small.allEntriesMax * 2 && bytes <= small.allMaxBytes * 2)
    }),
  )
})

test('one greedy author leaves room for the others', () => {
  const copies = new TableCopies<number>({ ...small, entriesMax: 10 })
  const greedy = copies.of('greedy', 1)
  const put = (key: string) => ({ tag: 'put', key, value: 1, bytes: 1 }) as const
  for (let n = 0; n < 10; n++) assert.is(greedy.apply(put(`k${n}`), none), 'done')
  const honest = copies.of('honest', 1)
  for (let n = 0; n < 5; n++) assert.is(honest.apply(put(`k${n}`), none), 'done')
  assert.is(honest.apply(put('k9'), none), 'full')
  // What cannot be kept as it is now is not kept as it was.
  assert.is(honest.apply({ ...put('k1'), bytes: 100 }, none), 'full')
  assert.is(honest.get('k1'), undefined)
})

test('one with few but long entries leaves room for the others, too', () => {
  const copies = new TableCopies<number>({ ...small, maxBytes: 1_000, allMaxBytes: 1_000 })
  const put = (key: string, bytes: number) => ({ tag: 'put', key, value: 1, bytes }) as const
  const greedy = copies.of('greedy', 1)
  assert.is(greedy.apply(put('k', 900), none), 'done')
  const honest = copies.of('honest', 1)
  assert.is(honest.apply(put('k', 400), none), 'done')
  assert.is(honest.apply(put('l', 200), none), 'full')
  assert.is(greedy.apply(put('l', 50), none), 'full')
})

test('a sweep removes what was not put again, in steps', () => {
  const copies = new TableCopies<number>({ ...small, entriesMax: 100, allEntriesMax: 100 })
  const copy = copies.of('x', 1)
  for (let n = 0; n < 20; n++) {
    copy.apply({ tag: 'put', key: `k${n}`, value: n, bytes: 1 }, none)
  }
  copy.begin()
  for (let n = 0; n < 20; n += 2) {
    copy.apply({ tag: 'put', key: `k${n}`, value: n, bytes: 1 }, none)
  }
  const gone: string[] = []
  let steps = 1
  while (!copy.sweep(3, 'why', (key, _, after, cause) => gone.push(`${key} ${after} ${cause}`))) {
    steps += 1
  }
  assert.is(steps, 7)
  assert.is(gone.length, 10)
  assert.ok(gone.includes('k1 undefined why'))
  assert.is(copy.size, 10)
})

test('digests do not depend on order, and leave out tables that never had anything', () => {
  const head = (version: number): Head => ({ epoch, version })
  const sum = (heads: readonly (readonly [string, Head])[]): number =>
    heads.reduce((digest, [node, one]) => addDigests(digest, hashHead(node, one)), 0)
  const some = [
    ['a@x', head(1)],
    ['b@x', head(7)],
    ['c@x', head(0)],
  ] as const
  assert.is(sum(some), sum([...some].reverse()))
  assert.is(sum(some), sum(some.slice(0, 2)))
  assert.is.not(
    sum(some),
    sum([
      ['a@x', head(7)],
      ['b@x', head(1)],
    ]),
  )
  assert.is.not(
    sum(some),
    sum([
      ['a@x', { epoch: later, version: 1 }],
      ['b@x', head(7)],
    ]),
  )
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.string(), fc.nat())), (heads) => {
      const digest = sum(heads.map(([node, version]) => [node, head(version)]))
      assert.ok(Number.isSafeInteger(digest) && digest >= 0 && digest < digestEnd)
    }),
  )
})

test('another epoch is news whichever is greater, as only its author knows', () => {
  const at = (version: number, of = epoch): Head => ({ epoch: of, version })
  assert.ok(isNews(undefined, at(1)))
  assert.not.ok(isNews(undefined, at(0)))
  assert.ok(isNews(at(1), at(2)))
  assert.not.ok(isNews(at(2), at(2)))
  assert.not.ok(isNews(at(3), at(2)))
  assert.ok(isNews(at(3), at(2, later)))
  assert.ok(isNews(at(3, later), at(2)))
})

test.run()
