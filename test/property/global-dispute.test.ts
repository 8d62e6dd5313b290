/**
 * Laws of disputes over global names: whoever claims a name, whatever the order in which the nodes
 * hear of it, ask and answer, and whatever their resolvers say, one is left in the end, the same
 * for all nodes; and at no time were all of them stopped.
 */
import fc from 'fast-check'
import { limits } from '../../src/limits.ts'
import { compareClaims } from '../../src/services/global/claim.ts'
import type { ConflictVerdict } from '../../src/services/global/dispute.ts'
import { assert, suite } from '../support/harness.ts'
import { type Draw, newClaim, Quarrel, type Step } from '../unit/src/services/global/quarrel.ts'

const test = suite('disputes over global names')

const runs = 1_500
const node = fc.nat({ max: 5 })
const copy = fc.record({ tag: fc.constant('copy' as const), to: node, from: node })
const message = fc.record({
  tag: fc.constant('message' as const),
  at: fc.nat({ max: 20 }),
  lost: fc.boolean(),
})
const verdict = fc.record({ tag: fc.constant('verdict' as const), node })
const end = fc.record({ tag: fc.constant('end' as const), node })
const die = fc.record({ tag: fc.constant('die' as const), node })

function drawn(step: fc.Arbitrary<Step>, verdicts: fc.Arbitrary<ConflictVerdict>) {
  return fc.record<Draw>({
    since: fc.array(fc.option(fc.nat({ max: 3 }), { nil: undefined }), {
      minLength: 2,
      maxLength: 6,
    }),
    verdicts: fc.array(verdicts, { minLength: 1, maxLength: 8 }),
    steps: fc.array(step, { maxLength: 120 }),
  })
}

const living = fc.oneof(copy, message, verdict, end)
const anyVerdict = fc.constantFrom<ConflictVerdict>('stop', 'release', 'take')

test('of any claims in any order one is left, known to all, and never none', () => {
  fc.assert(
    fc.property(drawn(living, anyVerdict), (draw) => {
      const quarrel = new Quarrel(draw)
      const claimed = quarrel.holders.length
      quarrel.run()
      const [holder, ...more] = quarrel.holders
      assert.is(more.length, 0, 'one at most')
      assert.is(holder === undefined, claimed === 0)
      for (const answer of quarrel.answers) assert.is(answer, holder?.pid)
      assert.is(quarrel.fewest, Math.min(claimed, 1))
      assert.is(quarrel.lost, Math.max(0, claimed - 1))
    }),
    { numRuns: runs },
  )
})

test('where nobody takes, the strongest is left whatever happens on the way', () => {
  const verdicts = fc.constantFrom<ConflictVerdict>('stop', 'release')
  fc.assert(
    fc.property(drawn(living, verdicts), (draw) => {
      const quarrel = new Quarrel(draw)
      const [strongest] = [...quarrel.holders].sort(compareClaims)
      quarrel.run()
      assert.is(quarrel.holders[0]?.pid, strongest?.pid)
    }),
    { numRuns: runs },
  )
})

test('where processes die on the way one at most is left, and all nodes know which', () => {
  fc.assert(
    fc.property(drawn(fc.oneof(living, die), anyVerdict), (draw) => {
      const quarrel = new Quarrel(draw)
      quarrel.run()
      assert.ok(quarrel.holders.length <= 1)
      const left = quarrel.holders[0]?.pid
      for (const answer of quarrel.answers) assert.is(answer, left)
    }),
    { numRuns: runs },
  )
})

test('resolvers that always take give up after a bounded number of rounds', () => {
  const quarrel = new Quarrel({ since: [2, 1, 3], verdicts: ['take'], steps: [] })
  quarrel.settle()
  assert.is(quarrel.holders.length, 1)
  assert.is(quarrel.holders[0]?.rank, limits.globalRankMax)
})

test('the order of claims is total and the same on every node', () => {
  const claim = fc
    .record({
      at: fc.nat({ max: 4 }),
      wallMs: fc.nat({ max: 2 }),
      logical: fc.nat({ max: 1 }),
      rank: fc.nat({ max: 2 }),
    })
    .map(({ at, wallMs, logical, rank }) => newClaim(at, { wallMs, logical }, rank))
  fc.assert(
    fc.property(claim, claim, claim, (a, b, c) => {
      assert.is(Math.sign(compareClaims(a, b)), -Math.sign(compareClaims(b, a)))
      if (a.node !== b.node) assert.is.not(compareClaims(a, b), 0)
      if (compareClaims(a, b) < 0 && compareClaims(b, c) < 0) assert.ok(compareClaims(a, c) < 0)
    }),
  )
})

test.run()
