/**
 * The tour: three nodes, a, b and c, as three OS processes over QUIC on loopback. This process is
 * node a. Every line says what was done and what was seen; with `--json` the last line is one
 * object, computed from what was observed.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { at, call, child, isDown, type Self, startNode, type TraceEvent } from 'skein'
import { quicCarrier } from 'skein/carrier/quic'
import type { ChildOptions } from './child.ts'
import { type Child, killAll, startChild } from './children.ts'
import { sendClear, startForwarder } from './forwarder.ts'
import { Counter, modules, Program } from './modules.ts'
import {
  authenticated,
  linkExit,
  monitorReason,
  nameVanishes,
  order,
  reconnected,
  remoteCall,
  remoteSpawn,
  type Stage,
  sendMarker,
  speed,
  supervisorRestart,
  viaCall,
} from './steps.ts'

const json = process.argv.includes('--json')
const marker = 'the-quick-brown-fox-0123456789'
const host = '127.0.0.1'
const cookie = 'tour'
const tickMs = 500
const deadlineMs = 28_000

const shown = {
  encrypted: false,
  authenticated: false,
  remoteCall: false,
  remoteSpawn: false,
  viaCall: false,
  order: false,
  monitorReason: false,
  linkExit: false,
  nodeDown: false,
  nameVanishes: false,
  supervisorRestart: false,
  reconnect: false,
  strangerRefused: false,
}
const info = { rttUs: 0, callsPerSec: 0 }
const events: TraceEvent[] = []

const home = await mkdtemp(join(tmpdir(), 'skein-tour-'))
const dataDir = (node: string): string => join(home, node)
const stage: Stage = { b: `b@${host}`, c: `c@${host}`, dataDir }
const hurry = setTimeout(() => finish('out of time'), deadlineMs)

let c: Child | undefined
try {
  await tour()
  finish()
} catch (error) {
  finish(toldToEnd() ? 'it was told to end' : String(error))
}

async function tour(): Promise<void> {
  const startC = (port: number): Child => startChild('child', options(stage.c, port, {}, []))
  c = startC(0)
  const cPort = await portOf(c)
  say(`node c is up on UDP port ${cPort}`)
  const toC = { [stage.c]: { host, port: cPort } }
  const b = startChild('child', options(stage.b, 0, toC, [stage.c]))
  const bPort = await portOf(b)
  say(`node b is up on UDP port ${bPort}`)
  const forwarder = await startForwarder(cPort, marker)
  const a = await startNode({
    name: `a@${host}`,
    carrier: quicCarrier({ host, port: 0 }),
    nodes: { [stage.b]: { host, port: bPort }, [stage.c]: { host, port: forwarder.port } },
    modules,
    root: child(Program, `a@${host}`),
    join: [stage.b, stage.c],
    dataDir: dataDir(`a@${host}`),
    cookie,
    tickMs,
    quiet: true,
    drainOnSignals: true,
    observe: (event) => events.push(event),
  })
  const aPort = a.address?.port ?? 0
  say(`node a is up on UDP port ${aPort}; it reaches c through an eavesdropper`)

  const program = async (self: Self): Promise<void> => {
    await step('authenticated', 'a, b and c know each other by key', () =>
      authenticated(self, stage),
    )
    await step('remoteCall', 'a called a server on b by name', () => remoteCall(self, stage))
    await step('remoteSpawn', 'a started a server on b', () => remoteSpawn(self, stage))
    await step('viaCall', 'a called a server on b by a name of the cluster', () =>
      viaCall(self, stage),
    )
    await step('order', '10,000 messages from a to b, in order, while b floods c', () =>
      order(self, stage),
    )
    await step('monitorReason', 'a monitor on a saw why a process on b ended', () =>
      monitorReason(self, stage),
    )
    await step('linkExit', 'a linked process on b died; a trapped its exit', () =>
      linkExit(self, stage),
    )
    await step('supervisorRestart', 'a killed a server on b; its supervisor brought it back', () =>
      supervisorRestart(self, stage),
    )
    await step('encrypted', 'the eavesdropper saw none of it in the clear', () =>
      encrypted(self, forwarder),
    )
    const measured = await speed(self, stage)
    Object.assign(info, measured)
    say(`a remote call takes ${measured.rttUs} us; ${measured.callsPerSec} calls per second`)
    const old = await killC(self)
    await step('nameVanishes', 'what c had registered is gone from the names that a knows', () =>
      nameVanishes(self, stage),
    )
    await step(
      'reconnect',
      'c came back: its old pid is dead, its new server answers',
      async () => {
        c = startC(cPort)
        await portOf(c)
        return reconnected(self, stage, old)
      },
    )
    await step('strangerRefused', 'a stranger with the name of b was refused', () =>
      strangerRefused(self, aPort),
    )
  }
  try {
    await a.run(program)
  } finally {
    // The same whether the tour is over or was told to end: a first, then b and c.
    await a.stop()
    await Promise.all([b.stop('end'), c.stop('end')])
    forwarder.close()
    say('the nodes have stopped')
  }
}

/** c is ended by SIGKILL while a monitors a server there. Returns that server's pid. */
async function killC(self: Self) {
  const { pid } = await call(self, at(stage.c, Counter, 'counter'), 'whereAreYou')
  await step('nodeDown', 'c was killed; the monitor on a fired with noconnection', async () => {
    const ref = self.monitor(pid)
    await call(self, at(stage.c, Counter, 'counter'), 'add', 1)
    await c?.stop('SIGKILL')
    const down = await self.receive(isDown(ref), { timeoutMs: 8_000 })
    return down.reason === 'noconnection'
  })
  return pid
}

async function encrypted(
  self: Self,
  forwarder: Awaited<ReturnType<typeof startForwarder>>,
): Promise<boolean> {
  const before = forwarder.seen()
  const delivered = await sendMarker(self, stage, marker)
  const after = forwarder.seen()
  await sendClear(forwarder.port, marker)
  for (let left = 1_000; forwarder.seen().withMarker === 0 && left > 0; left--) await self.yield()
  const control = forwarder.seen().withMarker
  say(`  ${after.datagrams - before.datagrams} datagrams passed, ${after.withMarker} readable`)
  return (
    delivered && after.datagrams - before.datagrams >= 50 && after.withMarker === 0 && control === 1
  )
}

async function strangerRefused(self: Self, aPort: number): Promise<boolean> {
  const stranger = startChild('stranger', {
    ...options(stage.b, 0, { [`a@${host}`]: { host, port: aPort } }, []),
    dataDir: dataDir('stranger'),
  })
  const { accepted } = await self.wait(stranger.first)
  const reported = events.some(
    (event) =>
      event.tag === 'log' &&
      event.message === 'authentication failed' &&
      event.fields.reason === 'keyMismatch',
  )
  // The real b is unharmed.
  return accepted === false && reported && (await remoteCall(self, stage))
}

async function step(
  name: keyof typeof shown,
  text: string,
  run: () => Promise<boolean>,
): Promise<void> {
  try {
    shown[name] = await run()
    say(`${shown[name] ? 'ok ' : 'NOT'} ${text}`)
  } catch (error) {
    // What fails now fails because this node stops.
    if (toldToEnd()) throw error
    say(`NOT ${text}: ${String(error)}`)
  }
}

function toldToEnd(): boolean {
  return events.some((event) => event.tag === 'log' && event.message === 'the node drains')
}

function options(
  name: string,
  port: number,
  nodes: ChildOptions['nodes'],
  join: ChildOptions['join'],
): ChildOptions {
  return { name, port, dataDir: dataDir(name), cookie, tickMs, nodes, join }
}

async function portOf(child: Child): Promise<number> {
  const { ready } = await child.first
  if (typeof ready !== 'number') throw new Error('a node started without an address')
  return ready
}

function say(line: string): void {
  console.log(line)
}

function finish(problem?: string): void {
  clearTimeout(hurry)
  killAll()
  if (problem !== undefined) say(`the tour ended early: ${problem}`)
  const ok = Object.values(shown).every(Boolean)
  const result = { ok, nodes: 3, ...shown, ...info }
  say(json ? JSON.stringify(result) : ok ? 'everything worked' : 'something did not work')
  process.exitCode = ok ? 0 : 1
  rm(home, { recursive: true, force: true }).finally(() => {
    if (problem !== undefined) process.exit(1)
  })
}
