/** A short run of the fuzzer of services, and proof that it would find what it looks for. */
import { clusterTarget } from '../../fuzz/cluster.ts'
import type { Decoders } from '../../fuzz/cluster-actors.ts'
import { runFuzz } from '../../fuzz/run.ts'
import { judge } from '../../fuzz/verdict.ts'
import { assert, suite, useSeed } from '../../support/harness.ts'

const test = suite('fuzz cluster')
const seed = 4

test(
  '20,000 mutated conversations: nothing is found, everything is reached',
  async () => {
    useSeed(seed)
    const result = await runFuzz(clusterTarget(), { seed, inputs: 20_000 })
    assert.equal(judge(result), { ok: true, faults: [] })
    assert.is(result.inputs, 20_000)
    assert.equal(result.missing, [])
  },
  { deadlineMs: 60_000 },
)

const planted: Readonly<Record<string, (decoders: Decoders) => Decoders>> = {
  'throws at what is no message': (decoders) => ({
    ...decoders,
    members: (body) => {
      const message = decoders.members(body)
      if (message === undefined) throw new TypeError('planted')
      return message
    },
  }),
  'refuses what the same service sends': (decoders) => ({
    ...decoders,
    membership: (body) => {
      const opened = decoders.membership(body)
      return opened?.message.tag === 'neighborReply' ? undefined : opened
    },
  }),
  'takes a round below one': (decoders) => ({
    ...decoders,
    broadcast: (body) => {
      const message = decoders.broadcast(body)
      return message?.tag === 'gossip' ? { ...message, round: -1 } : message
    },
  }),
  'changes what it hears': (decoders) => ({
    ...decoders,
    news: (payload) => {
      const news = decoders.news(payload)
      return news && { ...news, incarnation: news.incarnation + 1 }
    },
  }),
  'counts on what a table says': (decoders) => ({
    ...decoders,
    table: (body) => {
      const opened = decoders.table(body)
      if (opened?.heard.tag !== 'chunk') return opened
      const { heard } = opened
      return { ...opened, message: { ...heard, seq: heard.seq + 1 } }
    },
  }),
}

for (const [fault, wrap] of Object.entries(planted)) {
  test(`a decoder that ${fault} is found out`, async () => {
    const result = await runFuzz(clusterTarget({ wrap }), { seed, inputs: 3000 })
    assert.ok(result.findings.length > 0)
    assert.is(judge(result).ok, false)
  })
}

test.run()
