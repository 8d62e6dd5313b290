/** Every example runs to its end by itself and says that all went well. */
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { suite } from './support/harness.ts'
import { endedWell, runProgram } from './support/program.ts'

const PROGRAM_DEADLINE_MS = 30_000
const deadline = { deadlineMs: PROGRAM_DEADLINE_MS + 5_000 }
const root = fileURLToPath(new URL('..', import.meta.url))

const examples = suite('examples')

for (const path of examplePaths()) {
  const run = async (): Promise<void> => {
    endedWell(await runProgram(path, { root, deadlineMs: PROGRAM_DEADLINE_MS }))
  }
  examples(`${path} runs to its end`, run, deadline)
}
examples.run()

function examplePaths(): string[] {
  return readdirSync(join(root, 'examples'))
    .map((name) => `examples/${name}/main.ts`)
    .filter((path) => existsSync(join(root, path)))
    .sort()
}
