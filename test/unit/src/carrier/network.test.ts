import { networkOf } from '../../../../src/carrier/network.ts'
import { assert, suite } from '../../../support/harness.ts'

const test = suite('network of an address')

const cases: readonly [string, string][] = [
  ['192.0.2.7', '192.0.2.7'],
  ['::ffff:192.0.2.7', '192.0.2.7'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2'],
  ['2001:DB8:1:2::6', '2001:db8:1:2'],
  ['2001:0db8:0001:0002::6', '2001:db8:1:2'],
  ['2001:db8::6', '2001:db8:0:0'],
  ['::1', '0:0:0:0'],
  ['::', '0:0:0:0'],
  ['fe80::1%eth0', 'fe80:0:0:0'],
]

for (const [host, network] of cases) {
  test(`${host} is of ${network}`, () => {
    assert.is(networkOf(host), network)
  })
}

test.run()
