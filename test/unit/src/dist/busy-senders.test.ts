/**
 * Who is held by whom on a busy channel: a large message holds its sender alone, many senders of
 * little hold everybody, and parts of the system are never held.
 */
import { processOfSelf, type Signal, UNHELD } from '../../../../runtime/kernel.ts'
import {
  channelStatistics,
  type Pid,
  process,
  processInfo,
  type Self,
  spawn,
} from '../../../../src/index.ts'
import { limits } from '../../../../src/limits.ts'
import type { Node } from '../../../../src/node/node.ts'
import { assert, suite } from '../../../support/harness.ts'
import { far, heldBy, marksOf, max, scene, senderMax, sink } from './busy-scene.ts'

const test = suite('busy senders')
const smallBlock = new Uint8Array(limits.distFragmentBytes / 2)

function isSend(signal: Signal): signal is Signal & { tag: 'send' } {
  return signal.tag === 'send'
}

function sizeOf(message: unknown): unknown {
  return message instanceof Uint8Array ? message.length : message
}

/** So many senders of small messages that everybody is held, whatever is in the peer's windows. */
const crowd = 2 * Math.ceil(max / senderMax)

/** Sends small messages, waiting between them as a process does. */
function trickle(node: Node, messages: number, log: string[] = []): Pid {
  return spawn(
    node,
    process('busy.trickling', async (self: Self) => {
      for (let n = 0; n < messages; n++) {
        self.send(sink, smallBlock)
        await self.sendReady(far)
      }
      log.push('done')
    }),
  )
}

test('a large message holds its sender, and nobody else', async () => {
  const { cluster, node, peer } = await scene()
  const log: string[] = []
  const large = node.run(async (self) => {
    self.send(sink, new Uint8Array(2 * max).fill(1))
    self.send(sink, 'after')
    await self.sendReady(far)
    log.push('large')
  })
  await cluster.until('it is held', () => heldBy(node) === 1)
  await cluster.run(node, async (self) => {
    self.send(sink, 'small')
    await self.sendReady(far)
    log.push('small')
  })
  assert.equal([log, heldBy(node)], [['small'], 1])
  peer.listen()
  await cluster.drive(large)
  await cluster.until('all is there', () => peer.heard.filter(isSend).length === 3)
  const order = peer.heard.filter(isSend).map(({ message }) => sizeOf(message))
  assert.equal(order, ['small', 2 * max, 'after'])
})

test('many senders of little hold everybody, until half has left', async () => {
  const { cluster, node, peer } = await scene()
  const log: string[] = []
  const each = Math.ceil(senderMax / smallBlock.length)
  for (let n = 0; n < crowd; n++) trickle(node, each, log)
  await cluster.until('they are held', () => heldBy(node) > 0)
  const late = trickle(node, 1, log)
  await cluster.pass(1_000)
  assert.is(processInfo(node, late)?.status, 'suspended')
  const held = heldBy(node)
  assert.ok(held > 1 && log.length === crowd + 1 - held, `${held} held, ${log.length} done`)
  peer.listen()
  await cluster.until('all are done', () => log.length === crowd + 1)
  assert.is(heldBy(node), 0)
  await cluster.until('all is there', () => marksOf(peer).length === crowd * each + 1)
})

test('parts of the system are not held: their messages are dropped and counted', async () => {
  const { cluster, node, peer } = await scene()
  for (let n = 0; n < crowd; n++) trickle(node, Math.ceil(senderMax / smallBlock.length) + 1)
  await cluster.until('they are held', () => heldBy(node) > 0)
  await cluster.pass(1_000)
  const held = heldBy(node)
  await cluster.run(node, async (self) => {
    processOfSelf(self).flags |= UNHELD
    for (let n = 0; n < 5; n++) self.send(sink, 'gossip')
    self.monitor(sink)
    await self.yield()
  })
  assert.equal([heldBy(node), channelStatistics(node, far)?.dropped], [held, 5])
  peer.listen()
  await peer.next('monitor')
  assert.not(peer.heard.some((signal) => signal.tag === 'send' && signal.message === 'gossip'))
})

test.run()
