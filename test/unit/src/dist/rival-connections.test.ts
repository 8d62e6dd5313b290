/**
 * One peer with two connections, both past the point where they could be refused: the first to be
 * up is kept if it still answers, and gives way if it does not. What the peer says of its
 * incarnation decides only how long the silence may last.
 */
import { closeCode, controlFrame } from '../../../../src/dist/protocol.ts'
import { generateKeypair } from '../../../../src/identity/index.ts'
import { limits } from '../../../../src/limits.ts'
import { assert, suite } from '../../../support/harness.ts'
import { ScriptedPeer } from './scripted-peer.ts'
import { b, VirtualCluster } from './virtual-cluster.ts'

const test = suite('rival connections')

/** Names on both sides of the target's: the greater one chooses, the smaller one does not. */
const peers = ['a@10.0.0.9', 'z@10.0.0.9']

type Rivals = {
  readonly cluster: VirtualCluster
  readonly first: ScriptedPeer
  readonly second: ScriptedPeer
  /** How the handshakes end. */
  readonly ends: Promise<readonly string[]>
}

/** Two connections of `name` whose replies leave in one turn. */
async function rivals(name: string, creations: readonly [number, number]): Promise<Rivals> {
  const cluster = new VirtualCluster()
  await cluster.start(b)
  const options = { name, target: b, keypair: generateKeypair(cluster.world.random) }
  const first = await ScriptedPeer.dial(cluster, { ...options, creation: creations[0] })
  const second = await ScriptedPeer.dial(cluster, { ...options, creation: creations[1] })
  for (const peer of [first, second]) assert.is((await peer.authenticate()).tag, 'ok')
  let go: () => void = () => undefined
  const hold = new Promise<void>((resolve) => {
    go = resolve
  })
  const ends = Promise.all([first, second].map(async (peer) => (await peer.handshake(hold)).tag))
  await cluster.pass(10)
  go()
  return { cluster, first, second, ends }
}

for (const name of peers) {
  test(`${name}: the one that is up and answers is kept`, async () => {
    const { cluster, first, second, ends } = await rivals(name, [1, 1])
    await cluster.until('it is asked', () => first.control.includes(controlFrame.ping))
    first.sendControl(controlFrame.tick, new Uint8Array(0))
    assert.is((await second.end()).code, closeCode.superseded)
    assert.is((await ends)[0], 'up')
    assert.is(first.closed, undefined)
    assert.is(cluster.of(b, 'nodeup').length, 1)
    assert.is(cluster.of(b, 'nodedown').length, 0)
  })

  for (const creations of [
    [1, 1],
    [1, 2],
  ] as const) {
    const which = creations[0] === creations[1] ? 'the same' : 'another'
    test(`${name}: one that is silent gives way to ${which} incarnation`, async () => {
      const { cluster, first, second, ends } = await rivals(name, creations)
      const startMs = cluster.world.nowMs
      assert.is((await first.end()).code, closeCode.superseded)
      const waitMs = creations[0] === creations[1] ? limits.distProbeSameMs : limits.distProbeMs
      const tookMs = cluster.world.nowMs - startMs
      assert.ok(tookMs >= waitMs && tookMs <= 1.05 * waitMs, `${tookMs} ms`)
      assert.equal(await ends, ['up', 'up'])
      await cluster.until('the second is up', () => cluster.of(b, 'nodeup').length === 2)
      assert.is(second.closed, undefined)
      const told = (cluster.events.get(b) ?? []).filter(({ tag }) => /^node(up|down)$/.test(tag))
      assert.equal(
        told.map(({ tag }) => tag),
        ['nodeup', 'nodedown', 'nodeup'],
      )
    })
  }
}

test.run()
