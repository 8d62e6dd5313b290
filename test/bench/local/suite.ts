/** The suite `local`: our runtime and behaviours on one core beside Erlang's. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buildProgram } from '../build.ts'
import { erlangSide } from '../erlang.ts'
import type { RowSpec } from '../row.ts'
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
    const run = async ({ id, operations, options }: RowSpec) => {
      const args = [program, id, String(operations), JSON.stringify(options)]
      const env = { NODE_ENV: 'production', NODE_OPTIONS: '' }
      return readMeasured(await runCommand(process.execPath, args, env))
    }
    const [first] = localRows
    const probe = first === undefined ? undefined : await run({ ...first, operations: 1 })
    return {
      ours: {
        name: 'skein',
        run: async (row) => {
          const { total, arrived } = await run(row)
          return { value: total / row.operations, arrived }
        },
      },
      peer: await erlangSide(join(directory, 'erlang')),
      peerName: 'erlang',
      checked: probe?.checked === true,
      close,
    }
  } catch (error) {
    await close()
    throw error
  }
}
