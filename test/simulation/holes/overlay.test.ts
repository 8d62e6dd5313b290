/**
 * Holes of the overlay, with whole nodes: halves that stay apart after a long cut, and edges that
 * only one end has. Each is open without its remedy. Islands after simultaneous joins, few bridges
 * after a cut and a storm of joins are shown by `test/unit/src/membership/overlay.test.ts`.
 */
import type { MembershipOptions } from '../../../src/membership/index.ts'
import { assert, suite } from '../../support/harness.ts'
import { tamperServices } from '../planted.ts'
import { Stage } from './stage.ts'

const test = suite('holes of the overlay')
const deadline = { deadlineMs: 60_000 }

const brisk: Partial<MembershipOptions> = {
  activeSize: 3,
  shufflePeriodMs: 2_000,
  auditPeriodMs: 1_000,
  rotatePeriodMs: 10_000,
  lostRetryMs: 3_000,
  baseBackoffMs: 500,
  maxFailCount: 3,
  passiveMaxAgeMs: 20_000,
  passiveCleanupPeriodMs: 5_000,
}

/** Halves cut for longer than every timeout. The contact is in one of them. */
async function cutInHalves(remedy: Partial<MembershipOptions>): Promise<Stage> {
  const stage = new Stage({ honest: 8, cluster: { membership: { ...brisk, ...remedy } } })
  await stage.start()
  await stage.sim.run(15_000)
  assert.is(await stage.pieces(), 1)
  stage.sim.partition(stage.honest.slice(0, 4), stage.honest.slice(4))
  await stage.sim.run(90_000)
  assert.is(await stage.pieces(), 2)
  await stage.say('a1@a1', 'during the cut')
  stage.sim.heal()
  await stage.sim.run(60_000)
  await stage.say('a1@a1', 'after the cut')
  await stage.sim.run(5_000)
  return stage
}

test(
  'halves stay apart for ever when nobody remembers whom it has lost',
  async () => {
    const stage = await cutInHalves({ lostMax: 0 })
    assert.is(await stage.pieces(), 2)
    assert.is(stage.whoHeard('after the cut').nodes.length, 4)
  },
  deadline,
)

test(
  'halves find each other by the names they have lost, and learn what they missed',
  async () => {
    const stage = await cutInHalves({})
    assert.is(await stage.pieces(), 1)
    for (const payload of ['during the cut', 'after the cut']) {
      const { nodes, times } = stage.whoHeard(payload)
      assert.is(nodes.length, 8, payload)
      assert.is(times, 8, payload)
    }
  },
  deadline,
)

/** A third of what ends or answers an edge is lost on the way, for half a minute. */
async function loseAnswers(remedy: Partial<MembershipOptions>): Promise<readonly string[]> {
  const membership = { ...brisk, rotatePeriodMs: 0, ...remedy }
  const stage = new Stage({ honest: 10, cluster: { membership } })
  let count = 0
  const restore = tamperServices((_service, tag) => {
    if (tag !== 'disconnect' && tag !== 'neighborReply') return 'pass'
    count += 1
    return count % 3 === 0 ? 'drop' : 'pass'
  })
  try {
    await stage.start()
    await stage.sim.run(30_000)
  } finally {
    restore()
  }
  assert.ok(count > 10, `${count} answers`)
  await stage.sim.run(15_000)
  let lasting = await stage.oneSided()
  for (let i = 0; i < 3; i++) {
    await stage.sim.run(1_000)
    const still = await stage.oneSided()
    lasting = lasting.filter((edge) => still.includes(edge))
  }
  return lasting
}

test(
  'an edge of which one end never heard the end lasts, unless edges are checked',
  async () => {
    const open = await loseAnswers({ auditPeriodMs: 0, roomCheckMs: 0 })
    assert.ok(open.length > 0, 'without the check')
    assert.equal(await loseAnswers({}), [])
  },
  deadline,
)

test.run()
