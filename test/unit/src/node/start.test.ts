/**
 * Starts that fail: each says why, and leaves no socket, no timer, no process and no half-written
 * file behind. The programs end by themselves, which they could not if anything were left.
 */
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  at,
  call,
  child,
  connectNode,
  ensureAllStarted,
  exit,
  genServer,
  nodes,
  process as program,
  type Self,
  StartError,
  spawn,
  startNode,
  stop,
  supervisor,
} from '../../../../src/index.ts'
import { FarNode } from '../../../conformance/dist/far-node.ts'
import { recorded } from '../../../conformance/otp/recorded.ts'
import { assert, cleanup, suite } from '../../../support/harness.ts'
import { udpSocket } from '../../../support/udp.ts'
import { counter, counterName } from '../dist/hostile.ts'
import { a, addressOf, b, c, VirtualCluster } from '../dist/virtual-cluster.ts'

const test = suite('starting a node')

function freshDir(): string {
  const dir = mkdtempSync(join(tmpdir(), 'skein-start-'))
  cleanup(() => rmSync(dir, { recursive: true, force: true }))
  return dir
}

type Failed = { readonly reason: string; readonly message: string }

/** Runs the child program, which must fail and end by itself. */
async function failing(dataDir: string, ...args: string[]): Promise<Failed> {
  return failure(new FarNode(new URL('./start-child.ts', import.meta.url), [dataDir, ...args]))
}

async function failure(started: FarNode): Promise<Failed> {
  const said = await started.next()
  assert.is(await started.ended, 1, 'exit code')
  if (typeof said !== 'object' || said === null || !('reason' in said) || !('message' in said)) {
    throw new Error(`it said ${JSON.stringify(said)}`)
  }
  return { reason: String(said.reason), message: String(said.message) }
}

function keyDir(dataDir: string): string {
  const dir = join(dataDir, 'keys')
  mkdirSync(dir, { recursive: true })
  return dir
}

/** Files of the data directory, all levels; temporary ones would show. */
function files(dataDir: string): string[] {
  return readdirSync(dataDir, { recursive: true, encoding: 'utf8' }).sort()
}

test('a truncated key file', async () => {
  const dir = freshDir()
  writeFileSync(join(keyDir(dir), 'node.key'), new Uint8Array(31))
  const { reason, message } = await failing(dir)
  assert.is(reason, 'invalidKeySize')
  assert.match(message, /node\.key/)
  assert.equal(files(dir), ['keys', 'keys/node.key'])
})

test('a key file that is far too large', async () => {
  const dir = freshDir()
  writeFileSync(join(keyDir(dir), 'node.key'), new Uint8Array(100_000))
  const { message } = await failing(dir)
  assert.match(message, /node\.key/)
  assert.equal(files(dir), ['keys', 'keys/node.key'])
})

test('a public key that is not that of the private one', async () => {
  const dir = freshDir()
  writeFileSync(join(keyDir(dir), 'node.key'), new Uint8Array(32).fill(1), { mode: 0o600 })
  writeFileSync(join(keyDir(dir), 'node.pub'), new Uint8Array(32).fill(2))
  const { reason, message } = await failing(dir)
  assert.is(reason, 'keypairMismatch')
  assert.match(message, /node\.(pub|key)/)
  assert.equal(files(dir), ['keys', 'keys/node.key', 'keys/node.pub'])
})

test('a private key that others may read', async () => {
  const dir = freshDir()
  writeFileSync(join(keyDir(dir), 'node.key'), new Uint8Array(32).fill(1), { mode: 0o644 })
  const { reason, message } = await failing(dir)
  assert.is(reason, 'keyExposed')
  assert.match(message, /chmod 600/)
  assert.equal(files(dir), ['keys', 'keys/node.key'])
})

test('a key that cannot be read', async () => {
  const dir = freshDir()
  mkdirSync(join(keyDir(dir), 'node.key'))
  const { reason, message } = await failing(dir)
  assert.is(reason, 'readPrivateKeyFailed')
  assert.match(message, /node\.key/)
})

test('a data directory that is a file', async () => {
  const dir = join(freshDir(), 'data')
  writeFileSync(dir, 'not a directory')
  const { reason } = await failing(dir)
  assert.ok(['readPrivateKeyFailed', 'writeKeyFailed'].includes(reason), reason)
})

test('a broken certificate', async () => {
  const dir = freshDir()
  mkdirSync(join(dir, 'quic'))
  writeFileSync(join(dir, 'quic', 'node.crt'), 'no certificate')
  writeFileSync(join(dir, 'quic', 'node.key'), 'no key')
  const { message } = await failing(dir)
  assert.match(message, /quic|certificate|node\.crt/)
})

test('a port that is taken', async () => {
  const socket = await udpSocket()
  const { port } = socket.address()
  const { reason, message } = await failing(freshDir(), String(port))
  assert.is(reason, 'address')
  assert.match(message, new RegExp(String(port)))
})

test('a root that does not start: its reason is in the message', async () => {
  const { reason, message } = await failing(freshDir(), '0', '--root-fails')
  assert.is(reason, 'rootFailed')
  assert.match(message, /no disk left/)
})

test('a root that gives up stops its node, and the program ends with exit code 1', async () => {
  const program = new URL('./gives-up-child.ts', import.meta.url)
  const { reason, message } = await failure(new FarNode(program, [freshDir()]))
  assert.is(reason, 'shutdown')
  assert.is(message, 'told')
})

test('roots fail in many ways, all of them StartError with their reason', async () => {
  const roots = [
    [genServer('start.stops')({ init: () => stop('why') }), /why/],
    [
      genServer('start.throws')({
        init: () => {
          throw new Error('broken in init')
        },
      }),
      /broken in init/,
    ],
    [
      supervisor('start.deep', (_: undefined) => ({ children: [child(unlisted, undefined)] })),
      /start\.unlisted/,
    ],
  ] as const
  for (const [root, why] of roots) {
    const cluster = new VirtualCluster()
    const starting = startNode({
      ...cluster.optionsOf(a),
      modules: [root],
      root: child(root, undefined),
    })
    const failure = await cluster.drive(starting.catch((error: unknown) => error))
    assert.ok(failure instanceof StartError)
    assert.is(failure.reason, 'rootFailed')
    assert.match(failure.message, why)
    // The address is free again, and nothing is left to happen.
    const again = await cluster.start(a, { modules: [root] })
    assert.equal(again.address, addressOf(a))
  }
})

const unlisted = program('start.unlisted', (_: Self) => exit('normal'))

test('a root that is not listed is refused', async () => {
  const cluster = new VirtualCluster()
  const starting = startNode({ ...cluster.optionsOf(a), root: child(unlisted, undefined) })
  const failure = await cluster.drive(starting.catch((error: unknown) => error))
  assert.match(String(failure), /start\.unlisted/)
})

test('an address that is taken in the memory network', async () => {
  const cluster = new VirtualCluster()
  await cluster.start(a)
  const starting = startNode({
    ...cluster.optionsOf(b),
    carrier: cluster.network.carrier(addressOf(a)),
  })
  const failure = await cluster.drive(starting.catch((error: unknown) => error))
  assert.ok(failure instanceof StartError)
  assert.is(failure.reason, 'address')
})

test('a carrier that throws where it should answer leaves nothing of the node', async () => {
  const cluster = new VirtualCluster()
  const starting = startNode({
    ...cluster.optionsOf(a),
    carrier: { name: 'memory', open: () => Promise.reject(new Error('no carrier today')) },
  })
  const failure = await cluster.drive(starting.catch((error: unknown) => error))
  assert.match(String(failure), /no carrier today/)
})

test('of two nodes of one name and key the first stays, the second is refused', async () => {
  const cluster = new VirtualCluster()
  const far = await cluster.start(b, { modules: [counter] })
  spawn(far, counter, 0, { name: counterName })
  const first = await cluster.start(a, { modules: [counter] })
  assert.is(await cluster.drive(connectNode(first, b)), true)
  const carrier = cluster.network.carrier({ host: '10.0.0.9', port: 1 })
  const second = await cluster.drive(startNode({ ...cluster.optionsOf(a), carrier }))
  cleanup(() => cluster.drive(second.stop()))
  assert.is(await cluster.drive(connectNode(second, b)), false)
  assert.equal([nodes(first), nodes(second), nodes(far)], [[b], [], [a]])
  assert.is(cluster.of(b, 'nodedown').length, 0)
  const add = (self: Self): Promise<number> => call(self, at(b, counter, counterName), 'add', 1)
  assert.is(await cluster.run(first, add), 1)
})

test('two nodes of one key and two names do not talk with each other', async () => {
  const cluster = new VirtualCluster()
  const near = await cluster.start(a, { dataDir: 'shared' })
  cluster.disk(c)
  const platform = cluster.optionsOf(a).platform
  if (platform === undefined) throw new Error('unreachable')
  const far = await cluster.start(b, { dataDir: 'shared', platform })
  assert.is(await cluster.drive(connectNode(near, b)), false)
  assert.is(await cluster.drive(connectNode(far, a)), false)
  assert.equal([nodes(near), nodes(far)], [[], []])
  assert.ok(cluster.logs(a, 'authentication failed').length > 0)
})

test('a stop that is asked for twice is one stop, also while it runs', async () => {
  const cluster = new VirtualCluster()
  const node = await cluster.start(a)
  const stops = [node.stop(), node.stop()]
  assert.is(stops[0], stops[1])
  await cluster.drive(Promise.all(stops))
  await cluster.drive(node.stop())
  assert.is(cluster.network.traffic().length, 0)
})

test('after a stop nothing is left to happen', async () => {
  const cluster = new VirtualCluster()
  const near = await cluster.start(a)
  const far = await cluster.start(b)
  await cluster.drive(connectNode(near, b))
  await cluster.pass(30_000)
  await cluster.drive(near.stop())
  await cluster.drive(far.stop())
  await cluster.pass(0)
  let events = 0
  while (cluster.world.advance()) events++
  assert.is(events, 0, 'timers that outlived their nodes')
})

test('a node that stops stops its applications in order, the last started first', async () => {
  const life: string[] = []
  const db = recorded('db', life)
  const shop = recorded('shop', life, [db])
  const node = await startNode({ name: 'apps@localhost', quiet: true })
  await node.run((self) => ensureAllStarted(self, shop))
  await node.stop()
  const stops = ['prepStop shop', 'stop shop', 'prepStop db', 'stop db']
  assert.equal(life, ['start db', 'start shop', ...stops])
})

test.run()
