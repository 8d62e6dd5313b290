/** The path between the nodes, where a row asks for one: a forwarder in a process of its own. */
import { fork } from 'node:child_process'
import { openForwarder } from '../../support/forwarder.ts'
import { answer, letGo } from './child.ts'

export type Path = {
  readonly roundTripMs: number
  /** Of datagrams, each way. */
  readonly lossPercent: number
}

export type Relay = { readonly port: number; readonly end: () => Promise<void> }

/** Forwards until the driver lets go. */
export async function serveRelay(port: number, { roundTripMs, lossPercent }: Path): Promise<void> {
  const wire = await openForwarder({ host: '127.0.0.1', port })
  for (const way of [wire.up, wire.down]) {
    way.delayMs = roundTripMs / 2
    way.loss = lossPercent / 100
  }
  process.on('disconnect', () => process.exit(0))
  process.send?.(wire.address.port)
}

/** Starts `program` as the path to `port`. */
export async function startRelay(program: string, port: number, path: Path): Promise<Relay> {
  const child = fork(program, ['relay', String(port), JSON.stringify(path)])
  return { port: await answer(child), end: () => letGo(child) }
}
