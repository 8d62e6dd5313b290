/**
 * The conformance suite over the worker carrier: both ends in this thread, and the one that is
 * opened second in another thread.
 */
import { MessageChannel, type MessagePort } from 'node:worker_threads'
import { nodePlatform } from '../../../runtime/platform/node.ts'
import type { Address } from '../../../src/carrier/carrier.ts'
import { workerCarrier } from '../../../src/carrier/worker/index.ts'
import { carrierCases } from '../../../src/testing/carrier-suite.ts'
import { cleanup, suite } from '../../support/harness.ts'
import { testTls } from '../../support/tls.ts'
import { until } from '../../support/until.ts'
import { farCarrier } from './far-endpoint.ts'

const addresses: readonly [Address, Address] = [
  { host: 'worker', port: 1 },
  { host: 'worker', port: 2 },
]
const nobody = { host: 'worker', port: 9 }

for (const [place, second] of [
  ['one thread', workerCarrier],
  ['two threads', farCarrier],
] as const) {
  const test = suite(`carrier conformance: worker, ${place}`)
  for (const { name, run } of carrierCases) {
    test(
      name,
      async () => {
        const platform = nodePlatform()
        const { port1, port2 } = new MessageChannel()
        // Somebody holds the other end, and never looks.
        const silent = new MessageChannel()
        cleanup(() => silent.port2.close())
        const ends: MessagePort[] = [port1, port2]
        let opened = 0
        await run({
          platform,
          tls: [await testTls(platform), await testTls(platform)],
          carrier(options) {
            const side = opened++
            const address = addresses[side]
            const other = addresses[1 - side]
            const port = ends[side]
            if (address === undefined || other === undefined || port === undefined) {
              throw new Error('a case has two ends')
            }
            const links = [{ address: other, port }]
            if (side === 1) return second({ ...options, address, links })
            links.push({ address: nobody, port: silent.port1 })
            return workerCarrier({ ...options, address, links })
          },
          apart: second === farCarrier,
          nobody,
          until,
        })
      },
      { deadlineMs: 20_000 },
    )
  }
  test.run()
}
