/**
 * One node in an OS process of its own. Takes its options as one JSON argument, prints one line
 * with its address when it is up, and stops when its standard input ends, so that it never
 * outlives the tour.
 */
import { child, startNode } from 'skein'
import { quicCarrier } from 'skein/carrier/quic'
import { modules, Program } from './modules.ts'

export type ChildOptions = {
  readonly name: string
  readonly port: number
  readonly dataDir: string
  readonly cookie: string
  readonly tickMs: number
  readonly nodes: Readonly<Record<string, { readonly host: string; readonly port: number }>>
  /** Whom to join a cluster through; nobody who waits to be found. */
  readonly join: readonly string[]
}

const options: ChildOptions = JSON.parse(process.argv[2] ?? '{}')
const { port, ...rest } = options
const node = await startNode({
  ...rest,
  carrier: quicCarrier({ host: '127.0.0.1', port }),
  modules,
  root: child(Program, rest.name),
  quiet: true,
  drainOnSignals: true,
})
process.stdin.on('end', () => node.stop()).resume()
console.log(JSON.stringify({ ready: node.address?.port }))
