import { nodePlatform } from '../../../../../runtime/platform/node.ts'
import type { CarrierFailure, TlsMaterial } from '../../../../../src/carrier/carrier.ts'
import { unsupported } from '../../../../../src/carrier/quic/binding.ts'
import { type QuicOptions, quicCarrier } from '../../../../../src/carrier/quic/index.ts'
import { assert, suite } from '../../../../support/harness.ts'
import { testTls } from '../../../../support/tls.ts'
import { until } from '../../../../support/until.ts'
import { assertAlive, openNode } from './support.ts'

const test = suite('quic open')

async function failureOf(options: QuicOptions, tls?: TlsMaterial): Promise<CarrierFailure> {
  const platform = nodePlatform()
  const opened = await quicCarrier(options).open({
    platform,
    tls: tls ?? (await testTls(platform)),
    onConnection: () => undefined,
  })
  if (opened.tag === 'error') return opened
  await opened.endpoint.close(0)
  throw new Error('it opened')
}

test('a taken port fails with address, naming host and port', async () => {
  const { endpoint } = await openNode()
  const { port } = endpoint.address
  const failure = await failureOf({ host: '127.0.0.1', port })
  assert.is(failure.reason, 'address')
  assert.ok(failure.message.includes(`127.0.0.1:${port}`), failure.message)
})

test('an address of another machine fails with address', async () => {
  const failure = await failureOf({ host: '192.0.2.1', port: 0 })
  assert.is(failure.reason, 'address')
  assert.ok(failure.message.includes('192.0.2.1'), failure.message)
})

test('a name that does not resolve fails with address, naming it', async () => {
  const failure = await failureOf({ host: 'no-such-host.invalid', port: 0 })
  assert.is(failure.reason, 'address')
  assert.ok(failure.message.includes('no-such-host.invalid'), failure.message)
})

test('a key of another certificate fails with tls', async () => {
  const platform = nodePlatform()
  const [one, other] = [await testTls(platform), await testTls(platform)]
  const address = { host: '127.0.0.1', port: 0 }
  const mixed = await failureOf(address, { ...one, keyPem: other.keyPem })
  assert.is(mixed.reason, 'tls')
  const junk = await failureOf(address, { ...one, certPem: 'junk' })
  assert.is(junk.reason, 'tls')
  const lying = await failureOf(address, { ...one, certDer: other.certDer })
  assert.is(lying.reason, 'tls')
})

test('a platform without native code fails with unsupported, naming those with', () => {
  const failure = unsupported('plan9-mips', new Error('Unsupported OS: plan9'))
  assert.is(failure.reason, 'unsupported')
  for (const part of ['plan9-mips', 'linux-x64', 'darwin-arm64', 'Unsupported OS: plan9']) {
    assert.ok(failure.message.includes(part), failure.message)
  }
})

test('a name is resolved when dialling', async () => {
  const [left, right] = [await openNode(), await openNode({ host: 'localhost' })]
  const near = await left.dial({ host: 'localhost', port: right.endpoint.address.port })
  await until('it is accepted', () => right.accepted.length === 1)
  await assertAlive(near, right.accepted[0]!)
})

test('a dial that cannot be tried fails with address', async () => {
  const { endpoint } = await openNode()
  const failures = [
    await endpoint.dial({ host: 'no-such-host.invalid', port: 1 }, 1000),
    await endpoint.dial({ host: '127.0.0.1', port: 0 }, 1000),
    await endpoint.dial({ host: '127.0.0.1', port: 70_000 }, 1000),
    await endpoint.dial({ host: '::1', port: 4433 }, 1000),
  ]
  assert.equal(
    failures.map((result) => (result.tag === 'error' ? result.reason : result.tag)),
    ['address', 'address', 'address', 'address'],
  )
})

test.run()
