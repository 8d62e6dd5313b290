/** Addresses written by others: what is taken for one, and what is not. */
import fc from 'fast-check'
import { decodeAddress, decodeAddresses } from '../../../../src/discovery/address.ts'
import { limits } from '../../../../src/limits.ts'
import { assert, suite } from '../../../support/harness.ts'

const test = suite('discovered addresses')

test('names and literals of both families are hosts', () => {
  const hosts = [
    'a',
    'a.example',
    'A-1_b.example.',
    '10.0.0.1',
    '::1',
    'fe80::1%eth0',
    '2001:db8::7',
  ]
  for (const host of hosts) {
    assert.equal(decodeAddress({ host, port: 1, more: true }), { host, port: 1 })
  }
})

test('what is no host is refused', () => {
  const hosts = [
    ...['', ' ', 'a b', 'a/b', '../a', 'a\n', 'a\0', '-a', '.a', 'ä', ':', '1:2', 'g::1', '[::1]'],
    ...['256.1.1.1', '1.2.3.999', `${'x'.repeat(254)}`, '::1%', '::1%a b', 'http://a'],
    ...['0.0.0.0', '0.1.2.3', '::', '224.0.0.1', '239.255.255.250', '255.255.255.255', 'ff02::1'],
    ...[7, null, undefined, {}, ['a'], Symbol('a')],
  ]
  for (const host of hosts) assert.is(decodeAddress({ host, port: 1 }), undefined, String(host))
})

test('what is no port is refused', () => {
  for (const port of [0, -1, 65_536, 1.5, Number.NaN, Number.POSITIVE_INFINITY, '1', null, 1n]) {
    assert.is(decodeAddress({ host: 'a', port }), undefined, String(port))
  }
  for (const port of [1, 65_535])
    assert.equal(decodeAddress({ host: 'a', port }), { host: 'a', port })
})

test('nothing is no address, something else than addresses is a mistake', () => {
  for (const nothing of [undefined, null, []]) assert.equal(decodeAddresses(nothing), [])
  for (const mistake of [0, '', 'a:1', {}, [7], [[]], false]) {
    assert.is(decodeAddresses(mistake), undefined)
  }
  const good = { host: 'a', port: 1 }
  assert.equal(decodeAddresses([7, good, good, { host: 'a', port: 0 }]), [good])
})

test('any plain data gives addresses that can be dialled, few of them, and no exception', () => {
  fc.assert(
    fc.property(fc.anything(), fc.array(fc.anything()), (one, many) => {
      for (const given of [one, many, { host: one, port: many }]) {
        const found = decodeAddresses(given) ?? []
        assert.ok(found.length <= limits.discoveryAddressesMax)
        for (const address of found) assert.equal(decodeAddress(address), address)
      }
    }),
  )
})

test.run()
