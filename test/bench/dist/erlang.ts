/**
 * Erlang's distribution over TCP and over TLS, with its defaults: `bench_dist.erl` compiled by the
 * installed `erlc`, two `erl` processes for every round. Neither needs a port mapper: the accepting
 * node listens on a port we chose, the dialling one does not listen.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, writeFile } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { Side } from '../comparison.ts'
import { readMeasured, runCommand } from '../sample.ts'
import type { Credentials } from './credentials.ts'

const source = fileURLToPath(new URL('./erlang/bench_dist.erl', import.meta.url))
const accepting = 'b@127.0.0.1'

/** Those of TCP and TLS that this machine can run, by the `peerName` of the rows. */
export async function erlangSides(
  directory: string,
  credentials: Credentials,
): Promise<ReadonlyMap<string, Side>> {
  const sides = new Map<string, Side>()
  if (!(await canRun('halt(0)'))) return sides
  await mkdir(directory, { recursive: true })
  await runCommand('erlc', ['-o', directory, source])
  sides.set('erlang-tcp', sideOf('erlang-tcp', directory, []))
  if (await canRun('{ok, _} = application:ensure_all_started(ssl), halt(0)')) {
    const options = join(directory, 'ssl_dist.conf')
    await writeFile(options, tlsOptions(credentials))
    const tls = ['-proto_dist', 'inet_tls', '-ssl_dist_optfile', options]
    sides.set('erlang-tls', sideOf('erlang-tls', directory, tls))
  }
  return sides
}

async function canRun(code: string): Promise<boolean> {
  try {
    await runCommand('erl', ['-noshell', '-eval', `try ${code} catch _:_ -> halt(1) end.`])
    return true
  } catch {
    return false
  }
}

function tlsOptions({ certPath, keyPath }: Credentials): string {
  const pair = `{certfile, ${JSON.stringify(certPath)}}, {keyfile, ${JSON.stringify(keyPath)}}`
  return `[{server, [${pair}]}, {client, [{verify, verify_none}]}].\n`
}

function sideOf(name: string, directory: string, transport: readonly string[]): Side {
  return {
    name,
    run: async ({ id, operations }) => {
      const port = await freePort()
      const shared = ['-noshell', '-setcookie', 'bench', '-pa', directory, ...transport]
      const mapped = ['-start_epmd', 'false', '-erl_epmd_port', String(port)]
      const loopback = ['-kernel', 'inet_dist_use_interface', '{127,0,0,1}']
      const target = await startTarget([
        '-name',
        accepting,
        ...shared,
        ...mapped,
        ...loopback,
        '-eval',
        'bench_dist:serve().',
      ])
      try {
        const call = `bench_dist:main("${id}", ${operations}, '${accepting}').`
        const dialling = ['-name', 'a@127.0.0.1', '-dist_listen', 'false']
        const args = [...dialling, ...shared, ...mapped, '-eval', call]
        return readMeasured(await runCommand('erl', args))
      } finally {
        target.kill('SIGKILL')
      }
    },
  }
}

/** Resolves when the node says that it is up. */
async function startTarget(args: readonly string[]): Promise<ChildProcess> {
  const child = spawn('erl', args, { stdio: ['ignore', 'pipe', 'inherit'] })
  for await (const line of createInterface(child.stdout)) {
    if (line === 'ready') return child
  }
  throw new Error(`erl ended before it was ready: ${args.join(' ')}`)
}

async function freePort(): Promise<number> {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}
