/** The virtual platform: one seed, one sequence; time that moves by timers only. */
import fc from 'fast-check'
import { process, spawn, startRuntime } from '../../../../runtime/index.ts'
import { seededRandom, simPlatform, World } from '../../../../runtime/platform/sim.ts'
import type { SimDisk } from '../../../../runtime/platform/sim-storage.ts'
import { assert, suite } from '../../../support/harness.ts'
import { turn } from '../../../support/until.ts'

const test = suite('sim platform')

test('the same seed gives the same numbers and bytes, neighbours other ones', () => {
  const draw = (seed: number) => {
    const random = seededRandom(seed)
    return JSON.stringify([
      Array.from({ length: 20 }, () => random.unit()),
      [...random.bytes(20)],
      random.unit(),
    ])
  }
  for (const seed of [0, 1, 2, -1, 2 ** 31, 2 ** 32 - 1]) assert.is(draw(seed), draw(seed))
  assert.is(new Set(Array.from({ length: 1_000 }, (_, seed) => draw(seed))).size, 1_000)
})

test('numbers are uniform, one by one and in pairs', () => {
  for (const seed of [0, 1, 12_345]) {
    const random = seededRandom(seed)
    const draws = 64_000
    const cells = new Array<number>(64).fill(0)
    const bits = new Array<number>(8).fill(0)
    let last = random.unit()
    for (let i = 0; i < draws; i++) {
      const unit = random.unit()
      assert.ok(unit >= 0 && unit < 1)
      cells[Math.floor(last * 8) * 8 + Math.floor(unit * 8)]!++
      last = unit
    }
    // Chi-squared with 63 degrees of freedom; 120 is exceeded by chance once in 50,000.
    const expected = draws / 64
    const chi = cells.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0)
    assert.ok(chi < 120, `chi-squared ${chi} of seed ${seed}`)
    for (const byte of random.bytes(8_000)) {
      for (let bit = 0; bit < 8; bit++) bits[bit]! += (byte >> bit) & 1
    }
    for (const ones of bits) assert.ok(Math.abs(ones - 4_000) < 250, `${ones} ones of 8,000`)
  }
})

test('timers fire by deadline, equal ones in the order of setting, cancelled ones never', () => {
  const timer = fc.record({ ms: fc.nat(20), cancel: fc.boolean() })
  fc.assert(
    fc.property(fc.array(timer, { maxLength: 60 }), (timers) => {
      const world = new World(1)
      const fired: number[] = []
      const expected: { ms: number; id: number }[] = []
      timers.forEach(({ ms, cancel }, id) => {
        const handle = world.after(ms, () => {
          assert.is(world.nowMs, ms)
          fired.push(id)
        })
        if (cancel) world.cancel(handle)
        else expected.push({ ms, id })
      })
      while (world.advance());
      expected.sort((a, b) => a.ms - b.ms || a.id - b.id)
      assert.equal(
        fired,
        expected.map(({ id }) => id),
      )
      assert.is(world.pendingTimers, 0)
    }),
  )
})

test('advance fires one timer at a time and stops at its limit', () => {
  const world = new World(1)
  const fired: string[] = []
  world.after(10, () => fired.push('a'))
  world.after(10, () => fired.push('b'))
  world.after(30, () => fired.push('c'))
  assert.ok(world.advance())
  assert.equal(fired, ['a'])
  assert.ok(world.advance(20))
  assert.not(world.advance(20))
  assert.is(world.nowMs, 20)
  assert.equal(fired, ['a', 'b'])
  assert.not(world.advance(10), 'time does not go back')
  assert.is(world.nowMs, 20)
  assert.ok(world.advance())
  assert.not(world.advance())
  assert.is(world.nowMs, 30)
  world.after(-5, () => fired.push('now'))
  assert.ok(world.advance(30))
  assert.is(world.nowMs, 30)
})

test('the wall clock runs with the world, off by its skew', () => {
  const world = new World(1)
  const exact = simPlatform(world).clock
  const skewed = simPlatform(world, { wallSkewMs: -1_500 }).clock
  const startMs = exact.wallMs()
  world.advance(250)
  assert.is(exact.wallMs(), startMs + 250)
  assert.is(skewed.wallMs(), startMs + 250 - 1_500)
  assert.is(skewed.now(), exact.now())
})

test('slices end by count', () => {
  const { turn: slices } = simPlatform(new World(1), { sliceChecks: 2 })
  for (let i = 0; i < 3; i++) {
    slices.sliceStart()
    assert.equal([slices.sliceOver(), slices.sliceOver(), slices.sliceOver()], [false, false, true])
  }
  const drawn = simPlatform(new World(1)).turn
  const lengths = new Set<number>()
  for (let i = 0; i < 500; i++) {
    drawn.sliceStart()
    let checks = 0
    while (!drawn.sliceOver()) checks++
    assert.ok(checks >= 1 && checks <= 64)
    lengths.add(checks)
  }
  assert.ok(lengths.size > 50)
})

test('the disk outlives its node; each node has its own', async () => {
  const disk: SimDisk = new Map()
  const first = simPlatform(new World(1), { disk }).storage
  const bytes = Uint8Array.of(1, 2, 3)
  assert.equal(await first.write('/d/file', bytes, 0o600), { tag: 'ok' })
  bytes[0] = 9
  const next = simPlatform(new World(2), { disk }).storage
  const read = { tag: 'ok', bytes: Uint8Array.of(1, 2, 3), mode: 0o600 }
  assert.equal(await next.read('/d/file', 3), read)
  assert.equal(await next.list('/d'), { tag: 'ok', names: ['file'] })
  const tooLarge = await next.read('/d/file', 2)
  assert.is(tooLarge.tag === 'error' && tooLarge.reason, 'tooLarge')
  const other = await simPlatform(new World(1)).storage.read('/d/file', 3)
  assert.is(other.tag === 'error' && other.reason, 'notFound')
  assert.equal(await next.remove('/d/file'), { tag: 'ok' })
  const gone = await next.remove('/d/file')
  assert.is(gone.tag === 'error' && gone.reason, 'notFound')
})

test('an absent directory is notFound in the simulation as on a real disk', async () => {
  const { storage } = simPlatform(new World(1))
  const result = await storage.list('/absent')
  assert.is(result.tag === 'error' && result.reason, 'notFound')
  await storage.makeDirectory('/made', 0o700)
  assert.equal(await storage.list('/made'), { tag: 'ok', names: [] })
  await storage.write('/made/file', new Uint8Array(1), 0o600)
  await storage.makeDirectory('/made', 0o700)
  assert.equal(await storage.list('/made'), { tag: 'ok', names: ['file'] })
})

/** A few processes whose order of running is drawn; what they did, in order. */
async function story(seed: number): Promise<string> {
  const world = new World(seed)
  const node = startRuntime({ name: 'a@host', platform: simPlatform(world) })
  const log: string[] = []
  const chatty = process('chatty', async (self, me: number) => {
    for (let i = 0; i < 20; i++) {
      log.push(`${me} ${i} ${world.nowMs}`)
      self.send(self.pid, i)
      await self.receive()
      if (world.random.unit() < 0.3) {
        await self.receive(null, {
          timeoutMs: 1 + Math.floor(world.random.unit() * 5),
          otherwise: 0,
        })
      } else await self.yield()
    }
  })
  for (let i = 0; i < 10; i++) log.push(String(spawn(node, chatty, i)))
  await turn()
  while (world.advance()) await turn()
  return log.join('\n')
}

test('a whole node repeats itself exactly by its seed', async () => {
  for (const seed of [1, 2, 3]) assert.is(await story(seed), await story(seed))
  assert.is.not(await story(1), await story(2))
})

test.run()
