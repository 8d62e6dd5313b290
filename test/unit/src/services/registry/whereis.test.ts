/** Choosing one of several, and waiting for one to come (REG-07, REG-08, REG-13). */
import { Exit } from '../../../../../runtime/index.ts'
import { simPlatform, World } from '../../../../../runtime/platform/sim.ts'
import { registerService, unregisterService, whereisService } from '../../../../../src/index.ts'
import { limits } from '../../../../../src/limits.ts'
import type { Instance } from '../../../../../src/services/registry/index.ts'
import { select } from '../../../../../src/services/registry/select.ts'
import { assert, suite } from '../../../../support/harness.ts'
import { turn } from '../../../../support/until.ts'
import { OneRegistry } from './one-registry.ts'

const test = suite('whereisService')

const notFound = { tag: 'error', reason: 'notFound' }

class Timed extends OneRegistry {
  readonly world: World

  constructor() {
    const world = new World(1)
    super({ platform: simPlatform(world) })
    this.world = world
  }

  /** Moves time on until `work` is done; how long it took. */
  async take<T>(work: Promise<T>): Promise<readonly [T, number]> {
    const startMs = this.world.nowMs
    let over = false
    const done = work.finally(() => {
      over = true
    })
    for (await turn(); !over; await turn()) {
      if (!this.world.advance()) throw new Error('it waits for nothing')
    }
    return [await done, this.world.nowMs - startMs]
  }
}

async function fails(failing: Promise<unknown>, message: RegExp): Promise<void> {
  const error = await failing.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  assert.ok(error instanceof Error)
  assert.match(error.message, message)
}

function instancesOn(one: OneRegistry, ...nodes: string[]): Instance[] {
  return nodes.map((node) => ({ name: 'x', pid: one.far(node), node, metadata: {} }))
}

test('local: the own one, else the first in order', async () => {
  const one = new OneRegistry()
  const b = one.cameFrom('b@host', 'x')
  one.cameFrom('c@host', 'x')
  const found = { tag: 'ok', name: 'x', pid: b, node: 'b@host', metadata: {} }
  assert.equal(await whereisService(one.node, 'x'), found)
  const own = one.idle()
  registerService(one.node, 'x', { pid: own, metadata: { a: 1 } })
  const here = { tag: 'ok', name: 'x', pid: own, node: 'a@host', metadata: { a: 1 } }
  assert.equal(await whereisService(one.node, 'x', { prefer: 'local', timeoutMs: 0 }), here)
})

test('random: all of them, in equal parts', () => {
  const one = new OneRegistry()
  const instances = instancesOn(one, 'b@host', 'c@host', 'd@host')
  const chosen = [0, 0.33, 0.34, 0.66, 0.67, 0.999].map(
    (unit) =>
      select('random', instances, { node: 'a@host', unit: () => unit, roundTripMs: () => 1 })?.node,
  )
  const [b, c, d] = ['b@host', 'c@host', 'd@host']
  assert.equal(chosen, [b, b, c, c, d, d])
})

test('nearest: by round trip, this node first, those without a path last', () => {
  const one = new OneRegistry()
  const ms = new Map([
    ['b@host', 20],
    ['c@host', 5],
    ['d@host', Number.NaN],
  ])
  const env = { node: 'a@host', unit: () => 0, roundTripMs: (node: string) => ms.get(node) }
  const nearest = (...nodes: string[]): string | undefined =>
    select('nearest', instancesOn(one, ...nodes), env)?.node
  assert.is(nearest('b@host', 'c@host', 'e@host'), 'c@host')
  assert.is(nearest('b@host', 'd@host'), 'b@host')
  assert.is(nearest('e@host', 'b@host'), 'b@host')
  assert.is(nearest('e@host', 'f@host'), 'e@host')
  assert.is(nearest('b@host', 'a@host'), 'a@host')
  assert.is(nearest(), undefined)
})

test('a function: the least loaded (REG-13); none of those it was given is refused', async () => {
  const one = new OneRegistry()
  one.cameFrom('b@host', 'x', { load: 5 })
  const idle = one.cameFrom('c@host', 'x', { load: 1 })
  const load = ({ metadata }: Instance): number => Number(metadata.load)
  const found = await whereisService(one.node, 'x', {
    prefer: (all) => all.toSorted((a, b) => load(a) - load(b))[0],
  })
  assert.is(found.tag === 'ok' && found.pid, idle)
  const [stranger] = instancesOn(one, 'z@host')
  const refused = whereisService(one.node, 'x', { prefer: () => stranger })
  await fails(refused, /prefer: expected/)
  const failed = whereisService(one.node, 'x', {
    prefer: () => {
      throw new Exit('nope')
    },
  })
  await fails(failed, /nope/)
  assert.is(one.registry.statistics().waiters, 0)
})

test('a name that comes in time is found; what is known is not waited for (REG-08)', async () => {
  const one = new Timed()
  one.world.after(400, () => one.cameFrom('b@host', 'x'))
  assert.equal(await one.take(whereisService(one.node, 'x', { timeoutMs: 0 })), [notFound, 0])
  const [found, tookMs] = await one.take(whereisService(one.node, 'x'))
  assert.is(found.tag, 'ok')
  assert.is(tookMs, 400)
  assert.is((await one.take(whereisService(one.node, 'x')))[1], 0)
  assert.is(one.registry.statistics().waiters, 0)
})

test('a name that does not come is waited for no longer than told', async () => {
  const one = new Timed()
  const [byDefault, tookMs] = await one.take(whereisService(one.node, 'x'))
  assert.equal(byDefault, notFound)
  assert.ok(tookMs >= limits.serviceLookupMs && tookMs < limits.serviceLookupMs * 1.1)
  one.world.after(50, () => one.cameFrom('b@host', 'y'))
  const [other, otherMs] = await one.take(whereisService(one.node, 'x', { timeoutMs: 100 }))
  assert.equal(other, notFound)
  assert.ok(otherMs >= 100 && otherMs < 110)
  assert.is(one.registry.statistics().waiters, 0)
})

test('a function that takes none waits for one that it takes', async () => {
  const one = new Timed()
  one.cameFrom('b@host', 'x', { ready: false })
  one.world.after(100, () => one.cameFrom('c@host', 'x', { ready: false }))
  one.world.after(200, () => one.cameFrom('b@host', 'x', { ready: true }))
  const prefer = (all: readonly Instance[]): Instance | undefined =>
    all.find(({ metadata }) => metadata.ready === true)
  const [found, tookMs] = await one.take(whereisService(one.node, 'x', { prefer }))
  assert.is(found.tag === 'ok' && found.node, 'b@host')
  assert.is(tookMs, 200)
})

test('what nobody has told of is looked for further away (REG-07)', async () => {
  const one = new Timed()
  const [far] = instancesOn(one, 'z@host')
  const asked: unknown[] = []
  one.registry.finder = (name, timeoutMs) => {
    asked.push([name, timeoutMs])
    return new Promise((resolve) => one.world.after(30, () => resolve(far)))
  }
  const [found, tookMs] = await one.take(whereisService(one.node, 'x', { timeoutMs: 500 }))
  assert.is(found.tag === 'ok' && found.node, 'z@host')
  assert.is(tookMs, 30)
  assert.equal(asked, [['x', 500]])
  const prefer = (): undefined => undefined
  const none = await one.take(whereisService(one.node, 'x', { prefer, timeoutMs: 100 }))
  assert.equal(none[0], notFound, 'what is found is chosen from')
  one.registry.finder = () => Promise.reject(new Error('the way is lost'))
  one.world.after(40, () => one.cameFrom('b@host', 'x'))
  assert.is((await one.take(whereisService(one.node, 'x')))[0].tag, 'ok')
  one.registry.finder = () => {
    throw new Error('nobody asks for what is known')
  }
  const refused = await one.take(whereisService(one.node, 'x', { prefer, timeoutMs: 10 }))
  assert.equal(refused[0], notFound)
})

test('many wait for one name, and all are told', async () => {
  const one = new Timed()
  const waiting = Array.from({ length: 100 }, () => whereisService(one.node, 'x'))
  one.world.after(10, () => one.cameFrom('b@host', 'x'))
  const [all] = await one.take(Promise.all(waiting))
  assert.ok(all.every(({ tag }) => tag === 'ok'))
  assert.is(one.registry.statistics().waiters, 0)
  unregisterService(one.node, 'x')
})

test('more than may wait are answered at once', async () => {
  const one = new Timed()
  const most = limits.serviceWaitersMax
  for (let n = 0; n < most; n++) one.registry.waitFor('x', 1_000, null)
  assert.equal(await one.take(whereisService(one.node, 'x')), [notFound, 0])
})

test('who ends waits no more, and chooses nothing', async () => {
  const one = new OneRegistry()
  let chosen = 0
  const { pid } = await one.hear((self) => {
    const prefer = () => {
      chosen += 1
      return undefined
    }
    for (const name of ['x', 'x', 'y']) {
      void whereisService(self, name, { prefer, timeoutMs: Number.POSITIVE_INFINITY })
    }
  })
  assert.is(one.registry.statistics().waiters, 3)
  await one.end(pid)
  assert.is(one.registry.statistics().waiters, 0)
  one.cameFrom('b@host', 'x')
  await turn()
  assert.is(chosen, 0)
})

test('what is no option is refused', async () => {
  const one = new OneRegistry()
  const bad: readonly (readonly [unknown, RegExp])[] = [
    [{ prefer: 'best' }, /prefer: expected 'local', 'random', 'nearest' or a function, got "best"/],
    [{ prefer: null }, /prefer: expected/],
    [{ timeoutMs: -1 }, /timeoutMs: expected/],
    [{ timeoutMs: Number.NaN }, /timeoutMs: expected/],
    [{ retries: 3 }, /unknown option 'retries'/],
    [null, /expected options, got null/],
  ]
  for (const [options, message] of bad) {
    // @ts-expect-error what callers without types may give
    const refused = whereisService(one.node, 'x', options)
    await fails(refused, message)
  }
})

test.run()
