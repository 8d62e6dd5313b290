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

test('a removal may come undone until it was answered', async () => {
  const fates = new Set<string>()
  for (let seed = 0; seed < 30; seed++) {
    const { disk, files } = bench(seed, 0)
    await disk.write('d/a', bytes('a'), 0o600)
    const slow = bench(seed, 10)
    for (const [path, file] of files) slow.files.set(path, file)
    void slow.disk.remove('d/a')
    await pass(slow.world, 15)
    assert.is(textOf(slow.files, 'd/a'), undefined, 'gone, and not synced yet')
    assert.is(slow.disk.unsynced, 1)
    const { undone } = slow.disk.losePower()
    assert.is(textOf(slow.files, 'd/a'), undone === 1 ? 'a' : undefined)
    fates.add(String(undone))
    assert.equal(await disk.remove('d/a'), { tag: 'ok' })
    assert.equal(disk.losePower(), { undone: 0, torn: 0 })
    assert.is(textOf(files, 'd/a'), undefined)
  }
  assert.equal([...fates].sort(), ['0', '1'])
})

test('what was appended and not synced is torn, zeros behind it at times', async () => {
  const left = new Set<string>()
  for (let seed = 0; seed < 200; seed++) {
    const { disk, files } = bench(seed, 0)
    const opened = await disk.openAppend('d/log', 0o600)
    if (opened.tag === 'error') throw new Error(opened.message)
    const { file } = opened
    await file.append(bytes('kept'))
    await file.sync()
    await file.append(bytes('xy'))
    assert.is(textOf(files, 'd/log'), 'keptxy')
    assert.is(disk.unsynced, 1)
    assert.equal(disk.losePower(), { undone: 0, torn: 1 })
    left.add(textOf(files, 'd/log') ?? '')
  }
  assert.equal([...left].sort(), ['kept', 'kept\0', 'kept\0\0', 'keptx', 'keptx\0', 'keptxy'])
})

test('a file to append to is there once it is open, and cut when that was answered', async () => {
  const { disk, files } = bench(1, 0)
  const opened = await disk.openAppend('d/log', 0o600)
  if (opened.tag === 'error') throw new Error(opened.message)
  const { file } = opened
  assert.equal(disk.losePower(), { undone: 0, torn: 0 })
  assert.is(textOf(files, 'd/log'), '')
  await file.append(bytes('one two'))
  assert.equal(await file.truncate(3), { tag: 'ok' })
  assert.equal(disk.losePower(), { undone: 0, torn: 0 })
  assert.is(textOf(files, 'd/log'), 'one')
  await file.append(bytes('!'))
  await file.close()
  const again = await disk.openAppend('d/log', 0o600)
  assert.is(again.tag, 'ok')
  assert.equal(disk.losePower(), { undone: 0, torn: 0 }, 'opening synced what was there')
})

test('a lock is one holder’s, and goes with the machine', async () => {
  const { disk, files } = bench(1, 0)
  const held = await disk.lock('d/lock')
  if (held.tag === 'error') throw new Error(held.message)
  const second = await disk.lock('d/lock')
  assert.is(second.tag === 'error' && second.reason, 'taken')
  await held.release()
  assert.is((await disk.lock('d/lock')).tag, 'ok')
  disk.losePower()
  const next = bench(2, 0)
  for (const [path, file] of files) next.files.set(path, file)
  assert.is((await next.disk.lock('d/lock')).tag, 'ok')
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
