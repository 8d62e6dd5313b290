/**
 * Who are you, on real sockets: somebody in the middle, a second node of a name, a key that was
 * changed or is half there, claims without number, and hands that are shaken very slowly.
 */
import { readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import * as assert from 'uvu/assert'
import { nodePlatform } from '../../../runtime/platform/node.ts'
import type { CarrierStream, Connection } from '../../../src/carrier/carrier.ts'
import { quicCarrier } from '../../../src/carrier/quic/index.ts'
import { streamKind } from '../../../src/dist/protocol.ts'
import { encodeAuthMessage } from '../../../src/identity/auth-message.ts'
import { limits } from '../../../src/limits.ts'
import { testTls } from '../../support/tls.ts'
import { until } from '../../support/until.ts'
import { lasting } from '../experiment-time.ts'
import type { Program } from '../program.ts'
import type { Scenario } from '../scenario.ts'
import { attacked, describeOutcome, underLoad } from '../scene.ts'
import type { Stage } from '../stage.ts'
import { dialTo, newKeypair, openStranger, quietStream } from '../stranger.ts'

/** One call that must fail because there is no connection. */
async function assertNoWay(from: Program, node: string): Promise<void> {
  const outcome = await from.ask({ op: 'call', node, times: 1 }).then(
    () => 'answered',
    (error: Error) => error.message,
  )
  assert.match(outcome, /noconnection|nodedown/)
  assert.not((await from.ask({ op: 'look' })).nodes.includes(node))
}

/** Passes on all that comes on a stream of one leg to a stream like it of the other. */
function passOn(from: CarrierStream, legs: { readonly to: Connection }): void {
  const to = legs.to.openStream(from.kind)
  if (to === undefined) return
  const both = (near: CarrierStream, far: CarrierStream): void => {
    near.handler = {
      ...quietStream,
      onData: (bytes) => void far.write(bytes.slice()),
      onEnd: () => far.end(),
    }
  }
  both(from, to)
  if (from.kind === 'bidi') both(to, from)
  else to.handler = quietStream
}

async function manInTheMiddle(stage: Stage): Promise<string> {
  const b = await stage.start('b@127.0.0.1')
  const platform = nodePlatform()
  let relayed = 0
  const outward = await openStranger(stage, '127.0.0.2')
  const opened = await quicCarrier({ host: '127.0.0.2', port: 0 }).open({
    platform,
    tls: await testTls(platform),
    onConnection(inner) {
      const waiting: CarrierStream[] = []
      inner.handler = {
        onStream: (stream) => {
          stream.pause()
          stream.handler = quietStream
          waiting.push(stream)
        },
        onClose: () => undefined,
      }
      void dialTo(outward, { host: '127.0.0.1', port: b.port }).then((outer) => {
        relayed += 1
        outer.handler = {
          onStream: (stream) => passOn(stream, { to: inner }),
          onClose: ({ code, reason }) => inner.close(code, reason),
        }
        inner.handler = {
          onStream: (stream) => passOn(stream, { to: outer }),
          onClose: ({ code, reason }) => outer.close(code, reason),
        }
        for (const stream of waiting) {
          passOn(stream, { to: outer })
          stream.resume()
        }
      })
    },
  })
  if (opened.tag === 'error') throw new Error(opened.message)
  stage.atEnd(() => opened.endpoint.close(0))
  const a = await stage.start('a@127.0.0.1', { nodes: { [b.name]: opened.endpoint.address } })
  await assertNoWay(a, b.name)
  assert.ok(relayed > 0, 'the relay carried it')
  for (const program of [a, b]) {
    assert.is((await program.ask({ op: 'look' })).ups, 0, program.name)
    assert.equal(await stage.pins(program.name), [], `${program.name} pinned somebody`)
  }
  const direct = { host: '127.0.0.1', port: b.port }
  const honest = await stage.start('c@127.0.0.1', { nodes: { [b.name]: direct } })
  assert.is((await honest.ask({ op: 'call', node: b.name, times: 10 })).answered, 10)
  return `${relayed} relayed connections, none of them believed`
}

async function oneName(stage: Stage): Promise<string> {
  const hub = await stage.start('hub@127.0.0.1')
  const nodes = { [hub.name]: { host: '127.0.0.1', port: hub.port } }
  const first = await stage.start('x@127.0.0.1', { nodes })
  assert.is((await first.ask({ op: 'call', node: hub.name, times: 10 })).answered, 10)
  const second = await stage.start('x@127.0.0.1', { nodes, directory: 'another' })
  await assertNoWay(second, hub.name)
  assert.is((await first.ask({ op: 'call', node: hub.name, times: 10 })).answered, 10)
  await first.stop()
  await hub.event('nodedown', first.name, 10_000)
  await assertNoWay(second, hub.name)
  const { ups } = await hub.ask({ op: 'look' })
  assert.is(ups, 1)
  return 'the first keeps its name, also when it is away'
}

async function changedKeys(stage: Stage): Promise<string> {
  const hub = await stage.start('hub@127.0.0.1')
  const nodes = { [hub.name]: { host: '127.0.0.1', port: hub.port } }
  const startX = (): Promise<Program> => stage.start('x@127.0.0.1', { nodes })
  const first = await startX()
  assert.is((await first.ask({ op: 'call', node: hub.name, times: 5 })).answered, 5)
  await first.stop()
  const keys = join(await stage.directory(), 'x@127.0.0.1', 'keys')
  for (const file of ['node.key', 'node.pub'])
    await rename(join(keys, file), join(keys, `${file}.old`))
  const other = await startX()
  await assertNoWay(other, hub.name)
  await other.stop()
  // The public half of the old identity beside the private half of the new one.
  await writeFile(join(keys, 'node.pub'), await readFile(join(keys, 'node.pub.old')))
  assert.match(await whyNot(startX), /keypairMismatch/)
  const half = (await readFile(join(keys, 'node.key.old'))).subarray(0, 16)
  await writeFile(join(keys, 'node.key'), half)
  assert.match(await whyNot(startX), /invalidKeySize/)
  for (const file of ['node.key', 'node.pub']) {
    await rm(join(keys, file))
    await rename(join(keys, `${file}.old`), join(keys, file))
  }
  const again = await startX()
  assert.is((await again.ask({ op: 'call', node: hub.name, times: 5 })).answered, 5)
  return 'changed: refused; swapped or half-written: no start; restored: known again'
}

function whyNot(start: () => Promise<Program>): Promise<string> {
  return start().then(
    () => 'it started',
    (error: Error) => error.message,
  )
}

/** What three times as many names as before may add: nothing is kept for them. */
const moreNamesMaxBytes = 48 * 1024 * 1024

/** HELLOs of names that nobody proves; each connection is left as it is. */
async function claims(stage: Stage): Promise<string> {
  const scene = await attacked(stage)
  const { publicKey } = newKeypair()
  const endpoint = await openStranger(stage, '127.0.0.2')
  const [rounds, perRound, atOnce] = [4, 2500, 200]
  const sizes: number[] = []
  let claimed = 0
  let turnedAway = 0
  const claim = async (): Promise<void> => {
    const name = `claimed-${claimed++}@10.6.6.6`
    const dialled = await endpoint.dial(scene.address, 2000)
    if (dialled.tag === 'error') {
      turnedAway += 1
      return
    }
    const stream = dialled.connection.openStream('uni')
    if (stream === undefined) return
    stream.handler = quietStream
    stream.write(Uint8Array.of(streamKind.auth))
    stream.write(encodeAuthMessage({ tag: 'hello', name, publicKey }))
    await lasting(50)
    dialled.connection.close(0, '')
  }
  const outcome = await underLoad(scene, async () => {
    for (let round = 1; round <= rounds; round++) {
      const workers = Array.from({ length: atOnce }, async () => {
        while (claimed < round * perRound) await claim()
      })
      await Promise.all(workers)
      sizes.push((await scene.victim.ask({ op: 'resident' })).bytes)
    }
  })
  const [first = 0, last = 0] = [sizes[0], sizes.at(-1)]
  assert.ok(last - first < moreNamesMaxBytes, `each round adds: ${sizes.join(', ')} bytes`)
  assert.equal(await stage.pins(scene.victim.name), [scene.honest.name])
  return `${claimed} claims, ${turnedAway} not even heard; ${describeOutcome(outcome)}`
}

async function dribble(stage: Stage): Promise<string> {
  const scene = await attacked(stage)
  const { publicKey } = newKeypair()
  const endpoint = await openStranger(stage, '127.0.0.2')
  const count = 100
  let ended = 0
  const startedMs = performance.now()
  const outcome = await underLoad(scene, async () => {
    const hello = encodeAuthMessage({ tag: 'hello', name: 'slow@10.6.6.6', publicKey })
    for (let left = count; left > 0; left--) {
      const connection = await dialTo(endpoint, scene.address)
      const stream = connection.openStream('uni')
      if (stream === undefined) throw new Error('no stream')
      stream.handler = quietStream
      stream.write(Uint8Array.of(streamKind.auth))
      let at = 0
      const timer = setInterval(() => {
        stream.write(hello.subarray(at, at + 1))
        at = Math.min(at + 1, hello.length - 2)
      }, 250)
      stage.atEnd(() => clearInterval(timer))
      connection.handler = {
        onStream: () => undefined,
        onClose: () => {
          clearInterval(timer)
          ended += 1
        },
      }
    }
    await until('all are shown the door', () => ended === count, 3 * limits.authHandshakeTimeoutMs)
  })
  const seconds = ((performance.now() - startedMs) / 1000).toFixed(1)
  return `${count} ended within ${seconds} s; ${describeOutcome(outcome)}`
}

export const impostorScenarios: readonly Scenario[] = [
  {
    name: 'a man in the middle with two TLS legs',
    needs: 'loopback',
    deadlineMs: 60_000,
    run: manInTheMiddle,
  },
  { name: 'two nodes of one name', needs: 'loopback', deadlineMs: 60_000, run: oneName },
  {
    name: 'key files that are changed, swapped and half-written',
    needs: 'loopback',
    deadlineMs: 60_000,
    run: changedKeys,
  },
  {
    name: '10,000 names claimed before verification',
    needs: 'loopback',
    deadlineMs: 120_000,
    run: claims,
  },
  { name: 'handshakes that dribble', needs: 'loopback', deadlineMs: 60_000, run: dribble },
]
