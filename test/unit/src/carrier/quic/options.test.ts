import { quicCarrier } from '../../../../../src/carrier/quic/index.ts'
import { quicSettings } from '../../../../../src/carrier/quic/options.ts'
import { limits } from '../../../../../src/limits.ts'
import { assert, suite } from '../../../../support/harness.ts'

const test = suite('quic options')
const good = { host: '127.0.0.1', port: 0 }

test('defaults', () => {
  const settings = quicSettings(good)
  assert.is(settings.idleTimeoutMs, 30_000)
  assert.is(settings.keepAliveMs, 10_000)
  assert.is(settings.halfOpenMax, limits.carrierHalfOpenMax)
  assert.ok(settings.connectionWindowBytes >= 2 * settings.streamWindowBytes)
})

test('a raised stream window raises the connection window with it', () => {
  const settings = quicSettings({ ...good, streamWindowBytes: 16_000_000 })
  assert.is(settings.connectionWindowBytes, 32_000_000)
})

const bad: readonly [string, Record<string, unknown>, string][] = [
  ['host', { host: '' }, '""'],
  ['host', { host: 5 }, '5'],
  ['port', { port: -1 }, '-1'],
  ['port', { port: 65_536 }, '65536'],
  ['port', { port: 'x' }, '"x"'],
  ['port', { port: undefined }, 'undefined'],
  ['idleTimeoutMs', { idleTimeoutMs: 0 }, '0'],
  ['idleTimeoutMs', { idleTimeoutMs: Number.NaN }, 'NaN'],
  ['keepAliveMs', { keepAliveMs: 30_000 }, '30000'],
  ['keepAliveMs', { keepAliveMs: 1.5 }, '1.5'],
  ['handshakeTimeoutMs', { handshakeTimeoutMs: 0 }, '0'],
  ['connectionsMax', { connectionsMax: 0 }, '0'],
  ['halfOpenMax', { halfOpenMax: null }, 'null'],
  ['streamsMax', { streamsMax: -5 }, '-5'],
  ['streamWindowBytes', { streamWindowBytes: 1 }, '1'],
  ['connectionWindowBytes', { connectionWindowBytes: 1_048_576 }, '1048576'],
  ['datagramMaxBytes', { datagramMaxBytes: 1199 }, '1199'],
  ['datagramMaxBytes', { datagramMaxBytes: 65_000 }, '65000'],
  ['congestionControl', { congestionControl: 'bbr2' }, '"bbr2"'],
]

for (const [field, change, got] of bad) {
  test(`${field}: ${got} is refused by name`, () => {
    const options = { ...good, ...change } as Parameters<typeof quicCarrier>[0]
    assert.throws(
      () => quicCarrier(options),
      (error: unknown) =>
        error instanceof TypeError &&
        error.message.includes(field) &&
        error.message.endsWith(`got ${got}`),
    )
  })
}

test.run()
