/** Table replicas on whole nodes in virtual time. */
import { Broadcasting } from '../../../../src/broadcast/index.ts'
import { partOf } from '../../../../src/dist/index.ts'
import { BadArgument } from '../../../../src/index.ts'
import { limits } from '../../../../src/limits.ts'
import { assert, suite } from '../../../support/harness.ts'
import { nth, seed } from '../membership/overlay-scene.ts'
import { processName, TableScene } from './table-scene.ts'

const test = suite('table replica')

const slow = { deadlineMs: 60_000 }
/** A broadcast whose tree is new waits for its graft timeout, 250 ms, at a hop or two. */
const soonMs = 1_000
const [n1, n2, n3] = [nth(1), nth(2), nth(3)]

test('what one node puts, changes and removes is seen by all, with cause', async () => {
  const scene = await TableScene.with(3)
  scene.table(n1).put('a', { port: 1 })
  scene.table(n1).put('b', { port: 2 })
  await scene.converged(n1)
  assert.is(scene.seen(n2, n1), 'a=1 b=2')
  scene.table(n1).put('a', { port: 3 })
  scene.table(n1).remove('b', 'shutdown')
  await scene.converged(n1)
  assert.is(scene.seen(n3, n1), 'a=3')
  assert.equal(scene.replica(n2).changes, [
    { node: n1, key: 'a', after: { port: 1 } },
    { node: n1, key: 'b', after: { port: 2 } },
    { node: n1, key: 'a', before: { port: 1 }, after: { port: 3 } },
    { node: n1, key: 'b', before: { port: 2 }, cause: 'shutdown' },
  ])
  assert.equal(scene.replica(n1).changes, [])
  assert.equal(scene.table(seed).nodes(), [n1])
})

test('a replica started late, and a node started late, get what there is', async () => {
  const scene = await TableScene.with(2)
  for (const name of [seed, n1, n2]) scene.table(name).put(`of ${name}`, { port: 7 })
  await scene.converged(n2)
  await scene.start(n3)
  await scene.agreed()
  await scene.replicate(n3)
  for (const name of [seed, n1, n2]) await scene.converged(name)
  assert.equal([...scene.table(n3).nodes()].sort(), [n1, n2, seed].sort())
})

test('the entries of a node that is down go everywhere, each with its cause', async () => {
  const scene = await TableScene.with(3)
  scene.table(n1).put('a', { port: 1 })
  scene.table(n2).put('a', { port: 2 })
  await scene.converged(n1)
  await scene.converged(n2)
  scene.crash(n1)
  await scene.cluster.until('it is gone', () =>
    [seed, n2, n3].every((name) => scene.seen(name, n1) === ''),
  )
  const gone = { node: n1, key: 'a', before: { port: 1 }, cause: { tag: 'nodedown', node: n1 } }
  assert.equal(scene.replica(n3).changes.at(-1), gone)
  assert.is(scene.seen(n3, n2), 'a=2')
  await scene.stop(n2)
  await scene.cluster.until('it has left', () =>
    [seed, n3].every((name) => scene.seen(name, n2) === ''),
  )
  assert.equal(scene.replica(n3).changes.at(-1)?.cause, { tag: 'left', node: n2 })
})

test('a process that crashes and its successor lose nothing', async () => {
  const scene = await TableScene.with(2)
  scene.table(n1).put('a', { port: 1 })
  scene.table(n2).put('b', { port: 2 })
  await scene.converged(n1)
  await scene.converged(n2)
  await scene.restart(n1, processName)
  scene.table(n1).put('c', { port: 3 })
  await scene.converged(n1)
  assert.is(scene.seen(seed, n1), 'a=1 c=3')
  assert.is(scene.seen(n1, n2), 'b=2')
  scene.table(n2).remove('b')
  await scene.converged(n2)
  const told = scene.replica(seed).changes.filter(({ key }) => key === 'a')
  assert.is(told.length, 1)
})

test(
  'ten thousand entries come in parts, and what changes meanwhile comes too',
  async () => {
    const scene = await TableScene.with(1)
    const count = 10_000
    for (let at = 0; at < count; at++) scene.table(n1).put(`k${at}`, { port: at })
    await scene.start(n2)
    await scene.replicate(n2)
    await scene.cluster.until('the first have come', () => scene.table(n2).entriesOf(n1).size > 0)
    scene.table(n1).remove('k0')
    scene.table(n1).put('k1', { port: -1 })
    scene.table(n1).remove(`k${count - 1}`)
    scene.table(n1).put('new', { port: 5 })
    await scene.converged(n1)
    assert.is(scene.table(n2).entriesOf(n1).size, count - 1)
    assert.equal(scene.table(n2).get(n1, 'k1'), { port: -1 })
  },
  slow,
)

test(
  'thirteen nodes, most of them no neighbours, see an entry soon and see it go',
  async () => {
    const scene = await TableScene.with(12)
    await scene.cluster.pass(20_000)
    const others = [...scene.nodes.keys()]
    for (const author of [n1, nth(7), nth(12)]) {
      scene.table(author).put('a', { port: 1 })
      await scene.cluster.pass(soonMs)
      for (const name of others) assert.is(scene.seen(name, author), 'a=1', `${author} at ${name}`)
      scene.table(author).remove('a')
      await scene.cluster.pass(soonMs)
      for (const name of others) assert.is(scene.seen(name, author), '')
    }
  },
  slow,
)

test(
  'two halves that were apart know each other again, and nothing of who died meanwhile',
  async () => {
    const scene = await TableScene.with(5)
    const names = [...scene.nodes.keys()]
    const [half, other] = [names.slice(0, 3), names.slice(3)]
    for (const name of names) scene.table(name).put('a', { port: 1 })
    for (const name of names) await scene.converged(name)
    const hosts = (group: readonly string[]) => group.map((name) => name.split('@')[1] ?? '')
    scene.cluster.network.partition([hosts(half), hosts(other)])
    await scene.cluster.until('they have lost each other', () =>
      names.every((at) => {
        const beyond = half.includes(at) ? other : half
        return beyond.every((of) => scene.seen(at, of) === '')
      }),
    )
    scene.table(n1).remove('a')
    scene.table(nth(4)).put('b', { port: 2 })
    scene.crash(nth(5))
    await scene.cluster.pass(1_000)
    scene.cluster.network.heal()
    const left = names.filter((name) => name !== nth(5))
    for (const name of left) await scene.converged(name, left)
    await scene.cluster.pass(60_000)
    for (const at of left) {
      assert.is(scene.seen(at, nth(5)), '')
      assert.is(scene.seen(at, n1), '')
      assert.is(scene.seen(at, nth(4)), 'a=1 b=2')
    }
  },
  slow,
)

test('a node that crashes and is back at once has only what it puts then', async () => {
  const scene = await TableScene.with(2)
  for (let at = 0; at < 50; at++) scene.table(n1).put(`old${at}`, { port: at })
  await scene.converged(n1)
  scene.crash(n1)
  await scene.boot(n1)
  scene.table(n1).put('new', { port: 1 })
  await scene.converged(n1)
  await scene.cluster.pass(120_000)
  assert.equal(
    [seed, n2].map((name) => scene.seen(name, n1)),
    ['new=1', 'new=1'],
  )
  const cause = scene.replica(n2).changes.find(({ key }) => key === 'old7')?.cause
  assert.is(cause, undefined)
  const removals = scene.replica(n2).changes.filter(({ after }) => after === undefined)
  assert.is(removals.length, 50)
})

test('whoever hears no broadcasts learns all the same, by comparing', async () => {
  const scene = await TableScene.with(2)
  const topics = partOf(scene.node(n2), Broadcasting)?.topics
  topics?.remove(scene.process(n2, processName), processName)
  await scene.cluster.pass(5_000)
  scene.table(n1).put('a', { port: 1 })
  await scene.cluster.pass(1_000)
  assert.is(scene.seen(seed, n1), 'a=1')
  assert.is(scene.seen(n2, n1), '')
  await scene.cluster.pass(120_000)
  assert.is(scene.seen(n2, n1), 'a=1')
})

test('at rest neighbours exchange a number, however many names there are', async () => {
  const scene = await TableScene.with(2)
  const sent = (metric: string): number =>
    [seed, n1, n2].reduce(
      (sum, at) => sum + scene.counted(at, `skein.replica.${metric}`, { replica: 'test' }),
      0,
    )
  const costs: number[] = []
  for (const count of [1, 2_000]) {
    for (let at = 0; at < count; at++) scene.table(n1).put(`k${at}`, { port: at })
    await scene.converged(n1)
    await scene.cluster.pass(60_000)
    const before = ['digest_sent', 'vector_sent', 'part_sent', 'pull_sent'].map(sent)
    await scene.cluster.pass(600_000)
    const after = ['digest_sent', 'vector_sent', 'part_sent', 'pull_sent'].map(sent)
    costs.push((after[0] ?? 0) - (before[0] ?? 0))
    assert.equal(after.slice(1), before.slice(1))
  }
  // Three nodes, ten minutes, one each half a minute, give or take a quarter.
  for (const cost of costs) assert.ok(cost >= 45 && cost <= 81, `${cost} numbers`)
})

test('a node can be asked at any time, and its table taken as it is', async () => {
  const scene = await TableScene.with(1)
  scene.table(n1).put('a', { port: 1 })
  await scene.converged(n1)
  const pulls = () => scene.counted(seed, 'skein.replica.pull_sent', { replica: 'test' })
  const before = pulls()
  scene.table(seed).sync(n1)
  scene.table(seed).sync('nobody@10.0.0.99')
  await scene.cluster.until('it is asked', () => pulls() > before)
  await scene.cluster.pass(1_000)
  assert.is(pulls(), before + 1)
  assert.is(scene.seen(seed, n1), 'a=1')
})

test('what is no key, no value, too long or not to be sent is refused by name', async () => {
  const scene = await TableScene.with(0)
  const table = scene.table(seed)
  const refused = (put: () => void): string => {
    try {
      put()
    } catch (error) {
      if (error instanceof BadArgument) return error.message
    }
    return 'not refused'
  }
  const port = (value: unknown) => ({ port: 1, more: value })
  const long = 'x'.repeat(limits.tableKeyMaxChars + 1)
  assert.match(
    refused(() => table.put(long, { port: 1 })),
    /test: key: expected a text/,
  )
  assert.match(
    refused(() =>
      table.put(
        'a',
        port(() => 1),
      ),
    ),
    /test: value.more: .* cannot be sent/,
  )
  assert.match(
    refused(() => table.put('a', port(long))),
    /test: value: expected at most 65536/,
  )
  const wrong: { port: number } = JSON.parse('{"port":"x"}')
  assert.match(
    refused(() => table.put('a', wrong)),
    /test: value: not one of this table/,
  )
  assert.equal(table.nodes(), [])
  table.put('a', { port: 1 })
  table.remove('a', { tag: 'error', detail: () => 1 })
  table.remove('never there')
  assert.equal([...table.entriesOf(seed)], [])
})

test.run()
