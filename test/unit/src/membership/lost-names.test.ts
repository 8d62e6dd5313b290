/** The names of lost nodes on disk: whole, the last ones, and never in the way. */
import { createSystem, LocalNode } from '../../../../runtime/kernel.ts'
import type { Platform } from '../../../../runtime/platform/platform.ts'
import { simPlatform, World } from '../../../../runtime/platform/sim.ts'
import type { SimDisk } from '../../../../runtime/platform/sim-storage.ts'
import { limits } from '../../../../src/limits.ts'
import { LostNames } from '../../../../src/membership/lost-names.ts'
import { assert, cleanup, suite } from '../../../support/harness.ts'
import { turn } from '../../../support/until.ts'

const test = suite('names of lost nodes')

const path = 'd/lost-nodes'

function scene(change: (platform: Platform) => Platform = (platform) => platform) {
  const disk: SimDisk = new Map()
  const platform = change(simPlatform(new World(5), { disk }))
  const system = createSystem({ name: 'me@here', platform })
  const warnings: string[] = []
  system.trace.subscribe((event) => {
    if (event.tag === 'log') warnings.push(event.message)
  })
  cleanup(() => new LocalNode(system).stop())
  const put = (bytes: Uint8Array) => disk.set(path, { bytes, mode: 0o600 })
  const held = () => new TextDecoder().decode(disk.get(path)?.bytes)
  return { names: new LostNames(system, 'd'), put, held, warnings }
}

test('what is kept is read in the next life', async () => {
  const { names, held } = scene()
  assert.equal(await names.read(), [])
  names.keep(['a@x', 'b@y'])
  for (let turns = 0; turns < 20; turns++) await turn()
  assert.is(held(), 'a@x\nb@y\n')
  assert.equal(await names.read(), ['a@x', 'b@y'])
  names.keep([])
  for (let turns = 0; turns < 20; turns++) await turn()
  assert.equal(await names.read(), [])
})

test('of many lists in a row the last one is kept', async () => {
  let writes = 0
  const { names, held } = scene((platform) => ({
    ...platform,
    storage: {
      ...platform.storage,
      write: async (...args) => {
        writes++
        await turn()
        return platform.storage.write(...args)
      },
    },
  }))
  for (let n = 0; n < 1_000; n++) names.keep([`n${n}@x`])
  for (let turns = 0; turns < 50; turns++) await turn()
  assert.is(held(), 'n999@x\n')
  assert.ok(writes <= 2, `${writes} writes`)
})

test('what is no name in it is left out', async () => {
  const { names, put } = scene()
  put(new TextEncoder().encode('a@x\n\nrubbish\n../../a@x/..\n-@-\n\0@\0\nb@y'))
  assert.equal(await names.read(), ['a@x', 'b@y'])
  put(Uint8Array.from({ length: 1_000 }, (_, n) => n % 256))
  assert.equal(await names.read(), [])
})

test('a file that is too large, or a disk that fails, is a warning', async () => {
  const { names, put, warnings } = scene((platform) => ({
    ...platform,
    storage: {
      ...platform.storage,
      write: async () => ({ tag: 'error', reason: 'failed', message: 'full' }),
    },
  }))
  put(new Uint8Array(limits.membershipLostMax * (limits.nodeNameMaxBytes + 1) + 1))
  assert.equal(await names.read(), [])
  names.keep(['a@x'])
  for (let turns = 0; turns < 20; turns++) await turn()
  assert.equal(warnings, [
    'the list of lost nodes cannot be read',
    'the list of lost nodes cannot be kept',
  ])
})

test('a disk that throws is a warning too, and the next list is kept', async () => {
  let broken = true
  const { names, held, warnings } = scene((platform) => ({
    ...platform,
    storage: {
      ...platform.storage,
      write: async (...args) => {
        if (broken) throw new Error('gone')
        return await platform.storage.write(...args)
      },
    },
  }))
  names.keep(['a@x'])
  for (let turns = 0; turns < 20; turns++) await turn()
  assert.equal(warnings, ['the list of lost nodes cannot be kept'])
  broken = false
  names.keep(['b@x'])
  for (let turns = 0; turns < 20; turns++) await turn()
  assert.is(held(), 'b@x\n')
})

test.run()
