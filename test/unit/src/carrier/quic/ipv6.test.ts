import { networkInterfaces } from 'node:os'
import { assert, suite } from '../../../../support/harness.ts'
import { until } from '../../../../support/until.ts'
import { assertAlive, openNode } from './support.ts'

const test = suite('quic over IPv6')
const here = Object.values(networkInterfaces()).some((addresses) =>
  addresses?.some(({ address }) => address === '::1'),
)

if (here) {
  test('a literal IPv6 address', async () => {
    const [left, right] = [await openNode({ host: '::1' }), await openNode({ host: '::1' })]
    const near = await left.dial(right.endpoint.address)
    await until('it is accepted', () => right.accepted.length === 1)
    await assertAlive(near, right.accepted[0]!)
    assert.is(right.accepted[0]?.connection.peerAddress.host, '::1')
  })

  test('the IPv6 wildcard speaks IPv4 as well, both ways', async () => {
    const [dual, plain] = [await openNode({ host: '::' }), await openNode()]
    const { port } = dual.endpoint.address
    const near = await plain.dial({ host: '127.0.0.1', port })
    await until('it is accepted', () => dual.accepted.length === 1)
    await assertAlive(near, dual.accepted[0]!)
    assert.is(dual.accepted[0]?.connection.peerAddress.host, '127.0.0.1')
    const back = await dual.dial(plain.endpoint.address)
    await until('it is accepted too', () => plain.accepted.length === 1)
    await assertAlive(back, plain.accepted[0]!)
  })
} else test.skip('IPv6', 'this machine has no IPv6 loopback address')

test.run()
