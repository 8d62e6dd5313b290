/** The simulated disk: what a loss of power leaves, and that nothing confirmed is ever lost. */
import fc from 'fast-check'
import { seededRandom, World } from '../../../../runtime/platform/sim.ts'
import type { SimDisk } from '../../../../runtime/platform/sim-storage.ts'
import { Disk } from '../../../../src/testing/disk.ts'
import { assert, suite } from '../../../support/harness.ts'
import { turn } from '../../../support/until.ts'

const test = suite('simulated disk')

type Bench = { readonly files: SimDisk; readonly disk: Disk; readonly world: World }

function bench(seed: number, latencyMs: number): Bench {
  const files: SimDisk = new Map()
  const world = new World(seed)
  const disk = new Disk(files, {
    random: seededRandom(seed),
    after: (ms, step) => void world.after(ms, step),
    latencyMs: () => latencyMs,
  })
  return { files, disk, world }
}

async function pass(world: World, ms: number): Promise<void> {
  const endMs = world.nowMs + ms
  do await turn()
  while (world.advance(endMs))
}

function textOf(files: SimDisk, path: string): string | undefined {
  const file = files.get(path)
  return file && new TextDecoder().decode(file.bytes)
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

test('operations take their time, and then are done', async () => {
  const { disk, files, world } = bench(1, 10)
  let written = false
  void disk.write('d/a', bytes('one'), 0o600).then(() => {
    written = true
  })
  await pass(world, 9)
  assert.is(textOf(files, 'd/a'), undefined)
  await pass(world, 2)
  assert.is(textOf(files, 'd/a'), 'one', 'renamed, and not synced yet')
  assert.not(written)
  assert.ok(disk.busy)
  await pass(world, 20)
  assert.ok(written)
  assert.not(disk.busy)
  assert.equal(disk.losePower(), { undone: 0, torn: 0 })
  assert.is(textOf(files, 'd/a'), 'one')
})

test('without latency an operation is done at once', async () => {
  const { disk } = bench(1, 0)
  assert.equal(await disk.write('d/a', bytes('one'), 0o644), { tag: 'ok' })
  const read = await disk.read('d/a', 10)
  assert.equal(read, { tag: 'ok', bytes: bytes('one'), mode: 0o644 })
  assert.equal(await disk.list('d'), { tag: 'ok', names: ['a'] })
})

test('a file being written is torn, its target is not', async () => {
  const lengths = new Set<number>()
  for (let seed = 0; seed < 50; seed++) {
    const { disk, files, world } = bench(seed, 0)
    await disk.write('d/a', bytes('old'), 0o600)
    const slow = new Disk(files, {
      random: seededRandom(seed),
      after: (ms, step) => void world.after(ms, step),
      latencyMs: () => 10,
    })
    void slow.write('d/a', bytes('new'), 0o600)
    await pass(world, 5)
    assert.equal(slow.losePower(), { undone: 0, torn: 1 })
    assert.is(textOf(files, 'd/a'), 'old')
    const [, torn = ''] = [...files.keys()].filter((path) => path.startsWith('d/a')).sort()
    const left = textOf(files, torn) ?? ''
    assert.ok('new'.startsWith(left), left)
    lengths.add(left.length)
  }
  assert.equal([...lengths].sort(), [0, 1, 2, 3])
})

test('a removal may come undone, until a later write has succeeded', async () => {
  const fates = new Set<string>()
  for (let seed = 0; seed < 30; seed++) {
    const { disk, files } = bench(seed, 0)
    await disk.write('d/a', bytes('a'), 0o600)
    await disk.remove('d/a')
    assert.is(textOf(files, 'd/a'), undefined)
    const { undone } = disk.losePower()
    assert.is(textOf(files, 'd/a'), undone === 1 ? 'a' : undefined)
    fates.add(String(undone))
    const again = bench(seed, 0)
    await again.disk.write('d/a', bytes('a'), 0o600)
    await again.disk.remove('d/a')
    await again.disk.write('d/b', bytes('b'), 0o600)
    assert.equal(again.disk.losePower(), { undone: 0, torn: 0 })
    assert.is(textOf(again.files, 'd/a'), undefined)
  }
  assert.equal([...fates].sort(), ['0', '1'])
})

test('whatever is done, what was confirmed is there after a loss of power', async () => {
  const step = fc.record({ file: fc.nat(2), remove: fc.boolean(), wait: fc.nat(25) })
  await fc.assert(
    fc.asyncProperty(fc.nat(), fc.array(step, { maxLength: 12 }), async (seed, steps) => {
      const { disk, files, world } = bench(seed, 10)
      /** What each file may hold, the confirmed content first. */
      const possible = new Map<string, (string | undefined)[]>()
      const of = (path: string): (string | undefined)[] => {
        const known = possible.get(path) ?? [undefined]
        possible.set(path, known)
        return known
      }
      let count = 0
      for (const { file, remove, wait } of steps) {
        const path = `d/${file}`
        const text = remove ? undefined : `content ${++count}`
        of(path).push(text)
        const done = text === undefined ? disk.remove(path) : disk.write(path, bytes(text), 0o600)
        if (text !== undefined) {
          void done.then(() => {
            possible.set(path, of(path).slice(of(path).indexOf(text)))
          })
        }
        await pass(world, wait)
      }
      disk.losePower()
      for (const [path, texts] of possible) {
        assert.ok(texts.includes(textOf(files, path)), `${path}: ${textOf(files, path)}`)
      }
    }),
    { numRuns: 200 },
  )
})

test.run()
