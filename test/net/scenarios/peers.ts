/**
 * A peer that has proved who it is and means harm, over real sockets: mutated frames, names without
 * number, messages that never complete.
 */
import * as assert from 'uvu/assert'
import { Pid, RemoteReference } from '../../../runtime/identifier.ts'
import { seededRandom } from '../../../runtime/platform/sim.ts'
import type { CarrierStream } from '../../../src/carrier/carrier.ts'
import { fragmentFrame, streamKind } from '../../../src/dist/protocol.ts'
import { encodeSignal } from '../../../src/dist/signal-codec.ts'
import { limits } from '../../../src/limits.ts'
import { createCodec, FrameReader, FrameWriter } from '../../../src/wire/index.ts'
import { oddMessages, recordData, recordHandshakes } from '../../fuzz/recording.ts'
import { wireInputs } from '../../fuzz/wire-input.ts'
import { until } from '../../support/until.ts'
import type { Scenario } from '../scenario.ts'
import { attacked, describeOutcome, type Scene, underLoad } from '../scene.ts'
import type { Stage } from '../stage.ts'
import {
  becomeKnown,
  type KnownPeer,
  knownCreation,
  newKeypair,
  openStranger,
  quietStream,
} from '../stranger.ts'

const evil = 'evil@127.0.0.2'
const seed = 6
/** The frame type of `send`. */
const sendFrame = 10

/** Makes connections of the same evil peer, one after the other. */
async function evilPeer(stage: Stage, scene: Scene): Promise<() => Promise<KnownPeer>> {
  const endpoint = await openStranger(stage, '127.0.0.2')
  const keypair = newKeypair()
  const target = { name: scene.victim.name, address: scene.address }
  return () => becomeKnown({ endpoint, name: evil, keypair, target })
}

function dataStream({ connection }: KnownPeer): CarrierStream {
  const stream = connection.openStream('uni')
  if (stream === undefined) throw new Error('no data stream')
  stream.handler = quietStream
  stream.write(Uint8Array.of(streamKind.data))
  return stream
}

/** Writes, and waits while the other side does not read. */
async function push(stream: CarrierStream, bytes: Uint8Array): Promise<void> {
  if (stream.write(bytes)) return
  await new Promise<void>((resolve) => {
    stream.handler = { ...quietStream, onDrain: resolve }
  })
}

/** Resolves when all that was sent on `stream` before has been dealt with. */
async function answered(stage: Scene, peer: KnownPeer, stream: CarrierStream): Promise<void> {
  const self = { name: evil, creation: knownCreation }
  const codec = createCodec({
    local: self,
    peer: { name: stage.victim.name, creation: peer.creation },
    pid: (parts) => new Pid(parts),
    reference: (parts) => new RemoteReference(parts),
  })
  const identity = { node: evil, creation: knownCreation }
  let heard = 0
  peer.incoming.take(streamKind.data, () => {
    const reader = new FrameReader({ knows: () => true, onFrame: () => void heard++ })
    return { ...quietStream, onData: (bytes) => void reader.push(bytes) }
  })
  const encoded = encodeSignal(
    codec,
    {
      tag: 'monitor',
      ref: new RemoteReference({ ...identity, id: 1 }),
      from: new Pid({ ...identity, index: 1, serial: 1 }),
      to: 'nobody has this name',
    },
    false,
  )
  if (encoded.tag === 'error') throw new Error(encoded.path)
  const writer = new FrameWriter()
  writer.append(encoded.type, Buffer.concat(encoded.body.pieces()))
  await push(stream, Buffer.concat(writer.take()))
  await until('the answer to a monitor', () => heard > 0, 120_000)
}

async function mutatedFrames(stage: Stage): Promise<string> {
  const scene = await attacked(stage)
  const connect = await evilPeer(stage, scene)
  const draw = wireInputs(recordData(), recordHandshakes(), oddMessages())
  const random = seededRandom(seed)
  const inputs = 3000
  let connections = 0
  const outcome = await underLoad(scene, async () => {
    for (let sent = 0; sent < inputs; connections++) {
      const peer = await connect()
      const stream = dataStream(peer)
      for (; sent < inputs && !peer.connection.closed; sent++) {
        const input = draw(random)
        if (input.tag !== 'data') continue
        await push(stream, input.bytes)
        await new Promise(setImmediate)
      }
      peer.connection.close(0, 'done')
    }
  })
  assert.ok(connections > 10, 'some end the channel')
  return `${inputs} streams on ${connections} connections; ${describeOutcome(outcome)}`
}

/** Frames that send a number to a name each: `['x<number>', 0]`. */
function namesBatch(first: number, count: number): Uint8Array {
  const digits = 8
  const frameBytes = 5 + 1 + 1 + (1 + digits) + 1
  const bytes = new Uint8Array(count * frameBytes)
  const view = new DataView(bytes.buffer)
  for (let index = 0, at = 0; index < count; index++, at += frameBytes) {
    view.setUint32(at, frameBytes - 4)
    bytes.set([sendFrame, 0x92, 0xa0 | (1 + digits), 0x78], at + 4)
    let rest = first + index
    for (let digit = digits - 1; digit >= 0; digit--) {
      bytes[at + 8 + digit] = 0x30 + (rest % 10)
      rest = Math.floor(rest / 10)
    }
  }
  return bytes
}

async function names(stage: Stage): Promise<string> {
  const scene = await attacked(stage)
  const connect = await evilPeer(stage, scene)
  const [count, batch] = [10_000_000, 2_000]
  let wallMs = 0
  const outcome = await underLoad(scene, async () => {
    const peer = await connect()
    const stream = dataStream(peer)
    const startedMs = performance.now()
    for (let first = 0; first < count; first += batch) await push(stream, namesBatch(first, batch))
    await answered(scene, peer, stream)
    wallMs = performance.now() - startedMs
    assert.is(peer.connection.closed, false)
  })
  const perSecond = Math.round(count / (wallMs / 1000))
  return `${count} names, ${perSecond} per second; ${describeOutcome(outcome)}`
}

/** As many messages as may be unfinished, declared as large as all may be, and never completed. */
async function unfinished(stage: Stage): Promise<string> {
  const scene = await attacked(stage)
  const connect = await evilPeer(stage, scene)
  const count = limits.distUnfinishedMessagesMax
  const declared = Math.floor(limits.distMaxMessageBytes / count)
  const outcome = await underLoad(scene, async () => {
    const peer = await connect()
    const stream = dataStream(peer)
    for (let id = 0; id < count; id++) {
      const body = new Uint8Array(13 + 1000)
      const view = new DataView(body.buffer)
      view.setUint32(0, id)
      view.setUint8(8, sendFrame)
      view.setUint32(9, declared)
      const writer = new FrameWriter()
      writer.append(fragmentFrame, body)
      await push(stream, Buffer.concat(writer.take()))
    }
    await answered(scene, peer, stream)
    assert.is(peer.connection.closed, false, 'all of this is allowed')
    await push(stream, Uint8Array.of(0, 0xff, 0xff, 0xff, sendFrame))
  })
  return `${count} messages of ${declared} declared bytes; ${describeOutcome(outcome)}`
}

export const peerScenarios: readonly Scenario[] = [
  {
    name: 'an authenticated peer that sends mutated frames',
    needs: 'loopback',
    deadlineMs: 60_000,
    run: mutatedFrames,
  },
  {
    name: 'an authenticated peer that sends to ten million names',
    needs: 'loopback',
    deadlineMs: 180_000,
    run: names,
  },
  {
    name: 'an authenticated peer whose messages never complete',
    needs: 'loopback',
    deadlineMs: 60_000,
    run: unfinished,
  },
]
