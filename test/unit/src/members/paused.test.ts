/**
 * Nodes that stand still or are slow: what they missed counts against nobody (VER-5), and their own
 * silence is a verdict only when it lasts.
 */
import { process, type Self, spawn } from '../../../../runtime/index.ts'
import { members, subscribeMembers } from '../../../../src/index.ts'
import { Simulation } from '../../../../src/testing/index.ts'
import { assert, cleanup, suite } from '../../../support/harness.ts'

const test = suite('members that stand still')

const slow = { deadlineMs: 30_000 }
const names = ['a', 'b', 'c', 'd', 'e'].map((host) => `n@${host}`)
const [first = '', second = ''] = names

type News = { readonly tag: string; readonly node: string }

async function cluster(seed: number): Promise<Simulation> {
  const simulation = new Simulation({ seed, nodes: names, tickMs: 1_000 })
  cleanup(() => simulation.close())
  for (const name of names) {
    await simulation.start(name, { quiet: true, join: name === first ? [] : [first] })
  }
  await agreed(simulation)
  return simulation
}

/** Everybody lists everybody as up. */
async function agreed(simulation: Simulation): Promise<void> {
  for (let look = 0; look < 600; look++) {
    const asked = Promise.all(names.map((name) => listOf(simulation, name)))
    const all = (await simulation.settle('all lists', asked)).map(up)
    if (all.every((count) => count === names.length)) return
    await simulation.run(1_000)
  }
  throw new Error('they never agree')
}

function listOf(simulation: Simulation, name: string) {
  const node = simulation.node(name)
  if (node === undefined) throw new Error(`${name} does not run`)
  return members(node)
}

function up(list: readonly { readonly state: string }[]): number {
  return list.filter(({ state }) => state === 'up').length
}

/** What `name` is told of members from now on. */
async function told(simulation: Simulation, name: string): Promise<News[]> {
  const node = simulation.node(name)
  const heard: News[] = []
  let listens = false
  const isNews = (message: unknown): message is News =>
    typeof message === 'object' && message !== null && 'tag' in message && 'node' in message
  const module = process('fixture.ear', async (self: Self) => {
    subscribeMembers(self)
    listens = true
    for (;;) heard.push(await self.receive(isNews))
  })
  if (node !== undefined) spawn(node, module)
  await simulation.until('it listens', () => listens)
  return heard
}

for (const pausedMs of [3_000, 20_000, 120_000]) {
  test(
    `one stands still for ${pausedMs} ms and holds nobody for lost by it`,
    async () => {
      const simulation = await cluster(pausedMs)
      const own = await told(simulation, second)
      const others = await told(simulation, first)
      simulation.pause(second, pausedMs)
      await simulation.run(pausedMs + 60_000)
      await agreed(simulation)
      const lost = own.filter(({ tag }) => tag === 'memberDown')
      assert.equal(lost, [], 'its own absence counts against nobody')
      const down = others.filter(({ tag, node }) => tag === 'memberDown' && node === second)
      // Four silent ticks and the time of a verdict among five.
      if (pausedMs < 4_000) assert.equal(down, [])
      if (pausedMs >= 120_000) assert.is(down.length, 1)
      assert.not(others.some(({ tag, node }) => tag === 'memberDown' && node !== second))
    },
    slow,
  )
}

test(
  'one whose every step is slow loses nobody and is not lost',
  async () => {
    const simulation = await cluster(7)
    const heard = [await told(simulation, first), await told(simulation, second)]
    simulation.slow(second, 40)
    await simulation.run(120_000)
    simulation.slow(second, 0)
    await agreed(simulation)
    const down = heard.flat().filter(({ tag }) => tag === 'memberDown')
    assert.equal(down, [])
  },
  slow,
)

test.run()
