/**
 * The simulation itself: one seed is one run, byte for byte; seeds that once failed pass; the
 * command answers as its users expect.
 */
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { assert, suite } from '../support/harness.ts'
import { rareFaults, runMany } from './many.ts'
import { parseOptions } from './options.ts'
import { regressions } from './regressions.ts'
import { runSeed } from './run-seed.ts'
import { drawScenario } from './scenario.ts'

const deadline = { deadlineMs: 60_000 }
const root = fileURLToPath(new URL('../..', import.meta.url))
const main = 'test/simulation/main.ts'

const test = suite('simulation')

test(
  'the same seed gives the same event log',
  async () => {
    for (const seed of [3, 4, 12]) {
      const [first, second] = [await runSeed(seed), await runSeed(seed)]
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
  const scenarios = Array.from({ length: 400 }, (_, seed) => drawScenario(seed))
  assert.equal(
    [...new Set(scenarios.map(({ nodes }) => nodes.length))].sort((a, b) => a - b),
    [2, 3, 4, 5, 6, 7, 8, 9, 10],
  )
  for (const kind of ['crash', 'stop', 'partition', 'oneWay', 'path', 'disconnectAll'] as const) {
    assert.ok(scenarios.some(({ faults }) => faults[kind] === 0))
    assert.ok(scenarios.some(({ faults }) => faults[kind] > 0))
  }
})

test(
  'seeds that once failed pass',
  async () => {
    for (const { seed, was } of regressions()) {
      assert.equal((await runSeed(seed)).violations, [], `seed ${seed}, once: ${was}`)
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
  const faults = { crash: 90, stop: 90, partition: 90, oneWay: 90, path: 90, heal: 90 }
  assert.equal(rareFaults({ seeds: 50, failed: [], faults }), ['disconnectAll', 'distCrash'])
  assert.equal(rareFaults({ seeds: 5, failed: [], faults }), [])
})

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
    [['--sed', '1'], /--sed/],
  ] as const) {
    const options = parseOptions(args)
    assert.is(options.tag, 'error', args.join(' '))
    if (options.tag === 'error') assert.match(options.message, words)
  }
  assert.equal(parseOptions(['--seed', '5']), { tag: 'one', seed: 5, verbose: false })
  assert.equal(parseOptions(['--many', '9', '--seed', '5', '--jobs', '2']), {
    tag: 'many',
    seed: 5,
    many: 9,
    jobs: 2,
  })
})

test.run()
