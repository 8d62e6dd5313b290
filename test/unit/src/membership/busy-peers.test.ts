/** A peer that takes nothing any more has failed, however well its channel is. */
import {
  membership,
  process,
  type Self,
  spawn,
  subscribeMembership,
} from '../../../../src/index.ts'
import { limits } from '../../../../src/limits.ts'
import { BusyPeers } from '../../../../src/membership/busy-peers.ts'
import { assert, suite } from '../../../support/harness.ts'
import { ScriptedPeer } from '../dist/scripted-peer.ts'
import { OverlayScene, seed } from './overlay-scene.ts'

const test = suite('busy peers')

const max = limits.membershipBusyFailedMs

test('busy for too long is failed, once', () => {
  const peers = new BusyPeers()
  assert.is(peers.note('x', 'busy', 0), false)
  assert.is(peers.note('x', 'busy', max - 1), false)
  assert.is(peers.note('x', 'busy', max), true)
  assert.is(peers.note('x', 'busy', max + 1), false, 'the time begins anew')
})

test('one message that leaves begins the time anew', () => {
  for (const told of ['sent', 'noChannel'] as const) {
    const peers = new BusyPeers()
    peers.note('x', 'busy', 0)
    assert.is(peers.note('x', told, max), false)
    assert.is(peers.note('x', 'busy', max), false)
    assert.is(peers.note('x', 'busy', 2 * max), true)
  }
})

test('peers are told apart, and forgotten with their channel', () => {
  const peers = new BusyPeers()
  peers.note('x', 'busy', 0)
  peers.note('y', 'busy', max / 2)
  peers.forget('x')
  assert.is(peers.note('x', 'busy', max), false)
  assert.is(peers.note('y', 'busy', max), false)
  assert.is(peers.note('y', 'busy', 2 * max), true)
})

test('a neighbour that reads nothing for that long is none any more', async () => {
  const scene = new OverlayScene()
  const node = await scene.start(seed, { tickMs: 3_600_000 })
  const ear = await scene.hear(seed, subscribeMembership)
  const name = 'deaf@10.6.6.6'
  const options = { name, target: seed, flags: ['services'] }
  const peer = await ScriptedPeer.dial(scene.cluster, options)
  assert.is((await peer.authenticate()).tag, 'ok')
  peer.deaf()
  assert.is((await peer.handshake()).tag, 'up')
  peer.tell('membership', [{ tag: 'join', edge: 1 }, []])
  await scene.cluster.until('it is a neighbour', () => ear.heard.length > 0)
  // Above what may wait for one node, of everybody together.
  const talkative = process('fixture.talkative', (self: Self) => {
    const bytes = new Uint8Array(64 * 1024)
    for (let n = 0; n < 400; n++) self.send({ tag: 'at', node: name, name: 'sink' }, bytes)
  })
  spawn(node, talkative)
  await scene.cluster.until('it has failed', () => {
    return ear.heard.some(({ tag }) => tag === 'peerDown')
  })
  const [, , down] = ear.heard
  assert.equal(down, { tag: 'peerDown', node: name, reason: 'busy' })
  assert.is(peer.closed, undefined, 'its channel is there')
  const { failed } = await scene.cluster.drive(membership(node))
  assert.equal(
    failed.map(({ reason }) => reason),
    ['busy'],
  )
})

test.run()
