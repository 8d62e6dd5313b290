/**
 * The other OS processes: one node each, which joins the driver's. The driver asks over the pipe
 * that Node gives to forked processes, one question at a time, and ends one by letting go of it.
 */
import { type ChildProcess, fork } from 'node:child_process'
import type { Address } from '../../../src/carrier/carrier.ts'
import {
  channelStatistics,
  type Node,
  process as program,
  type ServiceEvent,
  spawn,
  subscribeServices,
} from '../../../src/index.ts'
import { answer, letGo } from '../dist/child.ts'
import {
  driverName,
  footing,
  registerMany,
  sharedNowMs,
  startOne,
  untilNames,
  untilSome,
} from './node.ts'
import { type Lateness, Probe } from './probe.ts'

/** How `count` names of the driver came to a fresh node. */
export type Synced = {
  /** First and last of them, on the shared clock. */
  readonly fromMs: number
  readonly toMs: number
  readonly bytes: number
  readonly lateness: Lateness
  /** Heap they have taken. */
  readonly heapBytes: number
}

/** When registrations and their ends were heard of, by name, on the shared clock. */
export type HeardAt = {
  readonly came: Readonly<Record<string, number>>
  readonly gone: Readonly<Record<string, number>>
}

type Question =
  | { readonly tag: 'register'; readonly prefix: string; readonly count: number }
  /** Answers when the node knows so many names. */
  | { readonly tag: 'until'; readonly count: number }
  | { readonly tag: 'heard' }
  /** Joins only now. */
  | { readonly tag: 'sync'; readonly contact: Address; readonly count: number }

export type Target = {
  register(prefix: string, count: number): Promise<void>
  until(count: number): Promise<void>
  heard(): Promise<HeardAt>
  sync(contact: Address, count: number): Promise<Synced>
  end(): Promise<void>
}

/** Starts `file` as another process; with a contact its node joins at once. */
export async function startTarget(
  file: string,
  name: string,
  directory: string,
  contact?: Address,
): Promise<Target> {
  const child = fork(file, ['target', name, directory, JSON.stringify(contact ?? null)])
  await answer(child)
  const ask = <T>(question: Question): Promise<T> => asked<T>(child, question)
  return {
    register: (prefix, count) => ask({ tag: 'register', prefix, count }),
    until: (count) => ask({ tag: 'until', count }),
    heard: () => ask({ tag: 'heard' }),
    sync: (at, count) => ask({ tag: 'sync', contact: at, count }),
    end: () => letGo(child),
  }
}

function asked<T>(child: ChildProcess, question: Question): Promise<T> {
  child.send(question)
  return answer<T>(child)
}

/** Runs the node of another process until the driver lets go. */
export async function serveTarget(
  name: string,
  directory: string,
  contact: Address | null,
): Promise<void> {
  const heard = { came: {} as Record<string, number>, gone: {} as Record<string, number> }
  let node = contact === null ? undefined : await startOne(name, directory, contact)
  if (node !== undefined) listen(node, heard)
  const respond = async (question: Question): Promise<unknown> => {
    if (question.tag === 'heard') return heard
    if (question.tag === 'sync') {
      const before = await footing()
      node = await startOne(name, directory, question.contact)
      return synced(node, question.count, before)
    }
    if (node === undefined) throw new Error('it has not joined')
    if (question.tag === 'register') await registerMany(node, question.prefix, question.count)
    else await untilNames(node, question.count)
    return 'done'
  }
  process.on('message', async (question: Question) => {
    process.send?.(await respond(question))
  })
  process.on('disconnect', async () => {
    await node?.stop()
    process.exit(0)
  })
  process.send?.('ready')
}

/** Watches names come to a node that has just begun to join. */
async function synced(node: Node, count: number, before: number): Promise<Synced> {
  const started = await footing()
  const probe = new Probe()
  await untilSome(node)
  const fromMs = sharedNowMs()
  const bytesBefore = receivedBytes(node)
  await untilNames(node, count)
  const toMs = sharedNowMs()
  const bytes = receivedBytes(node) - bytesBefore
  probe.stop()
  const lateness = probe.between(fromMs, toMs)
  const heap = (await footing()) - Math.max(before, started)
  return { fromMs, toMs, bytes, lateness, heapBytes: heap }
}

function receivedBytes(node: Node): number {
  return channelStatistics(node, driverName)?.bytesReceived ?? 0
}

function listen(node: Node, { came, gone }: { readonly came: Times; readonly gone: Times }): void {
  const isEvent = (message: unknown): message is ServiceEvent =>
    typeof message === 'object' && message !== null && 'name' in message
  const ear = program('bench.ear', async (self) => {
    subscribeServices(self)
    for (;;) {
      const { tag, name } = await self.receive(isEvent)
      const times = tag === 'serviceRegistered' ? came : gone
      times[String(name)] = sharedNowMs()
    }
  })
  spawn(node, ear)
}

type Times = Record<string, number>
