/** A short run of the wire fuzzer, and proof that it would find what it looks for. */
import type { Codec } from '../../../src/wire/index.ts'
import { runFuzz } from '../../fuzz/run.ts'
import { judge } from '../../fuzz/verdict.ts'
import { wireTarget } from '../../fuzz/wire.ts'
import { assert, suite, useSeed } from '../../support/harness.ts'

const test = suite('fuzz wire')
const seed = 4

test(
  '20,000 mutated streams: nothing is found, everything is reached',
  async () => {
    useSeed(seed)
    const result = await runFuzz(wireTarget(), { seed, inputs: 20_000 })
    assert.equal(judge(result), { ok: true, faults: [] })
    assert.is(result.inputs, 20_000)
    assert.equal(result.missing, [])
  },
  { deadlineMs: 60_000 },
)

/** A fault that one kind of accepted term shows. */
const planted: Readonly<Record<string, (codec: Codec) => Codec>> = {
  'throws at a refused key': (codec) => ({
    ...codec,
    decode(bytes) {
      const result = codec.decode(bytes)
      if (result.tag === 'error' && result.reason === 'key') throw new Error('planted')
      return result
    },
  }),
  'loses the last item of a long array': (codec) => ({
    ...codec,
    decode(bytes) {
      const result = codec.decode(bytes)
      if (result.tag === 'ok' && Array.isArray(result.term) && result.term.length > 5) {
        return { tag: 'ok', term: result.term.slice(0, -1) }
      }
      return result
    },
  }),
  'writes into what it reads': (codec) => ({
    ...codec,
    decode(bytes) {
      const result = codec.decode(bytes)
      if (result.tag === 'error' && bytes.length > 0) bytes[0] = 0xc1
      return result
    },
  }),
  'puts the fault outside the input': (codec) => ({
    ...codec,
    decode(bytes) {
      const result = codec.decode(bytes)
      if (result.tag === 'ok' || result.reason !== 'utf8') return result
      return { ...result, at: bytes.length + 1 }
    },
  }),
}

for (const [fault, wrap] of Object.entries(planted)) {
  test(`a decoder that ${fault} is found out`, async () => {
    const result = await runFuzz(wireTarget({ wrap }), { seed, inputs: 3000 })
    assert.ok(result.findings.length > 0)
    assert.is(judge(result).ok, false)
  })
}

test('a finding is seen again alone, by its number', async () => {
  const wrap = planted['throws at a refused key']
  if (wrap === undefined) throw new Error('unreachable')
  const { findings } = await runFuzz(wireTarget({ wrap }), { seed, inputs: 3000 })
  const found = findings.find(({ input }) => input > 0)
  if (found === undefined) throw new Error('nothing is found')
  const again = await runFuzz(wireTarget({ wrap }), { seed, first: found.input, inputs: 1 })
  assert.is(again.findings[0]?.input, found.input)
  assert.match(again.findings[0]?.message ?? '', /planted/)
})

test(
  'a decoder that refuses everything does not count as a run',
  async () => {
    const wrap = (codec: Codec): Codec => ({
      ...codec,
      decode: () => ({ tag: 'error', reason: 'tag', at: 0 }),
    })
    const result = await runFuzz(wireTarget({ wrap }), { seed, inputs: 10_000 })
    assert.ok(result.missing.includes('signal:send'))
    assert.match(judge(result).faults.join(), /never reached: .*signal:send/)
  },
  { deadlineMs: 30_000 },
)

test.run()
