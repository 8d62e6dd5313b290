/** The suite `services`: names across the cluster, between OS processes over QUIC. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buildProgram } from '../build.ts'
import { type Bench, comparison } from '../comparison.ts'
import { readMeasured, runProgram } from '../sample.ts'
import type { Suite } from '../suite.ts'
import { servicesRows } from './rows.ts'

export const servicesSuite: Suite = comparison('services', servicesRows, open)

async function open(): Promise<Bench> {
  const directory = await mkdtemp(join(tmpdir(), 'skein-bench-'))
  const close = (): Promise<void> => rm(directory, { recursive: true, force: true })
  try {
    const program = await buildProgram(new URL('./program.ts', import.meta.url), directory)
    const measured = async (id: string, operations: number) =>
      readMeasured(await runProgram(program, [id, String(operations)]))
    const probe = await measured('lookup-term', 10_000)
    return {
      ours: { name: 'skein', run: ({ id, operations }) => measured(id, operations) },
      peers: new Map(),
      checked: probe.checked === true,
      close,
    }
  } catch (error) {
    await close()
    throw error
  }
}
