/**
 * The busy channel over real QUIC: the far OS process is stopped for a while, as a reader that
 * cannot keep up. Its senders are held, go on when it does, and lose nothing.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { quicCarrier } from '../../src/carrier/quic/index.ts'
import {
  at,
  call,
  cast,
  channelStatistics,
  process as define,
  isDown,
  type Node,
  nodes,
  type Self,
  spawn,
  spawnAt,
  startNode,
} from '../../src/index.ts'
import { limits } from '../../src/limits.ts'
import { FarNode } from '../conformance/dist/far-node.ts'
import { portion, tally } from '../conformance/dist/tally.ts'
import { assert, cleanup, suite } from '../support/harness.ts'
import { until } from '../support/until.ts'

const test = suite('a busy channel over QUIC')
const slow = { deadlineMs: 60_000 }

const near = 'near@127.0.0.1'
const far = 'far@127.0.0.1'
const host = '127.0.0.1'
const portionBytes = 512 * 1024

async function scene(): Promise<{ readonly node: Node; readonly child: FarNode }> {
  const dir = mkdtempSync(join(tmpdir(), 'skein-busy-'))
  cleanup(() => rmSync(dir, { recursive: true, force: true }))
  const child = new FarNode(new URL('../conformance/dist/quic-child.ts', import.meta.url), [
    far,
    near,
    join(dir, far),
  ])
  cleanup(() => child.kill('SIGKILL'))
  const node = await startNode({
    name: near,
    dataDir: join(dir, near),
    carrier: quicCarrier({ host, port: 0 }),
    nodes: { [far]: { host, port: await child.port() } },
    modules: [],
    cookie: 'the cookie',
    tickMs: 2_500,
  })
  cleanup(() => node.stop())
  await node.run((self) => spawnAt(self, far, tally, undefined, { name: 'tally' }))
  return { node, child }
}

/** Pours `count` portions, waiting as any process does between them. */
function pourer(mark: number, count: number, sent: number[]) {
  return define('busy.pourer', async (self: Self) => {
    for (let n = 0; n < count; n++) {
      cast(self, at(far, tally, 'tally'), 'add', portion(mark, n, portionBytes))
      sent.push(mark)
      await self.yield()
    }
  })
}

test(
  'senders to a process that stands still are held, and lose nothing when it goes on',
  async () => {
    const { node, child } = await scene()
    child.kill('SIGSTOP')
    const sent: number[] = []
    const marks = [0, 1, 2, 3]
    for (const mark of marks) spawn(node, pourer(mark, 25, sent))
    await until('they are held', () => channelStatistics(node, far)?.heldSenders === marks.length)
    const held = sent.length
    const queued = channelStatistics(node, far)?.queuedBytes ?? 0
    assert.ok(
      queued > limits.distQueueMaxBytes && queued < 2 * limits.distQueueMaxBytes,
      `${queued}`,
    )
    await node.run(async (self) => {
      for (let n = 0; n < 100; n++) await self.yield()
    })
    assert.equal([sent.length, nodes(node)], [held, [far]])
    child.kill('SIGCONT')
    await until('all was sent', () => sent.length === 100, 30_000)
    const counts = await node.run((self) => call(self, at(far, tally, 'tally'), 'counts'))
    assert.is(counts.broken, 0)
    await until('nobody is held', () => channelStatistics(node, far)?.heldSenders === 0)
    let all = counts
    while (marks.some((mark) => all.counts[mark] !== 25)) {
      all = await node.run((self) => call(self, at(far, tally, 'tally'), 'counts'))
    }
    assert.is(all.broken, 0)
  },
  slow,
)

test(
  'held senders go on when the process that stood still is killed',
  async () => {
    const { node, child } = await scene()
    child.kill('SIGSTOP')
    const pids = [0, 1].map((mark) => spawn(node, pourer(mark, 20, [])))
    await until('they are held', () => channelStatistics(node, far)?.heldSenders === 2)
    await node.run(async (self) => {
      const refs = pids.map((pid) => self.monitor(pid))
      child.kill('SIGKILL')
      const [first, second] = pids
      if (first === undefined || second === undefined) throw new Error('not spawned')
      self.exit(first, 'kill')
      const reasons: unknown[] = []
      for (const ref of refs) reasons.push((await self.receive(isDown(ref))).reason)
      assert.equal(reasons, ['killed', 'normal'])
    })
  },
  slow,
)

test.run()
