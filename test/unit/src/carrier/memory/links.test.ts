/** Faults of single links and hosts: paths of their own, places, deaf, mute and frozen hosts. */
import { assert, suite } from '../../../../support/harness.ts'
import { scene } from './support.ts'

const test = suite('memory carrier links')
const idleTimeoutMs = 30_000

test('a link of its own delays one direction, until it is as all others', async () => {
  const { world, network, until, connect } = scene(1)
  const { near, far } = await connect()
  network.setDelay(1, 1)
  network.setLink('a', 'b', { loss: 0, delayMinMs: 500, delayMaxMs: 500 })
  const took = async (from: typeof near, to: typeof near): Promise<number> => {
    const atMs = world.nowMs
    const before = to.incoming.length
    from.open('uni').write(new Uint8Array(1))
    await until('it arrives', () => to.incoming.length > before)
    return Math.round(world.nowMs - atMs)
  }
  assert.equal([await took(near, far), await took(far, near)], [500, 1])
  network.setLink('a', 'b', undefined)
  assert.is(await took(near, far), 1)
  network.setLink('a', 'b', { loss: 0, delayMinMs: 500, delayMaxMs: 500 })
  network.heal()
  assert.is(await took(near, far), 1, 'healed')
})

test('a link that loses everything is a black hole in one direction', async () => {
  const { network, until, connect } = scene(1)
  const { near, far } = await connect()
  network.setLink('a', 'b', { loss: 1, delayMinMs: 0, delayMaxMs: 0 })
  far.open('uni').write(new Uint8Array(7))
  await until('the other direction works', () => near.incoming[0]?.received === 7)
  await until('the deaf side gives up', () => far.closes.length === 1)
  assert.is(near.closes.length, 0)
})

test('places are far from each other and near within', async () => {
  const { world, network, open, dial, until } = scene(1)
  network.setDelay(1, 1)
  network.setPlaces([['a', 'b'], ['c']], { loss: 0, delayMinMs: 100, delayMaxMs: 100 })
  const [a, b, c] = [await open('a'), await open('b'), await open('c')]
  const took = async (to: typeof b): Promise<number> => {
    const atMs = world.nowMs
    await dial(a, to.endpoint.address)
    await until('accepted', () => to.accepted.length > 0)
    return world.nowMs - atMs
  }
  assert.ok((await took(b)) <= 5)
  assert.ok((await took(c)) >= 200)
})

test('a mute host is heard by nobody, a deaf one hears nobody', async () => {
  for (const [cut, hears] of [
    ['mute', 'near'],
    ['deafen', 'far'],
  ] as const) {
    const { network, until, pass, connect } = scene(1)
    const { near, far } = await connect()
    network[cut]('a')
    near.open('uni').write(new Uint8Array(1))
    far.open('uni').write(new Uint8Array(1))
    await pass(5_000)
    assert.equal([near.incoming.length, far.incoming.length], hears === 'near' ? [1, 0] : [0, 1])
    network.heal()
    await until('both arrive', () => near.incoming.length + far.incoming.length === 2)
    network[cut]('a')
    await until('both give up in the end', () => near.closes.length + far.closes.length === 2)
  }
})

test('what comes to a frozen host waits for it; others give it up in time', async () => {
  const steps: (() => void)[] = []
  let frozen = false
  const { world, network, until, pass, dial, open } = scene(1)
  const b = await open('b')
  const a = await open('a', undefined, (step) => {
    if (frozen) steps.push(step)
    else step()
  })
  const near = await dial(a, b.endpoint.address)
  await until('accepted', () => b.accepted.length === 1)
  const far = b.accepted[0]
  const thaw = (): void => {
    frozen = false
    network.thaw('a')
    for (const step of steps.splice(0)) step()
  }
  frozen = true
  network.freeze('a')
  far?.open('uni').write(new Uint8Array(9))
  await pass(10_000)
  assert.is(near.incoming.length, 0)
  thaw()
  await until('it is there', () => near.incoming[0]?.received === 9)
  assert.is(far?.closes.length, 0)
  frozen = true
  network.freeze('a')
  await until('the other gives up', () => far?.closes[0]?.by === 'idle')
  assert.ok(world.nowMs < 10_000 + 2 * idleTimeoutMs)
  assert.is(near.closes.length, 0, 'nothing happens at a frozen host')
  thaw()
  await until('it learns it', () => near.closes.length === 1)
})

test('bad paths are refused by name', () => {
  const { network } = scene(1)
  const path = { loss: 0, delayMinMs: 0, delayMaxMs: 0 }
  assert.throws(() => network.setLink('a', 'b', { ...path, loss: 2 }), /loss .* got 2/)
  assert.throws(() => network.setLink('a', 'b', { ...path, delayMinMs: 3 }), /minMs .* got 3 and 0/)
  assert.throws(() => network.setPlaces([], { ...path, loss: -1 }), /loss .* got -1/)
})

test.run()
