/**
 * Nodes that start applications: the order of starts and stops, configuration, and what is left of
 * a node whose program does not start, which must be nothing.
 */
import { nodePlatform } from '../../../../runtime/platform/node.ts'
import {
  type Application,
  application,
  applicationOf,
  BadArgument,
  child,
  ensureAllStarted,
  genServer,
  getEnv,
  loadedApplications,
  type NodeOptions,
  next,
  processes,
  processInfo,
  process as program,
  runningApplications,
  StartError,
  startLink,
  startNode,
  stop,
  whereis,
} from '../../../../src/index.ts'
import { idle, namesOf, recorded } from '../../../conformance/otp/recorded.ts'
import { assert, suite } from '../../../support/harness.ts'
import { until } from '../../../support/until.ts'
import { a, addressOf, VirtualCluster } from '../dist/virtual-cluster.ts'

const test = suite('node applications')

const name = 'apps@localhost'

/** A root that tells of its start and its end. */
function recordedRoot(life: string[]) {
  return genServer('root')({
    init: (_: undefined, self) => {
      self.trapExit(true)
      life.push('start root')
      return next(null)
    },
    terminate: () => void life.push('stop root'),
  })
}

/** How a start fails that must. */
async function failureOf(starting: Promise<unknown>): Promise<unknown> {
  const outcome = await starting.then(
    () => 'it started',
    (error: unknown) => error,
  )
  if (outcome === 'it started') throw new Error(outcome)
  return outcome
}

test('they start with what they need, then the root; they stop the other way round', async () => {
  const life: string[] = []
  const db = recorded('db', life)
  const log = recorded('log', life)
  const shop = recorded('shop', life, [db])
  const later = recorded('later', life)
  const root = recordedRoot(life)
  const node = await startNode({
    name,
    quiet: true,
    modules: [root],
    applications: [shop, log],
    root: child(root, undefined),
  })
  await node.run(async (self) => {
    assert.equal(await namesOf(self), ['db', 'shop', 'log'])
    assert.ok((await runningApplications(self)).every(({ type }) => type === 'permanent'))
    await ensureAllStarted(self, later)
  })
  await node.stop()
  const started = ['start db', 'start shop', 'start log', 'start root', 'start later']
  const since = ['prepStop later', 'stop later']
  const apps = ['log', 'shop', 'db'].flatMap((app) => [`prepStop ${app}`, `stop ${app}`])
  assert.equal(life, [...started, ...since, 'stop root', ...apps])
})

test('the root finds what the applications have registered', async () => {
  const served = application('served', {
    start: (self) => startLink(self, idle, undefined, { name: 'served' }),
  })
  let found = false
  const root = program('root', async (self) => {
    const pid = whereis(self, 'served')
    found = pid !== undefined && applicationOf(self, pid) === 'served'
    await self.receive()
  })
  const node = await startNode({ name, modules: [root], applications: [served], root: child(root) })
  assert.is(found, true)
  await node.stop()
})

test('one can be named that is among the modules', async () => {
  const shop = recorded('shop', [])
  const node = await startNode({ name, modules: [shop], applications: ['shop'] })
  assert.equal(await node.run(namesOf), ['shop'])
  await node.stop()
})

test('config comes before defaults, for those started and those to be started later', async () => {
  const seen: unknown[] = []
  const db = application('db', { env: { url: 'local', pool: 5 } })
  const shop = application('shop', {
    dependsOn: [db],
    env: { port: 80, host: 'a' },
    start: (self, { env, type }) => {
      seen.push(env, type)
      return startLink(self, idle)
    },
  })
  const later = application('later', { env: { on: false } })
  const node = await startNode({
    name,
    modules: [later],
    applications: [shop],
    config: { shop: { port: 8080 }, db: { url: 'far' }, later: { on: true } },
  })
  assert.equal(seen, [{ port: 8080, host: 'a' }, 'permanent'])
  assert.equal([await getEnv(node, db, 'url'), await getEnv(node, db, 'pool')], ['far', 5])
  await ensureAllStarted(node, later)
  assert.is(await getEnv(node, later, 'on'), true)
  await node.stop()
})

test('config alone starts nothing', async () => {
  const shop = recorded('shop', [])
  const node = await startNode({ name, modules: [shop], config: { shop: { port: 1 } } })
  assert.equal(await loadedApplications(node), [])
  await node.stop()
})

test('one that ends by itself takes the node with it, whatever its reason', async () => {
  for (const reason of ['normal', 'shutdown', 'broken']) {
    const life: string[] = []
    let failed = 0
    const mortal = program('mortal', async (self) => {
      await self.receive()
      self.exit(self.pid, reason)
      await self.receive()
    })
    const first = recorded('first', life)
    const shop = application('shop', {
      start: (self) => startLink(self, mortal, undefined, { name: 'mortal' }),
    })
    const root = recordedRoot(life)
    const node = await startNode({
      name,
      quiet: true,
      modules: [root],
      applications: [first, shop],
      root: child(root, undefined),
      platform: { ...nodePlatform(), failed: () => void failed++ },
    })
    await node.run((self) => {
      const pid = whereis(self, 'mortal')
      if (pid !== undefined) self.send(pid, 'end')
    })
    await until('the node has stopped', () => life.includes('stop root'))
    await node.stop()
    assert.equal(life, ['start first', 'start root', 'prepStop first', 'stop first', 'stop root'])
    assert.is(failed, 1, 'the program has failed')
  }
})

type Broken = {
  readonly what: string
  readonly make: (life: string[]) => Partial<NodeOptions>
  readonly reason: string
  readonly message: RegExp
  /** What must have been undone. */
  readonly life: readonly string[]
}

const around = ['start first', 'prepStop first', 'stop first']

const broken: readonly Broken[] = [
  {
    what: 'an application that answers an error',
    make: (life) => ({
      applications: [
        recorded('first', life),
        application('shop', { start: () => ({ tag: 'error', reason: 'no disk left' }) }),
      ],
    }),
    reason: 'applicationFailed',
    message: /node a@10\.0\.0\.1: its application 'shop' did not start: .*no disk left/,
    life: around,
  },
  {
    what: 'an application that throws',
    make: (life) => ({
      applications: [
        recorded('first', life),
        application('shop', {
          start: () => {
            throw new Error('broken in start')
          },
        }),
      ],
    }),
    reason: 'applicationFailed',
    message: /'shop' did not start: .*broken in start/,
    life: around,
  },
  {
    what: 'a dependency that does not start',
    make: (life) => ({
      applications: [
        recorded('shop', life, [
          recorded('first', life),
          application('db', { start: () => ({ tag: 'error', reason: 'no license' }) }),
        ]),
      ],
    }),
    reason: 'applicationFailed',
    message: /'db' did not start: .*no license/,
    life: around,
  },
  {
    what: 'a dependency that nobody knows',
    make: (life) => ({
      applications: [recorded('first', life), recorded('shop', life, ['nowhere'])],
    }),
    reason: 'applicationFailed',
    message: /'nowhere' did not start: .*unknownApplication/,
    life: [],
  },
  {
    what: 'dependencies that go round',
    make: (life) => ({
      applications: ['x'],
      modules: [recorded('x', life, ['y']), recorded('y', life, ['x'])],
    }),
    reason: 'applicationFailed',
    message: /circularDependency.*"x","y","x"/,
    life: [],
  },
  {
    what: 'a phase that throws',
    make: (life) => ({
      applications: [
        recorded('first', life),
        application('shop', {
          start: (self) => startLink(self, idle),
          startPhases: [{ name: 'warmUp', run: () => Promise.reject(new Error('cold')) }],
        }),
      ],
    }),
    reason: 'applicationFailed',
    message: /warmUp.*cold/,
    life: around,
  },
  {
    what: 'a root that does not start after its applications',
    make: (life) => {
      const root = genServer('root')({ init: () => stop('no root') })
      return { applications: [recorded('first', life)], modules: [root], root: child(root) }
    },
    reason: 'rootFailed',
    message: /its root did not start: .*no root/,
    life: around,
  },
  {
    what: 'an application that ends while another starts',
    make: (life) => ({
      applications: [
        recorded('first', life),
        application('brief', {
          start: (self) =>
            startLink(
              self,
              program('brief.top', () => undefined),
            ),
        }),
        application('slow', { start: () => new Promise<never>(() => undefined) }),
      ],
    }),
    reason: 'programEnded',
    message: /ended while it started: .*applicationEnded.*brief/,
    life: around,
  },
  {
    what: 'a tree that ends while the root starts',
    make: (life) => {
      const root = genServer('root')({
        init: (_: undefined, self) => {
          const tree = processes(self).find(
            (pid) => processInfo(self, pid)?.module === 'skein.root',
          )
          if (tree !== undefined) self.exit(tree, 'kill')
          return self.receive((message): message is never => message === 'never')
        },
      })
      return {
        applications: [recorded('first', life)],
        modules: [root],
        root: child(root, undefined),
      }
    },
    reason: 'programEnded',
    message: /ended while it started: killed/,
    life: around,
  },
  {
    what: 'an application that ends while the root starts',
    make: (life) => {
      const mortal = program('mortal', async (self) => void (await self.receive()))
      const root = genServer('root')({
        init: (_: undefined, self) => {
          const pid = whereis(self, 'mortal')
          if (pid !== undefined) self.send(pid, 'end')
          return self.receive((message): message is never => message === 'never')
        },
      })
      return {
        applications: [
          recorded('first', life),
          application('brief', {
            start: (self) => startLink(self, mortal, undefined, { name: 'mortal' }),
          }),
        ],
        modules: [root],
        root: child(root, undefined),
      }
    },
    reason: 'programEnded',
    message: /ended while it started: .*applicationEnded.*brief/,
    life: around,
  },
]

for (const { what, make, reason, message, life } of broken) {
  test(`${what}: nothing is left of the node`, async () => {
    const cluster = new VirtualCluster()
    const seen: string[] = []
    const options = { ...cluster.optionsOf(a), quiet: true, ...make(seen) }
    const failure = await cluster.drive(failureOf(startNode(options)))
    assert.instance(failure, StartError)
    if (!(failure instanceof StartError)) return
    assert.is(failure.reason, reason)
    assert.match(failure.message, message)
    assert.equal(seen, life)
    await cluster.pass(0)
    while (cluster.world.advance());
    assert.equal((await cluster.start(a)).address, addressOf(a), 'its address is free again')
  })
}

test('two applications of one name are refused, and nothing is left', async () => {
  const life: string[] = []
  const shops = [recorded('shop', life), recorded('shop', life)]
  const failure = await failureOf(startNode({ name, quiet: true, applications: shops }))
  assert.instance(failure, BadArgument)
  assert.match(String(failure), /two modules are named 'shop'/)
  assert.equal(life, [])
})

test('one that never stops holds neither its node up nor the others', async () => {
  const cluster = new VirtualCluster()
  const life: string[] = []
  const stuck: Application = application('stuck', {
    start: (self) => startLink(self, idle),
    prepStop: () => new Promise<never>(() => life.push('prepStop stuck')),
  })
  const root = recordedRoot(life)
  const node = await cluster.start(a, {
    applications: [recorded('first', life), stuck],
    modules: [root],
    root: child(root, undefined),
  })
  const beforeMs = cluster.world.nowMs
  await cluster.drive(node.stop())
  assert.ok(cluster.world.nowMs - beforeMs < 30_000, 'less than a drain may take')
  const stops = ['stop root', 'prepStop stuck', 'prepStop first', 'stop first']
  assert.equal(life, ['start first', 'start root', ...stops])
})

test.run()
