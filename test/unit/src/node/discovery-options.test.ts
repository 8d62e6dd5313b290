/** The option `discovery`: what is refused, by field and value, and what is taken. */
import { BadArgument } from '../../../../runtime/index.ts'
import { limits } from '../../../../src/limits.ts'
import { checkOptions, type NodeOptions } from '../../../../src/node/options.ts'
import { assert, suite } from '../../../support/harness.ts'

const test = suite('discovery options')

const own = { name: 'own' }
const manyBackends = Array.from({ length: limits.discoveryBackendsMax + 1 }, (_, n) => ({
  name: `own ${n}`,
}))

/** Field, a value of `discovery` it refuses, and how the message shows it. */
const bad: readonly (readonly [string, unknown, RegExp])[] = [
  ['discovery', null, /null/],
  ['discovery', 'dns', /dns/],
  ['discovery', ['dns'], /Array/],
  ['discovery', { backend: ['dns'] }, /'backend'.*backends, directory, dnsPort, dnsServers/],
  ['discovery.backends', { backends: 'dns' }, /dns/],
  ['discovery.backends', { backends: ['epmd'] }, /epmd/],
  ['discovery.backends', { backends: ['dns', 'file', 'dns'] }, /once.*dns/],
  ['discovery.backends', { backends: [own, own] }, /once/],
  ['discovery.backends', { backends: [null] }, /null/],
  ['discovery.backends', { backends: [{}] }, /object/],
  ['discovery.backends', { backends: [{ name: '', lookup: 7 }] }, /lookup/],
  ['discovery.backends', { backends: [{ backend: 'file', args: 1 }] }, /backend, args/],
  ['discovery.backends', { backends: manyBackends }, /17/],
  ['discovery.directory', { directory: '' }, /""/],
  ['discovery.directory', { directory: 7 }, /7/],
  ['discovery.dnsPort', { dnsPort: 0 }, /0/],
  ['discovery.dnsPort', { dnsPort: 65_536 }, /65536/],
  ['discovery.dnsPort', { dnsPort: '4433' }, /4433/],
  ['discovery.dnsServers', { dnsServers: [] }, /Array/],
  ['discovery.dnsServers', { dnsServers: '127.0.0.1' }, /127\.0\.0\.1/],
  ['discovery.dnsServers', { dnsServers: ['localhost'] }, /localhost/],
  ['discovery.dnsServers', { dnsServers: ['127.0.0.1:65536'] }, /65536/],
  ['discovery.dnsServers', { dnsServers: ['256.0.0.1'] }, /256/],
  ['discovery.dnsServers', { dnsServers: ['[::1'] }, /::1/],
  ['discovery.dnsServers', { dnsServers: ['1::2::3'] }, /1::2::3/],
  ['discovery.dnsServers', { dnsServers: [53] }, /53/],
]

function check(discovery: unknown, more: Partial<NodeOptions> = {}): void {
  checkOptions({ name: 'a@h', discovery, ...more } as NodeOptions)
}

for (const [field, value, shown] of bad) {
  test(`${field}: ${JSON.stringify(value).slice(0, 60)} is refused by field and value`, () => {
    try {
      check(value)
    } catch (error) {
      assert.ok(error instanceof BadArgument)
      assert.ok(error.message.startsWith(`startNode: ${field}:`), error.message)
      assert.match(error.message, shown)
      return
    }
    assert.unreachable('it was taken')
  })
}

test('a table that nobody would look into is refused', () => {
  const nodes = { 'b@h': { host: 'h', port: 1 } }
  assert.throws(() => check({ backends: ['file'] }, { nodes }), /'static'.*nodes.*file/)
  check({ backends: ['file', 'static'] }, { nodes })
  check({}, { nodes })
})

test('everything documented is taken', () => {
  check({})
  check({ backends: [] })
  class Mine {
    readonly name = 'mine'
    lookup(): undefined {
      return undefined
    }
  }
  check({
    backends: ['static', 'file', 'dns', own, new Mine(), { backend: { name: 'x' }, args: 1 }],
  })
  check({ directory: 'shared', dnsPort: 4433 })
  check({ dnsServers: ['127.0.0.1', '127.0.0.1:5353', '[::1]:53', '::1', '2001:db8::1'] })
  assert.ok(true, 'none of them was refused')
})

test.run()
