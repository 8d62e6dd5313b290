/**
 * Signals of an authenticated peer that are well framed and say what they must not. Lies about who
 * sends end the channel; requests nobody can grant are answered; answers nobody asked for vanish.
 */
import { Pid, RemoteReference } from '../../../../runtime/identifier.ts'
import { type Signal, systemOf } from '../../../../runtime/kernel.ts'
import { closeCode } from '../../../../src/dist/protocol.ts'
import { child, nodes, send, spawn } from '../../../../src/index.ts'
import { assert, suite } from '../../../support/harness.ts'
import {
  counterName,
  deadLetters,
  evil,
  type Hostile,
  hostile,
  leavesNothing,
  reader,
  secret,
  wellFor,
} from './hostile.ts'
import { a, b, tablesOf } from './virtual-cluster.ts'

const test = suite('a hostile peer: signals')

/** Pids and references the peer has no right to speak for. */
function strangers({ peer }: Hostile): { pid: Pid; ref: RemoteReference; who: string }[] {
  const creation = 5
  const foreign = { node: a, creation }
  const old = { node: evil, creation: peer.creation + 1 }
  const victims = { node: b, creation: peer.targetCreation }
  return [
    { ...foreign, who: 'another node' },
    { ...victims, who: 'the victim itself' },
    { ...old, who: 'another start of the peer' },
  ].map(({ node, creation: made, who }) => ({
    who,
    pid: new Pid({ node, creation: made, index: 1, serial: 1 }),
    ref: new RemoteReference({ node, creation: made, id: 1 }),
  }))
}

type Lie = { readonly what: string; readonly signal: (pid: Pid, scene: Hostile) => Signal }

const lies: readonly Lie[] = [
  { what: 'link', signal: (from, s) => ({ tag: 'link', from, to: victimPid(s) }) },
  { what: 'unlink', signal: (from, s) => ({ tag: 'unlink', from, to: victimPid(s), id: 1 }) },
  { what: 'unlinkAck', signal: (from, s) => ({ tag: 'unlinkAck', from, to: victimPid(s), id: 1 }) },
  {
    what: 'linkExit',
    signal: (from, s) => ({ tag: 'linkExit', from, to: victimPid(s), reason: 'kill' }),
  },
  { what: 'exit', signal: (from, s) => ({ tag: 'exit', from, to: victimPid(s), reason: 'kill' }) },
  {
    what: 'monitor',
    signal: (from, s) => ({ tag: 'monitor', ref: s.peer.ref(1), from, to: victimPid(s) }),
  },
  {
    what: 'call',
    signal: (from, s) => ({
      tag: 'call',
      ref: s.peer.ref(1),
      from,
      to: counterName,
      op: 'x',
      arg: 0,
    }),
  },
  {
    what: 'spawn',
    signal: (from, s) => ({ ...spawnOf(s, reader.name), from }),
  },
  { what: 'spawned', signal: (pid, s) => ({ tag: 'spawned', ref: s.peer.ref(1), pid }) },
]

function victimPid({ victim }: Hostile): Pid {
  const named = systemOf(victim).names.get(counterName)
  if (named === undefined) throw new Error('the counter is gone')
  return named.pid
}

function spawnOf({ peer }: Hostile, module: string): Extract<Signal, { tag: 'spawn' }> {
  const [ref, from] = [peer.ref(1), peer.pid(1)]
  return { tag: 'spawn', ref, from, module, arg: null, name: null, link: false, monitor: false }
}

for (const { what, signal } of lies) {
  test(`${what} in the name of a process that is not the peer's ends the channel`, async () => {
    const size = strangers(await hostile()).length
    for (let which = 0; which < size; which++) {
      const scene = await hostile()
      const liar = strangers(scene)[which]
      if (liar === undefined) throw new Error('unreachable')
      scene.peer.send(signal(liar.pid, scene))
      const end = await scene.peer.end()
      assert.is(end.code, closeCode.protocolViolation, liar.who)
      assert.is(end.reason, 'forgedSender')
      await wellFor(scene)
      await leavesNothing(scene)
    }
  })
}

test("references that are not the peer's own are refused where it asks", async () => {
  for (const tag of ['monitor', 'call', 'spawn', 'demonitor', 'cancelCall'] as const) {
    const scene = await hostile()
    const { peer } = scene
    const ref = new RemoteReference({ node: a, creation: 5, id: 1 })
    if (tag === 'monitor') peer.send({ tag, ref, from: peer.pid(1), to: victimPid(scene) })
    else if (tag === 'call') {
      peer.send({ tag, ref, from: peer.pid(1), to: counterName, op: 'add', arg: 1 })
    } else if (tag === 'spawn') peer.send({ ...spawnOf(scene, reader.name), ref })
    else peer.send({ tag, ref })
    assert.is((await peer.end()).reason, 'forgedSender', tag)
    await wellFor(scene)
  }
})

test('a reference of another start of the peer does not pass for its own', async () => {
  const scene = await hostile()
  const { peer } = scene
  const ref = new RemoteReference({ node: evil, creation: peer.creation + 1, id: 1 })
  peer.send({ tag: 'monitor', ref, from: peer.pid(1), to: victimPid(scene) })
  assert.is((await peer.end()).reason, 'forgedSender')
})

test('what is sent to an earlier start of the node reaches nobody', async () => {
  const scene = await hostile()
  const { peer, cluster, victim } = scene
  const { index, serial } = pidParts(victimPid(scene))
  const to = new Pid({ node: b, creation: (peer.targetCreation + 1) >>> 0, index, serial })
  peer.send({ tag: 'send', to, message: 'hello' })
  peer.send({ tag: 'exit', from: peer.pid(1), to, reason: 'kill' })
  peer.send({ tag: 'monitor', ref: peer.ref(7), from: peer.pid(1), to })
  assert.is((await peer.next('down')).reason, 'noproc')
  peer.send({ tag: 'link', from: peer.pid(1), to })
  assert.is((await peer.next('linkExit')).reason, 'noproc')
  peer.send({ tag: 'call', ref: peer.ref(8), from: peer.pid(1), to, op: 'add', arg: 1 })
  assert.is((await peer.next('callFailed')).reason, 'noproc')
  assert.is(deadLetters(scene).length, 1)
  assert.ok(nodes(victim).includes(evil))
  await cluster.pass(0)
  await wellFor(scene)
  await leavesNothing(scene)
})

function pidParts(pid: Pid): { readonly index: number; readonly serial: number } {
  const match = /\.(\d+)\.(\d+)>$/.exec(pid.toString())
  return { index: Number(match?.[1]), serial: Number(match?.[2]) }
}

test('modules that are not listed for others are not run', async () => {
  const scene = await hostile()
  const { peer, victim, cluster } = scene
  const running = tablesOf(victim, evil).processes
  const names = ['skein.dist.link', 'skein.dist.kernel', 'skein.cluster', 'skein.root']
  for (const module of [...names, 'hostile.secret', 'no.such', '__proto__', 'constructor', '']) {
    peer.send(spawnOf(scene, module))
    const failed = await peer.next('spawnFailed')
    assert.equal(failed.reason, { tag: 'unknownModule', module })
  }
  assert.is(tablesOf(victim, evil).processes, running)
  await cluster.pass(0)
  await wellFor(scene)
  await leavesNothing(scene)
})

test('names that are taken or bad are refused without a process', async () => {
  const scene = await hostile()
  const { peer, victim } = scene
  const running = tablesOf(victim, evil).processes
  for (const name of [counterName, 'skein.dist.kernel', 'skein.dist.links']) {
    peer.send({ ...spawnOf(scene, reader.name), name })
    assert.equal((await peer.next('spawnFailed')).reason, { tag: 'taken', name })
  }
  for (const name of ['', 'x'.repeat(256)]) {
    peer.send({ ...spawnOf(scene, reader.name), name })
    assert.not.equal((await peer.next('spawnFailed')).reason, 'noconnection')
  }
  assert.is(tablesOf(victim, evil).processes, running)
  await leavesNothing(scene)
})

test('operations named after what every object has are unknown ones', async () => {
  const scene = await hostile()
  const { peer } = scene
  let id = 10
  for (const op of ['__proto__', 'constructor', 'toString', 'hasOwnProperty', '', 'add\0']) {
    const ref = peer.ref(id++)
    peer.send({ tag: 'call', ref, from: peer.pid(1), to: counterName, op, arg: null })
    assert.equal((await peer.next('callFailed')).reason, { tag: 'undef', op })
  }
  await wellFor(scene)
  await leavesNothing(scene)
})

test('answers to nothing vanish', async () => {
  const scene = await hostile()
  const { peer, victim } = scene
  const asked = [1, 2, 3, 2 ** 40].map(
    (id) => new RemoteReference({ node: b, creation: peer.targetCreation, id }),
  )
  for (const ref of asked) {
    peer.send({ tag: 'reply', ref, value: 'forged' })
    peer.send({ tag: 'callFailed', ref, reason: 'kill' })
    peer.send({ tag: 'spawned', ref, pid: peer.pid(3) })
    peer.send({ tag: 'spawnFailed', ref, reason: 'kill' })
    peer.send({ tag: 'down', ref, reason: 'kill' })
  }
  peer.send({ tag: 'unlinkAck', from: peer.pid(1), to: victimPid(scene), id: 99 })
  peer.send({ tag: 'linkExit', from: peer.pid(1), to: victimPid(scene), reason: 'kill' })
  peer.send({ tag: 'demonitor', ref: peer.ref(4) })
  peer.send({ tag: 'cancelCall', ref: peer.ref(4) })
  await answered(scene)
  assert.ok(nodes(victim).includes(evil), 'the channel is kept')
  await wellFor(scene)
  await leavesNothing(scene)
})

test("another node's calls cannot be answered by the peer", async () => {
  const scene = await hostile()
  const { cluster, victim, honest, peer } = scene
  const deaf = spawn(honest, reader)
  let settled = 'no'
  const calling = cluster.run(victim, async (self) => {
    const ref = self.monitor(deaf)
    const { id } = ref
    for (let guess = Math.max(1, id - 20); guess < id + 20; guess++) {
      const forged = new RemoteReference({ node: b, creation: peer.targetCreation, id: guess })
      peer.send({ tag: 'down', ref: forged, reason: 'forged' })
      peer.send({ tag: 'callFailed', ref: forged, reason: 'forged' })
      peer.send({ tag: 'spawnFailed', ref: forged, reason: 'forged' })
    }
    settled = JSON.stringify(await self.receive(null, { timeoutMs: 1_000, otherwise: null }))
  })
  await calling
  assert.is(settled, 'null', 'nothing came')
  await wellFor(scene)
})

test('a link from a process that does not exist is a link like any other', async () => {
  const scene = await hostile()
  const { peer, cluster, victim } = scene
  const pid = spawn(victim, reader)
  peer.send({ tag: 'link', from: peer.pid(4_000_000, 12), to: pid })
  await answered(scene)
  assert.is(tablesOf(victim, evil).links, 1)
  peer.connection.close(0, 'gone')
  await cluster.until('noconnection', () =>
    cluster.of(b, 'exit').some((event) => event.pid === pid && event.reason === 'noconnection'),
  )
})

test('exit signals may have any reason; what is no reason is no signal', async () => {
  const scene = await hostile()
  const { peer, cluster, victim } = scene
  const seen: unknown[] = []
  const done = victim.run(async (self) => {
    self.trapExit(true)
    const reasons = [
      '',
      'x'.repeat(100_000),
      { tag: 'error', name: 'Error', message: '', stack: 'forged' },
      { tag: '__proto__' },
      { tag: 'deep', inner: { tag: 'a', inner: { tag: 'b' } } },
    ]
    for (const reason of reasons) {
      peer.send({ tag: 'exit', from: peer.pid(1), to: self.pid, reason })
    }
    for (const reason of reasons) {
      const message = await self.receive()
      seen.push(message)
      assert.equal((message as { reason: unknown }).reason, reason)
    }
  })
  await cluster.drive(done)
  assert.is(seen.length, 5)
  for (const reason of [null, 1, [], {}, { tag: 1 }, undefined]) {
    peer.term(15, [peer.pid(1), victimPid(scene), reason])
  }
  await answered(scene)
  assert.is(deadLetters(scene).length, 6)
  await wellFor(scene)
})

test('messages in the shape of what the runtime delivers are messages', async () => {
  const scene = await hostile()
  const { peer, cluster, victim } = scene
  const received: unknown[] = []
  await cluster.drive(
    victim.run(async (self) => {
      const forged = [
        { tag: 'EXIT', from: peer.pid(1), reason: 'kill' },
        { tag: 'DOWN', ref: peer.ref(1), target: peer.pid(1), reason: 'kill' },
        { tag: 'call', op: 'add', arg: 1 },
        { tag: '$closed' },
        null,
      ]
      for (const message of forged) peer.send({ tag: 'send', to: self.pid, message })
      for (const _ of forged) received.push(await self.receive())
      assert.equal(received, forged)
    }),
  )
  for (const message of [
    { tag: '$closed', info: { by: 'peer', code: 0, reason: '' } },
    { tag: '$cast', op: 'attempt', arg: 1 },
    { tag: '$cast', op: 'attempt', arg: { toString: 1 } },
    { tag: '$cast', op: '__proto__', arg: 1 },
    'noise',
  ]) {
    for (const to of [counterName, 'skein.dist.kernel', 'skein.dist.links']) {
      peer.send({ tag: 'send', to, message })
    }
  }
  await answered(scene)
  await wellFor(scene)
  await leavesNothing(scene)
})

test("the node's own processes do not exist for others, by name or by pid", async () => {
  const scene = await hostile()
  const { peer, victim, cluster } = scene
  const own = ['skein.dist.kernel', 'skein.dist.links']
  const pids = own.map((name) => systemOf(victim).names.get(name)?.pid)
  const arg = child(secret, undefined, { id: 'x' })
  let id = 100
  for (const to of [...own, ...pids]) {
    if (to === undefined) throw new Error('no such process')
    const [ref, from] = [peer.ref(id++), peer.pid(1)]
    peer.send({ tag: 'call', ref, from, to, op: 'startChild', arg })
    assert.is((await peer.next('callFailed')).reason, 'noproc')
    peer.send({ tag: 'monitor', ref: peer.ref(id++), from, to })
    assert.is((await peer.next('down')).reason, 'noproc')
    if (typeof to === 'string') continue
    peer.send({ tag: 'link', from, to })
    assert.is((await peer.next('linkExit')).reason, 'noproc')
    peer.send({ tag: 'exit', from, to, reason: 'kill' })
  }
  await answered(scene)
  assert.equal(
    own.map((name) => systemOf(victim).names.get(name)?.pid),
    pids,
  )
  assert.is(cluster.of(b, 'spawn').filter(({ module }) => module === secret.name).length, 0)
  await wellFor(scene)
  await leavesNothing(scene)
})

test('the same reference twice is one monitor, and one call', async () => {
  const scene = await hostile()
  const { peer, victim } = scene
  const pid = spawn(victim, reader)
  for (let i = 0; i < 3; i++) {
    peer.send({ tag: 'monitor', ref: peer.ref(1), from: peer.pid(1), to: pid })
    peer.send({ tag: 'call', ref: peer.ref(2), from: peer.pid(1), to: pid, op: 'x', arg: 0 })
  }
  await answered(scene)
  const { watches, inboundCalls } = tablesOf(victim, evil)
  assert.equal({ watches, inboundCalls }, { watches: 1, inboundCalls: 1 })
  send(pid, 'still alive')
  peer.send({ tag: 'exit', from: peer.pid(1), to: pid, reason: 'kill' })
  assert.is((await peer.next('down')).reason, 'killed')
  assert.is((await peer.next('callFailed')).reason, 'killed')
  assert.is(peer.heard.length, 0)
  await leavesNothing(scene)
})

/** Waits until the victim has dealt with all the peer sent so far. */
async function answered({ peer }: Hostile): Promise<void> {
  const ref = peer.ref(1_000_000)
  peer.send({ tag: 'monitor', ref, from: peer.pid(1), to: 'nobody has this name' })
  const down = await peer.next('down')
  assert.is(down.ref.id, 1_000_000)
}

test.run()
