/**
 * The wire fuzzer's streams sent to a whole node by an authenticated peer, and its names without
 * number. Identifiers travel relative to the channel, so a recording of any channel is valid here.
 */

import { systemOf } from '../../../runtime/kernel.ts'
import { seededRandom, World } from '../../../runtime/platform/sim.ts'
import { closeCode } from '../../../src/dist/protocol.ts'
import { generateKeypair } from '../../../src/identity/index.ts'
import { spawn } from '../../../src/index.ts'
import { oddMessages, recordData, recordHandshakes } from '../../fuzz/recording.ts'
import { wireInputs } from '../../fuzz/wire-input.ts'
import { assert, suite, useSeed } from '../../support/harness.ts'
import { deadLetters, evil, hostile, leavesNothing, reader, wellFor } from '../src/dist/hostile.ts'
import { ScriptedPeer } from '../src/dist/scripted-peer.ts'
import { b, tablesOf } from '../src/dist/virtual-cluster.ts'

const test = suite('fuzz a live node')
const seed = 11
const inputs = 600

test(
  `${inputs} mutated streams of an authenticated peer hurt nobody else`,
  async () => {
    useSeed(seed)
    const random = seededRandom(seed)
    const keypair = generateKeypair(new World(seed).random)
    const scene = await hostile({ keypair })
    const { cluster, victim, before } = scene
    spawn(victim, reader, undefined, { name: 'name' })
    const running = tablesOf(victim, evil)
    const draw = wireInputs(recordData(), recordHandshakes(), oddMessages())
    const ends = new Map<number, number>()
    let peer = scene.peer
    let sent = 0
    while (sent < inputs) {
      const input = draw(random)
      if (input.tag === 'tooLong') continue
      if (input.tag === 'data') peer.raw(input.bytes, sent % 8)
      else peer.rawControl(input.bytes)
      sent += 1
      await cluster.pass(5)
      if (peer.closed === undefined) continue
      const { code } = peer.closed
      ends.set(code, (ends.get(code) ?? 0) + 1)
      assert.ok(code === closeCode.protocolViolation || code === closeCode.limit, `code ${code}`)
      peer = await ScriptedPeer.established(cluster, { name: evil, target: b, keypair })
      if (sent % 10 === 0) await wellFor(scene)
    }
    assert.ok((ends.get(closeCode.protocolViolation) ?? 0) > 20, 'some end the channel')
    assert.ok(deadLetters(scene).length > 20, 'some are refused one by one')
    await wellFor(scene)
    assert.ok(tablesOf(victim, evil).names === running.names)
    await cluster.until('nobody is dialled of whom the peer has told', () => {
      return tablesOf(victim, evil).processes === running.processes
    })
    await leavesNothing({ ...scene, peer, before: { ...before, ...justStarted(running) } })
  },
  { deadlineMs: 60_000 },
)

/** What the test itself has started since the scene was set, less the peer's own channel. */
function justStarted({ processes = 0, names = 0 }: Readonly<Record<string, number>>) {
  return { processes: processes - 1, names }
}

test(
  'names without number leave nothing behind, and each is answered or reported',
  async () => {
    const scene = await hostile()
    const { peer, victim, cluster } = scene
    const known = systemOf(victim).remotePids.size
    const count = 20_000
    for (let n = 0; n < count; n++) {
      const to = `nobody-${n}`
      if (n % 4 < 2) peer.send({ tag: 'send', to, message: n }, n % 8)
      else if (n % 4 === 2) {
        peer.send({ tag: 'monitor', ref: peer.ref(n), from: peer.pid(1), to }, n % 8)
      } else {
        const [ref, from] = [peer.ref(n), peer.pid(1)]
        peer.send({ tag: 'call', ref, from, to, op: to, arg: n }, n % 8)
      }
    }
    const heard = (tag: string): number => peer.heard.filter((each) => each.tag === tag).length
    await cluster.until('all are answered', () => peer.heard.length === count / 2)
    assert.is(heard('down'), count / 4)
    assert.is(heard('callFailed'), count / 4)
    assert.is(deadLetters(scene).length, count / 2)
    assert.ok(systemOf(victim).remotePids.size <= known + 10)
    await wellFor(scene)
    await leavesNothing(scene)
  },
  { deadlineMs: 30_000 },
)

test.run()
