/** Timestamps and the hybrid logical clock: forms, order, steps back, rogue peers. */
import fc from 'fast-check'
import {
  compareHlc,
  type Hlc,
  HlcClock,
  hlcFromBytes,
  hlcFromTerm,
  hlcToBytes,
  hlcToTerm,
  isHlc,
  maxHlc,
  packHlc,
  unpackHlc,
  zeroHlc,
} from '../../../../src/hlc/index.ts'
import { limits } from '../../../../src/limits.ts'
import { assert, suite } from '../../../support/harness.ts'

const test = suite('hybrid logical clock')

const logicalMax = 2 ** 32 - 1
const walls = fc.oneof(
  fc.nat(3),
  fc.integer({ min: 0, max: limits.hlcWallMaxMs }),
  fc.constantFrom(2 ** 32 - 1, 2 ** 32, limits.hlcWallMaxMs),
)
const counters = fc.oneof(
  fc.nat(3),
  fc.integer({ min: 0, max: logicalMax }),
  fc.constant(logicalMax),
)
const stamps: fc.Arbitrary<Hlc> = fc
  .tuple(walls, counters)
  .map(([wallMs, logical]) => ({ wallMs, logical }))

test('12 bytes, big-endian (HLC-03)', () => {
  const vectors: readonly (readonly [Hlc, string])[] = [
    [zeroHlc, '000000000000000000000000'],
    [{ wallMs: 1, logical: 2 }, '000000000000000100000002'],
    [{ wallMs: 1_700_000_000_000, logical: 0x01020304 }, '0000018bcfe5680001020304'],
    [{ wallMs: limits.hlcWallMaxMs, logical: logicalMax }, '0000ffffffffffffffffffff'],
  ]
  for (const [hlc, hex] of vectors) {
    const bytes = hlcToBytes(hlc)
    assert.is(Buffer.from(bytes).toString('hex'), hex)
    assert.equal(hlcFromBytes(bytes), { tag: 'ok', hlc })
    assert.is(packHlc(hlc), BigInt(`0x${hex}`))
    assert.equal(unpackHlc(BigInt(`0x${hex}`)), { tag: 'ok', hlc })
  }
})

test('every form keeps the timestamp and the order (HLC-03, HLC-04)', () => {
  fc.assert(
    fc.property(stamps, stamps, (a, b) => {
      assert.equal(hlcFromBytes(hlcToBytes(a)), { tag: 'ok', hlc: a })
      assert.equal(unpackHlc(packHlc(a)), { tag: 'ok', hlc: a })
      assert.equal(hlcFromTerm(hlcToTerm(a)), a)
      const order = compareHlc(a, b)
      assert.is(compareHlc(b, a), order === 0 ? 0 : -order)
      assert.is(Math.sign(Number(packHlc(a) - packHlc(b))), order)
      assert.is(Math.sign(Buffer.compare(hlcToBytes(a), hlcToBytes(b))), order)
      assert.equal(maxHlc(a, b), order < 0 ? b : a)
    }),
  )
})

test('bytes, numbers and terms that are no timestamps are refused', () => {
  for (const size of [0, 11, 13, 64]) {
    assert.equal(hlcFromBytes(new Uint8Array(size)), { tag: 'error', reason: 'length' })
  }
  assert.equal(hlcFromBytes(new Uint8Array(12).fill(255)), { tag: 'error', reason: 'range' })
  assert.equal(unpackHlc(-1n), { tag: 'error', reason: 'length' })
  assert.equal(unpackHlc(1n << 96n), { tag: 'error', reason: 'length' })
  assert.equal(unpackHlc((1n << 96n) - 1n), { tag: 'error', reason: 'range' })
  const bad: readonly unknown[] = [
    undefined,
    null,
    7,
    'x',
    [],
    [1],
    [1, 2, 3],
    [-1, 0],
    [1.5, 0],
    [0, 2 ** 32],
    [limits.hlcWallMaxMs + 1, 0],
    [Number.NaN, 0],
    ['1', 0],
    [1n, 0],
    { wallMs: 1, logical: 1 },
  ]
  for (const term of bad) assert.is(hlcFromTerm(term), undefined)
  for (const value of [null, 7, {}, { wallMs: 1 }, { wallMs: 1, logical: -1 }, [1, 2]]) {
    assert.not(isHlc(value))
  }
  assert.ok(isHlc({ wallMs: 1, logical: 2 }))
})

test('what is no timestamp never throws', () => {
  fc.assert(
    fc.property(
      fc.anything(),
      fc.uint8Array({ maxLength: 20 }),
      fc.bigInt(),
      (term, bytes, big) => {
        const found = hlcFromTerm(term)
        assert.ok(found === undefined || isHlc(found))
        assert.type(isHlc(term), 'boolean')
        assert.ok(['ok', 'error'].includes(hlcFromBytes(bytes).tag))
        assert.ok(['ok', 'error'].includes(unpackHlc(big).tag))
      },
    ),
  )
})

type Event =
  | { readonly tag: 'now' }
  | { readonly tag: 'step'; readonly wallMs: number }
  | { readonly tag: 'update' | 'absorb'; readonly aheadMs: number; readonly logical: number }

const events: fc.Arbitrary<Event[]> = fc.array(
  fc.oneof(
    fc.constant<Event>({ tag: 'now' }),
    fc.record({ tag: fc.constant('step' as const), wallMs: fc.integer({ min: -50, max: 10_000 }) }),
    fc.record({
      tag: fc.constantFrom('update' as const, 'absorb' as const),
      aheadMs: fc.integer({ min: -5000, max: 2000 }),
      logical: fc.oneof(fc.nat(3), fc.constantFrom(logicalMax - 1, logicalMax)),
    }),
  ),
  { maxLength: 60, size: 'max' },
)

test('a timestamp is greater than all before, whatever clock and peers do (HLC-01, HLC-02)', () => {
  const maxDriftMs = 1000
  fc.assert(
    fc.property(events, (list) => {
      let wallMs = 5000
      let highestWallMs = wallMs
      const clock = new HlcClock({ wallMs: () => wallMs }, { maxDriftMs })
      let last = clock.now()
      const check = (next: Hlc): void => {
        assert.is(compareHlc(next, last), 1)
        assert.ok(isHlc(next))
        last = next
      }
      for (const event of list) {
        if (event.tag === 'now') check(clock.now())
        else if (event.tag === 'step') {
          wallMs = event.wallMs
          highestWallMs = Math.max(highestWallMs, wallMs)
        } else {
          const remote = { wallMs: Math.max(0, wallMs + event.aheadMs), logical: event.logical }
          const tooFar = remote.wallMs > wallMs + maxDriftMs && remote.wallMs > maxDriftMs
          const before = clock.last
          if (event.tag === 'update') {
            const next = clock.update(remote)
            assert.is(next === undefined, remote.wallMs > Math.max(0, wallMs) + maxDriftMs)
            if (next !== undefined) assert.is(compareHlc(next, remote), 1)
            if (next !== undefined) check(next)
          } else if (clock.absorb(remote)) {
            const next = clock.now()
            assert.is(compareHlc(next, remote), 1)
            check(next)
          } else {
            assert.ok(tooFar)
            assert.equal(clock.last, before, 'a refused timestamp changes nothing')
          }
        }
        // One more when the counter of a millisecond is used up.
        assert.ok(clock.last.wallMs <= highestWallMs + maxDriftMs + 1)
      }
    }),
  )
})

test('in step with the wall clock when nothing is ahead', () => {
  let wallMs = 100.9
  const clock = new HlcClock({ wallMs: () => wallMs })
  assert.equal(clock.now(), { wallMs: 100, logical: 0 })
  assert.equal(clock.now(), { wallMs: 100, logical: 1 })
  wallMs = 90
  assert.equal(clock.now(), { wallMs: 100, logical: 2 })
  assert.is(clock.aheadMs, 10)
  wallMs = 101
  assert.equal(clock.now(), { wallMs: 101, logical: 0 })
  assert.is(clock.aheadMs, 0)
})

test('a full counter carries over into the next millisecond', () => {
  const clock = new HlcClock({ wallMs: () => 7 })
  assert.equal(clock.update({ wallMs: 7, logical: logicalMax }), { wallMs: 8, logical: 0 })
})

test('a peer may be an hour ahead, by default, and not more', () => {
  const clock = new HlcClock({ wallMs: () => 1_000_000 })
  const farthest = { wallMs: 1_000_000 + 3_600_000, logical: 5 }
  assert.ok(clock.accepts(farthest))
  assert.is(clock.update({ wallMs: farthest.wallMs + 1, logical: 0 }), undefined)
  assert.equal(clock.update(farthest), { wallMs: farthest.wallMs, logical: 6 })
})

test('what this node wrote itself is believed, however far ahead', () => {
  const clock = new HlcClock({ wallMs: () => 5 }, { maxDriftMs: 0 })
  const own = { wallMs: 1_000_000, logical: 9 }
  assert.not(clock.absorb(own))
  clock.recover(own)
  assert.equal(clock.now(), { wallMs: 1_000_000, logical: 10 })
  clock.recover({ wallMs: 1, logical: 1 })
  assert.equal(clock.now(), { wallMs: 1_000_000, logical: 11 })
})

test('a clock that shows nonsense does not reach a timestamp', () => {
  let wallMs = -5
  const clock = new HlcClock({ wallMs: () => wallMs })
  assert.equal(clock.now(), { wallMs: 0, logical: 1 })
  wallMs = Number.MAX_VALUE
  assert.is(clock.now().wallMs, limits.hlcWallMaxMs)
})

test('a drift that is no whole number is refused', () => {
  for (const maxDriftMs of [-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY]) {
    assert.throws(
      () => new HlcClock({ wallMs: () => 0 }, { maxDriftMs }),
      /maxDriftMs: expected a whole number of milliseconds, got/,
    )
  }
})

test.run()
