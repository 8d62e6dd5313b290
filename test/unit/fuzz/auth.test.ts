/** A short run of the authentication fuzzer, and proof that it would find what it looks for. */
import { decodeAuthMessage } from '../../../src/identity/auth-message.ts'
import { authTarget } from '../../fuzz/auth.ts'
import { runFuzz } from '../../fuzz/run.ts'
import { judge } from '../../fuzz/verdict.ts'
import { assert, suite, useSeed } from '../../support/harness.ts'

const test = suite('fuzz auth')
const seed = 4

test(
  '20,000 mutated streams and sessions: nothing is found, everything is reached',
  async () => {
    useSeed(seed)
    const result = await runFuzz(await authTarget(), { seed, inputs: 20_000 })
    assert.equal(judge(result), { ok: true, faults: [] })
    assert.is(result.inputs, 20_000)
    assert.equal(result.missing, [])
  },
  { deadlineMs: 60_000 },
)

type Decode = typeof decodeAuthMessage

const planted: Readonly<Record<string, Decode>> = {
  'throws at a name that is none': (bytes) => {
    const result = decodeAuthMessage(bytes)
    if (result.tag === 'error' && result.reason === 'invalidNodeName') throw new Error('planted')
    return result
  },
  'lets bytes ride along': (bytes) =>
    bytes[0] === 4 ? { tag: 'ok', message: { tag: 'ok' } } : decodeAuthMessage(bytes),
}

for (const [fault, decode] of Object.entries(planted)) {
  test(`a decoder that ${fault} is found out`, async () => {
    const result = await runFuzz(await authTarget({ decode }), { seed, inputs: 3000 })
    assert.ok(result.findings.length > 0)
    assert.is(judge(result).ok, false)
  })
}

test.run()
