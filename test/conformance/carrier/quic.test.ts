import { nodePlatform } from '../../../runtime/platform/node.ts'
import { quicCarrier } from '../../../src/carrier/quic/index.ts'
import { carrierCases } from '../../../src/testing/carrier-suite.ts'
import { suite } from '../../support/harness.ts'
import { testTls } from '../../support/tls.ts'
import { silentPort } from '../../support/udp.ts'
import { until } from '../../support/until.ts'

const test = suite('carrier conformance: quic')

for (const { name, run } of carrierCases) {
  test(
    name,
    async () => {
      const platform = nodePlatform()
      await run({
        platform,
        tls: [await testTls(platform), await testTls(platform)],
        carrier: (options) => quicCarrier({ host: '127.0.0.1', port: 0, ...options }),
        nobody: await silentPort(),
        until,
      })
    },
    { deadlineMs: 20_000 },
  )
}

test.run()
