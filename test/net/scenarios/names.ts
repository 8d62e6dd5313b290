/** Nodes that are found by DNS alone, from a real server on loopback (dnsmasq). */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import * as assert from 'uvu/assert'
import { nodeResolver } from '../../../runtime/platform/node-resolver.ts'
import { until } from '../../support/until.ts'
import { lasting } from '../experiment-time.ts'
import type { Scenario } from '../scenario.ts'
import type { Stage } from '../stage.ts'

/** Why there is no DNS server; undefined when there is one. */
export function whyNoDnsServer(): string | undefined {
  try {
    execFileSync('dnsmasq', ['--version'], { stdio: 'ignore' })
    return undefined
  } catch {
    return 'needs dnsmasq (Debian: dnsmasq-base)'
  }
}

/** A port nobody listens on, on any host of this machine. */
async function freePort(): Promise<number> {
  const socket = createSocket('udp4')
  await new Promise<void>((resolve) => socket.bind(0, resolve))
  const { port } = socket.address()
  await new Promise<void>((resolve) => socket.close(() => resolve()))
  return port
}

/**
 * A server that knows the records given and nothing else: it forwards no question. `server` is
 * where it is asked, as `host:port`.
 */
async function nameServer(
  stage: Stage,
  port: number,
  records: readonly string[],
): Promise<{ readonly server: string; readonly stop: () => Promise<void> }> {
  const child: ChildProcess = spawn(
    'dnsmasq',
    [
      ...['--keep-in-foreground', '--conf-file=/dev/null', '--no-resolv', '--no-hosts'],
      ...['--no-daemon', '--pid-file=', '--bind-interfaces', '--listen-address=127.0.0.1'],
      ...['--local=/example/', `--port=${port}`, ...records],
    ],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  )
  let said = ''
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    said += text
  })
  const ended = once(child, 'close')
  const stop = async (): Promise<void> => {
    child.kill('SIGTERM')
    await ended
  }
  stage.atEnd(stop)
  const server = `127.0.0.1:${port}`
  const resolver = nodeResolver({ servers: [server], timeoutMs: 200 })
  stage.atEnd(() => resolver.close())
  let isUp = false
  let asking = false
  await until('the DNS server answers', () => {
    if (child.exitCode !== null) throw new Error(`dnsmasq has ended: ${said}`)
    if (!asking && !isUp) {
      asking = true
      void resolver.addresses('up.example', 4).then((answer) => {
        asking = false
        isUp = answer.tag === 'ok'
      })
    }
    return isUp
  })
  return { server, stop }
}

const up = '--host-record=up.example,127.0.0.1'
const timeoutMs = 20_000

/** Two hosts, one record each, and the port agreed on. */
async function byAddress(stage: Stage): Promise<string> {
  const [dnsPort, port] = [await freePort(), await freePort()]
  const { server } = await nameServer(stage, dnsPort, [
    up,
    '--host-record=one.example,127.0.0.11',
    // The first address is nobody's: the second one is tried.
    '--host-record=two.example,127.0.0.99',
    '--host-record=two.example,127.0.0.12',
  ])
  const discovery = { backends: ['dns'], dnsServers: [server], dnsPort: port } as const
  const one = await stage.start('n@one.example', { host: '127.0.0.11', port, discovery })
  const two = await stage.start('n@two.example', { host: '127.0.0.12', port, discovery })
  assert.is((await two.ask({ op: 'call', node: one.name, times: 50 })).answered, 50)
  await one.event('nodeup', two.name, timeoutMs)
  const nobody = await one.ask({ op: 'call', node: 'n@three.example', times: 1 }).then(
    () => 'answered',
    (error: Error) => error.message,
  )
  assert.match(nobody, /noconnection|nodedown/)
  return '50 calls to a node known by the A record of its host'
}

/** Two nodes on one host with ports of their own, told apart by SRV records. */
async function byService(stage: Stage): Promise<string> {
  const [dnsPort, first, second] = [await freePort(), await freePort(), await freePort()]
  const { server } = await nameServer(stage, dnsPort, [
    up,
    '--host-record=machine.example,127.0.0.13',
    `--srv-host=_skein._udp.one.example,machine.example,${first},1,1`,
    // A target that does not exist comes first and is passed over.
    `--srv-host=_skein._udp.two.example,gone.example,${first},1,1`,
    `--srv-host=_skein._udp.two.example,machine.example,${second},2,1`,
  ])
  const discovery = { backends: ['dns'], dnsServers: [server] } as const
  const host = '127.0.0.13'
  const one = await stage.start('n@one.example', { host, port: first, discovery })
  const two = await stage.start('n@two.example', { host, port: second, discovery })
  assert.is((await one.ask({ op: 'call', node: two.name, times: 50 })).answered, 50)
  assert.is((await two.ask({ op: 'call', node: one.name, times: 50 })).answered, 50)
  return '100 calls between nodes known by SRV records'
}

/** The server goes away: what is known goes on, and comes back with the server. */
async function serverGone(stage: Stage): Promise<string> {
  const [dnsPort, port] = [await freePort(), await freePort()]
  const records = [
    up,
    '--host-record=one.example,127.0.0.14',
    '--host-record=two.example,127.0.0.15',
    '--host-record=three.example,127.0.0.16',
  ]
  const { server, stop } = await nameServer(stage, dnsPort, records)
  const discovery = { backends: ['dns'], dnsServers: [server], dnsPort: port } as const
  const start = (name: string, host: string) => stage.start(name, { host, port, discovery })
  const one = await start('n@one.example', '127.0.0.14')
  const two = await start('n@two.example', '127.0.0.15')
  const three = await start('n@three.example', '127.0.0.16')
  assert.is((await one.ask({ op: 'call', node: two.name, times: 10 })).answered, 10)
  await stop()
  assert.is((await one.ask({ op: 'call', node: two.name, times: 10 })).answered, 10)
  const lost = await one.ask({ op: 'call', node: three.name, times: 1 }).then(
    () => 'answered',
    (error: Error) => error.message,
  )
  assert.match(lost, /noconnection|nodedown/)
  await nameServer(stage, dnsPort, records)
  const startedMs = performance.now()
  const found = (): Promise<boolean> =>
    one.ask({ op: 'call', node: three.name, times: 1 }).then(
      () => true,
      () => false,
    )
  while (!(await found())) {
    if (performance.now() - startedMs > timeoutMs) throw new Error('it is not found again')
    await lasting(50)
  }
  return `found again after ${((performance.now() - startedMs) / 1000).toFixed(1)} s`
}

export const nameScenarios: readonly Scenario[] = [
  {
    name: 'nodes known by the addresses of their hosts, from dnsmasq',
    needs: 'dnsServer',
    deadlineMs: 60_000,
    run: byAddress,
  },
  {
    name: 'nodes known by SRV records, from dnsmasq',
    needs: 'dnsServer',
    deadlineMs: 60_000,
    run: byService,
  },
  {
    name: 'a DNS server that goes away and comes back',
    needs: 'dnsServer',
    deadlineMs: 90_000,
    run: serverGone,
  },
]
