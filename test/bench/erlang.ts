/**
 * The Erlang side: `bench.erl` compiled by the installed `erlc` into a directory outside the
 * checkout, and run with one scheduler, since our side has one thread.
 */
import { mkdir } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import type { Side } from './comparison.ts'
import { readMeasured, runCommand } from './sample.ts'

const source = fileURLToPath(new URL('./erlang/bench.erl', import.meta.url))

/** The peer, ready to run; null when Erlang is not installed here. */
export async function erlangSide(directory: string): Promise<Side | null> {
  try {
    await runCommand('erl', ['-noshell', '-eval', 'halt().'])
  } catch {
    return null
  }
  await mkdir(directory, { recursive: true })
  await runCommand('erlc', ['-o', directory, source])
  const plain = ['+S', '1:1', '+P', '4000000', '-noshell', '-pa', directory, '-eval']
  return {
    name: 'erlang',
    run: async (row) => {
      const call = `bench:main("${row.id}", ${row.operations}).`
      return readMeasured(await runCommand('erl', [...plain, call]))
    },
  }
}
