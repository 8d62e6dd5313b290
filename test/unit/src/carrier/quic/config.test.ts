import { nodePlatform } from '../../../../../runtime/platform/node.ts'
import {
  loadBinding,
  type NativeConfig,
  type Quiche,
} from '../../../../../src/carrier/quic/binding.ts'
import { buildConfigs, datagramMaxBytesTo } from '../../../../../src/carrier/quic/config.ts'
import { quicSettings } from '../../../../../src/carrier/quic/options.ts'
import { assert, suite } from '../../../../support/harness.ts'
import { testTls } from '../../../../support/tls.ts'

const test = suite('quic configuration')

async function binding(): Promise<Quiche> {
  const loaded = await loadBinding()
  if (loaded.tag === 'error') throw new Error(loaded.message)
  return loaded.quiche
}

type Call = readonly [string, ...unknown[]]

/** What is asked of the first configuration, which is real. */
async function callsOf(options: Record<string, unknown> = {}): Promise<Map<string, unknown[]>> {
  const quiche = await binding()
  const calls: Call[] = []
  const recorded = (config: NativeConfig): NativeConfig =>
    new Proxy(config, {
      get(target, name) {
        const method: unknown = Reflect.get(target, name)
        if (typeof method !== 'function') return method
        return (...args: unknown[]) => {
          calls.push([String(name), ...args])
          return Reflect.apply(method, target, args)
        }
      },
    })
  const made: NativeConfig[] = []
  const Config = {
    withBoringSslCtx(...args: Parameters<Quiche['Config']['withBoringSslCtx']>) {
      const config = quiche.Config.withBoringSslCtx(...args)
      made.push(config)
      if (made.length > 1) return config
      calls.push(['withBoringSslCtx', ...args])
      return recorded(config)
    },
  }
  const tls = await testTls(nodePlatform())
  const settings = quicSettings({ host: '127.0.0.1', port: 0, ...options })
  const built = buildConfigs(
    { ...quiche, Config: Object.assign(Config, quiche.Config, Config) },
    tls,
    settings,
  )
  assert.is(built.tag, 'ok')
  return new Map(calls.map(([name, ...args]) => [name, args]))
}

const numberOf = (calls: Map<string, unknown[]>, name: string): number =>
  Number(calls.get(name)?.[0])

test('connection windows are at least twice the stream windows', async () => {
  for (const options of [
    {},
    { streamWindowBytes: 4096 },
    { streamWindowBytes: 64 * 1024 * 1024 },
  ]) {
    const calls = await callsOf(options)
    const stream = numberOf(calls, 'setMaxStreamWindow')
    assert.ok(numberOf(calls, 'setMaxConnectionWindow') >= 2 * stream)
    assert.ok(numberOf(calls, 'setInitialMaxData') >= 2 * stream)
    for (const kind of ['BidiLocal', 'BidiRemote', 'Uni']) {
      assert.is(numberOf(calls, `setInitialMaxStreamData${kind}`), stream)
    }
  }
})

test('64 connection ids, and migration allowed', async () => {
  const calls = await callsOf()
  assert.is(numberOf(calls, 'setActiveConnectionIdLimit'), 64)
  assert.equal(calls.get('setDisableActiveMigration'), [false])
})

test('nothing can be replayed, since there is no early data', async () => {
  const calls = await callsOf()
  assert.not(calls.has('enableEarlyData'))
  assert.not(calls.has('setTicketKey'))
})

test('no pacing, whose times cannot be read; cubic by default', async () => {
  const calls = await callsOf()
  assert.equal(calls.get('enablePacing'), [false])
  assert.equal(calls.get('setCcAlgorithmName'), ['cubic'])
})

test('both sides present a certificate, and any is taken', async () => {
  const calls = await callsOf()
  assert.equal(calls.get('withBoringSslCtx')?.slice(0, 3), [true, true, null])
})

test('datagrams may be large on loopback only, unless told otherwise', () => {
  const settings = quicSettings({ host: '0.0.0.0', port: 0 })
  assert.is(datagramMaxBytesTo('127.0.0.1', settings), 16_383)
  assert.is(datagramMaxBytesTo('127.8.9.1', settings), 16_383)
  assert.is(datagramMaxBytesTo('::1', settings), 16_383)
  assert.is(datagramMaxBytesTo('192.0.2.1', settings), 1472)
  assert.is(datagramMaxBytesTo('::ffff:192.0.2.1', settings), 1472)
  assert.is(datagramMaxBytesTo('2001:db8::1', settings), 1452)
  const jumbo = quicSettings({ host: '0.0.0.0', port: 0, datagramMaxBytes: 8952 })
  assert.is(datagramMaxBytesTo('192.0.2.1', jumbo), 8952)
})

test('what the types of the binding promise and it does not have is not used', async () => {
  const quiche = await binding()
  const config = quiche.Config.withBoringSslCtx(false, true, null, null, null, null)
  const end = { host: '127.0.0.1', port: 1 }
  const native = quiche.Connection.connect(null, new Uint8Array(8), end, end, config)
  assert.is(Reflect.get(native, 'maxActiveSourceCids'), undefined)
  for (const name of ['sendOnPath', 'pathStats', 'dgramSend', 'sourceCidsLeft', 'destinationId']) {
    assert.type(Reflect.get(native, name), 'function')
  }
})

test.run()
