import { networkInterfaces } from 'node:os'
import { nodePlatform } from '../../../../../runtime/platform/node.ts'
import { assert, suite } from '../../../../support/harness.ts'
import { testTls } from '../../../../support/tls.ts'
import { until } from '../../../../support/until.ts'
import { assertAlive, joined, type Node, openNode, transfer } from './support.ts'

const test = suite('quic addresses')
const mib = 1024 * 1024
const hasIpv6 = Object.values(networkInterfaces()).some((addresses) =>
  addresses?.some(({ address }) => address === '::1'),
)

/** Where a socket is bound, and the loopback address by which it is reached. */
const bindings: [string, string][] = [
  ['127.0.0.1', '127.0.0.1'],
  ['0.0.0.0', '127.0.0.1'],
]
if (hasIpv6) bindings.push(['::1', '::1'], ['::', '::1'], ['::', '127.0.0.1'])
else test.skip('IPv6', 'this machine has no IPv6 loopback address')

/** The node as others reach it. */
const reachedAt = (node: Node, host: string): Node => ({
  ...node,
  endpoint: {
    address: { host, port: node.endpoint.address.port },
    dial: (address, timeoutMs) => node.endpoint.dial(address, timeoutMs),
    close: (code) => node.endpoint.close(code),
  },
})

for (const [bound, reached] of bindings) {
  test(`bound to ${bound}, reached at ${reached}: it accepts and dials`, async () => {
    const wild = reachedAt(await openNode({ host: bound }), reached)
    const plain = await openNode({ host: reached })
    const near = await plain.dial(wild.endpoint.address)
    await until('it is accepted', () => wild.accepted.length === 1)
    await assertAlive(near, wild.accepted[0]!)
    assert.equal(wild.accepted[0]?.connection.peerAddress, plain.endpoint.address)
    const back = await wild.dial(plain.endpoint.address)
    await until('it is accepted too', () => plain.accepted.length === 1)
    await assertAlive(back, plain.accepted[0]!)
    await assertAlive(plain.accepted[0]!, back)
  })

  test(`bound to ${bound}, reached at ${reached}: large datagrams, a rebind, a reset`, async () => {
    const tls = await testTls(nodePlatform())
    const options = { keepAliveMs: 50 }
    const right = reachedAt(await openNode({ ...options, host: bound }, tls), reached)
    const left = await openNode({ ...options, host: reached })
    const { wire, near, far } = await joined(left, right, { records: false })
    const down = transfer(far, near, 16 * mib)
    await until('some came', () => down.came() > mib)
    await wire.rebind()
    await until('all came', () => down.done())
    down.check()
    assert.is(far.connection.statistics().datagramBytes, 16_383)
    wire.cut = true
    await right.endpoint.close(0)
    await until('its close is lost', () => wire.down.counts.cut > 0)
    await openNode({ host: bound, port: right.endpoint.address.port }, tls)
    wire.cut = false
    await until('the dialer knows', () => near.closes.length === 1)
    assert.is(near.closes[0]?.reason, 'the peer no longer knows us')
  })
}

test('what this endpoint cannot address is refused, and nothing is sent', async () => {
  const { endpoint } = await openNode({ host: '0.0.0.0' })
  const result = await endpoint.dial({ host: '::1', port: 4433 }, 1000)
  assert.is(result.tag === 'error' ? result.reason : result.tag, 'address')
})

test.run()
