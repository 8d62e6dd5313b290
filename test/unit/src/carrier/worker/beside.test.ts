/** A worker carrier with another one beside it: one endpoint, two ways out. */
import { MessageChannel } from 'node:worker_threads'
import { nodePlatform } from '../../../../../runtime/platform/node.ts'
import type { Carrier, Connection } from '../../../../../src/carrier/carrier.ts'
import { memoryNetwork } from '../../../../../src/carrier/memory/index.ts'
import { workerCarrier } from '../../../../../src/carrier/worker/index.ts'
import { assert, suite } from '../../../../support/harness.ts'
import { testTls } from '../../../../support/tls.ts'
import { until } from '../../../../support/until.ts'
import { here, openEndpoint, there } from './support.ts'

const test = suite('worker carrier: beside another one')

const outside = { host: '10.0.0.1', port: 1 }
const far = { host: '10.0.0.2', port: 1 }

test('each address is dialled the way it is reached, and dials come in both ways', async () => {
  const platform = nodePlatform()
  const network = memoryNetwork({ platform })
  const { port1, port2 } = new MessageChannel()
  const accepted: Connection[] = []
  const links = [{ address: there, port: port1 }]
  const beside = network.carrier(outside)
  const both = await openEndpoint({ address: here, links, beside }, (connection) =>
    accepted.push(connection),
  )
  assert.equal(both.address, outside, 'known outside as the other carrier has it')
  const worker = await openEndpoint({ address: there, links: [{ address: here, port: port2 }] })
  const tls = await testTls(platform)
  const opened = await network.carrier(far).open({ platform, tls, onConnection: () => undefined })
  if (opened.tag === 'error') throw new Error(opened.message)

  for (const address of [there, far]) {
    const dialled = await both.dial(address, 5000)
    if (dialled.tag === 'error') throw new Error(dialled.message)
    assert.equal(dialled.connection.peerAddress, address)
  }
  assert.is((await worker.dial(here, 5000)).tag, 'ok')
  assert.is((await opened.endpoint.dial(outside, 5000)).tag, 'ok')
  await until('both are accepted', () => accepted.length === 2)
  assert.equal(
    accepted.map(({ peerAddress }) => peerAddress.host),
    ['worker', '10.0.0.2'],
  )

  await both.close(0)
  for (const end of [worker.dial(here, 100), opened.endpoint.dial(outside, 100)]) {
    assert.is((await end).tag, 'error', 'closed on both sides')
  }
  await opened.endpoint.close(0)
})

test('it opens only if the other one does', async () => {
  const failure = { tag: 'error', reason: 'address', message: 'taken' } as const
  const beside: Carrier = { name: 'memory', open: async () => failure }
  const platform = nodePlatform()
  const tls = await testTls(platform)
  const opened = await workerCarrier({ beside }).open({
    platform,
    tls,
    onConnection: () => undefined,
  })
  assert.equal(opened, failure)
})

test('without one, an address that is no worker’s is refused', async () => {
  const alone = await openEndpoint({})
  const result = await alone.dial(far, 5000)
  assert.is(result.tag === 'error' ? result.reason : result.tag, 'refused')
})

test('bad options are refused by name', () => {
  const { port1, port2 } = new MessageChannel()
  port2.close()
  const bad: readonly (readonly [object, RegExp])[] = [
    [{ beside: {} }, /beside must be a carrier/],
    [{ address: { host: '', port: 1 } }, /address must be/],
    [{ address: { host: 'worker', port: 0 } }, /address must be/],
    [{ links: {} }, /links must be an array/],
    [{ links: [undefined] }, /links\[0\]\.address/],
    [{ links: [{ address: here, port: 7 }] }, /links\[0\]\.port must be a MessagePort, got 7/],
    [{ streamsMax: 0 }, /streamsMax must be an integer from 1/],
    [{ connectionsMax: 1.5 }, /connectionsMax/],
    [{ linked: [] }, /unknown option linked/],
  ]
  for (const [options, message] of bad) assert.throws(() => workerCarrier(options), message)
  port1.close()
})

test.run()
