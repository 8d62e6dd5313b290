/**
 * A node in an OS process of its own, driven by orders on its standard input (`orders.ts`). It ends
 * when its input does, so that it never outlives who started it.
 */
import { createHash } from 'node:crypto'
import { createInterface } from 'node:readline'
import {
  at,
  callWithin,
  process as defineProcess,
  genServer,
  isDown,
  monitorNodes,
  nodes,
  reply,
  type Self,
  spawn,
  startNode,
} from 'skein'
import { quicCarrier } from 'skein/carrier/quic'
import { collect } from '../bench/heap.ts'
import { ClusterWatch } from './cluster-watch.ts'
import { LoopWatch } from './loop-watch.ts'
import type { Load, Look, Order, ProgramLine, ProgramOptions } from './orders.ts'

type Echo = {
  calls: { echo: (value: unknown) => unknown; hash: (bytes: Uint8Array) => string }
}

const hashOf = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

const Echo = genServer<Echo>('net.echo')({
  init: () => null,
  calls: {
    echo: (state, value) => reply(value, state),
    hash: (state, bytes) => reply(hashOf(bytes), state),
  },
})

const echoName = 'echo'
const callTimeoutMs = 60_000
const seen = { ups: 0, downs: 0 }

const say = (line: ProgramLine): void => {
  process.stdout.write(`${JSON.stringify(line)}\n`)
}

const Watcher = defineProcess('net.watcher', async (self: Self) => {
  monitorNodes(self, true)
  for (;;) {
    const message = await self.receive()
    if (!isNodeEvent(message)) continue
    seen[message.tag === 'nodeup' ? 'ups' : 'downs'] += 1
    say({ tag: message.tag, node: message.node })
  }
})

function isNodeEvent(
  message: unknown,
): message is { readonly tag: 'nodeup' | 'nodedown'; readonly node: string } {
  if (typeof message !== 'object' || message === null || !('tag' in message)) return false
  return message.tag === 'nodeup' || message.tag === 'nodedown'
}

const { host, port, ...rest }: ProgramOptions = JSON.parse(process.argv[2] ?? '{}')
const node = await startNode({
  ...rest,
  carrier: quicCarrier({ host, port }),
  modules: [Echo, Watcher],
  quiet: process.env.SKEIN_NET_LOG === undefined,
})
spawn(node, Echo, undefined, { name: echoName })
spawn(node, Watcher)
const watch = new LoopWatch()
const cluster = new ClusterWatch(node)

async function callTimes(target: string, times: number): Promise<{ answered: number }> {
  return node.run(async (self) => {
    let answered = 0
    const echo = at(target, Echo, echoName)
    for (let n = 0; n < times; n++) {
      if ((await callWithin(self, callTimeoutMs, echo, 'echo', n)) === n) answered += 1
    }
    return { answered }
  })
}

class Loader {
  readonly #workers: Promise<void>[] = []
  readonly #load = { answered: 0, failed: 0, worstMs: 0 }
  #over = false

  constructor(target: string, width: number) {
    for (let worker = 0; worker < width; worker++) this.#workers.push(this.#work(target, worker))
  }

  async stop(): Promise<Load> {
    this.#over = true
    await Promise.all(this.#workers)
    return this.#load
  }

  #work(target: string, worker: number): Promise<void> {
    return node.run(async (self) => {
      const echo = at(target, Echo, echoName)
      const padding = new Uint8Array(200 * worker)
      for (let n = 0; !this.#over; n++) {
        const sentMs = performance.now()
        try {
          await callWithin(self, callTimeoutMs, echo, 'echo', { n, padding })
          this.#load.answered += 1
        } catch {
          this.#load.failed += 1
          // A peer that is gone fails at once: leave the loop its turns.
          await self.receive(() => false, { timeoutMs: 10, otherwise: null })
        }
        this.#load.worstMs = Math.max(this.#load.worstMs, performance.now() - sentMs)
      }
    })
  }
}

let loader: Loader | undefined

async function bulk(target: string, size: number): Promise<{ same: boolean }> {
  const bytes = new Uint8Array(size)
  for (let index = 0; index < size; index++) bytes[index] = (index * 31 + (index >> 8)) & 0xff
  const there = await node.run((self) =>
    callWithin(self, callTimeoutMs, at(target, Echo, echoName), 'hash', bytes),
  )
  return { same: there === hashOf(bytes) }
}

function monitor(target: string): Promise<null> {
  return new Promise((resolve) => {
    void node.run(async (self) => {
      const ref = self.monitor(at(target, Echo, echoName))
      resolve(null)
      const { reason } = await self.receive(isDown(ref))
      say({ tag: 'down', node: target, reason })
    })
  })
}

/** What the native code of a connection holds is let go with its last object. */
function resident(): number {
  collect()
  return process.memoryUsage.rss()
}

function look(): Look {
  const loopHeld = watch.take()
  return { nodes: nodes(node), ...seen, residentBytes: resident(), loopHeld }
}

async function obey(order: Order): Promise<unknown> {
  switch (order.op) {
    case 'call':
      return callTimes(order.node, order.times)
    case 'loadStart':
      loader = new Loader(order.node, order.width)
      return null
    case 'loadStop':
      return loader?.stop()
    case 'bulk':
      return bulk(order.node, order.bytes)
    case 'monitor':
      return monitor(order.node)
    case 'look':
      return look()
    case 'resident':
      return { bytes: resident() }
    case 'tell':
      return cluster.tell(order.text)
    case 'cluster':
      return cluster.look()
    case 'stop':
      await node.stop()
      return null
  }
}

const lines = createInterface({ input: process.stdin })
lines.on('line', (line) => {
  const { id, order }: { id: number; order: Order } = JSON.parse(line)
  obey(order).then(
    (value) => {
      say({ tag: 'answer', id, value })
      if (order.op === 'stop') lines.close()
    },
    (error: unknown) => {
      const message = error instanceof Error ? `${error.name}: ${error.message}` : String(error)
      say({ tag: 'error', id, message })
    },
  )
})
lines.on('close', () => process.exit(0))
say({ tag: 'ready', port: node.address?.port ?? 0 })
