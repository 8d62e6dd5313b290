/** The real resolver against servers that answer properly, badly and not at all. */
import { nodeResolver } from '../../../../runtime/platform/node-resolver.ts'
import type { Resolver } from '../../../../runtime/platform/platform.ts'
import {
  aRecord,
  type DnsQuestion,
  type DnsReply,
  dnsServer,
  dnsType,
  srvRecord,
} from '../../../support/dns-server.ts'
import { assert, cleanup, suite } from '../../../support/harness.ts'

const test = suite('node resolver')

const timeoutMs = 50
const nameError = 3

async function asking(reply: (question: DnsQuestion) => DnsReply) {
  const { server, asked } = await dnsServer(reply)
  return { resolver: resolverOf([server]), asked }
}

function resolverOf(servers?: readonly string[]): Resolver {
  const resolver = nodeResolver({ timeoutMs, ...(servers !== undefined && { servers }) })
  cleanup(() => resolver.close())
  return resolver
}

/** The reason of a failure. */
async function reasonOf(answer: ReturnType<Resolver['addresses' | 'services']>): Promise<string> {
  const outcome = await answer
  if (outcome.tag === 'ok') throw new Error(`it answered ${JSON.stringify(outcome)}`)
  assert.ok(outcome.message.length > 0)
  return outcome.reason
}

test('addresses of both families and services come from the server named', async () => {
  const ipv6 = new Uint8Array(16)
  ipv6.set([0x20, 0x01, 0x0d, 0xb8])
  ipv6[15] = 7
  const { resolver, asked } = await asking(({ type }) => {
    if (type === dnsType.a) return { code: 0, records: [aRecord('10.0.0.1'), aRecord('10.0.0.2')] }
    if (type === dnsType.aaaa) return { code: 0, records: [{ type, data: ipv6 }] }
    return { code: 0, records: [srvRecord(5000, 'target.example', 1, 2)] }
  })
  assert.equal(await resolver.addresses('h.example', 4), {
    tag: 'ok',
    addresses: ['10.0.0.1', '10.0.0.2'],
  })
  assert.equal(await resolver.addresses('h.example', 6), { tag: 'ok', addresses: ['2001:db8::7'] })
  const found = await resolver.services('_skein._udp.h.example')
  assert.is(found.tag, 'ok')
  const services = found.tag === 'ok' ? found.services : []
  const { name, port, priority, weight } = services[0] ?? srvNone
  assert.equal([name, port, priority, weight], ['target.example', 5000, 1, 2])
  assert.equal(
    asked.map((question) => question.name),
    ['h.example', 'h.example', '_skein._udp.h.example'],
  )
})

const srvNone = { name: '', port: 0, priority: 0, weight: 0 }

test('no such name and no such record are notFound', async () => {
  for (const code of [nameError, 0]) {
    const { resolver } = await asking(() => ({ code, records: [] }))
    assert.is(await reasonOf(resolver.addresses('h.example', 4)), 'notFound')
    assert.is(await reasonOf(resolver.addresses('h.example', 6)), 'notFound')
    assert.is(await reasonOf(resolver.services('_skein._udp.h.example')), 'notFound')
  }
})

test('a server that refuses or fails is a failure', async () => {
  for (const code of [1, 2, 4, 5]) {
    const { resolver } = await asking(() => ({ code, records: [] }))
    assert.is(await reasonOf(resolver.addresses('h.example', 4)), 'failed')
    assert.is(await reasonOf(resolver.services('_skein._udp.h.example')), 'failed')
  }
})

test('a question that is never answered is asked twice, and given up', async () => {
  const { resolver, asked } = await asking(() => undefined)
  assert.is(await reasonOf(resolver.addresses('h.example', 4)), 'failed')
  assert.is(asked.length, 2)
})

test('hostile replies: garbage, wrong types, cut and lying records, many of them', async () => {
  const replies: readonly DnsReply[] = [
    { raw: new Uint8Array(0) },
    { raw: Uint8Array.of(0x81, 0x80) },
    { raw: new Uint8Array(510).fill(0xff) },
    { raw: Uint8Array.from([0x81, 0x80, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0xc0, 0x0c]) },
    { code: 0, records: [{ type: dnsType.txt, data: Buffer.from('\x05hello') }] },
    { code: 0, records: [{ type: dnsType.a, data: Uint8Array.of(10, 0, 0) }] },
    { code: 0, records: [{ type: dnsType.srv, data: Uint8Array.of(0, 1, 0) }] },
    { code: 0, records: Array.from({ length: 2000 }, () => aRecord('10.0.0.1')) },
  ]
  for (const reply of replies) {
    const { resolver } = await asking(() => reply)
    const answers = await Promise.all([
      resolver.addresses('h.example', 4),
      resolver.addresses('h.example', 6),
      resolver.services('_skein._udp.h.example'),
    ])
    for (const answer of answers) {
      if (answer.tag === 'error') assert.ok(answer.message.length > 0)
      else if ('services' in answer) assert.equal(answer.services, [])
      else assert.ok(answer.addresses.every((address) => address === '10.0.0.1'))
    }
  }
})

test('names no resolver takes are failures, not exceptions', async () => {
  const { resolver } = await asking(() => ({ code: 0, records: [aRecord('10.0.0.1')] }))
  for (const name of ['..', 'x'.repeat(300), `${'y'.repeat(64)}.example`]) {
    assert.is(await reasonOf(resolver.services(name)), 'failed', name)
    assert.is(await reasonOf(resolver.addresses(name, 4)), 'failed', name)
  }
})

test('closing answers what is under way', async () => {
  let hear: () => void = () => undefined
  const heard = new Promise<void>((resolve) => {
    hear = resolve
  })
  const { server } = await dnsServer(() => {
    hear()
    return undefined
  })
  const resolver = nodeResolver({ servers: [server], timeoutMs: 60_000 })
  const answer = resolver.addresses('h.example', 4)
  await heard
  resolver.close()
  assert.is((await answer).tag, 'error')
})

test('without servers the system is asked, which knows this machine', async () => {
  const resolver = resolverOf()
  assert.equal(await resolver.addresses('127.0.0.1', 4), { tag: 'ok', addresses: ['127.0.0.1'] })
  const here = await resolver.addresses('localhost', 4)
  assert.ok(here.tag === 'ok' && here.addresses.includes('127.0.0.1'))
})

test.run()
