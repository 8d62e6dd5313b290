/**
 * Bytes of an authenticated peer that are not what the protocol says. A term that cannot be read
 * costs that message; a stream that cannot be trusted costs the channel; nothing costs the node.
 */
import { systemOf } from '../../../../runtime/kernel.ts'
import { closeCode, controlFrame } from '../../../../src/dist/protocol.ts'
import { channelStatistics } from '../../../../src/index.ts'
import { limits } from '../../../../src/limits.ts'
import { assert, suite } from '../../../support/harness.ts'
import {
  counterName,
  deadLetters,
  evil,
  type Hostile,
  hostile,
  leavesNothing,
  wellFor,
} from './hostile.ts'
import { tablesOf } from './virtual-cluster.ts'

const test = suite('a hostile peer: frames')

const sendFrame = 10
const fragmentType = 1

/** The channel ended with this code and words, and the node is well. */
async function ends(scene: Hostile, code: number, words: RegExp): Promise<void> {
  const end = await scene.peer.end()
  assert.is(end.code, code, end.reason)
  assert.match(end.reason, words)
  await wellFor(scene)
  await leavesNothing(scene)
}

/** The channel works: a call on it is answered. */
async function works({ peer }: Hostile, id: number): Promise<void> {
  peer.send({
    tag: 'call',
    ref: peer.ref(id),
    from: peer.pid(1),
    to: counterName,
    op: 'add',
    arg: 1,
  })
  assert.is(typeof (await peer.next('reply')).value, 'number')
}

test('a body that is no term is counted and reported, and the channel is kept', async () => {
  const scene = await hostile()
  const { peer, victim } = scene
  const bodies = [
    [],
    [0xc1],
    [0x92, 0xa1],
    [0xdd, 0xff, 0xff, 0xff, 0xff],
    [0xd4, 0x00, 0x01],
    [0xd4, 0x72, 0x40],
    [0x81, 0xa9, ...new TextEncoder().encode('__proto__'), 0x90],
    Array.from({ length: 200 }, () => 0x91),
  ]
  for (const body of bodies) peer.frame(sendFrame, Uint8Array.from(body))
  await works(scene, 1)
  assert.is(channelStatistics(victim, evil)?.undecodable, bodies.length)
  assert.is(deadLetters(scene).length, bodies.length)
  await wellFor(scene)
  await leavesNothing(scene)
})

test('a pid whose number is no pid of ours is a pid of nobody', async () => {
  const scene = await hostile()
  const { peer } = scene
  const numbers = [
    [2 ** 53 - 1, 1],
    [0, 0],
    [2 ** 32, 2 ** 32],
  ] as const
  for (const [index, serial] of numbers) {
    const pid = peer.pid(index, serial)
    peer.term(sendFrame, [pid, 'to itself'])
  }
  await works(scene, 1)
  assert.is(deadLetters(scene).length, numbers.length)
  await leavesNothing(scene)
})

test('fields of the wrong kind are counted and reported, and the channel is kept', async () => {
  const scene = await hostile()
  const { peer, victim } = scene
  const { before } = scene
  const values = [null, 0, -1, '', 'x', [], {}, true, peer.pid(1), peer.ref(1), new Map(), 1n]
  let sent = 0
  for (let type = 10; type <= 25; type++) {
    for (const value of values) {
      peer.term(type, value)
      peer.term(type, [])
      peer.term(type, { tag: 'send', to: value })
      sent += 3
    }
  }
  await works(scene, 1)
  assert.is(channelStatistics(victim, evil)?.undecodable, sent)
  // One more process: the one that keeps the peer's own channel.
  assert.equal(tablesOf(victim, evil), { ...before, processes: (before.processes ?? 0) + 1 })
  await wellFor(scene)
  await leavesNothing(scene)
})

test('a frame of an unknown type ends the channel', async () => {
  for (const type of [0, 3, 9, 26, 255]) {
    const scene = await hostile()
    scene.peer.frame(type, Uint8Array.of(0xc0))
    await ends(scene, closeCode.protocolViolation, /type/)
  }
})

test('a frame that declares more than a frame may hold ends the channel at once', async () => {
  const scene = await hostile()
  const header = new Uint8Array(5)
  new DataView(header.buffer).setUint32(0, limits.distFrameMaxBytes)
  header[4] = sendFrame
  scene.peer.raw(header)
  await ends(scene, closeCode.protocolViolation, /oversize/)
})

test('a frame without a type ends the channel', async () => {
  const scene = await hostile()
  scene.peer.raw(new Uint8Array(4))
  await ends(scene, closeCode.protocolViolation, /empty/)
})

/** A fragment: `id index [type total] bytes`. */
function fragment(id: number, index: number, bytes: number, head?: [type: number, total: number]) {
  const start = head === undefined ? 8 : 13
  const body = new Uint8Array(start + bytes)
  const view = new DataView(body.buffer)
  view.setUint32(0, id)
  view.setUint32(4, index)
  if (head !== undefined) {
    view.setUint8(8, head[0])
    view.setUint32(9, head[1])
  }
  return body
}

const badFragments: readonly (readonly [string, readonly Uint8Array[]])[] = [
  ['malformed', [new Uint8Array(7)]],
  ['malformed', [new Uint8Array(12)]],
  ['malformed', [fragment(1, 0, 0, [sendFrame, 10])]],
  ['order', [fragment(1, 1, 5)]],
  ['order', [fragment(1, 0, 5, [sendFrame, 10]), fragment(1, 2, 5)]],
  ['order', [fragment(1, 0, 5, [sendFrame, 10]), fragment(1, 0, 5, [sendFrame, 10])]],
  ['overrun', [fragment(1, 0, 5, [sendFrame, 10]), fragment(1, 1, 6)]],
  ['size', [fragment(1, 0, 1, [sendFrame, 2 ** 32 - 1])]],
  ['fragmented frame of type 1', [fragment(1, 0, 1, [fragmentType, 1])]],
  ['fragmented frame of type 99', [fragment(1, 0, 1, [99, 1])]],
]

for (const [index, [words, bodies]] of badFragments.entries()) {
  test(`bad fragments ${index}: ${words}`, async () => {
    const scene = await hostile()
    for (const body of bodies) scene.peer.frame(fragmentType, body)
    await ends(scene, closeCode.protocolViolation, new RegExp(words))
  })
}

test('ten thousand half-finished messages end the channel at the limit of them', async () => {
  const scene = await hostile()
  const { peer } = scene
  for (let id = 0; id < 10_000; id++) {
    peer.frame(fragmentType, fragment(id, 0, 1, [sendFrame, 1000]), id % 8)
  }
  await ends(scene, closeCode.protocolViolation, /fragment count/)
})

test('half-finished messages declared larger than all may be end the channel', async () => {
  const scene = await hostile()
  const { peer } = scene
  const third = Math.ceil(limits.distMaxMessageBytes / 3)
  for (let id = 0; id < 4; id++) peer.frame(fragmentType, fragment(id, 0, 1, [sendFrame, third]))
  await ends(scene, closeCode.protocolViolation, /fragment size/)
})

test('half-finished messages are let go with the channel', async () => {
  const scene = await hostile()
  const { peer } = scene
  for (let id = 0; id < 100; id++) peer.frame(fragmentType, fragment(id, 0, 1, [sendFrame, 1000]))
  await works(scene, 1)
  await wellFor(scene)
  await leavesNothing(scene)
})

test('the end or the reset of a data stream ends the channel', async () => {
  for (const how of ['end', 'reset'] as const) {
    const scene = await hostile()
    await works(scene, 1)
    if (how === 'end') scene.peer.lane(0).end()
    else scene.peer.lane(0).reset(3)
    await ends(scene, closeCode.protocolViolation, /data stream/)
  }
})

test('more data streams than the protocol has end the channel', async () => {
  const scene = await hostile()
  for (let lane = 0; lane <= limits.distDataStreams; lane++) {
    scene.peer.frame(sendFrame, Uint8Array.of(0xc0), lane)
  }
  await ends(scene, closeCode.protocolViolation, /stream kind 3/)
})

for (const kind of [0, 1, 2, 4, 255]) {
  test(`another stream of kind ${kind} ends the channel`, async () => {
    const scene = await hostile()
    const stream = scene.peer.connection.openStream(kind === 2 ? 'bidi' : 'uni')
    stream?.write(Uint8Array.of(kind, 1, 2, 3))
    await ends(scene, closeCode.protocolViolation, new RegExp(`stream kind ${kind}`))
  })
}

test('a stream that ends without a byte ends the channel', async () => {
  const scene = await hostile()
  scene.peer.connection.openStream('uni')?.end()
  await ends(scene, closeCode.protocolViolation, /without a kind/)
})

test('on the control stream unknown, oversized and empty frames end the channel', async () => {
  const bad: readonly (readonly [RegExp, Uint8Array])[] = [
    [/type/, Uint8Array.of(0, 0, 0, 1, 9)],
    [/oversize/, Uint8Array.of(0xff, 0xff, 0xff, 0xff, 1)],
    [/empty/, Uint8Array.of(0, 0, 0, 0)],
    [/oversize/, new Uint8Array([0, 1, 0, 0, 2, ...new Uint8Array(5000)])],
  ]
  for (const [words, bytes] of bad) {
    const scene = await hostile()
    scene.peer.rawControl(bytes)
    await ends(scene, closeCode.protocolViolation, words)
  }
})

test('the end or the reset of the control stream ends the channel', async () => {
  for (const how of ['end', 'reset'] as const) {
    const scene = await hostile()
    if (how === 'end') scene.peer.controlStream.end()
    else scene.peer.controlStream.reset(1)
    await ends(scene, closeCode.protocolViolation, /control stream/)
  }
})

test('a second name, after the handshake, ends the channel', async () => {
  const scene = await hostile()
  const { peer } = scene
  peer.say({ tag: 'name', version: 1, node: 'b@10.0.0.2', creation: 1, flags: [], mandatory: [] })
  await ends(scene, closeCode.protocolViolation, /handshake/)
})

test('a flood of pings costs one answer each turn, not one each', async () => {
  const scene = await hostile()
  const { peer, victim, cluster } = scene
  const pings = 20_000
  const bytes = new Uint8Array(pings * 5)
  for (let at = 0; at < bytes.length; at += 5) bytes.set([0, 0, 0, 1, controlFrame.ping], at)
  peer.rawControl(bytes)
  let mailMax = 0
  await cluster.until('all are read', () => {
    for (const process of systemOf(victim).processes) {
      mailMax = Math.max(mailMax, process.messageCount)
    }
    return peer.control.length > 0
  })
  await works(scene, 1)
  assert.ok(mailMax < 10, `mail of the link process: ${mailMax}`)
  assert.ok(peer.control.length < 1000, `answers: ${peer.control.length}`)
  await wellFor(scene)
  await leavesNothing(scene)
})

test('a peer that asks and never reads loses its channel, not our memory', async () => {
  const scene = await hostile()
  const { peer, victim, cluster } = scene
  peer.deaf()
  // The refusal of a spawn names the module, and so is as long as the request.
  const module = 'x'.repeat(60_000)
  const request = { tag: 'spawn', from: null, module, arg: null, name: null } as const
  const bound = 2 * limits.distQueueMaxBytes * limits.distQueueOverflowFactor
  let worst = 0
  for (let id = 1; peer.closed === undefined; id++) {
    peer.send({ ...request, ref: peer.ref(id), link: false, monitor: false })
    if (id % 50 > 0) continue
    await cluster.pass(0)
    worst = Math.max(worst, channelStatistics(victim, evil)?.queuedBytes ?? 0)
    if (id * module.length > 2 * bound) throw new Error('the channel is kept for ever')
  }
  assert.is(peer.closed.code, closeCode.limit)
  assert.ok(worst > 0 && worst < bound + 50 * 2 * module.length, `${worst} bytes waited`)
  await wellFor(scene)
  await leavesNothing(scene)
})

test.run()
