/** Strangers: what somebody who holds neither key nor cookie can throw at a node. */
import { createSocket } from 'node:dgram'
import * as assert from 'uvu/assert'
import { nodePlatform } from '../../../runtime/platform/node.ts'
import { seededRandom } from '../../../runtime/platform/sim.ts'
import type { Address, Connection, Endpoint } from '../../../src/carrier/carrier.ts'
import { streamKind } from '../../../src/dist/protocol.ts'
import {
  AuthFrameReader,
  decodeAuthMessage,
  encodeAuthMessage,
} from '../../../src/identity/auth-message.ts'
import { mutateBytes } from '../../fuzz/mutate.ts'
import { lasting } from '../experiment-time.ts'
import type { Scenario } from '../scenario.ts'
import { attacked, describeOutcome, underLoad } from '../scene.ts'
import type { Stage } from '../stage.ts'
import { dialTo, newKeypair, openStranger, quietStream } from '../stranger.ts'

const attackerHost = '127.0.0.2'
const seed = 5

/** Sends datagrams as fast as the socket takes them, `burst` at a time. */
async function flood(
  stage: Stage,
  target: Address,
  count: number,
  make: (index: number) => Uint8Array,
): Promise<void> {
  const socket = createSocket('udp4')
  await new Promise<void>((resolve) => socket.bind(0, attackerHost, resolve))
  stage.atEnd(() => socket.close())
  const send = (datagram: Uint8Array): Promise<void> =>
    new Promise((resolve) => socket.send(datagram, target.port, target.host, () => resolve()))
  const burst = 64
  for (let sent = 0; sent < count; sent += burst) {
    const size = Math.min(burst, count - sent)
    await Promise.all(Array.from({ length: size }, (_, index) => send(make(sent + index))))
  }
}

/** Looks like the first packet of a connection and is nothing. */
function garbageInitial(random: ReturnType<typeof seededRandom>): Uint8Array {
  const datagram = random.bytes(1200)
  datagram.set([0xc3, 0, 0, 0, 1, 8])
  datagram.set([8], 14)
  // No token, then a length of two bytes that covers the rest.
  datagram.set([0, 0x44, 0x96], 23)
  return datagram
}

async function garbageInitials(stage: Stage): Promise<string> {
  const scene = await attacked(stage)
  const random = seededRandom(seed)
  const count = 60_000
  const outcome = await underLoad(scene, async () => {
    await flood(stage, scene.address, count, () => garbageInitial(random))
    const late = await stage.start('late@127.0.0.4', {
      host: '127.0.0.4',
      nodes: { [scene.victim.name]: scene.address },
    })
    const flooding = flood(stage, scene.address, count / 4, () => garbageInitial(random))
    const { answered } = await late.ask({ op: 'call', node: scene.victim.name, times: 100 })
    assert.is(answered, 100, 'a node that connects meanwhile')
    await flooding
  })
  return `${count} Initials; ${describeOutcome(outcome)}`
}

/** Goes as far as a stranger can without a key, and lies. */
async function bogusResponse(
  endpoint: Endpoint,
  target: Address,
  publicKey: Uint8Array,
  name: string,
): Promise<'answered' | 'turned away'> {
  const dialled = await endpoint.dial(target, 5000)
  if (dialled.tag === 'error') return 'turned away'
  const { connection } = dialled
  const { random } = nodePlatform()
  return new Promise((resolve) => {
    const stream = connection.openStream('uni')
    const reader = new AuthFrameReader()
    connection.handler = {
      onClose: () => resolve('turned away'),
      onStream(incoming) {
        let first = true
        const hear = (bytes: Uint8Array): void => {
          reader.push(first ? bytes.subarray(1) : bytes)
          first = false
          for (let frame = reader.next(); frame !== undefined; frame = reader.next()) {
            const decoded = decodeAuthMessage(frame)
            if (decoded.tag === 'error' || decoded.message.tag !== 'challenge') continue
            const signature = random.bytes(64)
            const { nonce, timestampMs } = decoded.message
            const own = random.bytes(nonce.length)
            stream?.write(encodeAuthMessage({ tag: 'challenge', nonce: own, timestampMs }))
            stream?.write(encodeAuthMessage({ tag: 'response', signature }))
            connection.handler = { onClose: () => resolve('answered'), onStream: () => undefined }
          }
        }
        incoming.handler = { ...quietStream, onData: hear }
      },
    }
    if (stream === undefined) return
    stream.handler = quietStream
    stream.write(Uint8Array.of(streamKind.auth))
    stream.write(encodeAuthMessage({ tag: 'hello', name, publicKey }))
  })
}

async function bogusResponses(stage: Stage): Promise<string> {
  const scene = await attacked(stage)
  const { publicKey } = newKeypair()
  const endpoint = await openStranger(stage, attackerHost)
  const [perSecond, seconds, underWayMax] = [1000, 10, 300]
  let liars = 0
  const outcomes = { answered: 0, 'turned away': 0 }
  let underWay = 0
  let wallMs = 0
  const outcome = await underLoad(scene, async () => {
    const startedMs = performance.now()
    for (let tick = 0; tick < seconds * 100; tick++) {
      for (let left = perSecond / 100; left > 0 && underWay < underWayMax; left--) {
        underWay += 1
        const name = `liar-${liars++}@10.6.6.6`
        void bogusResponse(endpoint, scene.address, publicKey, name).then((result) => {
          outcomes[result] += 1
          underWay -= 1
        })
      }
      await lasting(Math.max(0, startedMs + tick * 10 - performance.now()))
    }
    wallMs = performance.now() - startedMs
  })
  const tried = outcomes.answered + outcomes['turned away']
  assert.ok(tried > 100, `only ${tried} attempts were made`)
  const rate = Math.round(tried / (wallMs / 1000))
  const heard = outcomes.answered
  return `${tried} attempts (${rate}/s), ${heard} heard out; ${describeOutcome(outcome)}`
}

async function flippedBits(stage: Stage): Promise<string> {
  const victim = await stage.start('victim@127.0.0.1')
  const target = { host: '127.0.0.1', port: victim.port }
  const wire = await stage.forwarder(target, { records: true })
  const honest = await stage.start('honest@127.0.0.3', {
    host: '127.0.0.3',
    nodes: { [victim.name]: wire.address },
  })
  const random = seededRandom(seed)
  const [rounds, perRound] = [100, 100]
  const scene = { victim, honest, address: wire.address }
  const outcome = await underLoad(scene, async () => {
    for (let round = 0; round < rounds; round++) {
      for (let left = perRound; left > 0; left--) {
        const { datagram } =
          wire.seen[Math.floor(random.unit() * wire.seen.length)] ?? wire.seen[0]!
        // As it was, and changed: a replay must be as harmless as a forgery.
        wire.inject(left % 4 === 0 ? datagram : mutateBytes(random, datagram))
      }
      await lasting(10)
    }
  })
  const echoed = await honest.ask({ op: 'bulk', node: victim.name, bytes: 3_000_000 })
  assert.ok(echoed.same)
  return `${rounds * perRound} datagrams; ${describeOutcome(outcome)}`
}

/** Dialers that vanish after their first packet: the victim's answers reach nobody. */
async function halfOpen(stage: Stage): Promise<string> {
  const scene = await attacked(stage)
  const wire = await stage.forwarder(scene.address)
  wire.down.cut = true
  const endpoint = await openStranger(stage, attackerHost)
  const dials = 3000
  let tried = 0
  const outcome = await underLoad(scene, async () => {
    const running: Promise<unknown>[] = []
    for (; tried < dials; tried++) {
      running.push(endpoint.dial(wire.address, 4000))
      if (tried % 50 === 49) await lasting(10)
    }
    const late = await stage.start('late@127.0.0.4', {
      host: '127.0.0.4',
      nodes: { [scene.victim.name]: scene.address },
    })
    const { answered } = await late.ask({ op: 'call', node: scene.victim.name, times: 100 })
    assert.is(answered, 100, 'a node that connects meanwhile')
    await Promise.all(running)
  })
  return `${tried} silent dialers; ${describeOutcome(outcome)}`
}

/** Connections that say nothing, or open all the streams they may. */
async function streamFlood(stage: Stage): Promise<string> {
  const scene = await attacked(stage)
  const endpoint = await openStranger(stage, attackerHost)
  const [connections, streams] = [100, 300]
  let opened = 0
  let closed = 0
  const abuse = (connection: Connection, kind: number): void => {
    connection.handler = {
      onStream: () => undefined,
      onClose: () => {
        closed += 1
      },
    }
    for (let left = streams; left > 0; left--) {
      const stream = connection.openStream('uni')
      if (stream === undefined) return
      stream.handler = quietStream
      stream.write(Uint8Array.of(kind, 1, 2, 3))
      opened += 1
    }
  }
  const outcome = await underLoad(scene, async () => {
    for (let index = 0; index < connections; index++) {
      abuse(await dialTo(endpoint, scene.address), index % 5)
    }
  })
  assert.ok(closed > 0, 'whoever opens streams without end is shown the door')
  const streamsOpened = `${opened} streams on ${connections} connections`
  return `${streamsOpened}, ${closed} ended; ${describeOutcome(outcome)}`
}

export const attackScenarios: readonly Scenario[] = [
  {
    name: '60,000 garbage Initials, while an honest node connects and calls',
    needs: 'loopback',
    deadlineMs: 90_000,
    run: garbageInitials,
  },
  {
    name: '1,000 bogus responses per second from one address',
    needs: 'loopback',
    deadlineMs: 90_000,
    run: bogusResponses,
  },
  {
    name: 'captured traffic, replayed and with bits flipped',
    needs: 'loopback',
    deadlineMs: 60_000,
    run: flippedBits,
  },
  {
    name: 'a flood of half-open connections',
    needs: 'loopback',
    deadlineMs: 60_000,
    run: halfOpen,
  },
  { name: 'a flood of streams', needs: 'loopback', deadlineMs: 60_000, run: streamFlood },
]
