/**
 * Compiles a benchmark program and what it imports to plain JavaScript in a directory outside the
 * checkout, so that what is measured is what a user runs: no loader, no source maps.
 */
import { mkdir, symlink, writeFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { runCommand } from './sample.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))

/**
 * Compiles `program` into `directory`; gives the path of the JavaScript file to run. `started` are
 * files that it starts as threads, to which no import leads.
 */
export async function buildProgram(
  program: URL,
  directory: string,
  started: readonly URL[] = [],
): Promise<string> {
  const source = fileURLToPath(program)
  const config = {
    extends: join(root, 'tsconfig.json'),
    compilerOptions: {
      noEmit: false,
      noCheck: true,
      rootDir: root,
      outDir: join(directory, 'out'),
      typeRoots: [join(root, 'node_modules/@types')],
      paths: {},
    },
    files: [source, ...started.map((file) => fileURLToPath(file))],
    include: [],
  }
  await mkdir(directory, { recursive: true })
  await writeFile(join(directory, 'tsconfig.json'), JSON.stringify(config))
  await writeFile(join(directory, 'package.json'), JSON.stringify({ type: 'module' }))
  await symlink(join(root, 'node_modules'), join(directory, 'node_modules'))
  const compiler = join(root, 'node_modules/typescript/bin/tsc')
  await runCommand(process.execPath, [compiler, '-p', join(directory, 'tsconfig.json')])
  return join(directory, 'out', relative(root, source)).replace(/\.ts$/, '.js')
}
