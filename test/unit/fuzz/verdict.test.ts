/** What the fuzzer's verdict demands, its arguments, and the trees it mutates. */
import { parseArguments } from '../../fuzz/options.ts'
import { recordHandshakes, recordSignals } from '../../fuzz/recording.ts'
import type { FuzzResult } from '../../fuzz/run.ts'
import { bytesOfTerm, countNodes, leaf, parseTerm, replaceNode } from '../../fuzz/term-tree.ts'
import { judge } from '../../fuzz/verdict.ts'
import { assert, suite } from '../../support/harness.ts'

const test = suite('fuzz verdict')

const good: FuzzResult = {
  inputs: 20_000,
  passedFraming: 10_000,
  reached: { all: 1 },
  missing: [],
  findings: [],
  heapGrowthBytes: 1000,
}

test('a run that found nothing where it could is ok', () => {
  assert.is(judge(good).ok, true)
})

const bad: Readonly<Record<string, Partial<FuzzResult>>> = {
  'a finding': { findings: [{ input: 3, message: 'it threw' }] },
  'no input': { inputs: 0, passedFraming: 0 },
  'too few that pass framing': { passedFraming: 5999 },
  'something never reached': { missing: ['term:key'] },
  'a heap that grew': { heapGrowthBytes: 11_000_000 },
}

for (const [what, change] of Object.entries(bad)) {
  test(`not ok: ${what}`, () => {
    const verdict = judge({ ...good, ...change })
    assert.is(verdict.ok, false)
    assert.is(verdict.faults.length, 1)
  })
}

test('a short run need not reach everything', () => {
  const short = { ...good, inputs: 100, passedFraming: 50, missing: ['term:size'] }
  assert.is(judge(short).ok, true)
})

test('arguments: defaults, and bad ones by name', () => {
  assert.equal(parseArguments(['wire'], 9), {
    target: 'wire',
    seed: 9,
    first: 0,
    inputs: 1_000_000,
    seconds: 86_400,
  })
  const timed = parseArguments(['auth', '--seconds', '5', '--seed', '3'], 9)
  assert.is(timed.seconds, 5)
  assert.is(timed.seed, 3)
  assert.ok(timed.inputs > 1_000_000)
  assert.throws(() => parseArguments([], 9), /expected one target, got ""/)
  assert.throws(() => parseArguments(['wire', 'auth'], 9), /expected one target/)
  assert.throws(() => parseArguments(['wire', '--inputs', '0'], 9), /--inputs .* got "0"/)
  assert.throws(() => parseArguments(['wire', '--seed', 'x'], 9), /--seed .* got "x"/)
})

test('a recorded term is the same after being taken apart', () => {
  const handshakes = recordHandshakes()
  const terms = [...recordSignals().map(({ term }) => term), ...handshakes.flat()]
  assert.equal(
    handshakes.map(({ length }) => length),
    [2, 3, 1, 2],
  )
  for (const term of terms) assert.equal(parseTerm(bytesOfTerm(term)), term)
})

test('one node is replaced, and it is the one that was meant', () => {
  const tree = parseTerm(Uint8Array.of(0x93, 1, 0x92, 2, 3, 0x81, 0xa1, 0x61, 4))
  assert.is(countNodes(tree), 8)
  const replaced = Array.from({ length: 8 }, (_, at) =>
    Buffer.from(bytesOfTerm(replaceNode(tree, at, () => leaf(0xc0)))).toString('hex'),
  )
  assert.equal(replaced, [
    'c0',
    '93c092020381a16104',
    '9301c081a16104',
    '930192c00381a16104',
    '93019202c081a16104',
    '9301920203c0',
    '930192020381c004',
    '930192020381a161c0',
  ])
})

test.run()
