/** A node that leads workers, for tests: nothing of it is on a disk. */
import { nodePlatform } from '../../../../runtime/platform/node.ts'
import type { SimDisk } from '../../../../runtime/platform/sim-storage.ts'
import { simStorage } from '../../../../runtime/platform/sim-storage.ts'
import { workerCarrier } from '../../../../src/carrier/worker/index.ts'
import { type NodeOptions, startNode } from '../../../../src/index.ts'
import type { Node } from '../../../../src/node/node.ts'
import { cleanup } from '../../../support/harness.ts'
import { testTls } from '../../../support/tls.ts'
import { modules } from './fixtures/worker-program.ts'

export const program = new URL('./fixtures/worker-program.ts', import.meta.url)

/** Starts the node `main@localhost`, which ends with the test. `disk` is what it stores. */
export async function leader(
  options: Partial<NodeOptions> = {},
  disk: SimDisk = new Map(),
): Promise<Node> {
  const platform = { ...nodePlatform(), storage: simStorage(disk) }
  const node = await startNode({
    name: 'main@localhost',
    carrier: workerCarrier(),
    cookie: 'secret of the test',
    tls: await testTls(platform),
    modules,
    platform,
    quiet: true,
    ...options,
  })
  cleanup(() => node.stop())
  return node
}
