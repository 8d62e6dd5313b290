/**
 * What runs in the thread of a worker node: starts the node with what it was given, meets the
 * others, and stops it in order when told. Nothing of it touches a disk: its key came with its
 * task, and so did the keys it trusts, which are all it will ever trust.
 */
import { nodePlatform } from '../../runtime/platform/node.ts'
import { simStorage } from '../../runtime/platform/sim-storage.ts'
import type { Address } from '../carrier/carrier.ts'
import type { WorkerLink } from '../carrier/worker/index.ts'
import { workerCarrier } from '../carrier/worker/index.ts'
import { thisThread } from '../carrier/worker/thread.ts'
import { connectNode } from '../dist/index.ts'
import type { Keypair } from '../identity/index.ts'
import type { Node } from './node.ts'
import type { NodeOptions } from './options.ts'
import { startNode } from './start.ts'
import { loadProgram } from './worker-program.ts'
import { stopOrder, type WorkerReport } from './worker-report.ts'

/** Another node that a worker knows from the beginning. */
export type WorkerPeer = {
  readonly name: string
  readonly publicKey: Uint8Array
  readonly address: Address
}

export type WorkerTask = {
  readonly name: string
  /** Address of the module that says what the node runs. */
  readonly program: string
  readonly address: Address
  readonly links: readonly WorkerLink[]
  readonly keypair: Keypair
  /** Stands for a certificate: a port has no TLS, and nobody looks inside. */
  readonly certDer: Uint8Array
  /** Whom it trusts, and nobody else. */
  readonly peers: readonly WorkerPeer[]
  /** Those of `peers` it connects with before it says that it is ready. */
  readonly connects: readonly string[]
  /** What it takes over from the node that starts it. */
  readonly inherited: Pick<
    NodeOptions,
    'cookie' | 'authEnabled' | 'signer' | 'tickMs' | 'checked' | 'exposeStacks'
  >
}

const dataDir = 'worker'
const mode = 0o600

const thread = thisThread<WorkerTask>()
const say = (report: WorkerReport): void => thread.post(report)

const starting = start(thread.data).catch((error: unknown) => {
  say({ tag: 'failed', message: error instanceof Error ? error.message : String(error) })
  return undefined
})
thread.onMessage((message) => {
  if (message === stopOrder) void stop(false)
})

async function start(task: WorkerTask): Promise<Node> {
  const { modules, options } = await loadProgram(task.program)
  const platform = nodePlatform()
  const node = await startNode({
    ...task.inherited,
    ...options,
    modules,
    name: task.name,
    carrier: workerCarrier({ address: task.address, links: task.links }),
    nodes: Object.fromEntries(task.peers.map(({ name, address }) => [name, address])),
    trustMode: 'strict',
    dataDir,
    tls: { certPem: '', keyPem: '', certDer: task.certDer },
    platform: {
      ...platform,
      storage: simStorage(filesOf(task)),
      failed() {
        platform.failed()
        void stop(true)
      },
    },
  })
  for (const peer of task.connects) {
    if (await connectNode(node, peer)) continue
    await node.stop()
    throw new Error(`${peer} cannot be reached`)
  }
  say({ tag: 'ready' })
  return node
}

async function stop(byItself: boolean): Promise<void> {
  const node = await starting
  await node?.stop()
  say({ tag: 'stopped', byItself })
}

function filesOf({ keypair, peers }: WorkerTask) {
  const keys = `${dataDir}/keys`
  const files = new Map([
    [`${keys}/node.key`, { bytes: keypair.privateKey, mode }],
    [`${keys}/node.pub`, { bytes: keypair.publicKey, mode }],
  ])
  for (const { name, publicKey } of peers) {
    files.set(`${keys}/trusted/${name}.pub`, { bytes: publicKey, mode })
  }
  return files
}
