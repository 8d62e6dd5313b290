/** Our side of the suite `dist`: its program, compiled, and what it says of checked mode. */
import { buildProgram } from '../build.ts'
import type { Side } from '../comparison.ts'
import { readMeasured, runProgram } from '../sample.ts'

const workerThread = new URL('../../../src/node/worker-main.ts', import.meta.url)

type OurSide = { readonly side: Side; readonly checked: boolean }

/** Compiles our program into `directory`. */
export async function ourSide(directory: string): Promise<OurSide> {
  const entry = new URL('./program.ts', import.meta.url)
  const program = await buildProgram(entry, directory, [workerThread])
  const measured = async (id: string, operations: number, options: object) => {
    const args = [id, String(operations), JSON.stringify(options)]
    return readMeasured(await runProgram(program, args))
  }
  const probe = await measured('dist-call', 1, {})
  return {
    side: {
      name: 'skein',
      run: ({ id, operations, options }) => measured(id, operations, options),
    },
    checked: probe.checked === true,
  }
}
