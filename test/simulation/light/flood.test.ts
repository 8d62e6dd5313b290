/** The flood of the light simulator over real membership rules. */
import { defaultMembershipOptions } from '../../../src/membership/index.ts'
import { assert, suite } from '../../support/harness.ts'
import { LightEngine } from './engine.ts'
import { Flood } from './flood.ts'
import { hopsFrom } from './graph.ts'
import { MembershipLayer } from './membership-layer.ts'

const test = suite('light simulation: flood')
const nodes = 60

function overlay(): { engine: LightEngine; membership: MembershipLayer; flood: Flood } {
  const engine = new LightEngine(nodes, 5)
  const membership = new MembershipLayer(engine, defaultMembershipOptions)
  for (let node = 0; node < nodes; node++) {
    membership.step(node, { tag: 'bootstrap' })
    if (node > 0) membership.step(node, { tag: 'join', contact: engine.names[0]! })
    engine.runUntil(engine.nowMs + 1_000)
  }
  engine.runUntil(engine.nowMs + 60_000)
  return { engine, membership, flood: new Flood(engine, membership) }
}

test('it reaches everybody by the shortest way, with a copy per edge that leads on', () => {
  const { membership, flood } = overlay()
  const graph = membership.graph()
  const hops = new Int32Array(nodes)
  for (const source of [0, 7, 59]) {
    const { reached, lastHop, copies } = flood.run(source)
    assert.is(reached, hopsFrom(graph, source, hops, new Int32Array(nodes)))
    assert.is(reached, nodes)
    assert.is(lastHop, Math.max(...hops))
    assert.is(copies, graph.targets.length - (nodes - 1))
  }
})

test('a dead peer is reported, replaced, and what takes its place gets the message', () => {
  const { engine, membership, flood } = overlay()
  const source = 3
  for (const peer of membership.active(source)) engine.kill(peer)
  assert.is(
    membership.active(source).some((peer) => engine.alive(peer)),
    false,
  )
  const { reached } = flood.run(source)
  assert.ok(reached > 1, `${reached} of ${engine.living().length}`)
  assert.ok(membership.active(source).every((peer) => engine.alive(peer)))
})

test('the reach is that of a flood, whether it is known already or not', () => {
  const { engine, membership, flood } = overlay()
  const twin = new Flood(engine, membership)
  for (const dead of [[], [5], [6, 7, 8, 9], membership.active(0)]) {
    for (const node of dead) engine.kill(node)
    for (const source of engine.living()) {
      assert.is(flood.reach(source), twin.run(source).reached, `${dead} ${source}`)
      assert.is(flood.reach(source), twin.run(source).reached, `${dead} ${source}, again`)
    }
  }
})

test('the last node alive reaches itself', () => {
  const { engine, flood } = overlay()
  for (let node = 1; node < nodes; node++) engine.kill(node)
  assert.is(flood.run(0).reached, 1)
})

test('whoever follows the membership goes on following it after a flood', () => {
  const { engine, membership, flood } = overlay()
  let ups = 0
  membership.onUp = () => ups++
  for (const peer of membership.active(4)) engine.kill(peer)
  flood.run(4)
  assert.ok(ups > 0)
  const before = ups
  for (const peer of membership.active(4)) engine.kill(peer)
  for (const peer of membership.active(4)) engine.failChannel(4, peer)
  engine.settle()
  assert.ok(ups > before)
})

test.run()
