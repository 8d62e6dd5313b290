/** What is counted of an authentication, its exceptions included (AUT-26). */

import { systemOf } from '../../../../runtime/kernel.ts'
import { simPlatform, World } from '../../../../runtime/platform/sim.ts'
import { PeerAuth } from '../../../../src/dist/peer-auth.ts'
import { ed25519, type Signer } from '../../../../src/identity/ed25519.ts'
import { KeyRing } from '../../../../src/identity/key-ring.ts'
import { startRuntime } from '../../../../src/index.ts'
import { type Metric, Metrics } from '../../../../src/metrics/index.ts'
import { assert, cleanup, suite } from '../../../support/harness.ts'
import {
  helloOf,
  type Machine,
  machine,
  pipePair,
  quiet,
  ScriptedPeer,
} from '../identity/auth-fixture.ts'
import { dialed } from './dialed.ts'

const test = suite('peer authentication')

function peerAuth(world: World, self: Machine, signer: Signer, metrics: Metrics): PeerAuth {
  const runtime = startRuntime({ name: self.name, platform: simPlatform(world), quiet: true })
  cleanup(() => runtime.stop())
  return new PeerAuth(systemOf(runtime), metrics, {
    keys: new KeyRing({
      storage: self.platform.storage,
      clock: self.platform.clock,
      dir: 'keys',
      signer,
      keypair: self.keypair,
      warn: () => undefined,
    }),
    signer,
    trust: self.trust,
    exemptions: [],
    timeoutMs: 1_000,
    timestampWindowMs: 30_000,
  })
}

function counters(metrics: Metrics): readonly (readonly [Metric['labels'], number])[] {
  return metrics.read().flatMap((metric) => {
    return metric.kind === 'counter' ? [[metric.labels, metric.value] as const] : []
  })
}

test('a signer that throws: counted as a failure, then thrown', async () => {
  const world = new World(1)
  const [a, b] = [await machine(world, 'a@h'), await machine(world, 'b@h')]
  const broken: Signer = {
    ...ed25519,
    sign: () => {
      throw new Error('the token was pulled out')
    },
  }
  const metrics = new Metrics()
  const [connection] = await dialed()
  const [left, right] = pipePair()
  const peer = new ScriptedPeer(right)
  const identifying = peerAuth(world, a, broken, metrics).identify(connection, left, 'b@h')
  const thrown = identifying.then(
    () => 'nothing was thrown',
    (error: unknown) => String(error),
  )
  await peer.hear('hello')
  peer.say(helloOf(b))
  const timestampMs = BigInt(Math.floor(a.platform.clock.wallMs()))
  peer.say({ tag: 'challenge', nonce: world.random.bytes(32), timestampMs })
  assert.match(await thrown, 'pulled out')
  const labels = { role: 'outgoing', outcome: 'fail', reason: 'exception' }
  assert.equal(counters(metrics), [[labels, 1]])
})

test('a silent peer: counted with its reason and its time', async () => {
  const world = new World(1)
  const a = await machine(world, 'a@h')
  const metrics = new Metrics()
  const [connection] = await dialed()
  const [left] = pipePair()
  void peerAuth(world, a, ed25519, metrics).identify(connection, left, 'b@h')
  await quiet()
  world.advance(1_000)
  await quiet()
  const labels = { role: 'outgoing', outcome: 'fail', reason: 'authStreamTimeout' }
  assert.equal(counters(metrics), [[labels, 1]])
  const [took] = metrics.read().filter(({ kind }) => kind === 'histogram')
  assert.equal(took?.labels, { role: 'outgoing', outcome: 'fail' })
  assert.is(took?.kind === 'histogram' && took.sum, 1_000)
})

test.run()
