/** The suite `local`: our runtime and behaviours on one core beside Erlang's. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buildProgram } from '../build.ts'
import { erlangSide } from '../erlang.ts'
import { readMeasured, runCommand } from '../sample.ts'
import type { Bench, Suite } from '../suite.ts'
import { localRows } from './rows.ts'

export const localSuite: Suite = { name: 'local', rows: localRows, open }

async function open(): Promise<Bench> {
  const directory = await mkdtemp(join(tmpdir(), 'skein-bench-'))
  const close = (): Promise<void> => rm(directory, { recursive: true, force: true })
  try {
    const program = await buildProgram(
      new URL('./program.ts', import.meta.url),
      join(directory, 'ours'),
    )
    const round = async (id: string, operations: number) =>
      readMeasured(
        await runCommand(process.execPath, [program, id, String(operations)], {
          NODE_ENV: 'production',
          NODE_OPTIONS: '',
        }),
      )
    const probe = await round('call-queued', 1)
    return {
      ours: {
        name: 'skein',
        run: async ({ id, operations }) => {
          const { ns, arrived } = await round(id, operations)
          return { value: ns / operations, arrived }
        },
      },
      peer: await erlangSide(join(directory, 'erlang')),
      peerName: 'erlang',
      checked: probe.checked === true,
      close,
    }
  } catch (error) {
    await close()
    throw error
  }
}
