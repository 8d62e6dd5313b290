/**
 * The orderly end of a channel: nothing that was handed over is lost, on a rough network either; a
 * peer that does not take part, or not as it should, is cut off in time.
 */
import { systemOf } from '../../../../runtime/kernel.ts'
import {
  type FarewellAction,
  type FarewellEvent,
  noFarewell,
  stepFarewell,
} from '../../../../src/dist/farewell.ts'
import { closeCode, controlFrame } from '../../../../src/dist/protocol.ts'
import {
  at,
  callWithin,
  channelStatistics,
  connectNode,
  genServer,
  isDown,
  nodes,
  process,
  reply,
  type Self,
  spawn,
} from '../../../../src/index.ts'
import { limits } from '../../../../src/limits.ts'
import type { Node } from '../../../../src/node/node.ts'
import { failureOf } from '../../../conformance/otp/one-node.ts'
import { assert, suite, useSeed } from '../../../support/harness.ts'
import { ScriptedPeer } from './scripted-peer.ts'
import { a, b, VirtualCluster } from './virtual-cluster.ts'

const test = suite('farewell')

/** Tags of the actions of each event in turn. */
function actionsOf(...events: readonly FarewellEvent[]): string[][] {
  let state = noFarewell
  return events.map((event) => {
    const step: readonly [typeof state, readonly FarewellAction[]] = stepFarewell(state, event)
    state = step[0]
    return step[1].map((action) => (action.tag === 'violation' ? action.what : action.tag))
  })
}

const leave = { tag: 'leave' } as const
const goaway = (streams: number) => ({ tag: 'goaway', streams }) as const
const ended = { tag: 'streamEnded' } as const
const gone = { tag: 'gone' } as const

test('who leaves waits for all of the peer, and for the peer to have all of it', () => {
  assert.equal(actionsOf(leave, goaway(2), ended, ended, gone), [
    ['leave'],
    [],
    [],
    ['sayGone'],
    ['close'],
  ])
  assert.equal(actionsOf(leave, gone, ended, goaway(1)), [['leave'], [], [], ['sayGone', 'close']])
})

test('who is left answers with its own goaway', () => {
  assert.equal(actionsOf(ended, goaway(1), gone), [[], ['leave', 'sayGone'], ['close']])
  assert.equal(actionsOf(goaway(0), leave), [['leave', 'sayGone'], []])
})

test('what is said twice, or out of turn, is a violation', () => {
  assert.equal(actionsOf(leave, goaway(1), goaway(1)).at(-1), ['goaway twice'])
  assert.equal(actionsOf(gone), [['gone out of turn']])
  assert.equal(actionsOf(leave, gone, gone).at(-1), ['gone out of turn'])
})

type Pair = { readonly cluster: VirtualCluster; readonly near: Node; readonly far: Node }

async function pair(seed = 1): Promise<Pair> {
  const cluster = new VirtualCluster({ seed })
  const near = await cluster.start(a)
  const far = await cluster.start(b)
  return { cluster, near, far }
}

function hear(node: Node, got: unknown[]): void {
  const ear = process('farewell.ear', async (self: Self) => {
    for (;;) {
      const message = await self.receive()
      got.push(message instanceof Uint8Array ? message.length : message)
    }
  })
  spawn(node, ear, undefined, { name: 'ear' })
}

const large = 3 * 1024 * 1024

/** Says much to the other node, in one turn and from several processes. */
async function speak(self: Self, to: string): Promise<void> {
  const ear = { tag: 'at', node: to, name: 'ear' } as const
  for (let n = 0; n < 10; n++) {
    spawn(
      self,
      process('farewell.speaker', (own: Self) => {
        for (let m = 0; m < 20; m++) own.send(ear, m)
        own.send(ear, new Uint8Array(large))
        own.send(ear, 'last')
      }),
    )
  }
  await self.yield()
  await self.yield()
}

const spoken = 10 * 22

test('a stop loses nothing that was handed over, whoever stops, however rough it is', async () => {
  for (let seed = 1; seed <= 6; seed++) {
    useSeed(seed)
    const { cluster, near, far } = await pair(seed)
    const [atNear, atFar]: [unknown[], unknown[]] = [[], []]
    hear(near, atNear)
    hear(far, atFar)
    assert.ok(await cluster.drive(connectNode(near, b)))
    cluster.network.setDelay(1, 30)
    cluster.network.setLoss(0.02)
    await cluster.drive(Promise.all([near.run((s) => speak(s, b)), far.run((s) => speak(s, a))]))
    const stops = seed % 3 === 0 ? [near.stop(), far.stop()] : [near.stop()]
    await cluster.drive(Promise.all(stops))
    assert.equal([atFar.length, atNear.length], [spoken, spoken], `seed ${seed}`)
    assert.is(atFar.filter((size) => size === large).length, 10)
    await cluster.until('it is gone', () => nodes(far).length === 0)
    const [down] = cluster.of(b, 'nodedown')
    if (seed % 3 !== 0) assert.is(down?.reason, 'connectionClosed')
  }
})

test('what waits for a channel is delivered when its node stops meanwhile', async () => {
  const { cluster, near, far } = await pair()
  const got: unknown[] = []
  hear(far, got)
  cluster.network.setDelay(20, 20)
  await cluster.run(near, (self) => {
    for (let n = 0; n < 100; n++) self.send({ tag: 'at', node: b, name: 'ear' }, n)
  })
  assert.equal(nodes(near), [])
  await cluster.drive(near.stop())
  assert.is(got.length, 100)
})

test('the other side sends nothing more, and its calls fail at the end', async () => {
  const { cluster, near, far } = await pair()
  const got: unknown[] = []
  hear(near, got)
  const server = genServer<{ calls: { ping: () => string } }>('farewell.server')({
    init: () => null,
    calls: { ping: (state) => reply('pong', state) },
  })
  spawn(near, server, undefined, { name: 'server' })
  assert.ok(await cluster.drive(connectNode(far, a)))
  cluster.network.setDelay(50, 50)
  const stopping = near.stop()
  await cluster.until(
    'far has heard of it',
    () =>
      systemOf(far).route.deliver(a, null, {
        tag: 'send',
        to: 'ear',
        message: 'too late',
      }) &&
      (channelStatistics(far, a)?.framesSent ?? 0) > 0 &&
      nodes(far).length === 1,
  )
  const failing = far.run(async (self) => {
    const ref = self.monitor({ tag: 'at', node: a, name: 'server' })
    const reason = await failureOf(callWithin(self, 60_000, at(a, server, 'server'), 'ping'))
    return [reason, (await self.receive(isDown(ref))).reason]
  })
  await cluster.drive(stopping)
  const reasons = await cluster.drive(failing)
  assert.equal(reasons, [{ tag: 'nodedown', node: a }, 'noconnection'])
})

test('a node that is gone already does not hold up the stop of another for long', async () => {
  const { cluster, near } = await pair()
  assert.ok(await cluster.drive(connectNode(near, b)))
  cluster.network.partition([['10.0.0.1'], ['10.0.0.2']])
  const atMs = cluster.world.nowMs
  await cluster.drive(near.stop())
  const tookMs = cluster.world.nowMs - atMs
  assert.ok(tookMs >= limits.distGoawayMaxMs && tookMs < limits.distGoawayMaxMs + 500, `${tookMs}`)
})

test('nobody is dialled or let in by a node that leaves', async () => {
  const { cluster, near, far } = await pair()
  assert.ok(await cluster.drive(connectNode(near, b)))
  cluster.network.setDelay(100, 100)
  const stopping = near.stop()
  await cluster.pass(10)
  const c = await cluster.start('c@10.0.0.3')
  const dialed = connectNode(c, a)
  await cluster.drive(stopping)
  assert.is(await cluster.drive(dialed), false)
  assert.equal([nodes(c), nodes(far)], [[], []])
})

const partingFlags = { flags: ['goaway'] }

async function withPeer(flags: { readonly flags?: readonly string[] } = partingFlags) {
  const cluster = new VirtualCluster()
  const node = await cluster.start(b, { tickMs: 3_600_000 })
  const peer = await ScriptedPeer.established(cluster, {
    name: 'far@10.6.6.6',
    target: b,
    ...flags,
  })
  await cluster.until('it is up', () => nodes(node).length === 1)
  return { cluster, node, peer }
}

test('a peer that says goaway and then nothing is cut off in time', async () => {
  const { cluster, node, peer } = await withPeer()
  const atMs = cluster.world.nowMs
  peer.sendControl(controlFrame.goaway, Uint8Array.of(3))
  assert.is((await peer.end()).code, closeCode.shutdown)
  const tookMs = cluster.world.nowMs - atMs
  assert.ok(tookMs >= limits.distGoawayMaxMs && tookMs < limits.distGoawayMaxMs + 500, `${tookMs}`)
  assert.equal(nodes(node), [])
})

test('a peer of which something still comes is waited for, until it falls silent', async () => {
  const { cluster, node, peer } = await withPeer()
  peer.sendControl(controlFrame.goaway, Uint8Array.of(3))
  const signs = 4
  for (let sign = 0; sign < signs; sign++) {
    await cluster.pass(limits.distGoawayMaxMs - 500)
    assert.equal(nodes(node), ['far@10.6.6.6'])
    peer.sendControl(controlFrame.tick, new Uint8Array(0))
  }
  const atMs = cluster.world.nowMs
  assert.is((await peer.end()).code, closeCode.shutdown)
  assert.ok(cluster.world.nowMs - atMs >= limits.distGoawayMaxMs)
})

const wrong: Readonly<Record<string, (peer: ScriptedPeer) => void>> = {
  'goaway twice': (peer) => {
    for (let n = 0; n < 2; n++) peer.sendControl(controlFrame.goaway, Uint8Array.of(1))
  },
  'gone out of turn': (peer) => peer.sendControl(controlFrame.gone, new Uint8Array(0)),
  'a goaway of more streams than there can be': (peer) => {
    peer.sendControl(controlFrame.goaway, Uint8Array.of(limits.distDataStreams + 1))
  },
  'a goaway without a number': (peer) => peer.sendControl(controlFrame.goaway, new Uint8Array(0)),
  'a goaway that is too long': (peer) => peer.sendControl(controlFrame.goaway, new Uint8Array(9)),
  'a gone with something in it': (peer) => peer.sendControl(controlFrame.gone, Uint8Array.of(1)),
  'a data stream that ends within a frame': (peer) => {
    peer.raw(Uint8Array.of(0, 0, 0, 9, 10))
    peer.lane(0).end()
  },
}

for (const [what, doIt] of Object.entries(wrong)) {
  test(`${what} ends the channel as a violation`, async () => {
    const { node, peer } = await withPeer()
    doIt(peer)
    assert.is((await peer.end()).code, closeCode.protocolViolation)
    assert.equal(nodes(node), [])
  })
}

test('a peer that did not offer it may neither say goaway nor end a stream', async () => {
  for (const doIt of [
    (peer: ScriptedPeer) => peer.sendControl(controlFrame.goaway, Uint8Array.of(0)),
    (peer: ScriptedPeer) => {
      peer.raw(new Uint8Array(0))
      peer.lane(0).end()
    },
  ]) {
    const { peer } = await withPeer({})
    doIt(peer)
    assert.is((await peer.end()).code, closeCode.protocolViolation)
  }
})

test('an older peer gets all there is before the connection closes', async () => {
  const { cluster, node, peer } = await withPeer({})
  await cluster.run(node, async (self) => {
    for (let n = 0; n < 5; n++)
      self.send({ tag: 'at', node: 'far@10.6.6.6', name: 'x' }, new Uint8Array(large))
    await self.yield()
  })
  await cluster.drive(node.stop())
  await peer.end()
  assert.is(peer.heard.length, 5)
  assert.ok(peer.control.every((type) => type < controlFrame.goaway))
})

test.run()
