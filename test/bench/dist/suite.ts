/**
 * The suite `dist`: our distribution between two OS processes, beside the bare QUIC binding and
 * Erlang's distribution over TCP and TLS.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { buildProgram } from '../build.ts'
import { type Bench, comparison, type Side } from '../comparison.ts'
import { readMeasured, runProgram } from '../sample.ts'
import type { Suite } from '../suite.ts'
import { type Credentials, writeCredentials } from './credentials.ts'
import { erlangSides } from './erlang.ts'
import { ourSide } from './ours.ts'
import { distRows } from './rows.ts'

export const distSuite: Suite = comparison('dist', distRows, open)

async function open(peerNames: ReadonlySet<string>): Promise<Bench> {
  const directory = await mkdtemp(join(tmpdir(), 'skein-bench-'))
  const close = (): Promise<void> => rm(directory, { recursive: true, force: true })
  try {
    const { side, checked } = await ourSide(join(directory, 'ours'))
    return { ours: side, peers: await peersNamed(peerNames, directory), checked, close }
  } catch (error) {
    await close()
    throw error
  }
}

async function peersNamed(
  names: ReadonlySet<string>,
  directory: string,
): Promise<ReadonlyMap<string, Side>> {
  if (names.size === 0) return new Map()
  const credentials = await writeCredentials(join(directory, 'tls'))
  const erlang = [...names].some((name) => name.startsWith('erlang'))
    ? await erlangSides(join(directory, 'erlang'), credentials)
    : new Map<string, Side>()
  if (!names.has('bare')) return erlang
  return new Map([...erlang, ['bare', await bareSide(join(directory, 'bare'), credentials)]])
}

async function bareSide(directory: string, { certPath }: Credentials): Promise<Side> {
  const program = await buildProgram(new URL('./bare.ts', import.meta.url), directory)
  return {
    name: 'bare',
    run: async ({ id, operations }) =>
      readMeasured(await runProgram(program, [id, String(operations), dirname(certPath)])),
  }
}
