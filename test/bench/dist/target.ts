/**
 * The accepting OS process: one node with the defaults a user gets, on a free port of loopback.
 * The driver starts it, talks to it over the pipe that Node gives to forked processes, and ends it
 * by letting go of that pipe.
 */
import { fork } from 'node:child_process'
import { quicCarrier } from '../../../src/carrier/quic/index.ts'
import { startNode } from '../../../src/index.ts'
import { collect } from '../heap.ts'
import { answer, letGo } from './child.ts'
import { Echo, Sink } from './modules.ts'

export const peerName = 'b@127.0.0.1'
export const cookie = 'bench'
/** A collection frees what only the turn after the one before has let go of. */
const collections = 4

export type Footing = {
  /** Nodes that have come up since the process began. */
  readonly nodeups: number
  /** Resident bytes, after full collections. */
  readonly rssBytes: number
}

export type Target = {
  readonly port: number
  readonly ask: () => Promise<Footing>
  readonly end: () => Promise<void>
}

/** Runs the accepting node until the driver lets go. */
export async function serveTarget(directory: string, nodeOptions: object): Promise<void> {
  let nodeups = 0
  const node = await startNode({
    name: peerName,
    carrier: quicCarrier({ host: '127.0.0.1', port: 0 }),
    modules: [Echo, Sink],
    dataDir: directory,
    cookie,
    observe: (event) => {
      if (event.tag === 'nodeup') nodeups += 1
    },
    ...nodeOptions,
  })
  process.on('message', async () => {
    await settled()
    const footing: Footing = { nodeups, rssBytes: process.memoryUsage.rss() }
    process.send?.(footing)
  })
  process.on('disconnect', async () => {
    await node.stop()
    process.exit(0)
  })
  process.send?.(node.address?.port)
}

/** Starts `program` as the accepting process. */
export async function startTarget(
  program: string,
  directory: string,
  nodeOptions: object,
): Promise<Target> {
  const child = fork(program, ['target', directory, JSON.stringify(nodeOptions)])
  const port = await answer<number>(child)
  return {
    port,
    ask: () => {
      child.send('ask')
      return answer(child)
    },
    end: () => letGo(child),
  }
}

async function settled(): Promise<void> {
  for (let pass = 0; pass < collections; pass++) {
    collect()
    await new Promise(setImmediate)
  }
}
