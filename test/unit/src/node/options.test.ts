import { BadArgument } from '../../../../runtime/index.ts'
import { checkOptions, type NodeOptions } from '../../../../src/node/options.ts'
import { startNode } from '../../../../src/node/start.ts'
import { assert, suite } from '../../../support/harness.ts'

const test = suite('node options')

const name = 'a@127.0.0.1'

/** Field, a value it refuses, and how the message shows it. */
const bad: readonly (readonly [string, unknown, RegExp])[] = [
  ['name', undefined, /undefined/],
  ['name', 7, /7/],
  ['name', 'nohost', /nohost/],
  ['name', '@h', /@h/],
  ['name', 'a@', /a@/],
  ['name', 'a@b@c', /a@b@c/],
  ['name', '.a@h', /\.a@h/],
  ['name', 'a b@h', /a b@h/],
  ['name', `${'x'.repeat(255)}@h`, /x{10}/],
  ['carrier', {}, /\{\}|object/],
  ['carrier', 'quic', /quic/],
  ['carrier', null, /null/],
  ['nodes', 'b@h', /b@h/],
  ['nodes', null, /null/],
  ['nodes', { nohost: { host: 'h', port: 1 } }, /nohost/],
  ["nodes['b@h']", { 'b@h': null }, /null/],
  ["nodes['b@h']", { 'b@h': '127.0.0.1:4000' }, /127\.0\.0\.1:4000/],
  ["nodes['b@h']", { 'b@h': { host: '', port: 1 } }, /port/],
  ["nodes['b@h']", { 'b@h': { host: 'h', port: 0 } }, /0/],
  ["nodes['b@h']", { 'b@h': { host: 'h', port: 65_536 } }, /65536/],
  ["nodes['b@h']", { 'b@h': { host: 'h', port: '4000' } }, /4000/],
  ['modules', {}, /\{\}|object/],
  ['modules', ['counter'], /counter/],
  ['modules', null, /null/],
  ['spawnable', 'all', /all/],
  ['spawnable', ['counter'], /counter/],
  ['root', 'supervisor', /supervisor/],
  ['root', {}, /\{\}|object/],
  ['dataDir', '', /''|""/],
  ['dataDir', 7, /7/],
  ['cookie', '', /''|""/],
  ['cookie', 7, /7/],
  ['trustMode', 'none', /none/],
  ['cookieOnlyNodes', 'probe@*', /probe@\*/],
  ['cookieOnlyNodes', ['probe'], /probe/],
  ['cookieOnlyNodes', ['pro*@h'], /pro\*@h/],
  ['cookieOnlyNodes', ['*@*'], /authEnabled/],
  ['cookieOnlyNodes', [7], /7/],
  ['authEnabled', 'no', /no/],
  ['authTimeoutMs', 0, /0/],
  ['authTimeoutMs', Number.POSITIVE_INFINITY, /Infinity/],
  ['authWindowMs', '30s', /30s/],
  ['signer', 'openssl', /openssl/],
  ['tickMs', 0, /0/],
  ['tickMs', 9, /9/],
  ['tickMs', Number.NaN, /NaN/],
  ['tickMs', Number.POSITIVE_INFINITY, /Infinity/],
  ['tickMs', '500', /500/],
  ['checked', 'yes', /yes/],
  ['exposeStacks', 1, /1/],
  ['tls', 'cert.pem', /cert\.pem/],
  ['tls', { certPem: 'x' }, /certPem|object|x/],
  ['platform', 'node', /node/],
]

for (const [field, value, shown] of bad) {
  const key = field.startsWith('nodes') ? 'nodes' : field
  test(`${field}: ${shownName(value)} is refused by field and value`, async () => {
    const options = { name, [key]: value } as unknown as NodeOptions
    const refusal = await refusalOf(options)
    assert.ok(refusal instanceof BadArgument, String(refusal))
    assert.ok(refusal.message.includes(key), refusal.message)
    assert.ok(refusal.message.includes(field) || key !== field, refusal.message)
    assert.match(refusal.message, shown)
  })
}

function shownName(value: unknown): string {
  return (typeof value === 'number' ? String(value) : (JSON.stringify(value) ?? '')).slice(0, 40)
}

async function refusalOf(options: NodeOptions): Promise<unknown> {
  try {
    const node = await startNode(options)
    await node.stop()
    return 'it started'
  } catch (error) {
    return error
  }
}

test('an unknown option is refused with the names of those there are', () => {
  for (const [key, value] of [
    ['cookies', 'x'],
    ['tick', 1],
    ['toString', 1],
  ] as const) {
    const options = { name, [key]: value }
    assert.throws(() => checkOptions(options), new RegExp(`unknown option '${key}'.*cookie`))
  }
})

test('no options at all are refused', () => {
  for (const options of [undefined, null, 'a@h', 7]) {
    assert.throws(() => checkOptions(options as unknown as NodeOptions), /options object/)
  }
})

test('a node with a name and nothing else starts, alone', async () => {
  const node = await startNode({ name })
  assert.is(node.name, name)
  assert.is(node.address, undefined)
  await node.stop()
})

test.run()
