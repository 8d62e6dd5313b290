/**
 * The busy channel: who is held when more waits for a node than may, what lets go of them, who is
 * not held, and what is dropped. A peer that does not read plays the slow reader.
 */
import { systemOf } from '../../../../runtime/kernel.ts'
import { closeCode, controlFrame } from '../../../../src/dist/protocol.ts'
import {
  at,
  BadArgument,
  callWithin,
  channelStatistics,
  disconnectNode,
  type From,
  genServer,
  isDown,
  local,
  next,
  nodes,
  type Pid,
  process,
  processInfo,
  reply,
  replyTo,
  type Self,
  send,
  spawn,
  spawnAt,
} from '../../../../src/index.ts'
import { limits } from '../../../../src/limits.ts'
import type { Node } from '../../../../src/node/node.ts'
import { failureOf } from '../../../conformance/otp/one-node.ts'
import { assert, suite } from '../../../support/harness.ts'
import { far, heldBy, marksOf, max, scene, senderMax, sink } from './busy-scene.ts'
import { b, VirtualCluster } from './virtual-cluster.ts'

const test = suite('busy channel')

const blockBytes = 1024 * 1024

function block(mark: number): Uint8Array {
  return new Uint8Array(blockBytes).fill(mark)
}

/** Sends blocks one by one, waiting between them as a process does, and notes each. */
function pour(node: Node, blocks: number, sent: number[], mark = 0): Pid {
  return spawn(
    node,
    process('busy.pouring', async (self: Self) => {
      for (let n = 0; n < blocks; n++) {
        self.send(sink, block(mark))
        sent.push(mark)
        await self.yield()
      }
    }),
  )
}

test('above the limit a sender is held at its next primitive, until half has left', async () => {
  const { cluster, node, peer } = await scene()
  const sent: number[] = []
  const pid = pour(node, 40, sent)
  await cluster.until('it is held', () => heldBy(node) === 1)
  await cluster.pass(1_000)
  const queued = channelStatistics(node, far)?.queuedBytes ?? 0
  assert.ok(queued > senderMax && queued < senderMax + 2 * blockBytes, `${queued} bytes wait`)
  assert.ok(sent.length < 25, `${sent.length} were sent`)
  assert.is(processInfo(node, pid)?.status, 'suspended')
  peer.listen()
  await cluster.until('all is there', () => marksOf(peer).length === 40)
  assert.is(sent.length, 40)
  assert.is(heldBy(node), 0)
  assert.is(channelStatistics(node, far)?.dropped, 0)
})

test('it goes on when less than half waits, not before', async () => {
  const { cluster, node, peer } = await scene()
  const sent: number[] = []
  pour(node, 40, sent)
  await cluster.until('it is held', () => heldBy(node) === 1)
  const before = sent.length
  const seen: number[] = []
  cluster.network.setDelay(1, 1)
  peer.listen()
  await cluster.until('it went on', () => {
    if (sent.length === before) seen.push(channelStatistics(node, far)?.queuedBytes ?? 0)
    return sent.length > before
  })
  assert.ok(seen.length > 2 && seen.some((bytes) => bytes < senderMax), 'it was seen to shrink')
  const last = seen.at(-1) ?? 0
  assert.ok(last > senderMax / 2 - 2 * blockBytes, `${last} waited when it was let go`)
})

test('sendReady waits for room, and for nothing when there is some', async () => {
  const { cluster, node, peer } = await scene()
  const log: string[] = []
  await cluster.run(node, async (self) => {
    await self.sendReady(far)
    await self.sendReady('nobody@10.0.0.9')
    assert.equal(nodes(self), [far], 'nobody was dialled')
    assert.throws(
      () => self.sendReady(''),
      (error: unknown) => error instanceof BadArgument,
    )
  })
  pour(node, 20, [])
  await cluster.until('it is held', () => heldBy(node) === 1)
  const waiting = node.run(async (self) => {
    for (let n = 0; n < 10; n++) self.send(sink, block(1))
    await self.sendReady(far)
    log.push('ready')
  })
  await node.run((self) => self.sendReady(far))
  await cluster.pass(1_000)
  assert.equal([log, heldBy(node)], [[], 2])
  peer.listen()
  await cluster.drive(waiting)
  assert.equal(log, ['ready'])
})

test('a held sender that is killed ends at once, and what it had sent arrives', async () => {
  const { cluster, node, peer } = await scene()
  const sent: number[] = []
  const pid = pour(node, 40, sent)
  await cluster.until('it is held', () => heldBy(node) === 1)
  const before = sent.length
  await cluster.run(node, async (self) => {
    const ref = self.monitor(pid)
    self.exit(pid, 'kill')
    assert.is((await self.receive(isDown(ref))).reason, 'killed')
  })
  assert.is(heldBy(node), 0)
  assert.is(systemOf(node).holds.size, 0)
  peer.listen()
  await cluster.until('all is there', () => marksOf(peer).length === before)
  await cluster.pass(1_000)
  assert.equal([marksOf(peer).length, sent.length], [before, before])
})

test('held senders go on when the channel is lost', async () => {
  const { cluster, node } = await scene()
  const log: string[] = []
  for (const name of ['one', 'two', 'three']) {
    spawn(
      node,
      process('busy.loser', async (self: Self) => {
        for (let n = 0; n < 20; n++) self.send(sink, block(1))
        await self.yield()
        log.push(name)
      }),
    )
  }
  await cluster.until('they are held', () => heldBy(node) === 3)
  assert.equal(log, [])
  assert.ok(disconnectNode(node, far))
  await cluster.until('they went on', () => log.length === 3)
  assert.is(systemOf(node).holds.size, 0)
})

test('senders are held while there is no channel yet, and go on if none comes', async () => {
  const cluster = new VirtualCluster()
  const node = await cluster.start(b)
  cluster.network.partition([['10.0.0.1'], ['10.0.0.2']])
  const log: string[] = []
  const sending = node.run(async (self) => {
    for (let n = 0; n < 20; n++) self.send({ tag: 'at', node: 'a@10.0.0.1', name: 'x' }, block(1))
    await self.sendReady('a@10.0.0.1')
    log.push('on')
  })
  await cluster.pass(1)
  assert.equal(log, [])
  await cluster.drive(sending)
  assert.equal(log, ['on'])
  assert.is(systemOf(node).holds.size, 0)
})

type Echo = { calls: { blocks: (n: number) => null; later: () => null; ping: () => string } }

/** Only named in calls to where it does not run. */
const pinged = genServer<{ calls: { ping: () => string } }>('busy.pinged')({
  init: () => null,
  calls: { ping: (state) => reply('pong', state) },
})

test('a held server handles nothing more, and loses no answer', async () => {
  const { cluster, node, peer } = await scene()
  let handled = 0
  const echo = genServer<Echo>('busy.echo')({
    init: () => next([] as From<null>[]),
    calls: {
      blocks: (state, n, self) => {
        for (let i = 0; i < n; i++) self.send(sink, block(7))
        return next(state)
      },
      later: (state, _, _self, from) => next([...state, from]),
      ping: (state, _, self, from) => {
        handled++
        replyTo(self, from, 'pong')
        return next(state)
      },
    },
  })
  spawn(node, echo, undefined, { name: 'echo' })
  for (let id = 1; id <= 30; id++) {
    peer.send({ tag: 'call', ref: peer.ref(id), from: null, to: 'echo', op: 'ping', arg: null })
  }
  await cluster.until('they are answered', () => handled === 30)
  peer.send({ tag: 'call', ref: peer.ref(31), from: null, to: 'echo', op: 'blocks', arg: 20 })
  await cluster.until('it is held', () => heldBy(node) === 1)
  const asking = node.run((self) => callWithin(self, 60_000, local(echo, 'echo'), 'ping'))
  await cluster.pass(1_000)
  assert.is(handled, 30)
  peer.listen()
  assert.is(await cluster.drive(asking), 'pong')
  await cluster.until('all is there', () => marksOf(peer).length === 20)
  assert.is(peer.heard.filter(({ tag }) => tag === 'reply').length, 30)
})

test('who only answers for what others do is not held', async () => {
  const { cluster, node, peer } = await scene()
  const idle = spawn(
    node,
    process('busy.idle', async (self: Self) => {
      for (;;) await self.receive()
    }),
    undefined,
    { name: 'idle' },
  )
  pour(node, 40, [])
  await cluster.until('it is held', () => heldBy(node) === 1)
  for (let id = 1; id <= 5; id++) {
    peer.send({ tag: 'link', from: peer.pid(id), to: idle })
    peer.send({ tag: 'unlink', from: peer.pid(id), to: idle, id })
  }
  await cluster.pass(1_000)
  assert.is(heldBy(node), 1)
})

test('far above the limit host code is refused: sends say so, calls and spawns fail', async () => {
  const { cluster, node, peer } = await scene()
  peer.send({ tag: 'send', to: 'host', message: peer.pid(1) })
  let pid: Pid | undefined
  spawn(
    node,
    process('busy.host', async (self: Self) => {
      pid = (await self.receive()) as Pid
    }),
    undefined,
    { name: 'host' },
  )
  peer.send({ tag: 'send', to: 'host', message: peer.pid(1) })
  await cluster.until('it has a pid', () => pid !== undefined)
  if (pid === undefined) throw new Error('no pid')
  let taken = 0
  while (send(pid, block(1)) && taken < 100) taken++
  const bytes = max * limits.distQueueOverflowFactor
  assert.ok(Math.abs(taken * blockBytes - bytes) < 2 * blockBytes, `${taken} blocks`)
  // Some of it has gone into the peer's window once a turn is over.
  await cluster.pass(1_000)
  while (send(pid, block(1)));
  const outcomes = [
    failureOf(callWithin(node, 60_000, at(far, pinged, 'echo'), 'ping')),
    failureOf(spawnAt(node, far, pinged)),
  ]
  const full = { tag: 'systemLimit', limit: 'distQueue', node: far }
  assert.equal(await cluster.drive(Promise.all(outcomes)), [full, full])
  const relations = systemOf(node).peers.get(far)
  assert.equal([relations?.calls.size, relations?.spawns.size], [0, 0])
  assert.equal(nodes(node), [far], 'the channel is kept')
})

test('all who are held get their turns, in the same measure', async () => {
  const { cluster, node, peer } = await scene()
  const sent: number[] = []
  const count = 8
  for (let mark = 1; mark <= count; mark++) pour(node, 30, sent, mark)
  await cluster.until('they are held', () => heldBy(node) === count)
  peer.listen()
  await cluster.until('half is there', () => sent.length >= count * 15)
  const perSender = Array.from({ length: count }, (_, i) => sent.filter((m) => m === i + 1).length)
  const [least, most] = [Math.min(...perSender), Math.max(...perSender)]
  assert.ok(most - least <= 2, `sent so far: ${perSender.join(' ')}`)
  await cluster.until('all is there', () => marksOf(peer).length === count * 30)
})

test('a peer that takes nothing for a minute loses its channel, slow ones do not', async () => {
  const { cluster, node, peer } = await scene({ tickMs: 5_000 })
  const log: string[] = []
  const sending = node.run(async (self) => {
    for (let n = 0; n < 20; n++) self.send(sink, block(1))
    await self.sendReady(far)
    log.push('on')
  })
  for (let tick = 0; tick < 10; tick++) {
    peer.sendControl(controlFrame.tick, new Uint8Array(0))
    await cluster.pass(5_000)
    assert.equal([log, peer.closed], [[], undefined])
  }
  for (let tick = 0; tick < 10 && peer.closed === undefined; tick++) {
    peer.sendControl(controlFrame.tick, new Uint8Array(0))
    await cluster.pass(5_000)
  }
  assert.is(peer.closed?.code, closeCode.limit)
  await cluster.drive(sending)
})

test.run()
