/** The suite `local`: our runtime and behaviours on one core, beside Erlang's and JavaScript's. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buildProgram } from '../build.ts'
import { type Bench, comparison, type Side } from '../comparison.ts'
import { erlangSide } from '../erlang.ts'
import { librarySides } from '../library/sides.ts'
import type { RowSpec } from '../row.ts'
import { readMeasured, runProgram } from '../sample.ts'
import type { Suite } from '../suite.ts'
import { localRows } from './rows.ts'

export const localSuite: Suite = comparison('local', localRows, open)

async function open(peerNames: ReadonlySet<string>): Promise<Bench> {
  const directory = await mkdtemp(join(tmpdir(), 'skein-bench-'))
  const close = (): Promise<void> => rm(directory, { recursive: true, force: true })
  try {
    const entry = new URL('./program.ts', import.meta.url)
    const program = await buildProgram(entry, join(directory, 'ours'))
    const run = async ({ id, operations, options }: RowSpec) =>
      readMeasured(await runProgram(program, [id, String(operations), JSON.stringify(options)]))
    const [first] = localRows
    const probe = first === undefined ? undefined : await run({ ...first, operations: 1 })
    return {
      ours: { name: 'skein', run },
      peers: await peersNamed(peerNames, directory),
      checked: probe?.checked === true,
      close,
    }
  } catch (error) {
    await close()
    throw error
  }
}

async function peersNamed(
  names: ReadonlySet<string>,
  directory: string,
): Promise<ReadonlyMap<string, Side>> {
  const erlang = names.has('erlang') ? await erlangSide(join(directory, 'erlang')) : null
  const libraries = await librarySides(names, join(directory, 'libraries'))
  return erlang === null ? libraries : new Map([...libraries, ['erlang', erlang]])
}
