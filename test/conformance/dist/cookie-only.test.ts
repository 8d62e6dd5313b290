/**
 * Nodes whose key nobody asks for (AUT-20 to AUT-24, AMB-14, CK-02): listed on both sides, not
 * pinned, and still held to the cookie.
 */
import {
  connectNode,
  type Metric,
  metrics,
  nodes,
  pinKey,
  pins,
  unpinKey,
} from '../../../src/index.ts'
import type { Node } from '../../../src/node/node.ts'
import type { NodeOptions } from '../../../src/node/options.ts'
import { StartError, startNode } from '../../../src/node/start.ts'
import { assert, suite } from '../../support/harness.ts'
import { a, b, c, VirtualCluster } from '../../unit/src/dist/virtual-cluster.ts'

const test = suite('cookie-only nodes')

const excused = 'a peer need not prove its key: the cookie alone decides'

async function pair(
  atA: Partial<NodeOptions>,
  atB: Partial<NodeOptions>,
  cluster = new VirtualCluster(),
): Promise<{ cluster: VirtualCluster; near: Node; far: Node }> {
  return { cluster, near: await cluster.start(a, atA), far: await cluster.start(b, atB) }
}

function reasons(cluster: VirtualCluster, name: string): unknown[] {
  return cluster.logs(name, 'authentication failed').map(({ fields }) => fields.reason)
}

/** How often an authentication or handshake ended so, by reason. */
function counted(node: Node, name: string, labels: Metric['labels']): number {
  const isMeant = (metric: Metric): boolean =>
    metric.name === name &&
    Object.entries(labels).every(([label, value]) => metric.labels[label] === value)
  return metrics(node)
    .filter(isMeant)
    .reduce((sum, metric) => sum + (metric.kind === 'counter' ? metric.value : metric.count), 0)
}

const attempts = 'skein.dist.auth.attempts'

test('AUT-20 both list each other: connected, nothing pinned, one warning per run', async () => {
  const { cluster, near, far } = await pair(
    { cookieOnlyNodes: [b, '*@10.0.0.3'] },
    { cookieOnlyNodes: ['*@10.0.0.1'] },
  )
  const third = await cluster.start(c, { cookieOnlyNodes: ['a@*'] })
  assert.is(await cluster.drive(connectNode(near, b)), true)
  assert.is(await cluster.drive(connectNode(third, a)), true)
  assert.equal([nodes(near).sort(), nodes(far), nodes(third)], [[b, c], [a], [a]])
  assert.equal([pins(near), pins(far), pins(third)], [[], [], []])
  assert.equal(
    [a, b, c].map((name) => cluster.logs(name, excused).length),
    [1, 1, 1],
  )
  assert.is(counted(near, attempts, { role: 'outgoing', outcome: 'ok', reason: 'exempt' }), 1)
  assert.is(counted(near, attempts, { role: 'incoming', outcome: 'ok', reason: 'exempt' }), 1)
})

test('AUT-20 in strict mode too: the list is what the operator decided', async () => {
  const strict = { trustMode: 'strict', cookieOnlyNodes: ['*@10.0.0.1', '*@10.0.0.2'] } as const
  const { cluster, near } = await pair(strict, strict)
  assert.is(await cluster.drive(connectNode(near, b)), true)
})

test('AUT-21 only the acceptor lists the dialer: unexpectedAuthOk', async () => {
  const { cluster, near, far } = await pair({}, { cookieOnlyNodes: [a] })
  assert.is(await cluster.drive(connectNode(near, b)), false)
  assert.equal([nodes(near), nodes(far)], [[], []])
  assert.equal(reasons(cluster, a), ['unexpectedAuthOk'])
  const labels = { role: 'outgoing', outcome: 'fail', reason: 'unexpectedAuthOk' }
  assert.is(counted(near, attempts, labels), 1)
})

test('AUT-21 only the dialer lists the acceptor: both prove their keys', async () => {
  const { cluster, near, far } = await pair({ cookieOnlyNodes: [b] }, {})
  assert.is(await cluster.drive(connectNode(near, b)), true)
  await cluster.until('both pinned', () => pins(near).length === 1 && pins(far).length === 1)
})

test('AUT-23 a listed node with another cookie is refused', async () => {
  const { cluster, near, far } = await pair(
    { cookieOnlyNodes: [b], cookie: 'another' },
    { cookieOnlyNodes: [a] },
  )
  assert.is(await cluster.drive(connectNode(near, b)), false)
  assert.is(await cluster.drive(connectNode(far, a)), false)
  assert.equal([nodes(near), nodes(far)], [[], []])
  const handshakes = 'skein.dist.handshake.attempts'
  assert.is(counted(far, handshakes, { role: 'incoming', reason: 'cookieMismatch' }), 1)
})

test('AMB-14 a pinned name must prove its key, listed or not', async () => {
  const { cluster, near, far } = await pair({ cookieOnlyNodes: [b] }, { cookieOnlyNodes: [a] })
  const stranger = new Uint8Array(32).fill(9)
  await cluster.drive(pinKey(far, a, stranger))
  assert.is(await cluster.drive(connectNode(near, b)), false)
  assert.equal(reasons(cluster, b), ['keyMismatch'])
  // The other way round it is the dialer that finds a pin where it is told OK.
  assert.is(await cluster.drive(connectNode(far, a)), false)
  assert.equal(reasons(cluster, b), ['keyMismatch', 'unexpectedAuthOk'])
  await cluster.drive(unpinKey(far, a))
  assert.is(await cluster.drive(connectNode(far, a)), true)
  assert.equal([nodes(near), nodes(far)], [[b], [a]])
})

test('AUT-24 without authentication: a loud warning, and the cookie decides', async () => {
  const off = { authEnabled: false } as const
  const observed: string[] = []
  const hear: NodeOptions['observe'] = (event) => {
    if (event.tag === 'log') observed.push(`${event.level} ${event.message}`)
  }
  const { cluster, near, far } = await pair({ ...off, observe: hear }, off)
  assert.is(await cluster.drive(connectNode(near, b)), true)
  assert.equal([nodes(near), nodes(far)], [[b], [a]])
  const loud = observed.filter((line) => line.startsWith('warning authentication is off'))
  assert.is(loud.length, 1)
  const third = await cluster.start(c, { ...off, cookie: 'another' })
  assert.is(await cluster.drive(connectNode(third, a)), false)
})

test('AUT-24 old pins do not matter once authentication is off on both', async () => {
  const cluster = new VirtualCluster()
  const first = await pair({}, {}, cluster)
  assert.is(await cluster.drive(connectNode(first.near, b)), true)
  await cluster.drive(Promise.all([first.near.stop(), first.far.stop()]))
  cluster.wipe(b)
  const off = { authEnabled: false } as const
  const { near } = await pair(off, off, cluster)
  assert.is(await cluster.drive(connectNode(near, b)), true)
})

test('a node that asks for keys is dialled by one that does not, never the other way', async () => {
  const { cluster, near, far } = await pair({ authEnabled: false }, {})
  assert.is(await cluster.drive(connectNode(far, a)), false)
  assert.equal(reasons(cluster, b), ['unexpectedAuthOk'])
  assert.is(await cluster.drive(connectNode(near, b)), true)
  assert.equal([nodes(near), nodes(far)], [[b], [a]])
})

for (const [what, options, reason] of [
  ['a list', { cookieOnlyNodes: ['probe@*'] }, 'cookieOnlyWithDefaultCookie'],
  [
    'a list, the cookie spelt out',
    { cookieOnlyNodes: ['probe@*'], cookie: 'skein' },
    'cookieOnlyWithDefaultCookie',
  ],
  ['no authentication', { authEnabled: false }, 'authDisabledWithDefaultCookie'],
] as const) {
  test(`CK-02 ${what} and the cookie everybody knows: the node does not start`, async () => {
    const cluster = new VirtualCluster()
    const { cookie: _, ...rest } = cluster.optionsOf(a)
    const failed = await cluster.drive(
      startNode({ ...rest, ...options }).then(
        () => undefined,
        (error: unknown) => error,
      ),
    )
    assert.ok(failed instanceof StartError)
    if (failed instanceof StartError) assert.is(failed.reason, reason)
    assert.is(cluster.disk(a).size, 0, 'nothing was written')
    assert.equal(cluster.network.traffic(), [])
  })
}

test('an empty list and the default cookie: a warning is enough', async () => {
  const cluster = new VirtualCluster()
  const warnings: string[] = []
  const near = await cluster.start(a, {
    cookie: 'skein',
    cookieOnlyNodes: [],
    observe: (event) => {
      if (event.tag === 'log' && event.level === 'warning') warnings.push(event.message)
    },
  })
  assert.equal(nodes(near), [])
  assert.equal(warnings, ['the cookie is the default one: set `cookie`'])
})

test.run()
