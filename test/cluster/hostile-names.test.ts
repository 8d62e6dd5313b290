/** A million tiny names of one hostile member. Too slow for every run. */
import { limits } from '../../src/limits.ts'
import {
  evil,
  HostileScene,
  heapBytes,
  seed,
  services,
  tinyEntries,
} from '../conformance/services/hostile-scene.ts'
import { assert, suite } from '../support/harness.ts'

const test = suite('a million tiny names of a member')

/** What a tiny name may take: its places in the copy and the registry, its instance, its pid. */
const nameMaxBytes = 2_000

test(
  'what it may have is taken, the rest refused, and all goes with it',
  async () => {
    const hostile = await HostileScene.attack()
    const { scene } = hostile
    const count = 1_000_000
    const before = await heapBytes()
    await hostile.answer(services, tinyEntries(hostile, count))
    const grown = (await heapBytes()) - before
    assert.is(hostile.names(), limits.tableEntriesMax)
    const refused = scene.counted(seed, 'skein.replica.full', { peer: evil })
    assert.is(refused, count - limits.tableEntriesMax)
    const most = limits.tableEntriesMax * nameMaxBytes
    assert.ok(grown <= most, `${grown} bytes of the heap, at most ${most}`)
    await hostile.unharmed()
    await hostile.gone()
    await hostile.unharmed()
  },
  { deadlineMs: 240_000 },
)

test.run()
