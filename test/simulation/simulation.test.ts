/**
 * The simulation itself: one seed is one run, byte for byte; seeds that once failed pass; the
 * command answers as its users expect.
 */
import { execFile } from 'node:child_process'
import { appendFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { assert, cleanup, suite } from '../support/harness.ts'
import { rareFaults, runMany } from './many.ts'
import { parseOptions } from './options.ts'
import { Progress } from './progress.ts'
import { regressions } from './regressions.ts'
import { runSeed, type SeedResult } from './run-seed.ts'
import { drawScenario, faultKinds } from './scenario.ts'

const deadline = { deadlineMs: 60_000 }
const root = fileURLToPath(new URL('../..', import.meta.url))
const main = 'test/simulation/main.ts'

const test = suite('simulation')

test(
  'the same seed gives the same event log',
  async () => {
    const large = { min: 14, max: 14 }
    for (const [seed, size] of [[3], [4], [12], [13, large]] as const) {
      const [first, second] = [await runSeed(seed, { size }), await runSeed(seed, { size })]
      assert.is(first.digest, second.digest, `seed ${seed}`)
      assert.is(first.events, second.events)
      assert.ok(first.events > 1_000)
    }
  },
  deadline,
)

test(
  'other seeds give other event logs',
  async () => {
    const digests = new Set<string>()
    for (const seed of [3, 4, 7]) digests.add((await runSeed(seed)).digest)
    assert.is(digests.size, 3)
  },
  deadline,
)

test('seeds draw clusters of all sizes, with and without each kind of fault', () => {
  const scenarios = Array.from({ length: 1_000 }, (_, seed) => drawScenario(seed))
  const sizes = new Set(scenarios.map(({ nodes }) => nodes.length))
  for (const size of [2, 3, 4, 5, 6, 7, 8, 9, 10]) assert.ok(sizes.has(size), `${size} nodes`)
  const many = [...sizes].filter((size) => size > 10)
  assert.ok(many.length > 20 && many.every((size) => size >= 30 && size <= 60))
  for (const kind of faultKinds) {
    if (kind !== 'heal') assert.ok(scenarios.some(({ faults }) => faults[kind] === 0))
    assert.ok(scenarios.some(({ faults }) => faults[kind] > 0))
  }
})

test('a size may be given: all else is drawn', () => {
  const sizes = new Set<number>()
  for (let seed = 0; seed < 200; seed++) {
    sizes.add(drawScenario(seed, { min: 30, max: 33 }).nodes.length)
  }
  assert.equal([...sizes].sort(), [30, 31, 32, 33])
  assert.is(drawScenario(1, { min: 200, max: 200 }).nodes.length, 200)
})

test('neighbours are mutual, few in a large cluster, and lead from everybody to everybody', () => {
  for (let seed = 0; seed < 50; seed++) {
    const { nodes, neighbours } = drawScenario(seed, { min: 2, max: 60 })
    const reached = new Set(nodes.slice(0, 1))
    for (const node of reached) {
      for (const peer of neighbours.get(node) ?? []) {
        assert.ok(neighbours.get(peer)?.includes(node) && peer !== node)
        reached.add(peer)
      }
    }
    assert.is(reached.size, nodes.length)
    const links = [...neighbours.values()].reduce((sum, peers) => sum + peers.length, 0)
    const most = nodes.length > 10 ? 7 : nodes.length - 1
    assert.ok(links / nodes.length <= most, `${links} of ${nodes.length}`)
  }
})

test(
  'seeds that once failed pass',
  async () => {
    for (const { seed, was, size } of regressions()) {
      assert.equal((await runSeed(seed, { size })).violations, [], `seed ${seed}, once: ${was}`)
    }
  },
  deadline,
)

test(
  'jobs of their own run the same seeds',
  async () => {
    const digests = new Map<number, string>()
    const onSeed = ({ seed, digest }: { seed: number; digest: string }): void => {
      assert.is(digests.get(seed) ?? digest, digest)
      digests.set(seed, digest)
    }
    const here = await runMany({ first: 7, count: 3, jobs: 1, onSeed })
    const there = await runMany({ first: 7, count: 3, jobs: 2, onSeed })
    assert.equal(there, here)
    assert.is(here.seeds, 3)
  },
  deadline,
)

test('a run in which a kind of fault hardly fired is not ok', () => {
  const kinds = [...faultKinds, 'disk undone', 'disk torn', 'skew', 'drift']
  const faults = Object.fromEntries(kinds.map((kind) => [kind, 90]))
  assert.equal(rareFaults({ seeds: 50, failed: [], faults }), [])
  const few = Object.entries({ ...faults, deaf: 9, 'disk torn': 4, drift: 5 })
  const without = Object.fromEntries(few.filter(([kind]) => kind !== 'pause'))
  assert.equal(rareFaults({ seeds: 50, failed: [], faults: without }), [
    'deaf',
    'pause',
    'disk torn',
  ])
  assert.equal(rareFaults({ seeds: 5, failed: [], faults: {} }), [])
  const torn = (times: number) => {
    const result = { seeds: 50, failed: [], faults: { ...faults, 'disk torn': times } }
    return (['mixed', 'names'] as const).map((scenario) =>
      rareFaults(result, scenario).includes('disk torn'),
    )
  }
  assert.equal(
    [torn(4), torn(2)],
    [
      [true, false],
      [true, true],
    ],
  )
})

test(
  'an interrupted run goes on where it was, and ends with the same result',
  async () => {
    const file = join(mkdtempSync(join(tmpdir(), 'skein-sim-')), 'progress.jsonl')
    cleanup(() => rmSync(dirname(file), { recursive: true, force: true }))
    const seedsRun: number[] = []
    const run = (count: number): ReturnType<typeof runMany> => {
      const progress = new Progress(file)
      const onSeed = (result: SeedResult): void => {
        seedsRun.push(result.seed)
        progress.add(result)
      }
      return runMany({ first: 27, count, jobs: 1, known: progress.read(), onSeed })
    }
    const whole = await run(3)
    new Progress(file).forget()
    assert.equal(new Progress(file).read(), [])
    seedsRun.length = 0
    await run(2)
    // The process was killed while it noted the next result.
    appendFileSync(file, '\n{"seed":29,"viol')
    assert.equal(await run(3), whole)
    assert.equal(seedsRun, [27, 28, 29])
  },
  deadline,
)

test(
  'the command ends with one line of JSON, and with exit code 0 or it rejects',
  async () => {
    const args = ['--import', 'tsx', main, '--seed', '7']
    const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: root })
    const last = JSON.parse(stdout.trim().split('\n').at(-1) ?? '')
    assert.equal(Object.keys(last), ['ok', 'seed', 'virtualMs', 'events', 'violations'])
    assert.is(last.ok, true)
    assert.is(last.seed, 7)
  },
  deadline,
)

test('bad arguments are refused by name', () => {
  for (const [args, words] of [
    [[], /--seed must be a whole number from 0 to \d+, got nothing/],
    [['--seed', 'x'], /--seed .* got "x"/],
    [['--seed', '-1'], /--seed/],
    [['--seed', '4294967296'], /--seed/],
    [['--many', '0', '--seed', '1'], /--many .* got "0"/],
    [['--many', '2', '--seed', '1', '--jobs', '1.5'], /--jobs .* got "1.5"/],
    [['--many', '2', '--seed', '1', '--verbose'], /--verbose/],
    [['--seed', '1', '--nodes', '1'], /--nodes .* from 2 to 200, got "1"/],
    [['--seed', '1', '--nodes', '30-201'], /--nodes .* from 30 to 200, got "201"/],
    [['--seed', '1', '--nodes', '9-8'], /--nodes .* from 9 to 200, got "8"/],
    [['--seed', '1', '--nodes', '2-3-4'], /--nodes .* got "2-3-4"/],
    [['--seed', '1', '--nodes', '-3'], /--nodes/],
    [['--sed', '1'], /--sed/],
    [['--scenario', 'other'], /--scenario must be names or survivors, got "other"/],
    [['--scenario', 'names'], /--seed .* got nothing/],
    [['--scenario', 'names', '--seed', '1', '--many', '2', '--verbose'], /--verbose/],
    [['--scenario', 'survivors', '--nodes', '30-60'], /--nodes .* got "30-60"/],
    [['--scenario', 'survivors', '--many', '2'], /--scenario goes with/],
  ] as const) {
    const options = parseOptions(args)
    assert.is(options.tag, 'error', args.join(' '))
    if (options.tag === 'error') assert.match(options.message, words)
  }
  assert.equal(parseOptions(['--seed', '5']), { tag: 'one', seed: 5, verbose: false })
  assert.equal(parseOptions(['--seed', '5', '--nodes', '40']), {
    tag: 'one',
    seed: 5,
    size: { min: 40, max: 40 },
    verbose: false,
  })
  assert.equal(parseOptions(['--scenario', 'survivors']), {
    tag: 'survivors',
    seed: 1,
    nodes: 200,
  })
  assert.equal(parseOptions(['--scenario', 'names', '--seed', '5', '--verbose']), {
    tag: 'one',
    seed: 5,
    scenario: 'names',
    verbose: true,
  })
  assert.equal(parseOptions(['--scenario', 'names', '--seed', '5']), {
    tag: 'many',
    seed: 5,
    many: 1,
    jobs: 1,
    scenario: 'names',
  })
  const many = ['--many', '9', '--seed', '5', '--jobs', '2', '--nodes', '30-60']
  assert.equal(parseOptions(many), {
    tag: 'many',
    seed: 5,
    many: 9,
    jobs: 2,
    size: { min: 30, max: 60 },
  })
})

test.run()
