/**
 * Names in small clusters under all faults; that every fault of names is seen, on planted data and
 * in runs with planted bugs; and what the tables say at rest. The same with 1,000 names on 30 to 50
 * nodes: `npm run sim -- --scenario names --seed 1 --many 300`.
 */
import { assert, suite } from '../../support/harness.ts'
import { tamperServices } from '../planted.ts'
import { drawNames } from './draw.ts'
import { lossFaults, namesFaults, type Seen, type Truth } from './faults.ts'
import { giveWayAlways, keepTheDead, missMembers, missUpdates, neverAsk } from './planted.ts'
import { isFlat, restTraffic } from './rest.ts'
import { runNames } from './run.ts'

const test = suite('simulation: names')
const deadline = { deadlineMs: 60_000 }

const small = { size: { min: 3, max: 5 }, count: 100 }
const seeds = [8, 17, 18, 14, 22]

test('a seed draws names of all kinds for all nodes, some of them wanted by several', () => {
  const nodes = Array.from({ length: 40 }, (_, i) => `n${i}@h${i}`)
  const { slots, globals } = drawNames(1, nodes, 1_000)
  const all = [...slots.values()].flat()
  assert.is(all.length, 1_000)
  for (const share of slots.values()) assert.is(share.length, 25)
  const tags = ['service', 'via', 'global', 'member'] as const
  for (const tag of tags) assert.ok(all.filter((slot) => slot.tag === tag).length > 100, tag)
  assert.ok(all.some((slot) => slot.tag === 'service' && slot.hasMetadata))
  const claims = all.filter((slot) => slot.tag === 'global').length
  assert.ok(claims > 2 * globals.length, `${claims} claims of ${globals.length} names`)
})

test(
  'after the healing every node knows all names that live, and no other',
  async () => {
    const happened: Record<string, number> = {}
    for (const seed of seeds) {
      const { violations, faults } = await runNames(seed, small)
      assert.equal(violations, [], `seed ${seed}`)
      for (const [kind, times] of Object.entries(faults)) {
        happened[kind] = (happened[kind] ?? 0) + times
      }
    }
    const faulty = ['crash', 'partition', 'boot kept', 'boot keysOnly', 'name part killed']
    for (const kind of [...faulty, 'name lost', 'name restarted', 'name updated']) {
      assert.ok((happened[kind] ?? 0) > 0, kind)
    }
  },
  deadline,
)

test(
  'the same seed gives the same event log',
  async () => {
    const [first, second] = [await runNames(13, small), await runNames(13, small)]
    assert.is(first.digest, second.digest)
    assert.ok(first.events > 1_000)
  },
  deadline,
)

test(
  'the traffic at rest does not grow with the number of names',
  async () => {
    const rows = [await restTraffic(50), await restTraffic(500)]
    assert.ok(isFlat(rows), JSON.stringify(rows))
    const [few] = rows
    assert.ok(few !== undefined && few.messages >= 3 && few.bytes > 0)
    const grown = { ...few, bytes: few.bytes * 1.5 }
    assert.not.ok(isFlat([few, grown]))
  },
  deadline,
)

const truth: Truth = {
  services: new Set(['a of <n.1> with 1']),
  members: new Set(['<n.1> in g 2 times']),
  globals: new Map([['only', ['<n.1>']]]),
}
const right: Seen = {
  node: 'm#1',
  services: truth.services,
  members: truth.members,
  globals: new Map([['only', '<n.1>']]),
}
const faultsOf = (seen: Partial<Seen>, of: Partial<Truth> = {}): readonly string[] => [
  ...namesFaults({ ...truth, ...of }, [{ ...right, ...seen }]),
]

test('each kind of fault is seen on planted data, and nothing else', () => {
  assert.equal(faultsOf({}), [])
  const none = new Set<string>()
  assert.equal(faultsOf({ services: none }), ['m#1: service a of <n.1> with 1 is not seen'])
  assert.equal(faultsOf({ members: none }), ['m#1: member <n.1> in g 2 times is not seen'])
  const stale = 'a of <n.1> with 0'
  assert.equal(faultsOf({ services: new Set([...truth.services, stale]) }), [
    `m#1: service ${stale} is seen; there is none`,
  ])
  assert.equal(faultsOf({ globals: new Map() }), [
    'm#1: the global name only is had by <n.1>, seen is nobody',
  ])
  assert.equal(faultsOf({}, { globals: new Map() }), [
    'm#1: the global name only is seen with <n.1>; nobody has it',
  ])
  assert.equal(faultsOf({}, { globals: new Map([['only', ['<n.1>', '<o.1>']]]) }), [
    'the global name only is had by <n.1> and <o.1>',
  ])
})

test('a loser may lose to one that loses later, and not to one that has lost to it', () => {
  const name = 'only'
  const chain = [
    { name, loser: 'a', winner: 'b' },
    { name, loser: 'b', winner: 'c' },
  ]
  assert.equal([...lossFaults(chain)], [])
  assert.equal([...lossFaults([...chain, { name: 'other', loser: 'c', winner: 'a' }])], [])
  const circle = [...lossFaults([...chain, { name, loser: 'c', winner: 'a' }])]
  assert.is(circle.length, 3)
  assert.match(circle[0] ?? '', /a and b and c all lost it to each other/)
})

/** In these, machines end for good, or come back without their tables. */
const deadly = [11, 7, 15]

/** Runs the seeds with the bug until one is accused with `words`. */
async function finds(plant: () => () => void, words: RegExp): Promise<void> {
  const seen: string[] = []
  for (const seed of [...seeds, ...deadly]) {
    const restore = plant()
    const { violations } = await runNames(seed, small).finally(restore)
    seen.push(...violations)
    if (violations.some((text) => words.test(text))) return
  }
  throw new Error(`nobody saw it; seen: ${seen.slice(0, 5).join('\n') || 'nothing'}`)
}

test(
  'names of the dead that stay are seen',
  () => finds(keepTheDead, /service .* is seen; there is none/),
  deadline,
)

test(
  'names that are told once and never asked for are missed',
  () => finds(neverAsk, /service .* is not seen/),
  deadline,
)

test(
  'metadata that are not updated are seen',
  () => finds(missUpdates, /service .* with \d+ is not seen/),
  deadline,
)

test(
  'members that are missed are seen',
  () => finds(() => missMembers(5), /member .* is not seen/),
  deadline,
)

test(
  'conflicts that nobody settles are seen',
  () => {
    const plant = () => tamperServices((service) => (service === 'global' ? 'drop' : 'pass'))
    return finds(plant, /global name .* is had by .* and /)
  },
  deadline,
)

test(
  'claimants that all give way are seen',
  () => finds(giveWayAlways, /all lost it to each other/),
  deadline,
)

test.run()
