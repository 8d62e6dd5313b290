/**
 * How much of a node's memory a peer may hold: links, monitors, calls and spawn requests together.
 * The table is filled to its last places by hand, since a million real requests take long; the last
 * ones come over the wire.
 */
import { Pid } from '../../../../runtime/identifier.ts'
import { runtimeLimits, type Signal, systemOf } from '../../../../runtime/kernel.ts'
import { RemoteMonitor } from '../../../../runtime/monitors.ts'
import { RemotePids } from '../../../../runtime/remote-pids.ts'
import { closeCode } from '../../../../src/dist/protocol.ts'
import { spawn } from '../../../../src/index.ts'
import { assert, suite } from '../../../support/harness.ts'
import {
  counterName,
  evil,
  type Hostile,
  hostile,
  leavesNothing,
  reader,
  wellFor,
} from './hostile.ts'

import { a } from './virtual-cluster.ts'

const test = suite('a hostile peer: limits')

/** Leaves `left` places in the victim's table for the peer. */
function fill({ victim, peer }: Hostile, left: number): Pid {
  const system = systemOf(victim)
  const pid = spawn(victim, reader)
  const found = system.lookup(pid)
  if (found.tag !== 'local') throw new Error('unreachable')
  const table = system.peer(evil)
  const one = new RemoteMonitor(peer.ref(1), peer.pid(1), found.process, table)
  for (let id = 1; id <= runtimeLimits.peerRelationsMax - left; id++) table.watches.set(-id, one)
  return pid
}

const requests: Readonly<Record<string, (scene: Hostile, n: number, to: Pid) => Signal>> = {
  link: ({ peer }, n, to) => ({ tag: 'link', from: peer.pid(n), to }),
  monitor: ({ peer }, n, to) => ({ tag: 'monitor', ref: peer.ref(n), from: peer.pid(1), to }),
  call: ({ peer }, n, to) => ({
    tag: 'call',
    ref: peer.ref(n),
    from: peer.pid(1),
    to,
    op: 'x',
    arg: null,
  }),
  spawn: ({ peer }, n) => ({
    tag: 'spawn',
    ref: peer.ref(n),
    from: peer.pid(1),
    module: reader.name,
    arg: null,
    name: null,
    link: false,
    monitor: true,
  }),
}

for (const [what, request] of Object.entries(requests)) {
  test(`one ${what} too many ends the channel`, async () => {
    const scene = await hostile()
    const { peer, cluster } = scene
    const to = fill(scene, 3)
    for (let n = 1; n <= 3; n++) peer.send(request(scene, n, to))
    await cluster.pass(10)
    assert.is(peer.closed, undefined, 'three are allowed')
    peer.send(request(scene, 4, to))
    const end = await peer.end()
    assert.is(end.code, closeCode.limit)
    assert.is(end.reason, 'tooManyRelations')
    await wellFor(scene)
    assert.is(systemOf(scene.victim).peers.get(evil), undefined, 'the table is gone')
  })
}

test('what is taken back makes room', async () => {
  const scene = await hostile()
  const { peer, cluster } = scene
  const to = fill(scene, 1)
  for (let n = 1; n <= 50; n++) {
    peer.send({ tag: 'monitor', ref: peer.ref(n), from: peer.pid(1), to })
    peer.send({ tag: 'demonitor', ref: peer.ref(n) })
    peer.send({ tag: 'link', from: peer.pid(n), to })
    peer.send({ tag: 'unlink', from: peer.pid(n), to, id: n })
    peer.send({ tag: 'call', ref: peer.ref(n), from: peer.pid(1), to, op: 'x', arg: null })
    peer.send({ tag: 'cancelCall', ref: peer.ref(n) })
  }
  await cluster.pass(10)
  assert.is(peer.closed, undefined)
  await wellFor(scene)
})

test('a message queue of calls nobody answers is let go with the channel', async () => {
  const scene = await hostile()
  const { peer, victim, cluster } = scene
  const to = spawn(victim, reader)
  for (let n = 1; n <= 1000; n++) {
    peer.send({ tag: 'call', ref: peer.ref(n), from: peer.pid(1), to, op: 'x', arg: n })
  }
  await cluster.pass(10)
  assert.is(systemOf(victim).peers.get(evil)?.inboundCalls.size, 1000)
  await cluster.run(victim, (self) => self.exit(to, 'kill'))
  await leavesNothing(scene)
})

test('a peer that fills its table of pids leaves room for those of others', async () => {
  const { victim } = await hostile()
  const pids = new RemotePids(systemOf(victim), 3)
  const kept: unknown[] = []
  const parts = (node: string, index: number) => ({ node, creation: 1, index, serial: 1 })
  const tell = (node: string, index: number, from: string): boolean => {
    const pid = pids.intern(parts(node, index), from)
    kept.push(pid)
    return pid !== undefined && pid === pids.intern(parts(node, index))
  }
  const some = [1, 2, 3, 4]
  assert.equal(
    some.map((n) => tell(evil, n, evil)),
    [true, true, true, false],
  )
  assert.equal(
    some.map((n) => tell('other@10.1.1.1', n, evil)),
    [true, true, true, false],
  )
  assert.equal(
    some.map((n) => tell(a, n, a)),
    [true, true, true, false],
    'its own are its own',
  )
  assert.is(pids.size, 9)
  assert.is(kept.length, 12)
})

test('pids that name others are known only as long as somebody keeps them', async () => {
  const scene = await hostile()
  const { peer, victim, cluster } = scene
  for (let n = 0; n < 500; n++) {
    const pids = Array.from({ length: 20 }, (_, index) => {
      return new Pid({ node: `n${n}@10.9.9.9`, creation: n, index, serial: 1 })
    })
    peer.send({ tag: 'send', to: counterName, message: pids })
  }
  await cluster.pass(10)
  assert.ok(systemOf(victim).remotePids.size <= 10_000 + 10)
  await wellFor(scene)
  await leavesNothing(scene)
})

test.run()
