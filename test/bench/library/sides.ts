/** The JavaScript actor libraries among the development dependencies, ready to run beside us. */
import { readFile } from 'node:fs/promises'
import { buildProgram } from '../build.ts'
import type { Side } from '../comparison.ts'
import { readMeasured, runProgram } from '../sample.ts'

const libraries: readonly string[] = ['nact', 'comedy', 'xstate']
const installed = new URL('../../../node_modules/', import.meta.url)

/** Those of `names` that are libraries and installed, by name, compiled into `directory`. */
export async function librarySides(
  names: ReadonlySet<string>,
  directory: string,
): Promise<ReadonlyMap<string, Side>> {
  const sides = new Map<string, Side>()
  const wanted = libraries.filter((name) => names.has(name))
  if (wanted.length === 0) return sides
  const program = await buildProgram(new URL('./program.ts', import.meta.url), directory)
  for (const name of wanted) {
    const version = await versionOf(name)
    if (version === null) continue
    sides.set(name, {
      name: `${name} ${version}`,
      run: async ({ id, operations }) =>
        readMeasured(await runProgram(program, [id, String(operations)])),
    })
  }
  return sides
}

/** Null when it is not installed, as after `npm ci --omit=dev`. */
async function versionOf(name: string): Promise<string | null> {
  try {
    return JSON.parse(await readFile(new URL(`${name}/package.json`, installed), 'utf8')).version
  } catch {
    return null
  }
}
