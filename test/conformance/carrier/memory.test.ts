import { simPlatform, World } from '../../../runtime/platform/sim.ts'
import { memoryNetwork } from '../../../src/carrier/memory/index.ts'
import { carrierCases } from '../../../src/testing/carrier-suite.ts'
import { suite } from '../../support/harness.ts'
import { testTls } from '../../support/tls.ts'
import { untilIn } from '../../support/until.ts'

const test = suite('carrier conformance: memory')

for (const { name, run } of carrierCases) {
  test(name, async () => {
    const world = new World(1)
    const platform = simPlatform(world)
    const tls = [await testTls(platform), await testTls(platform)] as const
    // Networks differ in their limits only, and a case uses one set of limits.
    let network: ReturnType<typeof memoryNetwork> | undefined
    let ports = 4000
    await run({
      platform,
      tls,
      carrier(options) {
        network ??= memoryNetwork({ platform, ...options })
        return network.carrier({ host: '10.0.0.1', port: ports++ })
      },
      nobody: { host: '10.0.0.9', port: 9 },
      until: (what, condition) => untilIn(world, what, condition),
    })
  })
}

test.run()
